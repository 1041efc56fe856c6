"""What the builders of one read share: where external data lives, and what they noticed."""

from __future__ import annotations

from msgspec import Struct, field

from auditor.errors import BadModel
from auditor.findings import Finding
from auditor.model.external import ExternalStore
from auditor.model.limits import DEFAULT_LIMITS, Limits

EXTERNAL_DATA = "external data, which it never reads"
"""Why a tensor is refused whose values lie in another file. A copy with them inside is another matter."""


class Refusal(Struct, frozen=True, kw_only=True):
    """Something EZKL's own reader rejects: the raw name concerned, why, and the way out.

    One kind it may misread instead: a model-local function with the name of a standard operator, in
    whose place it runs that operator (tract looks operators up by name and ignores the domain). Of a
    function ``operator`` is the name EZKL looks up; it is empty for everything else.
    """

    subject: str
    reason: str
    way_out: str
    operator: str = ""


class ReadContext(Struct, kw_only=True):
    """The notebook of one walk: counters that are limited, and lists that only grow."""

    external: ExternalStore
    limits: Limits = DEFAULT_LIMITS
    findings: list[Finding] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    shape_only: list[str] = field(default_factory=list)
    nodes: int = 0
    tensors: int = 0

    def count_node(self) -> None:
        """Charges one node; raises BadModel over the limit."""
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            raise BadModel(f"holds more than {self.limits.nodes:,} nodes", rule="AUD-SEC-013")

    def count_tensor(self) -> None:
        """Charges one tensor; raises BadModel over the limit."""
        self.tensors += 1
        if self.tensors > self.limits.tensors:
            raise BadModel(f"holds more than {self.limits.tensors:,} tensors", rule="AUD-SEC-013")

    def find(self, rule: str, severity: str, message: str, node: str = "") -> None:
        """Notes a finding."""
        self.findings.append(Finding(rule=rule, severity=severity, message=message, node=node))
