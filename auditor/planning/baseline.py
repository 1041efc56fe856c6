"""What EZKL's own calibration would choose: ``calibrate_settings`` for ``resources``, with its defaults.

It tries a few scales by a full forward pass each, widens the tables, and keeps the fewest ``logrows``, of
equals the finest scales. EZKL ``execute.rs`` `calibrate`, ``graph/mod.rs`` `calc_min_logrows`.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from auditor.circuit import Circuit, CircuitNode, RunArgs, ops
from auditor.circuit.size import CircuitSize
from auditor.layout import LayoutError, lay_out
from auditor.planning.nouns import Room, Scaling, Trial
from auditor.planning.room import legs_for_rounding, with_margin
from auditor.planning.trials import Laboratory
from auditor.sizing import NoLogrows, calibrated_logrows
from auditor.sizing.logrows import MAX_LOGROWS, MAX_TABLE_COLUMNS

SCALES = (11, 12, 13)
MULTIPLIERS = (1, 10)
LOOKUP_MARGIN = 2
MAX_LOOKUP = MAX_TABLE_COLUMNS << MAX_LOGROWS
"""EZKL ``graph/mod.rs`` `MAX_LOOKUP_ABS`."""


def calibrated(laboratory: Laboratory) -> tuple[RunArgs, Trial] | None:
    """The run args EZKL's calibration would take for these rows; None where it finds none.

    Its other run args are those the laboratory has. From the finest scales on, a choice that no coarser one
    can beat ends the search, as most do at once.
    """
    floors = {scaling: _logrows(laboratory, scaling, Room(decomposed=0, lookup_low=0, lookup_high=0))
              for scaling in _scalings(laboratory)}  # fmt: skip
    best: tuple[int, RunArgs, Trial] | None = None
    for scaling in sorted(floors, reverse=True):
        floor = floors[scaling]
        if floor is None or (best is not None and floor >= best[0]):
            continue
        trial = laboratory.trial(scaling)
        if trial is None or not _runs(trial, laboratory.run_args):
            continue
        logrows = _logrows(laboratory, scaling, trial.room)
        if logrows is not None and (best is None or logrows < best[0]):
            best = logrows, _run_args(laboratory, scaling, trial.room, logrows), trial
        if best is not None and all(at is None or at >= best[0] for at in floors.values()):
            break
    return None if best is None else (best[1], best[2])


def _scalings(laboratory: Laboratory) -> Iterator[Scaling]:
    whole = _takes_integers_only(laboratory)
    pairs = {(0 if whole else inputs, params) for inputs in SCALES for params in SCALES if inputs <= params}
    for inputs, params in sorted(pairs):
        for multiplier in MULTIPLIERS:
            yield Scaling(
                input_scale=inputs,
                param_scale=params,
                scale_rebase_multiplier=multiplier,
                bounded_log_lookup=laboratory.run_args.bounded_log_lookup,
            )


def _takes_integers_only(laboratory: Laboratory) -> bool:
    """EZKL ``InputType::is_integer``: Int, TDim and Bool."""
    circuit = laboratory.circuit(Scaling(input_scale=11, param_scale=11, scale_rebase_multiplier=1))
    if circuit is None:
        return False
    nodes = {node.id: node for node in circuit.graph.nodes}
    types = []
    for id_ in circuit.graph.inputs:
        node = nodes[id_]
        assert isinstance(node, CircuitNode)
        assert isinstance(node.op, ops.Input)
        types.append(node.op.datum_type)
    return all(name in ("Int", "TDim", "Bool") for name in types)


def _runs(trial: Trial, run_args: RunArgs) -> bool:
    """Whether EZKL's forward pass succeeds with the legs it never changes."""
    room = trial.room
    return (
        run_args.decomp_base** run_args.decomp_legs - 1 >= room.decomposed
        and run_args.decomp_legs >= legs_for_rounding(room)
    )


def _run_args(laboratory: Laboratory, scaling: Scaling, room: Room, logrows: int) -> RunArgs:
    return scaling.of(laboratory.run_args).with_changes(lookup_range=_lookup_range(room), logrows=logrows)


def _lookup_range(room: Room) -> tuple[int, int]:
    """EZKL `calc_safe_lookup_range`."""
    wide = with_margin(room, LOOKUP_MARGIN)
    return wide.lookup_low, wide.lookup_high


def _logrows(laboratory: Laboratory, scaling: Scaling, room: Room) -> int | None:
    circuit = laboratory.circuit(scaling)
    if circuit is None:
        return None
    low, high = _lookup_range(room)
    if high - low > MAX_LOOKUP // LOOKUP_MARGIN:
        return None
    run_args = scaling.of(laboratory.run_args).with_changes(lookup_range=(low, high))
    size = _size(circuit, run_args)
    if size is None:
        return None
    try:
        return calibrated_logrows(size, run_args).logrows
    except NoLogrows:
        return None


def _size(circuit: Circuit, run_args: RunArgs) -> CircuitSize | None:
    try:
        return lay_out(replace(circuit, run_args=run_args))
    except LayoutError:
        return None
