"""Credentials, addresses and home directories in texts of the model.

Finds: in doc strings and metadata of the model, its graphs, functions and nodes: keys of AWS, GitHub and
Hugging Face, private keys, passwords in URLs and home directories; in the metadata of the model also URLs.

Why: a model is passed on more freely than the code it comes from. PyTorch writes the stack trace of every
operator into its metadata, with the user name and the layout of the machine that exported it.

Do: revoke a credential first: it is in the history of the repository. Then clear the texts before the model
is committed, for example `for node in model.graph.node: node.ClearField("metadata_props")`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.findings import Finding
from auditor.lints.about import About
from auditor.safe import safe

if TYPE_CHECKING:
    from auditor.lints.subject import Subject

ABOUT = About(
    id="AUD-SEC-021",
    severity="low",
    title="credentials and private paths",
    checked_in="auditor/model/security.py",
)


def check(subject: Subject) -> Iterator[Finding]:
    """One finding for each kind of secret and place; nodes are counted, and the first is named."""
    nodes: dict[tuple[str, str], list[str]] = {}
    for text in subject.texts:
        nodes.setdefault((text.kind, text.place), []).append(text.node)
    for (kind, place), names in nodes.items():
        others = f" and of {len(names) - 1:,} more" if len(names) > 1 else ""
        of = f" of '{safe(names[0])}'{others}" if names[0] else ""
        yield ABOUT.finding(f"{place}{of} holds {kind}", names[0])
