"""What verifying a proof takes on a chain, in gas and in money, and whether the chain allows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from auditor.errors import UsageError
from auditor.pricing.chain import gas as formulas
from auditor.pricing.chain.data_fee import Fee, data_fee
from auditor.pricing.chain.gas import Calldata
from auditor.pricing.chain.needs import Binding, Decision, Status, decide, limits_of, within_budget
from auditor.pricing.chain.profile import ChainProfile, GasRules
from auditor.pricing.evidence import Evidence, weaker, weakest
from auditor.pricing.money import usd_of_gas
from auditor.pricing.policy import Policy
from auditor.pricing.ranges import Range
from auditor.pricing.tables import MOST_NUMBER

if TYPE_CHECKING:
    from auditor.circuit.run_args import RunArgs
    from auditor.sizing.artifacts import Artifacts
    from auditor.sizing.constraint_system import ConstraintSystem


class ReusableBill(Struct, frozen=True, kw_only=True):
    """EZKL's reusable verifier: one contract for all circuits, to which a circuit is registered once.

    EZKL calls it experimental. ``register_gas`` is None where storage has another price than it had when it
    was measured.
    """

    status: Status
    binding: Binding | None
    reasons: tuple[str, ...]
    verify_gas: Range
    register_gas: Range | None
    deploy_gas: Range
    contract_bytes: int
    calldata_bytes: int
    usd_per_verification: Range | None


class ChainBill(Struct, frozen=True, kw_only=True):
    """A circuit on a chain, with the single verifier unless it says otherwise.

    ``binding`` is the first limit that decides, None when feasible; each of ``reasons`` says what is needed,
    what is allowed and by how much it is too much. Gas is None where the chain does not count as Ethereum
    does. ``deploy_gas`` is for the whole life of the verifier. ``calldata_bytes`` are expected, and exact
    where the proof's are. ``public_values_share`` is the part of them that public values take.
    ``data_fee_gwei`` is a rollup's fee, in billionths of the native token. Money is None where a price is not
    known, which ``notes`` say. ``given`` are the prices that came from the user. ``evidence`` is the weakest
    that was used, ``gas_evidence`` that of everything but money, ``warnings`` what has expired, ``outside``
    in which way the verifier lies beyond those that were measured, which has widened its ranges.
    """

    profile: str
    name: str
    fork: str | None
    fork_status: str | None
    status: Status
    binding: Binding | None
    reasons: tuple[str, ...]
    verify_gas: Range | None
    deploy_gas: Range | None
    contract_bytes: Range
    calldata_bytes: int
    public_values_share: float
    data_fee_gwei: Range | None
    usd_per_verification: Range | None
    usd_to_deploy: Range | None
    reusable: ReusableBill | None
    given: tuple[str, ...]
    evidence: str
    gas_evidence: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    outside: tuple[str, ...]
    measured_range: str = formulas.MEASURED_RANGE


class GivenPrices(Struct, frozen=True, kw_only=True):
    """Prices the user knows better than the profile; None leaves the profile's.

    Raises :class:`UsageError` unless they are positive numbers.
    """

    gas_price_gwei: float | None = None
    native_usd: float | None = None
    l1_base_fee_gwei: float | None = None
    l1_blob_base_fee_gwei: float | None = None

    def __post_init__(self) -> None:
        for name in self.names:
            value = getattr(self, name)
            if not 0 < value <= MOST_NUMBER:
                raise UsageError(
                    f"{name} is {value:g}, and a price is a positive number up to {MOST_NUMBER:g}"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are given."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) is not None)

    def in_place(self, profile: ChainProfile) -> ChainProfile:
        """The profile with these prices."""
        prices, fee = profile.prices, profile.data_fee
        return replace(
            profile,
            prices=replace(
                prices,
                gas_price_gwei=_given(self.gas_price_gwei, prices.gas_price_gwei),
                native_usd=_given(self.native_usd, prices.native_usd),
            ),
            data_fee=replace(
                fee,
                l1_base_fee_gwei=_given(self.l1_base_fee_gwei, fee.l1_base_fee_gwei),
                l1_blob_base_fee_gwei=_given(self.l1_blob_base_fee_gwei, fee.l1_blob_base_fee_gwei),
            ),
        )


def predict_chain(
    system: ConstraintSystem,
    artifacts: Artifacts,
    run_args: RunArgs,
    profile: ChainProfile,
    *,
    today: date,
    fork: str | None = None,
    gas_price_gwei: float | None = None,
    native_usd: float | None = None,
    l1_base_fee_gwei: float | None = None,
    l1_blob_base_fee_gwei: float | None = None,
    calldata: Calldata | None = None,
    policy: Policy | None = None,
) -> ChainBill:
    """The bill of a circuit on a chain, under another ``fork`` than the one in force where one is named.

    ``calldata`` is that of a proof there is, see :func:`auditor.pricing.chain.gas.known_calldata`. A
    ``policy`` may limit what a verification costs.

    Raises:
        UsageError: a price is no positive number, or the profile knows no such fork.
        ValueError: ``run_args`` are not those of ``system``.
    """
    if run_args.logrows != system.logrows:
        raise ValueError("the constraint system was made with other run args")
    given = GivenPrices(
        gas_price_gwei=gas_price_gwei,
        native_usd=native_usd,
        l1_base_fee_gwei=l1_base_fee_gwei,
        l1_blob_base_fee_gwei=l1_blob_base_fee_gwei,
    )
    chain = given.in_place(profile if fork is None else profile.under(fork))
    call = calldata or formulas.verify_calldata(system, artifacts)
    if chain.gas is None:
        return _without_gas(system, chain, call, given, today)
    return _with_gas(system, chain, chain.gas, call, given, today, policy)


def _with_gas(
    system: ConstraintSystem,
    chain: ChainProfile,
    rules: GasRules,
    call: Calldata,
    given: GivenPrices,
    today: date,
    policy: Policy | None,
) -> ChainBill:
    contract = formulas.contract_bytes(system)
    verify = formulas.verify_gas(system, call, rules)
    deploy = formulas.deploy_gas(contract, rules)
    limits = limits_of(chain, rules, contract=contract, deploy=deploy, verify=verify, calldata=call)
    fee = data_fee(chain.data_fee, call)
    usd = _usd(chain, verify, fee)
    decision = within_budget(decide(limits, chain.id), usd, policy)
    gas_kind, warnings = weakest(chain.behind(*_gas_fields(rules)), today)
    gas_kind = weaker(gas_kind, formulas.EVIDENCE)
    price_kind, price_warnings = weakest(_behind_price(chain, given, policy) if usd else (), today)
    supposed = "assumed" if usd is not None and fee.notes else price_kind
    return ChainBill(
        profile=chain.id,
        name=chain.name,
        fork=chain.fork,
        fork_status=chain.fork_status,
        status=decision.status,
        binding=decision.binding,
        reasons=decision.reasons,
        verify_gas=verify,
        deploy_gas=deploy,
        contract_bytes=contract,
        calldata_bytes=call.total_bytes,
        public_values_share=_share(system, call),
        data_fee_gwei=fee.gwei,
        usd_per_verification=usd,
        usd_to_deploy=_usd(chain, deploy, fee) if chain.data_fee.kind == "none" else None,
        reusable=_reusable(system, chain, rules, call),
        given=given.names,
        evidence=weaker(gas_kind, price_kind, supposed),
        gas_evidence=gas_kind,
        notes=tuple(_notes(chain, fee, usd)),
        warnings=(*warnings, *price_warnings),
        outside=formulas.outside(system),
    )


def _without_gas(
    system: ConstraintSystem, chain: ChainProfile, call: Calldata, given: GivenPrices, today: date
) -> ChainBill:
    kind, warnings = weakest(chain.behind("chain_id"), today)
    reason = f"the gas of a verifier on {chain.id} is not known: {chain.evm_note}"
    return ChainBill(
        profile=chain.id,
        name=chain.name,
        fork=chain.fork,
        fork_status=chain.fork_status,
        status="undetermined",
        binding="virtual machine",
        reasons=(reason,),
        verify_gas=None,
        deploy_gas=None,
        contract_bytes=formulas.contract_bytes(system),
        calldata_bytes=call.total_bytes,
        public_values_share=_share(system, call),
        data_fee_gwei=None,
        usd_per_verification=None,
        usd_to_deploy=None,
        reusable=None,
        given=given.names,
        evidence=weaker(kind, formulas.EVIDENCE),
        gas_evidence=weaker(kind, formulas.EVIDENCE),
        notes=("the price of a verification is not known, as its gas is not",),
        warnings=warnings,
        outside=formulas.outside(system),
    )


def _reusable(
    system: ConstraintSystem, chain: ChainProfile, rules: GasRules, single: Calldata
) -> ReusableBill:
    contract = _exactly(formulas.REUSABLE_CONTRACT_BYTES)
    call = formulas.reusable_calldata(system, single)
    verify = formulas.reusable_verify_gas(system, single, rules)
    deploy = formulas.deploy_gas(contract, rules)
    limits = limits_of(chain, rules, contract=contract, deploy=deploy, verify=verify, calldata=call)
    decision: Decision = decide(limits, chain.id)
    return ReusableBill(
        status=decision.status,
        binding=decision.binding,
        reasons=decision.reasons,
        verify_gas=verify,
        register_gas=None if rules.storage_is_repriced else formulas.register_gas(system, rules),
        deploy_gas=deploy,
        contract_bytes=formulas.REUSABLE_CONTRACT_BYTES,
        calldata_bytes=call.total_bytes,
        usd_per_verification=_usd(chain, verify, data_fee(chain.data_fee, call)),
    )


def _share(system: ConstraintSystem, call: Calldata) -> float:
    return formulas.WORD_BYTES * system.num_instances / call.total_bytes


def _usd(chain: ChainProfile, gas: Range, fee: Fee) -> Range | None:
    prices = chain.prices
    if prices.gas_price_gwei is None or prices.native_usd is None or fee.gwei is None:
        return None
    return usd_of_gas(
        gas,
        gas_price_gwei=prices.gas_price_gwei,
        native_usd=prices.native_usd,
        data_fee_gwei=fee.gwei,
    )


def _notes(chain: ChainProfile, fee: Fee, usd: Range | None) -> Iterator[str]:
    """What is not known of the price, and what was supposed."""
    prices = chain.prices
    if chain.fork_status is not None:
        yield f"under {chain.fork}: {chain.fork_status}"
    if usd is not None:
        yield from fee.notes
        return
    if prices.gas_price_gwei is None:
        least = prices.least_gas_price_gwei
        more = "" if least is None else f", only that it is never below {_plain(least)} gwei"
        yield f"price unknown: nobody published what gas costs on {chain.id}{more}"
    if prices.native_usd is None:
        yield f"price unknown: nobody published what {chain.native_token} costs"
    if fee.gwei is None:
        yield f"price unknown: {fee.why}"


def _gas_fields(rules: GasRules) -> Iterator[str]:
    """The fields of the profile behind gas and limits, by their dotted paths."""
    for name in rules.__struct_fields__:
        if getattr(rules, name) is not None:
            yield f"gas.{name}"
    yield from ("limits.contract_bytes", "limits.initcode_bytes")


def _behind_price(chain: ChainProfile, given: GivenPrices, policy: Policy | None) -> tuple[Evidence, ...]:
    found = chain.behind(*_price_fields(chain, given))
    return found if policy is None else found + policy.behind("usd_per_verification")


def _price_fields(chain: ChainProfile, given: GivenPrices) -> Iterator[str]:
    """The fields behind money that the user did not give."""
    for name in ("gas_price_gwei", "native_usd"):
        if name not in given.names:
            yield f"price.{name}.p50"
    if chain.data_fee.kind == "op-fjord":
        yield from ("l1_data.base_fee_scalar", "l1_data.blob_base_fee_scalar")
        for name in ("l1_base_fee_gwei", "l1_blob_base_fee_gwei"):
            if name not in given.names:
                yield f"l1_data.{name}.p50"


def _given(value: float | None, otherwise: Range | None) -> Range | None:
    return otherwise if value is None else _exactly(value)


def _plain(amount: float) -> str:
    """Digits without an exponent, to the billionth."""
    return f"{amount:.9f}".rstrip("0").rstrip(".")


def _exactly(value: float) -> Range:
    return Range(low=value, mid=value, high=value)
