"""The constraint system counted one by one: every selector made, every merge tried, every input looked up.

Slow and plain on purpose, and free of the code it is compared with; only small circuits can afford it.
"""

from __future__ import annotations

from msgspec import Struct

from auditor.circuit.run_args import RunArgs
from auditor.circuit.size import CircuitSize
from auditor.sizing.freivalds import FreivaldsUse


class PlainSelector(Struct, frozen=True, kw_only=True):
    """A selector; ``cell`` is the column it belongs to within its block, or None for whole rows."""

    block: tuple[str, int]
    cell: int | None
    degree: int
    usage: str  # never, rarely or usually


def simple_selectors(
    c: int, blocks: int, has_poseidon: bool, einsum_blocks: int, use: FreivaldsUse | None
) -> list[PlainSelector]:
    made: list[PlainSelector] = []

    def make(area: str, block: int, cell: int | None, degree: int, usage: str) -> None:
        made.append(PlainSelector(block=(area, block), cell=cell, degree=degree, usage=usage))

    if has_poseidon:
        for degree in (6, 6, 2):
            make("poseidon", 0, None, degree, "usually")
    for block in range(blocks):
        for cell in range(c):
            for degree in (2, 2, 3):  # add, sub, mult
                make("base", block, cell, degree, "usually")
    for block in range(blocks):
        make("base", block, None, 3, "usually")  # dot init
        make("base", block, None, 3, "usually")  # dot
        make("base", block, None, 2 + c, "rarely")  # cumprod
        make("base", block, None, 1 + c, "rarely")  # cumprod init
        make("base", block, None, 2, "rarely")  # sum
        make("base", block, None, 2, "rarely")  # sum init
    if use is None:
        return made

    def usage(gate: str, phase: str, rlc: int = 0) -> str:
        return "usually" if (gate, phase, rlc) in use.gates else "never"

    for phase in ("both first", "mixed", "both second"):
        for block in range(einsum_blocks):
            for cell in range(c):
                make("einsum", block, cell, 3, usage("mult", phase))
            for inner in range(einsum_blocks):
                for gate in ("dot init", "dot"):
                    if block == einsum_blocks - 1:
                        make("einsum", inner, None, 3, usage(gate, phase))
                    else:
                        make("einsum", inner, None, 0, "never")  # in no gate
    for phase in ("first", "second"):
        for block in range(einsum_blocks):
            make("einsum", block, None, 2, usage("sum init", phase))
            make("einsum", block, None, 2, usage("sum", phase))
            make("einsum", block, None, 1 + c, usage("cumprod init", phase))
            make("einsum", block, None, 2 + c, usage("cumprod", phase))
    for challenge in range(use.num_challenges):
        for phase in ("first", "second"):
            for block in range(einsum_blocks):
                for gate in ("rlc init", "rlc"):
                    make("einsum", block, None, 2, usage(gate, phase, challenge))
    return made


def merged_columns(selectors: list[PlainSelector], max_degree: int, on: set[str]) -> int:
    """halo2's greedy merging, a selector at a time."""
    left = [selector for selector in selectors if selector.degree]
    columns = len(selectors) - len(left)
    while left:
        group = [left.pop(0)]
        gate_degree = group[0].degree - 1
        for candidate in list(left):
            if gate_degree + len(group) >= max_degree:
                break
            fits = candidate.degree + len(group) <= max_degree
            if fits and not any(_meet(candidate, member, on) for member in group):
                group.append(candidate)
                gate_degree = max(gate_degree, candidate.degree - 1)
                left = [selector for selector in left if selector is not candidate]
        columns += 1
    return columns


def _meet(one: PlainSelector, other: PlainSelector, on: set[str]) -> bool:
    if one.usage not in on or other.usage not in on:
        return False
    if one.block != other.block or one.block[0] == "poseidon":
        return True
    return one.cell is not None and other.cell is not None and one.cell != other.cell


def blocks_of(cells: int, capacity: int) -> int:
    blocks = cells // capacity + 1
    return (cells + blocks) // capacity + 1


def degree(size: CircuitSize, run_args: RunArgs, selectors: list[PlainSelector]) -> tuple[int, int]:
    """The degree of the constraints, and the number of lookup arguments."""
    rows, c = 2**run_args.logrows - 6, run_args.num_inner_cols
    num_inputs = blocks_of(size.total_assignments, rows * c) * c
    tables = []  # (degree of a table row, degree of a value, how many tables)
    gate_degree = max(3, *(selector.degree for selector in selectors))
    ranges = [(span, 1) for span in size.required_range_checks]
    if size.required_lookups:
        ranges.append((run_args.lookup_range, len(size.required_lookups)))
    for (low, high), functions in ranges:
        width = (high - low) // (2**run_args.logrows - 8) + 1
        tables.append((1, width + 1, width * functions))
        if width > 1:
            gate_degree = max(gate_degree, width + 1)
    dynamic = blocks_of(size.total_dynamic_col_size + size.total_shuffle_col_size, rows)
    for needed in (size.num_dynamic_lookups, size.num_shuffles):
        if needed:
            tables.append((2, 2, dynamic))

    filled = gate_degree
    for table_degree, value_degree, _ in tables:
        filled = max(filled, max(3, table_degree + 2) + value_degree)
    highest, num_arguments = gate_degree, 0
    for table_degree, value_degree, count in tables:
        together = 1
        while _argument_degree(table_degree, value_degree, together) + value_degree <= filled:
            together += 1
        groups = len(range(0, num_inputs, together))
        num_arguments += groups * count
        highest = max(highest, _argument_degree(table_degree, value_degree, min(together, num_inputs)))
    return highest, num_arguments


def _argument_degree(table_degree: int, value_degree: int, inputs: int) -> int:
    return max(3 + inputs, table_degree + inputs * value_degree + 2)
