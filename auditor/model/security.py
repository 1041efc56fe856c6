"""Findings that cost nothing but a look at the walk: names, domains, attributes, metadata.

The ids are those of the ``AUD-SEC`` rules. What makes a file unreadable (paths that escape,
payloads that do not fit their shape, expansion bombs) is refused while reading and never gets here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from auditor.findings import Finding
from auditor.model.graph import AttributeValue, Model, NodeDef
from auditor.model.links import all_graphs, all_nodes, describe
from auditor.safe import safe

_LONG_NAME = 1 << 16
_STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training"})
_FILE_ATTRIBUTES = frozenset({"ep_cache_context", "cache_path", "model_path", "library_path"})
_CODE_OPERATORS = re.compile(r"(?i)py(?:thon)?op|pythonfunction|pyfunc|tvm_?runtime|atenop|script_?op")
_EXECUTABLES = (
    "\x7fELF",
    "MZ\udc90",
    "\udccf\udcfa\udced\udcfe",
    "\udcca\udcfe\udcba\udcbe",
    "#!/",
    "\udc80\x04\udc95",
)
_SECRETS = (
    ("an AWS key", re.compile(r"\bAKIA[0-9A-Z]{16}\b")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")),
    ("a GitHub token", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b")),
    ("a URL", re.compile(r"\bhttps?://[^\s\"']+", re.IGNORECASE)),
    ("a home directory", re.compile(r"/home/[^/\s]+/|/Users/[^/\s]+/|[A-Z]:\\Users\\")),
)
_SCANNED_CHARACTERS = 1 << 16
_ORT_METADATA = ("ort_config", "session_config", "ort.")
_MANY = 20
"""Findings of one rule that are listed; the rest are counted in one more."""


class Header(Struct, frozen=True, kw_only=True):
    """What the walk saw of a file beside its graph: metadata, doc string size, training graphs."""

    metadata: Mapping[str, str]
    doc_string_bytes: int
    training_graphs: int


def security_findings(model: Model, header: Header) -> list[Finding]:
    """What a careful reader of ``model`` (as read, before inlining) should be told."""
    return [
        *_capped(_names(model)),
        *_capped(_nodes(model)),
        *_capped(_attributes(model)),
        *_opsets(model),
        *_header(header),
    ]


def _bodies(model: Model) -> Iterator[Sequence[NodeDef]]:
    yield model.graph.nodes
    yield from (function.nodes for function in model.functions)


def _names(model: Model) -> Iterator[Finding]:
    names: dict[str, None] = {}
    for graph in all_graphs(model.graph):
        names.update(dict.fromkeys(info.name for info in (*graph.inputs, *graph.outputs)))
        names.update(dict.fromkeys(graph.initializers))
        names.update(
            dict.fromkeys(dim for info in graph.inputs for dim in info.shape or () if isinstance(dim, str))
        )
    for body in _bodies(model):
        for node in all_nodes(body):
            names.update(dict.fromkeys((node.name, node.op_type, node.domain, *node.outputs)))
    for name in names:
        if len(name) > _LONG_NAME:
            message = f"a name of {len(name):,} characters starts with '{safe(name[:40])}'"
            yield Finding(rule="AUD-SEC-020", severity="low", message=message, node=name)
        if not name.isprintable() and safe(name, len(name) + 1) != name:
            message = f"the name '{safe(name)}' holds control or invisible characters"
            yield Finding(rule="AUD-SEC-019", severity="medium", message=message, node=name)


def _nodes(model: Model) -> Iterator[Finding]:
    own = {function.domain for function in model.functions}
    seen: set[tuple[str, str]] = set()
    for body in _bodies(model):
        for node in all_nodes(body):
            if node.domain in _STANDARD_DOMAINS and not _CODE_OPERATORS.search(node.op_type):
                continue
            if (node.domain, node.op_type) in seen:
                continue
            seen.add((node.domain, node.op_type))
            if node.op_type == "EPContext":
                message = f"{describe(node)} runs a compiled blob of an execution provider"
                yield Finding(rule="AUD-SEC-017", severity="high", message=message, node=node.name)
            elif _CODE_OPERATORS.search(node.op_type):
                message = f"{describe(node)} runs code that is not ONNX"
                yield Finding(rule="AUD-SEC-018", severity="high", message=message, node=node.name)
            elif node.domain not in own:
                message = f"{describe(node)} comes from the non-standard domain '{safe(node.domain)}'"
                yield Finding(rule="AUD-SEC-016", severity="medium", message=message, node=node.name)


def _attributes(model: Model) -> Iterator[Finding]:
    for body in _bodies(model):
        for node in all_nodes(body):
            for name, value in node.attributes.items():
                if name in _FILE_ATTRIBUTES:
                    message = f"attribute '{safe(name)}' of {describe(node)} names a file to load"
                    yield Finding(rule="AUD-SEC-017", severity="high", message=message, node=node.name)
                if any(text.startswith(_EXECUTABLES) for text in _texts(value)):
                    message = f"attribute '{safe(name)}' of {describe(node)} holds a program or a pickle"
                    yield Finding(rule="AUD-SEC-018", severity="high", message=message, node=node.name)


def _texts(value: AttributeValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return tuple(item for item in value if isinstance(item, str))
    return ()


def _opsets(model: Model) -> Iterator[Finding]:
    nodes = [node for body in _bodies(model) for node in all_nodes(body)]
    used = {"" if node.domain == "ai.onnx" else node.domain for node in nodes}
    for domain in sorted(set(model.opsets) - used - {""}):
        message = f"operator set '{safe(domain)}' is imported but not used"
        yield Finding(rule="AUD-SEC-023", severity="info", message=message)
    for domain in sorted(used - set(model.opsets)):
        message = f"operator set '{safe(domain or 'ai.onnx')}' is used but not imported"
        yield Finding(rule="AUD-SEC-023", severity="info", message=message)


def _header(header: Header) -> Iterator[Finding]:
    if header.training_graphs:
        message = "holds training graphs beside the one for inference"
        yield Finding(rule="AUD-SEC-024", severity="low", message=message)
    if header.doc_string_bytes > _LONG_NAME:
        message = f"has a doc string of {header.doc_string_bytes:,} bytes"
        yield Finding(rule="AUD-SEC-020", severity="low", message=message)
    for key, value in header.metadata.items():
        if len(value) > _LONG_NAME:
            message = f"metadata '{safe(key)}' has {len(value):,} characters"
            yield Finding(rule="AUD-SEC-020", severity="low", message=message)
        if key.lower().startswith(_ORT_METADATA):
            message = f"metadata '{safe(key)}' configures ONNX Runtime when the model is loaded"
            yield Finding(rule="AUD-SEC-022", severity="low", message=message)
        for what, pattern in _SECRETS:
            if pattern.search(value[:_SCANNED_CHARACTERS]):
                message = f"metadata '{safe(key)}' holds {what}"
                yield Finding(rule="AUD-SEC-021", severity="low", message=message)


def _capped(findings: Iterator[Finding]) -> Iterator[Finding]:
    """At most ``_MANY`` of each rule, and one that counts the others."""
    counts: dict[str, int] = {}
    severities: dict[str, str] = {}
    for finding in findings:
        counts[finding.rule] = counts.get(finding.rule, 0) + 1
        severities[finding.rule] = finding.severity
        if counts[finding.rule] <= _MANY:
            yield finding
    for rule, count in counts.items():
        if count > _MANY:
            yield Finding(
                rule=rule, severity=severities[rule], message=f"{count - _MANY:,} more of the same kind"
            )
