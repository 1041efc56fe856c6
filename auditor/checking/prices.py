"""The prices of one model for the gate: on the machines and chains that its tables and budgets name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from auditor.config.effective import ModelRules
from auditor.errors import UsageError
from auditor.places import is_path

if TYPE_CHECKING:
    from auditor.billing import Prices
    from auditor.pricing.chain.profile import ChainProfile
    from auditor.pricing.profile import HardwareProfile
    from auditor.size_up import Sized
    from auditor.study import Bill
    from auditor.verdict import Bills

Profile = TypeVar("Profile")


def pricing(
    rules: ModelRules, machines: Sequence[str], chains: Sequence[str], today: date
) -> tuple[Bill | None, Mapping[str, str]]:
    """What prices a model on all profiles, and the id of each word. Those of ``[models]`` decide the verdict.

    Raises:
        UsageError: there is no such profile or policy, with the line that names it.
    """
    must = words(rules, "hardware"), words(rules, "chains")
    if not machines and not chains and not must[0] and not must[1]:
        return None, {}
    from auditor.billing import Prices, bill
    from auditor.options import PriceRequest
    from auditor.pricing.policy import resolve_policy

    policies = words(rules, "policy")
    policy = _named(rules, "policy", policies[0], resolve_policy) if policies else None
    here = _this_machine([*must[0], *machines], today)
    hardware = {
        word: _named(rules, "hardware", word, lambda place: _machine_at(place, here))
        for word in dict.fromkeys([*must[0], *machines])
    }
    places = {word: _named(rules, "chains", word, _chain_at) for word in dict.fromkeys([*must[1], *chains])}

    def prices(mine: bool) -> Prices:
        return Prices(
            wanted=PriceRequest(hardware=must[0], chains=must[1]) if mine else PriceRequest(),
            this_machine=here,
            hardware=tuple(item for word, item in hardware.items() if (word in must[0]) is mine),
            chains=tuple(item for word, item in places.items() if (word in must[1]) is mine),
            policy=policy,
            today=today,
        )

    deciding, telling = prices(True), prices(False)

    def both(sized: Sized, parameters: int, macs: int | None) -> Bills:
        first, second = (bill(sized, parameters, macs, item) for item in (deciding, telling))
        return replace(
            first, hardware=(*first.hardware, *second.hardware), chains=(*first.chains, *second.chains)
        )

    ids = {word: item.id for word, item in hardware.items()} | {
        word: item.id for word, item in places.items()
    }
    return both, ids


def _this_machine(words: Sequence[str], today: date) -> HardwareProfile:
    """The profile of this machine where it is named; else the reference, which then stands for nothing."""
    from auditor.pricing.hardware import THIS_MACHINE

    if THIS_MACHINE not in words:
        return _shipped_reference()
    from auditor.billing import profile_of_this_machine

    return profile_of_this_machine(today, note=lambda _: None)


# The profiles are the same for all models of a run, and take longer to read than a small model to audit.


@cache
def _shipped_reference() -> HardwareProfile:
    from auditor.pricing.profile_file import shipped

    return shipped()


def _machine_at(place: str, here: HardwareProfile) -> HardwareProfile:
    from auditor.pricing.hardware import THIS_MACHINE

    return here if place == THIS_MACHINE else _other_machine(place)


@cache
def _other_machine(place: str) -> HardwareProfile:
    from auditor.pricing.hardware import resolve

    return resolve((place,), _shipped_reference())[0]


@cache
def _chain_at(place: str) -> ChainProfile:
    from auditor.pricing.chain.profile_file import chain_at

    return chain_at(place)


def _named(rules: ModelRules, key: str, word: str, load: Callable[[str], Profile]) -> Profile:
    """A profile; a path starts from the directory of the file that names it, and an error with its line."""
    origins = [item.origin for item in rules.budgets if item.profile == word]
    origins += [setting.origin for name, setting in rules.settings.items() if name == key]
    origin = next(iter(origins), None)
    try:
        base = origin.file.parent if origin is not None and origin.file is not None else rules.config.root
        return load(str(base / word) if is_path(word) else word)
    except UsageError as error:
        raise UsageError(f"{origin or rules.config.root}: {error.message}", hint=error.hint) from error


def words(rules: ModelRules, key: str) -> tuple[str, ...]:
    """The words under a key of ``[models]``; none where it is not set."""
    value = rules.get(key)
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, str) else ()
