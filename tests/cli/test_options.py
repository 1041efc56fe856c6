"""Run args and dimensions from the command line and from settings files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.circuit.run_args import RunArgs
from auditor.errors import UsageError
from auditor.options import as_settings, dimensions, parse_request


def run_args(settings: Path | None, assignments: list[str]) -> RunArgs:
    return parse_request(settings=settings, assignments=assignments).run_args


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("input_scale=10", "input_scale", 10),
        ("input_scale=-3", "input_scale", -3),
        ("rebase_scale=none", "rebase_scale", None),
        ("bounded_log_lookup=true", "bounded_log_lookup", True),
        ("disable_freivalds=FALSE", "disable_freivalds", False),
        ("lookup_range=-128,128", "lookup_range", (-128, 128)),
        ("lookup_range=(-128, 128)", "lookup_range", (-128, 128)),
        ("variables=N->1,M->12", "variables", (("N", 1), ("M", 12))),
        ("epsilon=1e-6", "epsilon", 1e-6),
        ("input_visibility=Hashed", "input_visibility", "hashed/public"),
        ("output_visibility=hashed/private/0,2", "output_visibility", "hashed/private/0,2"),
        ("check_mode=SAFE", "check_mode", "safe"),
    ],
)
def test_every_type_of_run_arg_can_be_set(assignment: str, name: str, value: object) -> None:
    assert getattr(run_args(None, [assignment]), name) == value


@pytest.mark.parametrize(
    "assignment",
    [
        "input_scale",
        "=1",
        "inputscale=7",
        "input_scale=seven",
        "input_scale=100000",
        "bounded_log_lookup=1",
        "lookup_range=1",
        "lookup_range=5,1",
        "variables=N=1",
        "variables=batch_size->0",
        "epsilon=nan",
        "param_visibility=public",
        "input_visibility=secret",
        "num_inner_cols=0",
        "decomp_base=0",
        "decomp_legs=10000000",
        "logrows=0",
        "scale_rebase_multiplier=0",
        "check_mode=fast",
    ],
)
def test_what_has_no_meaning_is_a_usage_error(assignment: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_args(None, [assignment])
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_settings_of_ezkl_are_read_and_overlaid(tmp_path: Path) -> None:
    written = as_settings(RunArgs(input_scale=9, variables=(("N", 3),))) | {
        "input_visibility": {"Hashed": {"hash_is_public": False, "outlets": [0, 1]}},
        "output_visibility": "KZGCommit",
        "param_visibility": "Private",
        "check_mode": "UNSAFE",
    }
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"run_args": written, "num_rows": 5}))
    chosen = run_args(settings, ["param_scale=3"])
    assert (chosen.input_scale, chosen.param_scale, chosen.variables) == (9, 3, (("N", 3),))
    assert chosen.input_visibility == "hashed/private/0,1"
    assert chosen.output_visibility == "polycommit"
    assert chosen.param_visibility == "private"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"run_args": 1}', '{"run_args": {"x": 1}}', "[" * 100_000]
)
def test_a_file_that_is_no_settings_file_is_a_usage_error(tmp_path: Path, content: str) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(content)
    with pytest.raises(UsageError):
        run_args(settings, [])


def test_dimensions_are_positive() -> None:
    assert dimensions(["N=1", "seq len=128"]) == {"N": 1, "seq len": 128}
    for wrong in ("N", "N=0", "N=-1", "N=x"):
        with pytest.raises(UsageError):
            dimensions([wrong])


def test_what_the_user_set_is_remembered() -> None:
    assert parse_request(assignments=["input_scale=7", "logrows=12"]).given == {"input_scale", "logrows"}


def test_run_args_are_shown_with_the_epsilon_that_ezkl_uses() -> None:
    shown = as_settings(RunArgs())
    assert shown["epsilon"] == 2.220446049250313e-16
    assert list(shown) == [name for name in RunArgs.__struct_fields__]
