"""What a system is said to ask for: published numbers as they are, laws within their error, else unknown."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from auditor.landscape import fits
from auditor.landscape.nouns import QUANTITIES, Amount, Quantity, Way, Workload
from auditor.landscape.system_file import Row, Scaling, System, shipped_system, shipped_systems
from auditor.landscape.systems import NEUTRAL, WORDS, amount, fit_errors, support, way

SYSTEMS = shipped_systems()
BENCHMARKS = [
    pytest.param(system, row, id=f"{system.id}/{row.id}")
    for system in SYSTEMS
    for row in system.rows
    if row.parameters is not None and not row.aside
]
SERIES = [
    pytest.param(system, scaling, id=f"{system.id}/{scaling.series}")
    for system in SYSTEMS
    for scaling in system.scalings
]
ZKLLM = shipped_system("zkllm")


def workload(
    parameters: int, macs: int | None = None, sequence: int | None = None, *operators: str
) -> Workload:
    return Workload(
        parameters=parameters, macs=macs, sequence=sequence, operators=dict.fromkeys(operators, 1)
    )


def of(row: Row) -> Workload:
    return workload(row.parameters or 1, row.macs, row.sequence)


def found(system: System, work: Workload, quantity: Quantity = "prove_seconds") -> Amount:
    answer = amount(system, work, quantity)
    assert isinstance(answer, Amount), answer
    return answer


@pytest.mark.parametrize(("system", "row"), BENCHMARKS)
def test_a_system_s_own_benchmark_comes_out_as_published(system: System, row: Row) -> None:
    for quantity in QUANTITIES:
        published = row.amount(quantity)
        if published is None:
            continue
        answer = found(system, of(row), quantity)
        assert answer.how.startswith("published for ")
        assert row.model in answer.how
        assert row.hardware in answer.on
        assert not answer.extrapolated
        assert answer.low <= published <= answer.high
        same = [
            other.amount(quantity)
            for other in system.rows
            if (other.parameters, other.sequence) == (row.parameters, row.sequence)
            and not other.aside
            and not (row.macs and other.macs and row.macs != other.macs)
        ]
        amounts = [each for each in same if each is not None]
        assert (answer.low, answer.high) == (min(amounts), max(amounts))


def test_one_measurement_is_exact_and_names_its_source() -> None:
    answer = found(ZKLLM, workload(12_853_473_280, None, 2048))
    assert (answer.low, answer.mid, answer.high) == (713.0, 713.0, 713.0)
    assert answer.evidence == "published"
    assert answer.how == "published for OPT-13B at sequence 2,048"
    assert "zkLLM, CCS 2024" in answer.source
    assert "A100" in answer.on


def test_of_two_models_of_one_size_the_nearer_is_meant() -> None:
    assert (
        found(ZKLLM, workload(13_015_864_320, None, 2048)).how
        == "published for LLaMA-2-13B at sequence 2,048"
    )


def test_sources_that_conflict_make_a_span_and_a_note() -> None:
    """VGG16 in ZKML: 637.14 s in one table, 584.1 s in another of the same paper."""
    answer = way(shipped_system("zkml"), workload(15_200_000, 313_950_000))
    assert answer.seconds is not None
    assert (answer.seconds.low, answer.seconds.high) == (584.1, 637.14)
    assert answer.seconds.mid == pytest.approx(math.sqrt(584.1 * 637.14))
    assert "AWS r6i.8xlarge, self" in answer.seconds.how
    assert any(note.startswith("sources differ on the proving time") for note in answer.notes)


@pytest.mark.parametrize(("system", "scaling"), SERIES)
def test_a_row_that_is_left_out_comes_out_within_the_stated_error(system: System, scaling: Scaling) -> None:
    """The table of errors says what ``way`` says of a system that never had the row."""
    errors = [error for error in fit_errors(system) if error.series == scaling.series]
    assert errors
    for error in errors:
        out = next(row for row in system.rows if row.id == error.row)
        kept = tuple(row for row in system.members(scaling) if row.id != error.row)
        without = replace(system, rows=kept, scalings=(scaling,))
        answer = amount(without, of(out), error.quantity)
        ratios = [other.ratio for other in errors if other.quantity == error.quantity]
        if isinstance(answer, str):
            assert error.end, answer
            continue
        if answer.how.startswith("published"):
            continue
        assert answer.mid == pytest.approx(error.predicted)
        assert min(ratios) <= answer.mid / error.published * (1 + 1e-9)
        assert answer.mid / error.published <= max(ratios) * (1 + 1e-9)
        assert error.end or not answer.extrapolated


def test_one_function_under_two_names_is_one_operator() -> None:
    """Exporters write 1 / x as Reciprocal or as Div, and x W + b as Gemm or as MatMul and Add."""
    assert support(shipped_system("zktorch"), ["MatMul", "Reciprocal", "Neg"])[0] == "yes"
    assert support(shipped_system("zkllm"), ["Gemm", "Add"])[0] == "yes"
    assert support(shipped_system("zkllm"), ["Gemm", "Conv"])[2] == ("Conv",)
    # It lists what it reads, and reads Gemm alone.
    assert support(shipped_system("jstprove"), ["MatMul"])[:2] == ("no", ("MatMul",))


def test_what_would_be_extrapolated_to_anything_is_unknown() -> None:
    """ZKML's verifying times do not follow the work: ten times below the least of it the law says nothing."""
    answer = amount(shipped_system("zkml"), workload(666, 3_776), "verify_seconds")
    assert isinstance(answer, str)
    assert "extrapolated to 3,776" in answer
    assert "anything" in answer


