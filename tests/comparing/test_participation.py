"""Who can take part: more memory or patience never hurts, a larger circuit never helps, no circuit is no."""

from __future__ import annotations

from datetime import date
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.comparing.costs import Made
from auditor.comparing.grounds import Grounds
from auditor.comparing.participation import Limit, judge, participants
from auditor.comparing.report import ROLES
from auditor.pricing.policy import POLICIES, Policy
from auditor.pricing.profile import AVAILABLE
from auditor.pricing.ranges import Range
from auditor.size_up import Sized
from tests.cli import models
from tests.comparing.running import DIGITS, TRANSFORMER, compared, row
from tests.comparing.test_growth import asked, studied
from tests.fidelity.cases import CASES

TODAY = date(2026, 11, 29)
RANK = {"infeasible": 0, "undetermined": 1, "feasible": 2}
BATCH = POLICIES.shipped("batch")


@pytest.fixture(scope="module")
def ground() -> Grounds:
    return studied(TRANSFORMER, asked())


def ranks(
    ground: Grounds, policy: Policy = BATCH, parameters: int = 60_000, **changes: Any
) -> list[list[int]]:
    machines = [replace(machine, **changes) for machine in ground.others]
    found = participants(ground.made, parameters, 10**6, machines, policy, TODAY)
    return [[RANK[each.roles[role].status] for role in ROLES] for each in found]


def no_better(less: list[list[int]], more: list[list[int]]) -> bool:
    return all(
        one <= other
        for mine, theirs in zip(less, more, strict=True)
        for one, other in zip(mine, theirs, strict=True)
    )


def test_less_memory_never_can_more(ground: Grounds) -> None:
    found = [ranks(ground, usable_memory_bytes=1 << power) for power in range(20, 40)]
    assert all(no_better(less, more) for less, more in pairwise(found))
    assert found[0] != found[-1]
    assert {rank for _, _, prove in found[0] for rank in [prove]} == {RANK["infeasible"]}


def test_memory_that_nobody_knows_leaves_it_open(ground: Grounds) -> None:
    assert max(chain(*ranks(ground, usable_memory_bytes=None))) == RANK["undetermined"]


def test_less_patience_never_can_more(ground: Grounds) -> None:
    found = [
        ranks(ground, replace(BATCH, prove_seconds=seconds, verify_seconds=seconds, setup_seconds=seconds))
        for seconds in (1e-9, 1e-3, 0.1, 1, 10, 100, 1e3, 1e5)
    ]
    assert all(no_better(less, more) for less, more in pairwise(found))
    assert found[0] != found[-1]


def test_more_weights_never_can_more(ground: Grounds) -> None:
    found = [ranks(ground, parameters=10**power) for power in range(4, 13)]
    assert all(no_better(larger, smaller) for smaller, larger in pairwise(found))
    assert found[0] != found[-1]


@pytest.mark.parametrize(
    ("axis", "factors"), [("width", "2,8,32"), ("depth", "2,4,6"), ("sequence", "2,8,32")]
)
def test_a_larger_circuit_never_has_more_machines(axis: str, factors: str) -> None:
    words = ("--set", "input_scale=12", "--set", "param_scale=12") if axis == "depth" else ()
    found = compared(TRANSFORMER, "--no-plan", "--way", "ezkl", f"--scale-{axis}", factors, *words)
    sizes = [size for size in found["growth"][0]["sizes"] if size["able"]]
    assert len(sizes) > 2
    for smaller, larger in pairwise(sizes):
        for role in ROLES:
            assert larger["able"][role] <= smaller["able"][role]
            assert larger["unable"][role] >= smaller["unable"][role]
            assert larger["able"][role] + larger["unable"][role] <= len(found["participants"])
    assert sizes[0]["able"] != sizes[-1]["able"]


@pytest.mark.parametrize("status", ["infeasible", "undetermined"])
def test_without_a_circuit_nobody_proves_or_verifies_it(status: Any, ground: Grounds) -> None:
    made = Made(sized=Sized(), status=status, reason="why there is none")
    (found,) = participants(made, 1000, 1000, [ground.machine], BATCH, TODAY)
    for role in ("verify", "prove"):
        part = found.roles[role]  # type: ignore[index]
        assert (part.status, part.binding, part.reason) == (status, "circuit", "why there is none")
        assert part.seconds is part.memory_bytes is None
    assert found.roles["re_execute"].status == "feasible"


def test_where_nobody_has_seen_ezkl_run_it_is_unclear(ground: Grounds) -> None:
    for machine, found in zip(ground.others, ranks(ground), strict=True):
        runs = machine.prover.availability in AVAILABLE
        verify, _, prove = found
        assert runs or max(verify, prove) <= RANK["undetermined"]


def test_a_model_that_ezkl_rejects(tmp_path: Path) -> None:
    found = compared(models.dilated_convolution(tmp_path / "dilated.onnx"), "--stakes", "high")
    own = row(found, "ezkl")
    assert (own["supported"], own["unsupported"]) == ("no", ["Conv: dilated convolutions"])
    assert own["seconds"] is own["usd"] is own["proof_bytes"] is None
    assert all(own["unknown"][name] for name in ("seconds", "peak_memory_bytes", "verify_seconds", "usd"))
    assert found["recommendation"]["out"]["ezkl"][0]["cause"] == "support"
    assert {each["roles"]["prove"]["binding"] for each in found["participants"]} == {"circuit"}
    assert {each["roles"]["prove"]["status"] for each in found["participants"]} == {"infeasible"}


@pytest.mark.parametrize("case", [CASES[0], CASES[4]], ids=lambda case: case.rule)
def test_a_model_of_which_ezkl_proves_another_is_refused(case: Any, tmp_path: Path) -> None:
    path = tmp_path / "wrong.onnx"
    path.write_bytes(case.wrong.model)
    found = compared(path, "--no-plan", "--stakes", "low")
    own = row(found, "ezkl")
    assert own["supported"] == "no"
    assert case.rule in own["unsupported"][-1]
    assert own["notes"]
    assert any("computes something else" in note for note in found["notes"])
    assert found["recommendation"]["out"]["ezkl"][0]["cause"] == "support"
    path.write_bytes(case.right.model)
    assert row(compared(path, "--no-plan"), "ezkl")["supported"] == "yes"


def test_what_decides_is_what_is_certainly_too_much() -> None:
    def limit(binding: str, low: float, high: float, most: float | None) -> Limit:
        return Limit(binding=binding, need=Range(low=low, mid=high, high=high), most=most, text=binding)

    kept, doubtful = limit("kept", 1, 2, 3), limit("doubtful", 1, 4, 3)
    open_, broken = limit("open", 1, 2, None), limit("broken", 4, 5, 3)
    assert judge([kept]) == ("feasible", "", "")
    assert judge([kept, doubtful, broken]) == ("infeasible", "broken", "broken")
    assert judge([kept, open_, doubtful]) == ("undetermined", "open", "open")
    assert judge([]) == ("feasible", "", "")


def test_the_answer_names_its_limit() -> None:
    found = compared(DIGITS, "--no-plan", "--way", "ezkl", "--policy", "interactive")
    for each in found["participants"]:
        for role, part in each["roles"].items():
            assert (part["status"] == "feasible") is (part["binding"] == ""), (each["profile"], role)
            assert bool(part["reason"]) is bool(part["binding"])
