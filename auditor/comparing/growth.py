"""How the cost grows with the model: the same architecture at other sizes, each sized by the exact layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from msgspec import Struct

from auditor.circuit import RunArgs
from auditor.comparing.costs import Made
from auditor.comparing.participation import counts
from auditor.comparing.report import Axis, Growth, Participant, Size
from auditor.front_end import lay_out_or_reject, lower_model
from auditor.landscape import fits
from auditor.landscape.nouns import Amount
from auditor.lowering.errors import LoweringError
from auditor.macs import macs
from auditor.model import Model, operators_by_node, parameters
from auditor.progress import progress
from auditor.safe import safe
from auditor.scaling import CannotScale, deepen, lengthen, widen
from auditor.size_up import Choice, size_up
from auditor.study import Study
from auditor.value_shapes import value_shapes

Shapes = Mapping[str, tuple[int, ...]]

Prices = Callable[[Made, int, int | None], "Priced"]
"""What a circuit takes: its sizes, and the parameters and multiply-accumulates of the model."""


class Priced(Struct, frozen=True, kw_only=True):
    """What a circuit takes on the machine of the comparison, and who can take part."""

    prove_seconds: Amount | None
    peak_memory_bytes: Amount | None
    participants: tuple[Participant, ...]


_SCALED: Mapping[Axis, Callable[[Model, Shapes, int], Model]] = {
    "width": lambda model, shapes, factor: widen(model, shapes, Fraction(factor)),
    "depth": deepen,
    "sequence": lengthen,
}

MOST_NODES = 20_000
"""Of a deeper model: a 7B decoder has 1,700."""

MEASURED = ("parameters", "macs", "num_rows", "proving_key_bytes", "prove_seconds", "peak_memory_bytes")
"""What an exponent is told of."""


def grow(
    studied: Study,
    axis: Axis,
    factors: Sequence[int],
    price: Prices,
    *,
    given: bool = False,
    quiet: bool = True,
) -> Growth:
    """The model at each factor along an axis, with the run args of the study.

    Where ``logrows`` was ``given``, or planned, a larger size takes that, and more where it is not enough;
    otherwise each takes what EZKL's calibration would. Once its size is the study itself. Weights of a larger
    model have no values: its constants are counted as if all were different.
    """
    try:
        shapes = value_shapes(studied.model)
    except LoweringError as error:
        return Growth(axis=axis, reason=f"its shapes are not known exactly: {safe(error.reason, limit=300)}")
    planned = studied.outcome is not None and studied.outcome.run_args is not None
    choice: Choice = "given" if planned or given else "calibrated"
    sizes: list[Size] = []
    for factor in factors:
        try:
            with progress(f"{axis} times {factor}", quiet=quiet):
                _refuse_too_deep(studied.model, axis, factor)
                model = _SCALED[axis](studied.model, shapes, factor)
                sizes.append(_size(model, studied.run_args, choice, factor, price, longer=not given))
        except CannotScale as error:
            reason = f"{error.message}; {error.hint}" if error.hint else error.message
            if not sizes:
                return Growth(axis=axis, reason=reason)
            sizes.append(Size(factor=factor, reason=reason))
    return Growth(axis=axis, sizes=tuple(sizes), exponents=exponents(sizes))


def _refuse_too_deep(model: Model, axis: Axis, factor: int) -> None:
    """Raises :class:`CannotScale` for a graph of so many nodes that lowering it would take minutes."""
    nodes = len(model.graph.nodes) * factor
    if axis == "depth" and nodes > MOST_NODES:
        reason = f"it would have up to {nodes:,} nodes, and at most {MOST_NODES:,} are laid out"
        raise CannotScale(reason, hint=f"the most is {MOST_NODES // len(model.graph.nodes)} times its depth")


def exponents(sizes: Sequence[Size]) -> Mapping[str, float]:
    """For each quantity the exponent of the power law through all sizes that have it, where two have."""
    found: dict[str, float] = {}
    for name in MEASURED:
        points = [
            (float(size.factor), value) for size in sizes if (value := _number(getattr(size, name))) > 0
        ]
        law = fits.fit(points)
        if law is not None:
            found[name] = law.exponent
    return found


def _number(amount: Amount | float | None) -> float:
    return amount.mid if isinstance(amount, Amount) else float(amount or 0)


def _size(
    model: Model, run_args: RunArgs, choice: Choice, factor: int, price: Prices, *, longer: bool
) -> Size:
    # Our own front end alone: there is no file of this model that EZKL could read.
    lowered = lower_model(Path(model.path), model, (), run_args, "onnx")
    lowered = lay_out_or_reject(lowered, operators_by_node(model), longer=longer or factor > 1)
    sized = size_up(lowered, choice=choice, max_logrows=None)
    if sized.system is None and choice == "given" and factor > 1:
        sized = size_up(lowered, choice="enough", max_logrows=None)
    weights = parameters(model)
    products = None if lowered.circuit is None else macs(lowered.circuit.graph)
    made = Made.of(lowered, sized)
    priced = price(made, weights, products)
    files = sized.artifacts
    return Size(
        factor=factor,
        parameters=weights,
        macs=products,
        num_rows=None if lowered.size is None else lowered.size.num_rows,
        logrows=sized.logrows,
        proving_key_bytes=None if files is None else files.proving_key_bytes,
        prove_seconds=priced.prove_seconds,
        peak_memory_bytes=priced.peak_memory_bytes,
        able=counts(priced.participants, "feasible"),
        unable=counts(priced.participants, "infeasible"),
        reason=made.reason,
    )