def test_nine_in_ten_rows_that_are_left_out_lie_in_the_range_that_is_given_for_them() -> None:
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for system in SYSTEMS:
        for scaling, quantity in ((scaling, each) for scaling in system.scalings for each in QUANTITIES):
            points = [
                (float(row.along(scaling.along) or 0), measured)
                for row in system.members(scaling)
                if (measured := row.amount(quantity)) is not None
            ]
            for index, (x, published) in enumerate(points):
                others = [*points[:index], *points[index + 1 :]]
                predicted = fits.predict(others, x)
                if predicted is not None and fits.error(others) is not None:
                    lies = predicted.low / (1 + 1e-9) <= published <= predicted.high * (1 + 1e-9)
                    hits[predicted.extrapolated].append(lies)
    for each in hits.values():
        assert len(each) > 50
        assert sum(each) / len(each) >= 0.9


def test_between_rows_a_law_is_read_and_says_so() -> None:
    answer = found(ZKLLM, workload(4_000_000_000, None, 2048))
    assert answer.evidence == "derived"
    assert answer.how.startswith("along parameters, 125 M to 13 B, OPT and LLaMA-2 at sequence 2,048")
    assert not answer.extrapolated
    assert 352 < answer.mid < 620
    assert answer.low < answer.mid < answer.high


