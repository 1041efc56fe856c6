"""docs/accuracy.md: a page of sections, each written anew by its own tool."""

from __future__ import annotations

import re
from pathlib import Path

ACCURACY = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"

SECTIONS = (
    "# Accuracy",
    "## Fidelity",
    "## Proofs",
    "## Fixed point",
    "## Plans",
    "## Faults",
    "## Tampering",
    "## Gas",
    "## Prover costs",
)
"""The headings that a tool writes, in the order of the page. What belongs to one reaches to the next."""


def write_section(text: str, path: Path = ACCURACY) -> None:
    """Puts a section, which begins with one of the headings, in the place of an older one.

    Raises :class:`ValueError` for another heading.
    """
    sections = _split(path.read_text(encoding="utf-8")) if path.exists() else {}
    heading = text.partition("\n")[0]
    if heading not in SECTIONS:
        raise ValueError(f"'{heading}' is none of the page's sections")
    sections[heading] = text.strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = [sections[name] for name in SECTIONS if name in sections]
    path.write_text("\n\n".join(ordered) + "\n", encoding="utf-8")


def _split(page: str) -> dict[str, str]:
    parts = re.split(rf"^(?=(?:{'|'.join(map(re.escape, SECTIONS))})$)", page, flags=re.MULTILINE)
    return {part.partition("\n")[0]: part.strip() for part in parts if part.strip()}
