"""Every way to trust the output of one model: EZKL as we size it, other systems as published, and methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from auditor.comparing.chains import on_chains, priced
from auditor.comparing.ezkl import ezkl_way
from auditor.errors import UsageError
from auditor.landscape import method_file, methods, systems
from auditor.landscape.method_file import Method, shipped_methods
from auditor.landscape.nouns import Amount, Way, Workload
from auditor.landscape.system_file import SYSTEMS, System, shipped_systems
from auditor.places import is_path
from auditor.pricing.bill import Rent
from auditor.pricing.chain.profile import ChainProfile
from auditor.pricing.execution import inference_seconds
from auditor.pricing.price_sheet import rent_of
from auditor.pricing.profile import HardwareProfile
from auditor.pricing.tables import read_toml
from auditor.safe import safe
from auditor.study import Study

EZKL = "ezkl"
_HOUR_SECONDS = 3600


class Chosen(Struct, frozen=True, kw_only=True):
    """The systems and methods that are compared; EZKL itself may be left out."""

    ezkl: bool
    systems: tuple[System, ...]
    methods: tuple[Method, ...]


def chosen(words: Sequence[str]) -> Chosen:
    """What the words name, all that comes with the program where there are none. A word that ends in
    ``.toml`` or has a slash is a file of the user's own, of a system or of a method; those come last.

    Raises:
        UsageError: there is none of a name.
        BadProfile: a file is none, or its id is that of another one.
    """
    known_systems = {item.id: item for item in shipped_systems() if not item.only_for_checks}
    known_methods = {item.id: item for item in shipped_methods()}
    spelled = {_plain(name): name for name in (EZKL, *known_systems, *known_methods)}
    names = [word for word in words if not is_path(word)]
    for name in names:
        if _plain(name) not in spelled:
            what = f"--way: there is no system and no method '{safe(name)}'"
            raise UsageError.unknown(what, _plain(name), spelled)
    asked = {spelled[_plain(name)] for name in names} if words else set(spelled.values())
    own = [_own(word) for word in dict.fromkeys(words) if is_path(word)]
    return Chosen(
        ezkl=EZKL in asked,
        systems=(
            *(item for name, item in known_systems.items() if name in asked),
            *(item for item in own if isinstance(item, System)),
        ),
        methods=(
            *(item for name, item in known_methods.items() if name in asked),
            *(item for item in own if isinstance(item, Method)),
        ),
    )


def _own(word: str) -> System | Method:
    is_method = read_toml(Path(word)).get("schema") == method_file.SCHEMA
    return method_file.METHODS.resolve(word) if is_method else SYSTEMS.resolve(word)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def all_ways(
    studied: Study,
    workload: Workload,
    wanted: Chosen,
    machine: HardwareProfile,
    chains: Sequence[ChainProfile],
) -> tuple[Way, ...]:
    """A row for each, in this order: EZKL, the systems, the methods; each by its name.

    What runs the model without proving it is priced on one core of ``machine``, kept busy.
    """
    proof = ezkl_way(studied, machine.id)
    rows = [proof] if wanted.ezkl else []
    rows += [on_chains(item, systems.way(item, workload), chains) for item in wanted.systems]
    rows += _method_rows(workload, wanted.methods, proof, machine, chains)
    return tuple(rows)


def _method_rows(
    workload: Workload,
    wanted: Sequence[Method],
    proof: Way,
    machine: HardwareProfile,
    chains: Sequence[ChainProfile],
) -> Iterator[Way]:
    once = None if workload.macs is None else inference_seconds(workload.macs)
    rent = rent_of(machine.price_ref) if machine.price_ref else None
    names = [chain.id for chain in chains]
    for method in wanted:
        row = methods.way(method, inference_seconds=once, proof=proof, chains=names)
        # What samples proofs takes the machine of the proofs, and its money is mostly theirs.
        sampled = method.sampling is not None and method.sampling.of == "proof"
        yield priced(row if sampled else _with_money(row, machine, rent), chains)


def _with_money(row: Way, machine: HardwareProfile, rent: Rent | None) -> Way:
    """The row with what its seconds cost on the machine, between one core's share of it and the whole."""
    if row.seconds is None:
        return row
    if rent is None:
        reason = f"nobody published what {machine.id} costs"
        return replace(row, unknown={**row.unknown, "usd": reason})
    usd_per_second = rent.usd_per_hour / _HOUR_SECONDS
    share = 1 / machine.usable_threads
    usd = Amount(
        low=row.seconds.low * usd_per_second * share,
        mid=row.seconds.mid * usd_per_second * share,
        high=row.seconds.high * usd_per_second,
        evidence="assumed",
        how=f"{row.seconds.how}, on one core of {machine.id} kept busy or on all of it",
        source="rules/prices",
        on=machine.id,
    )
    return replace(row, usd=usd)
