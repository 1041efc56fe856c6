"""EZKL's own limits, by name, on circuits made by hand; and which logrows a report is for."""

from __future__ import annotations

from msgspec.structs import replace

from auditor.circuit import Circuit, CircuitNode, Graph, RunArgs
from auditor.circuit.ops import Input, Lookup
from auditor.front_end import Lowered, lay_out_or_reject
from auditor.size_up import Sized, size_up


def sigmoid(elements: int, **changes: object) -> Lowered:
    """A vector through a lookup table."""
    nodes = (
        CircuitNode(
            id=0,
            op=Input(scale=7, datum_type="F32", decompose=True),
            inputs=(),
            shape=(elements,),
            scale=7,
            uses=1,
        ),
        CircuitNode(
            id=1,
            op=Lookup(function="Sigmoid", parameters=(128.0,)),
            inputs=((0, 0),),
            shape=(elements,),
            scale=7,
            uses=1,
        ),
    )
    graph = Graph(nodes=nodes, inputs=(0,), outputs=((1, 0),))
    circuit = Circuit(graph=graph, run_args=RunArgs().with_changes(**changes), front_end="onnx")
    return lay_out_or_reject(Lowered(front_end="onnx", circuit=circuit), {})


def sized(lowered: Lowered, *, logrows_given: bool = False, max_logrows: int | None = None) -> Sized:
    return size_up(lowered, choice="given" if logrows_given else "calibrated", max_logrows=max_logrows)


def bindings(answer: Sized) -> list[str]:
    return [item.binding for item in answer.broken]


def test_logrows_is_the_smallest_of_one_block_unless_it_is_given() -> None:
    small = sigmoid(4)
    # A table of 65,537 values and 8 reserved rows do not fit 2^16.
    assert sized(small).logrows == 17
    assert "table" in sized(small).logrows_reason
    assert sized(small, logrows_given=True).logrows == RunArgs().logrows
    assert size_up(sigmoid(4, logrows=19), choice="enough", max_logrows=None).logrows == 19
    # A table of 65,537 values takes at most 12 columns.
    assert size_up(sigmoid(4, logrows=12), choice="enough", max_logrows=None).logrows == 13
    assert sized(sigmoid(4, lookup_range=(-100, 100))).logrows == 15


def test_next_says_what_one_logrows_less_would_take() -> None:
    assert sized(sigmoid(4)).next == ("logrows 17 -> 16 needs a lookup_range that spans at most 65,527",)
    assert sized(sigmoid(4, lookup_range=(-32_763, 32_764))).logrows == 16
    assert sized(sigmoid(4, lookup_range=(-32_763, 32_765))).logrows == 17
    narrow = {"lookup_range": (-10, 10), "decomp_base": 16_384}
    assert sized(sigmoid(4, **narrow)).next == ("logrows 15 -> 14 needs a decomp_base of at most 16,376",)
    assert sized(sigmoid(4, **narrow | {"decomp_base": 16_376})).logrows == 14
    assert sized(sigmoid(4, **narrow | {"decomp_base": 16_377})).logrows == 15
    tall = sigmoid(3000, **narrow | {"decomp_base": 128, "decomp_legs": 4})
    rows = tall.size.num_rows
    answer = sized(tall)
    surplus = rows + 8 - 2 ** (answer.logrows - 1)
    assert answer.next == (f"logrows {answer.logrows} -> {answer.logrows - 1} needs {surplus:,} fewer rows",)


def test_a_lower_ceiling_takes_more_columns() -> None:
    usual, squeezed = sized(sigmoid(4)), sized(sigmoid(4), max_logrows=15)
    assert squeezed.logrows == 15
    assert squeezed.broken == ()
    assert squeezed.system.num_fixed_columns > usual.system.num_fixed_columns


def test_a_table_wider_than_twelve_columns_of_any_size_is_named() -> None:
    assert bindings(sized(sigmoid(4, lookup_range=(-(2**30), 2**30)))) == ["table_width"]


def test_a_domain_that_the_field_does_not_have_is_named() -> None:
    assert bindings(sized(sigmoid(4, logrows=26, num_inner_cols=8), logrows_given=True)) == [
        "extended_domain"
    ]


def test_more_public_values_than_the_largest_column_is_named() -> None:
    assert bindings(sized(sigmoid(2**26))) == ["logrows"]


def test_a_column_too_short_for_the_public_values_is_named() -> None:
    assert bindings(sized(sigmoid(2**12, logrows=12), logrows_given=True)) == ["logrows"]


def test_what_has_no_layout_has_no_size() -> None:
    assert sized(replace(sigmoid(4), circuit=None, size=None)) == Sized()


def test_columns_without_usable_rows_are_rejected_with_a_way_out() -> None:
    rejected = sigmoid(4, logrows=2)
    assert rejected.size is None
    assert "--set logrows=3" in rejected.unsupported[0].way_out
    assert bindings(sized(sigmoid(4, logrows=3), logrows_given=True)) == ["logrows"]
