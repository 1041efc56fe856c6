"""Files of strangers: whatever stands in them, they are read or refused, and nothing else happens."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import rules
from auditor.circuit.run_args import RunArgs
from auditor.pricing.bill import bill_hardware, predict_on
from auditor.pricing.policy import Policy, load_policy, parse_policy
from auditor.pricing.profile import HardwareProfile
from auditor.pricing.profile_file import BadProfile, load, parse
from auditor.sizing import artifacts, constraint_system
from tests.pricing.circuits import size

Content = dict[str, Any]

VALUES = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 1, 2**63, 10**400, float("inf"), float("nan"), 5e-324, 1e308, True]),
    st.sampled_from(["", "x\x1b[31m"]),
    st.floats(allow_nan=True),
    st.dates(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def shipped_content(kind: str, name: str) -> Content:
    return tomllib.loads((rules.rules_dir() / kind / f"{name}.toml").read_text(encoding="utf-8"))


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


def changed(content: Content, path: tuple[str | int, ...], value: object) -> Content:
    made: Any = copy.deepcopy(content)
    table = made
    for step in path[:-1]:
        table = table[step]
    table[path[-1]] = value
    return made  # type: ignore[no-any-return]


RUN_ARGS = RunArgs(logrows=12)
SYSTEM = constraint_system(size(required_range_checks=((-1, 1),)), RUN_ARGS)
ARTIFACTS = artifacts(SYSTEM)


def use(profile: HardwareProfile, policy: Policy | None = None) -> None:
    """A profile that was accepted gives a bill."""
    predictions = predict_on(profile, SYSTEM, ARTIFACTS, size(), RUN_ARGS)
    bill = bill_hardware(
        predictions, profile, ARTIFACTS, parameters=1, today=date(2026, 11, 21), policy=policy
    )
    assert all(reason.isprintable() for reason in (*bill.reasons, *bill.warnings, bill.name))


BOARD, REFERENCE, EDGE = (
    shipped_content("hardware", "rpi5-8g"),
    shipped_content("hardware", "reference-epyc-2c"),
    shipped_content("policies", "edge"),
)
READERS: Mapping[str, tuple[Content, Callable[[Content], None]]] = {
    "board": (BOARD, lambda content: use(parse(content, "mine.toml"))),
    "reference": (REFERENCE, lambda content: use(parse(content, "mine.toml"))),
    "policy": (EDGE, lambda content: use(parse(BOARD, "b.toml"), parse_policy(content, "mine.toml"))),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_one_wrong_value_anywhere(name: str, data: st.DataObject) -> None:
    content, read = READERS[name]
    path = data.draw(st.sampled_from([*paths(content)]))
    complaint = "mine.toml: none"
    try:
        read(changed(content, path, data.draw(VALUES)))
    except BadProfile as error:
        complaint = str(error)
    assert complaint.startswith("mine.toml")
    assert complaint.isprintable()


def test_a_table_in_a_table_in_a_table(tmp_path: Path) -> None:
    deep = ".a" * 1_500
    for folder, name, section, reader in (
        ("hardware", "rpi5-8g", "cpu", load),
        ("hardware", "reference-epyc-2c", "coefficients.proof.cpu_seconds", load),
        ("policies", "edge", "limits", load_policy),
    ):
        text = (rules.rules_dir() / folder / f"{name}.toml").read_text(encoding="utf-8")
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(f"[{section}]\n", f"[{section}]\nx{deep} = 1\n"))
        with pytest.raises(BadProfile, match=r"mine\.toml: "):
            reader(path)
