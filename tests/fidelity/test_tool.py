"""``tools.fidelity``: what it calls a wrong function, and where it writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fidelity.building import Example, floats, ints, numbers, one
from tools.fidelity import HEADING, Answer, Question, answer, report, write_section


def question(found: Example) -> Question:
    return Question(set_name="samples", id="it", model=found.model, trials=((found.inputs, None),))


@pytest.mark.parametrize(
    ("found", "truth", "faithful"),
    [
        (one("Relu", {"x": floats(-1, 1)}), "exact", True),
        (one("Celu", {"x": floats(-1, 1)}, alpha=0.5), "wrong function", False),
        (one("ReduceMean", {"x": np.ones(300, np.float32)}), "quantisation", True),
        (one("Gather", {"x": numbers(3, 3), "i": ints(-1)}), "no witness", True),
        (one("Mod", {"x": ints(7)}, {"c": np.int64(2)}, dtype="int64"), "not accepted", None),
    ],
)
def test_what_is_measured(found: Example, truth: str, faithful: bool | None) -> None:
    pytest.importorskip("ezkl")
    pytest.importorskip("onnxruntime")
    measured = answer(question(found))
    assert (measured.truth, measured.faithful) == (truth, faithful), measured.detail


def test_the_report_lists_every_disagreement() -> None:
    asked = question(one("Relu", {"x": floats(1)}))
    text = report(
        [
            Answer(question=asked, truth="exact", detail="", faithful=True, rules=()),
            Answer(question=asked, truth="exact", detail="", faithful=False, rules=("AUD-FID-001 (high)",)),
            Answer(question=asked, truth="wrong function", detail="by 1", faithful=True, rules=()),
        ],
        "command",
    )
    assert "False alarms: 1 of 2 (50.00%). Wrong functions found: 0 of 1 (0.00%)." in text
    assert "- it: exact; rules: AUD-FID-001 (high)\n- it: wrong function (by 1); rules: nothing\n" in text


def test_the_section_replaces_an_older_one(tmp_path: Path) -> None:
    page = tmp_path / "accuracy.md"
    page.write_text("# Accuracy\n\ntext\n")
    write_section(f"{HEADING}\n\nold\n", page)
    write_section(f"{HEADING}\n\nnew\n", page)
    assert page.read_text() == f"# Accuracy\n\ntext\n\n{HEADING}\n\nnew\n"
