"""From a sized circuit to what it costs on machines and chains, as the report tells it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct

from auditor.errors import AuditorError
from auditor.machine import Machine, free_disk_bytes, this_machine
from auditor.options import PriceRequest
from auditor.places import cache_directory, calibration_path
from auditor.pricing.bill import HardwareBill, bill_hardware, fits_where, predict_on
from auditor.pricing.chain.bill import ChainBill, ReusableBill, predict_chain
from auditor.pricing.chain.profile import ChainProfile
from auditor.pricing.chain.profile_file import chain_at, distinct
from auditor.pricing.execution import inference_seconds, replicas
from auditor.pricing.hardware import DEFAULTS, prover_for, resolve, resolve_this_machine, shipped_names
from auditor.pricing.money import usd_of_proofs
from auditor.pricing.policy import Policy, resolve_policy
from auditor.pricing.price_sheet import rent_of
from auditor.pricing.profile import HardwareProfile
from auditor.pricing.ranges import Range
from auditor.report import ChainFacts, HardwareFacts, ReusableFacts, Span
from auditor.size_up import Sized
from auditor.verdict import Bills, Broken, Open

if TYPE_CHECKING:
    from auditor.proving.store import Store

DEFAULT_CHAINS = ("ethereum-mainnet", "base")


class Prices(Struct, frozen=True, kw_only=True):
    """The profiles of a request, read once for all models. ``today`` decides what has expired."""

    wanted: PriceRequest
    this_machine: HardwareProfile
    hardware: tuple[HardwareProfile, ...]
    chains: tuple[ChainProfile, ...]
    policy: Policy | None
    today: date


def profile_of_this_machine(
    today: date, *, note: Callable[[str], None], store: Store | None = None
) -> HardwareProfile:
    """This machine: as it was calibrated, or as an earlier proof derived it, or as it is supposed to be.

    With a ``store`` it may be probed, which runs EZKL for a second, once. ``note`` is told why a calibration
    cannot be used.
    """
    machine = this_machine()
    calibrated = _calibrated(machine, note)
    return resolve_this_machine(
        machine,
        calibrated or _derived(machine, store),
        prover=calibrated.prover if calibrated else prover_for(platform.system(), platform.machine()),
        today=today,
        free_disk_bytes=free_disk_bytes(cache_directory()),
    )


# What reads a calibration or the cache is loaded only where there is one: most estimates find none.


def _calibrated(machine: Machine, note: Callable[[str], None]) -> HardwareProfile | None:
    if not calibration_path().exists():
        return None
    from auditor.calibration.file import load_calibrated

    profile, why_not = load_calibrated(machine)
    if why_not:
        note(why_not)
    return profile


def _derived(machine: Machine, store: Store | None) -> HardwareProfile | None:
    if store is not None:
        from auditor.calibration.measure import derived_profile

        return derived_profile(machine, store)
    root = cache_directory()
    if not root.exists():
        return None
    from auditor.calibration.probe import remembered_profile
    from auditor.proving.store import Store as OpenStore

    with suppress(AuditorError), OpenStore(root) as found:  # an estimate can do without a cache
        return remembered_profile(machine, found)
    return None


def open_prices(wanted: PriceRequest, today: date, note: Callable[[str], None]) -> Prices:
    """Reads the profiles; ``note`` is told what the user should know of them.

    Raises:
        UsageError: there is none of a name, or a file is none.
    """
    here = profile_of_this_machine(today, note=note)
    return Prices(
        wanted=wanted,
        this_machine=here,
        hardware=resolve(wanted.hardware or DEFAULTS, here),
        chains=chains_of(wanted),
        policy=None if wanted.policy is None else resolve_policy(wanted.policy),
        today=today,
    )


def chains_of(wanted: PriceRequest) -> tuple[ChainProfile, ...]:
    """The chains that were named, or a few, under the rules that were asked for.

    Raises:
        UsageError: there is none of a name, or a file is none.
    """
    words = dict.fromkeys(wanted.chains or DEFAULT_CHAINS)
    return _under_fork([chain_at(word) for word in words], wanted.fork)


def bill(sized: Sized, parameters: int, macs: int | None, prices: Prices) -> Bills:
    """The bills of a circuit; none where it has no columns."""
    if sized.system is None:
        return Bills()
    machines = [_on_hardware(sized, parameters, profile, prices) for profile in prices.hardware]
    chains = [_on_chain(sized, profile, prices) for profile in prices.chains]
    asked = [*(machines if prices.wanted.hardware else ()), *(chains if prices.wanted.chains else ())]
    return Bills(
        hardware=tuple(
            _hardware_facts(item, profile, macs)
            for item, profile in zip(machines, prices.hardware, strict=True)
        ),
        chains=tuple(_chain_facts(item) for item in chains),
        broken=tuple(
            Broken(
                binding=_binding(item),
                reason=_reason(item),
                next=_ways_out(item, sized, parameters, prices),
            )
            for item in asked
            if item.status == "infeasible"
        ),
        open=tuple(
            Open(binding=_binding(item), reason=_reason(item))
            for item in asked
            if item.status == "undetermined"
        ),
    )


def _under_fork(chains: Sequence[ChainProfile], fork: str | None) -> tuple[ChainProfile, ...]:
    """The chains under the rules of a fork; those that know none of this name keep theirs, unless all do."""
    chains = distinct(chains)
    if fork is None:
        return tuple(chains)
    knowing = [chain for chain in chains if fork == chain.fork or fork in chain.overrides]
    if not knowing:
        chains[0].under(fork)
    return tuple(chain.under(fork) if chain in knowing else chain for chain in chains)


def _on_hardware(sized: Sized, parameters: int, profile: HardwareProfile, prices: Prices) -> HardwareBill:
    assert sized.system is not None
    assert sized.artifacts is not None
    assert sized.size is not None
    assert sized.run_args is not None
    predictions = predict_on(profile, sized.system, sized.artifacts, sized.size, sized.run_args)
    return bill_hardware(
        predictions,
        profile,
        sized.artifacts,
        parameters=parameters,
        today=prices.today,
        policy=prices.policy,
        rent=rent_of(profile.price_ref) if profile.price_ref else None,
    )


def _on_chain(sized: Sized, profile: ChainProfile, prices: Prices) -> ChainBill:
    assert sized.system is not None
    assert sized.artifacts is not None
    assert sized.run_args is not None
    wanted = prices.wanted
    return predict_chain(
        sized.system,
        sized.artifacts,
        sized.run_args,
        profile,
        today=prices.today,
        gas_price_gwei=wanted.gas_price_gwei,
        native_usd=wanted.native_usd,
        policy=prices.policy,
    )


def _binding(item: HardwareBill | ChainBill) -> str:
    return f"{item.binding} on {item.profile}"


def _reason(item: HardwareBill | ChainBill) -> str:
    return f"{item.profile}: {item.reasons[0] if item.reasons else item.status}"


def _ways_out(
    item: HardwareBill | ChainBill, sized: Sized, parameters: int, prices: Prices
) -> tuple[str, ...]:
    """A machine it fits, or what the public values take of the calldata."""
    if isinstance(item, ChainBill):
        return tuple(_ways_onto(item))
    others = resolve(shipped_names(), prices.this_machine)
    fits = fits_where([_on_hardware(sized, parameters, other, prices) for other in others])
    return (fits,) if fits else ()


_WORTH_HASHING = 0.5


def _ways_onto(item: ChainBill) -> Iterator[str]:
    """What would make a chain take the proof."""
    reusable = item.reusable
    if reusable is not None and reusable.status == "feasible":
        gas = f"{reusable.verify_gas.low:,.0f} to {reusable.verify_gas.high:,.0f} gas a verification"
        yield f"EZKL's reusable verifier, which it calls experimental, fits {item.profile}: {gas}"
    if item.public_values_share >= _WORTH_HASHING:
        share = f"public values take {item.public_values_share:.0%} of the calldata"
        yield f"{share}: --set output_visibility=hashed makes them one each"
    if item.binding == "contract size":
        yield "fewer columns make a smaller contract: fewer lookups, or a smaller num_inner_cols"


# --- as the report tells it ----------------------------------------------------------------


def _hardware_facts(item: HardwareBill, profile: HardwareProfile, macs: int | None) -> HardwareFacts:
    rent = rent_of(profile.price_ref) if profile.price_ref else None
    thousand = usd_of_proofs(item.prove_seconds, rent, proofs=1000) if rent else None
    return HardwareFacts(
        profile=item.profile,
        status=item.status,
        binding=item.binding,
        reasons=item.reasons,
        setup_seconds=_span(item.setup_seconds),
        prove_seconds=_span(item.prove_seconds),
        verify_seconds=_span(item.verify_seconds),
        peak_memory_bytes=_span(item.peak_memory_bytes),
        disk_bytes=item.disk_bytes,
        usd_per_proof=_known(item.usd_per_proof),
        usd_per_thousand_proofs=_known(thousand),
        replicas=_known(replicas(item.prove_seconds, inference_seconds(macs)) if macs is not None else None),
        evidence=item.evidence,
        measured_range="; ".join((item.measured_range, *item.outside)),
        warnings=item.warnings,
    )


def _chain_facts(item: ChainBill) -> ChainFacts:
    return ChainFacts(
        profile=item.profile,
        fork=item.fork,
        status=item.status,
        binding=item.binding,
        reasons=item.reasons,
        verify_gas=_known(item.verify_gas),
        deploy_gas=_known(item.deploy_gas),
        contract_bytes=_span(item.contract_bytes),
        calldata_bytes=item.calldata_bytes,
        usd_per_verification=_known(item.usd_per_verification),
        reusable=None if item.reusable is None else _reusable_facts(item.reusable),
        evidence=item.evidence,
        warnings=(*item.notes, *item.warnings),
    )


def _reusable_facts(item: ReusableBill) -> ReusableFacts:
    return ReusableFacts(
        status=item.status,
        binding=item.binding,
        verify_gas=_span(item.verify_gas),
        register_gas=_known(item.register_gas),
        deploy_gas=_span(item.deploy_gas),
        contract_bytes=item.contract_bytes,
        calldata_bytes=item.calldata_bytes,
        usd_per_verification=_known(item.usd_per_verification),
    )


def _known(amount: Range | None) -> Span | None:
    return None if amount is None else _span(amount)


def _span(amount: Range) -> Span:
    """In four figures: more would be noise."""
    return Span(low=_rounded(amount.low), mid=_rounded(amount.mid), high=_rounded(amount.high))


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")
