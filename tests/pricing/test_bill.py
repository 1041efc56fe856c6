"""What a machine and a policy allow of a circuit: at the limits, just above and just below them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.circuit.run_args import RunArgs
from auditor.pricing.bill import HardwareBill, Rent, bill_hardware, charged, fits_where, predict_on
from auditor.pricing.evidence import Evidence
from auditor.pricing.policy import Policy, shipped_policy
from auditor.pricing.profile import HardwareProfile, Prover
from auditor.pricing.profile_file import shipped
from auditor.pricing.ranges import Range
from auditor.sizing import artifacts, constraint_system
from auditor.units import bytes_range_text, bytes_text, seconds_range_text, seconds_text
from tests.pricing.circuits import size

TODAY = date(2026, 11, 21)
CIRCUIT = size()
RUN_ARGS = RunArgs(logrows=17)
SYSTEM = constraint_system(CIRCUIT, RUN_ARGS)
ARTIFACTS = artifacts(SYSTEM)
ROOMY = replace(shipped(), usable_memory_bytes=10**12, free_disk_bytes=10**12)
"""The reference machine, with room for anything."""

PARAMETERS = 1000


def bill(
    profile: HardwareProfile, policy: Policy | None = None, rent: Rent | None = None, today: date = TODAY
) -> HardwareBill:
    predictions = predict_on(profile, SYSTEM, ARTIFACTS, CIRCUIT, RUN_ARGS)
    return bill_hardware(
        predictions, profile, ARTIFACTS, parameters=PARAMETERS, today=today, policy=policy, rent=rent
    )


FREE = bill(ROOMY)


def policy(*, setup_here: bool = True, **limits: float) -> Policy:
    told = Evidence(fields=("limits.*",), kind="measured", dated=TODAY, source="the test")
    return Policy(
        id="mine", name="Mine", summary="A policy.", patience="batch", setup_here=setup_here,
        evidence=(told,), **limits,
    )  # fmt: skip


def test_with_room_for_anything_it_is_feasible() -> None:
    assert (FREE.status, FREE.binding, FREE.reasons, FREE.warnings) == ("feasible", None, (), ())
    assert FREE.evidence == "measured"
    steps = {step.step: step for step in predict_on(ROOMY, SYSTEM, ARTIFACTS, CIRCUIT, RUN_ARGS)}
    assert FREE.prove_seconds == steps["witness"].wall_seconds + steps["proof"].wall_seconds
    assert FREE.peak_memory_bytes == steps["proof"].peak_memory_bytes
    assert FREE.measured_range == steps["proof"].measured_range
    # 28 seconds on one core, nearly half of it on two.
    assert 13 < FREE.prove_seconds.mid < 19
    assert FREE.disk_bytes == sum(step.bytes for step in steps.values()) + 33 * PARAMETERS


# --- limits: exceeded only for certain, kept only for certain -----------------------------

PEAK = FREE.peak_memory_bytes


@pytest.mark.parametrize(
    ("usable", "status"),
    [
        (int(PEAK.low) - 1, "infeasible"),
        (int(PEAK.low) + 1, "undetermined"),
        (int(PEAK.mid), "undetermined"),
        (int(PEAK.high) - 1, "undetermined"),
        (int(PEAK.high) + 1, "feasible"),
    ],
)
def test_memory(usable: int, status: str) -> None:
    found = bill(replace(ROOMY, usable_memory_bytes=usable))
    assert (found.status, found.binding) == (status, None if status == "feasible" else "memory")
    assert len(found.reasons) == (status != "feasible")


def test_a_reason_says_what_is_needed_what_is_allowed_and_by_how_much_it_is_too_much() -> None:
    (reason,) = bill(replace(ROOMY, usable_memory_bytes=2**30)).reasons
    over = bytes_text(PEAK.low - 2**30)
    assert reason == (
        f"memory peaks at {bytes_range_text(PEAK.low, PEAK.high)}: at least {over} over the 1.0 GiB "
        "that a proof can use"
    )
    (reason,) = bill(replace(ROOMY, usable_memory_bytes=int(PEAK.mid))).reasons
    over = bytes_text(PEAK.high - int(PEAK.mid))
    assert f", and up to {over} over the " in reason
    (reason,) = bill(ROOMY, policy(prove_seconds=1.0)).reasons
    need = FREE.prove_seconds
    assert reason == (
        f"proving takes {seconds_range_text(need.low, need.high)}: at least {seconds_text(need.low - 1)} "
        "over the 1.0 s that policy mine allows"
    )


def test_a_limit_is_kept_when_the_need_is_exactly_that() -> None:
    least = bill(ROOMY, policy(prove_seconds=FREE.prove_seconds.high))
    assert least.status == "feasible"
    most = bill(ROOMY, policy(prove_seconds=FREE.prove_seconds.low))
    assert most.status == "undetermined"


def test_disk_with_keys_that_are_not_exactly_known() -> None:
    low, high = ARTIFACTS.proving_key_bytes - 10_000, ARTIFACTS.proving_key_bytes + 5_000_000
    wide = replace(ARTIFACTS, proving_key_bounds=(low, high), exact=False, inexact_reason="for a test")
    predictions = predict_on(ROOMY, SYSTEM, wide, CIRCUIT, RUN_ARGS)

    def status(free: int) -> str:
        profile = replace(ROOMY, free_disk_bytes=free)
        return bill_hardware(predictions, profile, wide, parameters=0, today=TODAY).status

    expected = sum(prediction.bytes for prediction in predictions)
    least = sum(prediction.least_bytes for prediction in predictions)
    assert least < expected - 10_000
    assert status(least - 1) == "infeasible"
    assert status(least) == status(expected) == status(expected + 4_999_999) == "undetermined"
    assert status(expected + 5_000_000) == "feasible"


def test_a_key_that_is_not_exactly_known_widens_the_memory_and_the_time_it_takes() -> None:
    more = 100_000_000
    wide = replace(
        ARTIFACTS,
        proving_key_bounds=(ARTIFACTS.proving_key_bytes - more, ARTIFACTS.proving_key_bytes + more),
    )
    for exact, inexact in zip(
        predict_on(ROOMY, SYSTEM, ARTIFACTS, CIRCUIT, RUN_ARGS),
        predict_on(ROOMY, SYSTEM, wide, CIRCUIT, RUN_ARGS),
        strict=True,
    ):
        before, after = exact.peak_memory_bytes, inexact.peak_memory_bytes
        assert after.mid == before.mid
        holds_the_key = exact.step in ("keys", "proof")
        assert (after.high > before.high + 0.9 * more) == holds_the_key
        assert (after.low < before.low - 0.7 * more) == holds_the_key
        assert (inexact.cpu_seconds.high > exact.cpu_seconds.high) == (exact.step == "keys")


TIMES = (
    ("prove_seconds", "proving takes"),
    ("setup_seconds", "setup takes"),
    ("verify_seconds", "verifying takes"),
)


@pytest.mark.parametrize(("limit", "words"), TIMES)
def test_each_time_has_its_limit(limit: str, words: str) -> None:
    need: Range = getattr(FREE, limit)
    for most, status in ((need.low * 0.9, "infeasible"), (need.mid, "undetermined"), (need.high, "feasible")):
        found = bill(ROOMY, policy(**{limit: most}))
        assert found.status == status
        assert found.binding == (None if status == "feasible" else "time")
        assert all(reason.startswith(words) for reason in found.reasons)


def test_whoever_proves_with_keys_of_others_needs_neither_time_nor_memory_for_a_setup() -> None:
    strict = policy(setup_here=False, setup_seconds=1e-6)
    assert bill(ROOMY, strict).status == "feasible"
    keys = next(
        step for step in predict_on(ROOMY, SYSTEM, ARTIFACTS, CIRCUIT, RUN_ARGS) if step.step == "keys"
    )
    # A machine on which a proof would take next to nothing, but not its keys.
    small = replace(keys, step="proof", peak_memory_bytes=Range(low=1, mid=1, high=1))
    predictions = [
        small if step.step == "proof" else step
        for step in predict_on(ROOMY, SYSTEM, ARTIFACTS, CIRCUIT, RUN_ARGS)
    ]
    tight = replace(ROOMY, usable_memory_bytes=int(keys.peak_memory_bytes.low) - 1)
    for setup_here, status in ((True, "infeasible"), (False, "feasible")):
        wanted = policy(setup_here=setup_here, prove_seconds=1e6)
        found = bill_hardware(predictions, tight, ARTIFACTS, parameters=0, today=TODAY, policy=wanted)
        assert found.status == status


def test_download() -> None:
    needed = ARTIFACTS.proving_key_bytes + ARTIFACTS.verifying_key_bytes + ARTIFACTS.srs_bytes
    assert bill(ROOMY, policy(download_bytes=needed - 1)).binding == "download"
    assert bill(ROOMY, policy(download_bytes=needed - 1)).status == "infeasible"
    assert bill(ROOMY, policy(download_bytes=needed + 100_000)).status == "feasible"


def test_the_patience_of_a_machine_holds_beside_that_of_a_policy() -> None:
    impatient = replace(ROOMY, patience_seconds={"batch": 1.0})
    found = bill(impatient, policy(prove_seconds=1e6))
    assert (found.status, found.binding) == ("infeasible", "time")
    assert found.reasons[0].endswith("over the 1.0 s of patience on reference-epyc-2c")
    assert bill(impatient).status == "feasible"
    assert bill(impatient, replace(policy(prove_seconds=1e6), patience="interactive")).status == "feasible"


def test_of_two_limits_of_one_time_the_shorter_holds() -> None:
    for policy_seconds, patience in ((1.0, 2.0), (2.0, 1.0), (1.0, 1.0)):
        machine = replace(ROOMY, patience_seconds={"batch": patience})
        (reason,) = bill(machine, policy(prove_seconds=policy_seconds)).reasons
        assert reason.endswith("policy mine allows" if policy_seconds == 1.0 else "on reference-epyc-2c")
        assert " over the 1.0 s " in reason


def test_what_is_certain_decides_before_what_is_doubtful() -> None:
    doubtful_memory = replace(ROOMY, usable_memory_bytes=int(PEAK.mid))
    found = bill(doubtful_memory, policy(prove_seconds=1.0))
    assert (found.status, found.binding) == ("infeasible", "time")
    assert len(found.reasons) == 2


# --- what is not known ---------------------------------------------------------------------


@pytest.mark.parametrize("availability", ["cli-binary", "source-build", "none"])
def test_nothing_is_feasible_where_nobody_has_seen_ezkl_run(availability: str) -> None:
    prover = Prover(availability=availability, note="there is no wheel")  # type: ignore[arg-type]
    found = bill(replace(ROOMY, prover=prover))
    assert (found.status, found.binding) == ("undetermined", "availability")
    assert found.reasons == ("nobody has seen EZKL 23.0.5 run on reference-epyc-2c: there is no wheel",)
    certain = bill(replace(ROOMY, prover=prover, usable_memory_bytes=1))
    assert (certain.status, certain.binding) == ("infeasible", "memory")
    assert len(certain.reasons) == 2


def test_unknown_memory_is_not_zero_and_not_enough() -> None:
    found = bill(replace(ROOMY, usable_memory_bytes=None, total_memory_bytes=None))
    assert (found.status, found.binding) == ("undetermined", "memory")
    assert found.reasons == ("the memory of reference-epyc-2c is not known",)


def test_unknown_disk_is_said_and_not_judged() -> None:
    found = bill(replace(ROOMY, free_disk_bytes=None))
    assert found.status == "feasible"
    assert found.warnings == ("the free disk of reference-epyc-2c is not known, and was not judged",)


def test_a_gpu_speeds_up_nothing_that_was_not_measured() -> None:
    found = bill(shipped("aws-g6e-4xlarge"))
    assert found.status == "feasible"
    (warning,) = found.warnings
    assert warning.startswith(
        "the GPU of aws-g6e-4xlarge counts for nothing: the wheel of EZKL 23.0.5 does not"
    )


# --- money ---------------------------------------------------------------------------------


def test_money_is_charged_in_whole_units_and_for_a_least_time() -> None:
    wall = Range(low=1.0, mid=59.5, high=61.0)
    by_second = charged(wall, Rent(usd_per_hour=3600.0))
    assert by_second == Range(low=1.0, mid=60.0, high=61.0)
    by_minute = charged(wall, Rent(usd_per_hour=3600.0, billed_seconds=60.0))
    assert by_minute == Range(low=60.0, mid=60.0, high=120.0)
    at_least = charged(wall, Rent(usd_per_hour=3600.0, least_seconds=60.0))
    assert at_least == Range(low=60.0, mid=60.0, high=61.0)


def test_a_price_nobody_knows_is_none_and_never_nothing() -> None:
    assert FREE.usd_per_proof is None
    capped = policy(usd_per_proof=1.0)
    unknown = bill(ROOMY, capped)
    assert (unknown.status, unknown.binding) == ("undetermined", "money")
    assert unknown.reasons == ("price unknown: nobody knows what reference-epyc-2c costs",)
    known = bill(ROOMY, capped, Rent(usd_per_hour=1.0))
    assert known.status == "feasible"
    assert known.usd_per_proof is not None
    assert 0 < known.usd_per_proof.low < known.usd_per_proof.high < 0.01
    dear = bill(ROOMY, capped, Rent(usd_per_hour=1e6))
    assert (dear.status, dear.binding) == ("infeasible", "money")
    assert "over the $1.00 that policy mine allows" in dear.reasons[0]


# --- evidence ------------------------------------------------------------------------------


def test_evidence_is_the_weakest_that_was_used() -> None:
    assert bill(shipped("rpi5-8g")).evidence == "assumed"
    guess = Evidence(fields=("limits.*",), kind="assumed", dated=TODAY, source="a guess")
    assumed = replace(policy(prove_seconds=1e6), evidence=(guess,))
    assert bill(ROOMY, assumed).evidence == "assumed"
    # What a limit that was not used rests on does not matter.
    unused = replace(guess, fields=("limits.usd_per_verification",))
    published = replace(guess, fields=("limits.prove_seconds",), kind="published")
    mixed = replace(policy(prove_seconds=1e6), evidence=(published, unused))
    assert bill(ROOMY, mixed).evidence == "published"
    rent = Rent(usd_per_hour=1.0, evidence=(replace(guess, kind="derived"),))
    assert bill(ROOMY, None, rent).evidence == "derived"


def test_expired_evidence_is_an_assumption_with_a_warning() -> None:
    price = Evidence(
        fields=("instance.*",), kind="published", dated=date(2026, 8, 1), source="a list", valid_days=90
    )
    rent = Rent(usd_per_hour=1.0, evidence=(price,))
    assert bill(ROOMY, None, rent, today=date(2026, 10, 30)).evidence == "published"
    found = bill(ROOMY, None, rent, today=date(2026, 10, 31))
    assert found.evidence == "assumed"
    assert found.warnings == (
        "evidence of 2026-08-01 for instance.* expired 1 days ago and counts as assumed: a list",
    )


def test_more_cores_than_were_measured_make_it_an_assumption() -> None:
    wide = bill(replace(ROOMY, logical_cores=8, usable_threads=8))
    assert wide.evidence == "assumed"
    assert wide.warnings == (
        "how much faster 8 cores are than 2 was not measured: between half of what Amdahl's law says and all "
        "cores alike",
    )
    assert wide.prove_seconds.low < FREE.prove_seconds.low
    # A machine that is only assumed needs no such warning.
    assert bill(replace(shipped("workstation-16c-64g"))).warnings == ()


# --- laws and next actions -----------------------------------------------------------------

ORDER = ("feasible", "undetermined", "infeasible")


@settings(max_examples=60, deadline=None)
@given(
    memory=st.integers(10**8, 10**10), disk=st.integers(10**8, 10**10), seconds=st.floats(0.5, 100),
    more=st.floats(1.0, 10.0),
)  # fmt: skip
def test_more_room_or_patience_is_never_worse(memory: int, disk: int, seconds: float, more: float) -> None:
    tight = replace(ROOMY, usable_memory_bytes=memory, free_disk_bytes=disk)
    status = bill(tight, policy(prove_seconds=seconds)).status
    for profile, allowed in (
        (replace(tight, usable_memory_bytes=int(memory * more)), seconds),
        (replace(tight, free_disk_bytes=int(disk * more)), seconds),
        (tight, seconds * more),
    ):
        found = bill(profile, policy(prove_seconds=allowed))
        assert ORDER.index(found.status) <= ORDER.index(status)
        assert (found.binding is None) == (found.status == "feasible") == (found.reasons == ())


def test_fits_where_names_the_smallest_machine_that_certainly_has_room() -> None:
    names = ("laptop-8c-16g", "workstation-16c-64g", "rpi5-8g", "aws-r7i-8xlarge")
    bills = [bill(shipped(name)) for name in names]
    assert [found.status for found in bills] == ["feasible", "feasible", "undetermined", "feasible"]
    sentence = fits_where(bills)
    assert sentence is not None
    peak = bills[0].peak_memory_bytes
    assert sentence.startswith(
        f"fits laptop-8c-16g ({bytes_range_text(peak.low, peak.high)} of 11.2 GiB, a proof in "
    )
    assert fits_where(bills[2:3]) is None
    assert fits_where([]) is None


def test_the_shipped_policies_decide() -> None:
    laptop = shipped("laptop-8c-16g")
    assert bill(laptop, shipped_policy("batch")).status == "feasible"
    edge = bill(shipped("phone-mid"), shipped_policy("edge"))
    assert (edge.status, edge.binding) == ("infeasible", "download")
    assert "over the 190.7 MiB that policy edge allows" in edge.reasons[0]
