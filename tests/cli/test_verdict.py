"""The verdict: what decides, in which order, and what it says to do next."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from auditor.findings import Finding
from auditor.report import UnsupportedOperator, Verdict
from auditor.verdict import Broken, Limits, Open, could_not_read, judge, overall
from tests.formats.examples import CIRCUIT

NOTHING = Limits()
UNFAITHFUL = Finding(
    rule="AUD-FID-001", severity="high", message="the pool ignores its dilation", node="/pool"
)
REJECTED = replace(
    CIRCUIT,
    supported=False,
    unsupported=(
        UnsupportedOperator(
            operator="Tile", count=2, reason="no such rule", nodes=("a", "b"), way_out="Use Concat."
        ),
    ),
)


def verdict(
    circuit=CIRCUIT, findings=(), ceilings=(), unknowns=(), limits=NOTHING, advice=lambda _: None
) -> Verdict:
    return judge(circuit, findings, ceilings, unknowns, limits, advice)


def test_nothing_against_it_is_feasible() -> None:
    answer = verdict()
    assert (answer.status, answer.binding, answer.exit_code) == ("feasible", None, 0)
    assert answer.reasons == ("7,800 rows fit a circuit of 2^15 rows",)


def test_what_ezkl_rejects_is_infeasible_with_its_way_out() -> None:
    answer = verdict(REJECTED, findings=[UNFAITHFUL])
    assert (answer.status, answer.binding, answer.exit_code) == ("infeasible", "support", 1)
    assert answer.reasons[0] == "EZKL rejects Tile (2 times): no such rule"
    assert "AUD-FID-001" in answer.reasons[1]
    assert "Use Concat." in answer.next


def test_an_unfaithful_circuit_is_infeasible() -> None:
    answer = verdict(findings=[UNFAITHFUL])
    assert (answer.status, answer.binding) == ("infeasible", "fidelity")


@pytest.mark.parametrize(
    ("limits", "binding"),
    [
        (Limits(max_rows=7799), "rows"),
        (Limits(max_rows=7800), None),
        (Limits(max_logrows=14), "logrows"),
        (Limits(max_logrows=15), None),
    ],
)
def test_limits_of_the_user_hold_to_the_last_row(limits: Limits, binding: str | None) -> None:
    assert verdict(limits=limits).binding == binding


def test_a_ceiling_of_ezkl_decides_before_a_limit_of_the_user() -> None:
    ceiling = Broken(binding="extended_domain", reason="needs 2^29, has 2^28")
    assert verdict(ceilings=[ceiling], limits=Limits(max_rows=1)).binding == "extended_domain"


def test_unknown_is_undetermined_unless_something_certain_is_exceeded() -> None:
    unknown = Open(binding="support", reason="Einsum is not modelled", next=("install the extra",))
    answer = verdict(unknowns=[unknown])
    assert (answer.status, answer.exit_code, answer.next) == ("undetermined", 3, ("install the extra",))
    assert verdict(unknowns=[unknown], limits=Limits(max_rows=1)).status == "infeasible"


def test_next_holds_the_savings_that_were_computed() -> None:
    answer = judge(
        CIRCUIT, (), (), (), NOTHING, lambda _: None, "its rows", ["logrows 15 -> 14 needs 2 fewer rows"]
    )
    assert answer.reasons == ("7,800 rows fit a circuit of 2^15 rows; logrows is set by its rows",)
    assert answer.next == ("logrows 15 -> 14 needs 2 fewer rows",)


def test_next_advises_on_the_dearest_layer_only_if_it_matters() -> None:
    dearest = replace(CIRCUIT, layers=(replace(CIRCUIT.layers[0], total_assignments=9000),))
    assert verdict(dearest, advice=lambda operator: f"Avoid {operator}.").next == (
        "Conv /layer1 takes 58 % of the rows. Avoid Conv.",
    )
    assert verdict(advice=lambda operator: "Avoid it.").next == ()


def test_exit_codes_over_several_models_follow_their_precedence() -> None:
    def ended(code: int) -> Verdict:
        return could_not_read("input", "reason", "", code)

    assert overall([verdict(), ended(3)], []) == ("undetermined", 3)
    assert overall([verdict(REJECTED), ended(3)], []) == ("infeasible", 1)
    assert overall([verdict(REJECTED), ended(3), ended(2)], []) == ("infeasible", 2)
    assert overall([verdict(), ended(2), ended(4)], []) == ("undetermined", 4)
    assert overall([verdict()], []) == ("feasible", 0)


def test_a_grave_finding_fails_a_feasible_model() -> None:
    grave = Finding(rule="AUD-SEC-001", severity="critical", message="external data leaves its folder")
    assert overall([verdict()], [grave]) == ("feasible", 1)
    assert overall([verdict()], [replace(grave, severity="low")]) == ("feasible", 0)