def test_outside_of_all_rows_it_says_extrapolated_and_is_less_sure() -> None:
    inside = found(ZKLLM, workload(13_000_000_000 // 2, None, 2048))
    outside = found(ZKLLM, workload(70_000_000_000, None, 2048))
    assert outside.extrapolated
    assert outside.how.startswith("extrapolated to 70 B along parameters")
    assert outside.high / outside.low > inside.high / inside.low


def test_a_condition_that_is_not_met_leaves_it_unknown_and_says_what_is_published() -> None:
    answer = way(ZKLLM, workload(4_000_000_000, None, 512))
    assert answer.seconds is None
    assert answer.unknown["seconds"].startswith("published only for OPT-125M (125 M, sequence 2,048)")
    assert answer.unknown["seconds"].endswith("and 5 more")
    deepprove = way(shipped_system("deepprove-basefold"), workload(124_439_808, None, 10_000))
    assert "GPT-2 (124 M, sequence 64, 128, 256, 512)" in deepprove.unknown["seconds"]


def test_far_beyond_a_series_nothing_is_said() -> None:
    assert isinstance(amount(ZKLLM, workload(10**13, None, 2048), "prove_seconds"), str)


def test_several_series_in_range_make_a_span() -> None:
    """GPT-2 at 100 positions: the slower and the faster machine both answer."""
    system = shipped_system("deepprove-basefold")
    answer = found(system, workload(124_439_808, None, 100))
    singly = [
        found(replace(system, scalings=(scaling,)), workload(124_439_808, None, 100))
        for scaling in system.scalings
        if scaling.series in ("gpt2-epyc", "gpt2-ryzen")
    ]
    assert answer.low == min(each.low for each in singly)
    assert answer.high == max(each.high for each in singly)
    assert "EPYC" in answer.on
    assert "Ryzen" in answer.on


def test_it_is_extrapolated_only_when_no_series_holds_the_workload() -> None:
    """600 positions lie beyond the rows of GPT-2, and their work within what all rows took."""
    system = shipped_system("deepprove-basefold")
    free = replace(system, scalings=tuple(replace(each, within={}) for each in system.scalings))
    answer = found(free, workload(1_000_000_000, 80_000_000_000, 600))
    assert not answer.extrapolated
    assert "extrapolated" not in answer.how
    beyond = replace(free, scalings=tuple(each for each in free.scalings if each.along == "sequence"))
    assert found(beyond, workload(1_000_000_000, 80_000_000_000, 600)).extrapolated
    assert found(system, workload(7_000_000_000, 448_000_000_000, 64)).extrapolated


@pytest.mark.parametrize(("system", "scaling"), SERIES)
def test_more_of_the_axis_never_asks_for_less(system: System, scaling: Scaling) -> None:
    """All laws of proving time have positive exponents; along them the answers only rise."""
    rows = sorted(system.members(scaling), key=lambda row: row.along(scaling.along) or 0)
    alone = replace(system, rows=tuple(rows), scalings=(scaling,))
    low, high = rows[0].along(scaling.along) or 1, rows[-1].along(scaling.along) or 1
    places = [round(low * (high / low) ** (step / 7)) + 1 for step in range(1, 7)]
    answers = []
    for place in places:
        middle = {axis: (span[0] + span[1]) // 2 for axis, span in scaling.within.items()}
        at = {"parameters": 1, "macs": None, "sequence": None, **middle, scaling.along: place}
        answer = amount(alone, Workload(operators={}, **at), "prove_seconds")  # type: ignore[arg-type]
        if isinstance(answer, Amount) and answer.how.startswith("along"):
            answers.append(answer.mid)
    assert len(answers) >= 3
    assert answers == sorted(answers)


def test_a_length_that_only_one_side_states_is_assumed_and_says_so() -> None:
    """ZKTorch does not say at what length it proved GPT-2."""
    answer = found(shipped_system("zktorch"), workload(124_439_808, None, 64))
    assert answer.mid == 599.0
    assert answer.evidence == "assumed"
    assert answer.how == "published for GPT-2; that it holds at sequence 64 is assumed"


def test_an_ablation_is_never_used() -> None:
    answer = found(shipped_system("zkgpt"), workload(124_439_808, None, 32))
    assert answer.high == 21.8


def test_a_model_of_one_size_on_other_images_is_not_the_same() -> None:
    """LeNet-5 has nearly as many parameters on MNIST as on CIFAR-10, which is what Mystique proved."""
    assert isinstance(amount(shipped_system("mystique"), workload(61_706, 416_520), "prove_seconds"), str)
    assert found(shipped_system("mystique"), workload(62_006, 651_720)).mid == 5.9


def test_a_model_that_is_not_as_large_is_not_the_same() -> None:
    assert isinstance(amount(shipped_system("zkgpt"), workload(130_000_000, None, 32), "prove_seconds"), str)
    assert isinstance(amount(shipped_system("zkgpt"), workload(124_439_808, None, 33), "prove_seconds"), str)


def test_the_same_parameters_with_other_work_are_another_workload() -> None:
    """VGG16 on larger images: the published time is not that of it."""
    answer = found(shipped_system("zkml"), workload(15_200_000, 3_000_000_000))
    assert answer.how.startswith("along macs")
    assert answer.high / answer.low > 5


def test_an_operator_outside_of_a_list_is_refused_and_nothing_is_priced() -> None:
    answer = way(shipped_system("jolt-atlas"), workload(124_439_808, None, 16, "MatMul", "Conv", "Reshape"))
    assert answer.supported == "no"
    assert answer.unsupported == ("Conv",)
    assert answer.seconds is None
    assert answer.unknown["seconds"] == "it does not take Conv"


def test_an_operator_outside_of_the_proved_models_is_unknown() -> None:
    answer = way(ZKLLM, workload(12_853_473_280, None, 2048, "MatMul", "Conv"))
    assert answer.supported == "unknown"
    assert answer.unsupported == ()
    assert answer.unknown["operators"] == "not known to take Conv"
    assert answer.seconds is not None


def test_operators_that_compute_nothing_are_refused_by_nobody() -> None:
    for system in SYSTEMS:
        supported, refused, doubtful = support(system, NEUTRAL)
        assert (refused, doubtful) == ((), ())
        assert supported == ("unknown" if system.operators_known == "none" else "yes")


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_a_way_says_of_every_quantity_what_it_is_or_why_not(system: System) -> None:
    answer = way(system, workload(124_439_808, 7_981_547_520, 64, "MatMul"))
    amounts = {
        "seconds": answer.seconds,
        "verify_seconds": answer.verify_seconds,
        "proof_bytes": answer.proof_bytes,
        "peak_memory_bytes": answer.peak_memory_bytes,
    }
    assert amounts.keys() == {"seconds" if name == "prove_seconds" else name for name in WORDS}
    for quantity, each in amounts.items():
        assert (each is None) == (quantity in answer.unknown)
        assert each is None or (0 < each.low <= each.mid <= each.high and each.source and each.how)
    assert isinstance(answer, Way)
    assert answer.public == (system.proof_for == "anyone")
    assert answer.kind == answer.assurance == "proof"
    assert answer.chains == ()


def test_designated_verifiers_convince_nobody_else() -> None:
    for name in ("mystique", "lu-et-al", "hao-et-al", "zkllm"):
        assert way(shipped_system(name), workload(1)).public is False
    assert way(shipped_system("bionetta"), workload(1)).hides_weights is False
