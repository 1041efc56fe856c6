"""What the rule of an operation sees: its inputs as EZKL holds them while it reads the graph."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from auditor.circuit import RunArgs, SubCircuit, ops
from auditor.circuit.graph import Outlet
from auditor.circuit.ops import Shape
from auditor.lowering.errors import Rejected
from auditor.lowering.graph.fact import Fact
from auditor.lowering.nodes.quantize import RawConstant, constant_op
from auditor.lowering.nodes.scales import pick


class Draft(Struct, kw_only=True, eq=False):
    """A node of the circuit that later nodes may still change (EZKL `graph/model.rs` `NodeType`).

    ``scales`` and ``shapes`` have one entry, or one for each output of a ``loop``. ``raw`` holds the
    real values of a constant.
    """

    id: int
    op: ops.Op
    inputs: tuple[Outlet, ...]
    shapes: tuple[Shape, ...]
    scales: tuple[int, ...]
    uses: int
    origin: str
    raw: RawConstant | None = None
    loop: SubCircuit | None = None

    def copy(self) -> Draft:
        """A copy to change."""
        return replace(self)

    def rescale(self, scale: int, visibility: str = "") -> None:
        """Quantise a constant again; ``visibility`` replaces its own, if given."""
        old = self.op
        assert self.raw is not None
        assert isinstance(old, ops.Constant)
        self.op = constant_op(self.raw, scale, visibility or old.visibility, old.decompose)
        self.scales = (scale,)

    def read_scale(self, slot: int) -> int:
        """The scale of one output.

        Raises:
            Rejected: there is no such output; EZKL knows one for each node that is not a loop.
        """
        if slot >= len(self.scales):
            raise Rejected(f"EZKL does not model output {slot} of {self.origin}", "use the first output only")
        return self.scales[slot]


class NodeContext(Struct, frozen=True, kw_only=True):
    """One typed node on its way into the circuit.

    ``inputs`` are copies, one for each input slot; what a rule changes in them is written back
    afterwards, the last slot winning. ``dropped`` collects the slots that are not inputs any more,
    ``values`` the real values of the node when it is a constant itself.
    """

    run_args: RunArgs
    inputs: Sequence[Draft]
    input_facts: Sequence[Fact]
    output_fact: Fact
    dropped: list[int] = field(default_factory=list)
    values: list[RawConstant] = field(default_factory=list)

    @property
    def scales(self) -> list[int]:
        """Scales of the inputs; a loop contributes those of all its outputs, as in EZKL."""
        return [scale for draft in self.inputs for scale in draft.scales]

    def scale(self, position: int) -> int:
        """One of :attr:`scales`."""
        return pick(self.scales, position)

    def shape(self, position: int) -> Shape:
        """The shape of an input; a loop contributes those of all its outputs, as in EZKL."""
        shapes = [shape for draft in self.inputs for shape in draft.shapes]
        if position >= len(shapes):
            raise Rejected(f"EZKL reads input {position}, which does not exist")
        return shapes[position]

    def constant(self, slot: int) -> RawConstant | None:
        """The values of an input that is constant."""
        return self.inputs[slot].raw

    def constant_slots(self) -> list[int]:
        """Slots of the inputs that are constant."""
        return [slot for slot, draft in enumerate(self.inputs) if draft.raw is not None]

    def drop(self, slot: int) -> None:
        """Take an input away, which then has one use less."""
        if self.inputs[slot].loop is None:
            self.inputs[slot].uses -= 1
        self.dropped.append(slot)

    def take_constant(self, slot: int) -> RawConstant | None:
        """The values of a constant input, which becomes part of the operation; None if it is computed."""
        raw = self.constant(slot)
        if raw is not None:
            self.drop(slot)
        return raw

    def become_constant(self, raw: RawConstant, scale: int, visibility: str, decompose: bool) -> ops.Constant:
        """The node is a constant, whose values later nodes may ask for.

        Raises:
            Rejected: a value does not fit.
        """
        self.values.append(raw)
        return constant_op(raw, scale, visibility, decompose)

    def expect_inputs(self, *counts: int) -> None:
        """Raises :class:`Rejected` unless the node has one of these numbers of inputs."""
        if len(self.inputs) not in counts:
            raise Rejected(f"EZKL does not take {len(self.inputs)} inputs here")
