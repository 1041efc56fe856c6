"""What a model is compared and forecast on: its study, the machines, and who may take part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from auditor.audit import planner
from auditor.billing import Prices, bill, open_prices
from auditor.comparing.costs import Made, exact_amount, proving_bytes, proving_seconds, steps_on
from auditor.comparing.growth import Priced
from auditor.comparing.participation import participants
from auditor.model import EXTERNAL_DATA, SourceModel, read_source
from auditor.options import PriceRequest, Request
from auditor.pricing.hardware import resolve, shipped_names
from auditor.pricing.policy import Policy, resolve_policy
from auditor.pricing.profile import HardwareProfile
from auditor.progress import progress
from auditor.safe import safe
from auditor.study import Study, study


class Grounds(Struct, frozen=True, kw_only=True):
    """What one model is compared on: its study, the machines, and who takes part under which policy."""

    studied: Study
    prices: Prices
    machine: HardwareProfile
    others: tuple[HardwareProfile, ...]
    policy: Policy
    today: date

    @property
    def made(self) -> Made:
        """The circuit of the model as it is."""
        return Made.of(self.studied.laid_out, self.studied.sized)

    def priced(self, made: Made, parameters: int, macs: int | None) -> Priced:
        """What a circuit takes on the machine, and who can take part."""
        found = participants(made, parameters, macs, self.others, self.policy, self.today)
        steps = steps_on(self.machine, made.sized)
        if not steps:
            return Priced(prove_seconds=None, peak_memory_bytes=None, participants=found)
        return Priced(
            prove_seconds=exact_amount(proving_seconds(steps), self.machine),
            peak_memory_bytes=exact_amount(proving_bytes(steps), self.machine),
            participants=found,
        )


def grounds(path: Path, request: Request, machine: str, policy: str, notes: list[str]) -> Grounds:
    """The study of a model, and the machines it is judged on; ``notes`` gets what the user should know.

    Raises:
        UsageError: a name that nobody knows, or a size that is open.
        AuditorError: the file cannot be read.
    """
    today = date.today()
    wanted = request.prices or PriceRequest()
    asked = PriceRequest(
        hardware=(machine,), chains=wanted.chains, fork=wanted.fork,
        gas_price_gwei=wanted.gas_price_gwei, native_usd=wanted.native_usd,
    )  # fmt: skip
    prices = open_prices(asked, today, notes.append)
    others = resolve((*shipped_names(), machine), prices.this_machine)
    with progress(f"reading {safe(str(path))}", quiet=request.quiet):
        source = _as_model(read_source(path))
        studied = study(
            path,
            source,
            request,
            alone=True,
            bill=lambda sized, weights, macs: bill(sized, weights, macs, prices),
            plan=planner(request),
            longer_columns="logrows" not in request.given,
        )
    (priced_on,) = prices.hardware
    notes += _of_another_function(studied)
    return Grounds(
        studied=studied,
        prices=prices,
        machine=priced_on,
        others=others,
        policy=resolve_policy(policy),
        today=today,
    )


def _of_another_function(studied: Study) -> Iterator[str]:
    """What must be said where EZKL proves something else: machines, sizes and years are of that circuit."""
    if studied.circuit.faithful is False:
        yield (
            "EZKL's circuit of this model computes something else than the model: what is said of proving, "
            "by whom and when, is of that circuit"
        )


def _as_model(source: SourceModel) -> SourceModel:
    """Without what EZKL says of weights in another file: that is about the file and not the model."""
    refusals = tuple(item for item in source.refusals if item.reason != EXTERNAL_DATA)
    return replace(source, refusals=refusals)
