"""Who may import whom, and what start-up may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import models

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "auditor"
MODULES = sorted(PACKAGE.rglob("*.py"))

VALUES = (
    "auditor.circuit",
    "auditor.equality",
    "auditor.errors",
    "auditor.findings",
    "auditor.places",
    "auditor.registry",
    "auditor.safe",
    "auditor.units",
    "auditor._version",
)
"""What every stage may import: the values that pass between stages, and what every stage says and uses."""

STAGES = {
    "circuit": (),
    "model": (),
    "lowering": ("auditor.model.graph", "auditor.model.dtypes", "auditor.model.symbols"),
    "ezkl": ("auditor.guard",),
    "front_ends": ("auditor.ezkl", "auditor.guard"),
    "layout": (),
    "forward": (),
    "sizing": (),
    "fidelity": ("auditor.model.graph",),
    "scaling": (
        "auditor.model.dimensions",
        "auditor.model.graph",
        "auditor.model.links",
        "auditor.model.symbols",
    ),
    "lints": ("auditor.model", "auditor.report", "auditor.rules"),
    # It loops over the stages between a model and the size of its circuit.
    "planning": (
        "auditor.forward",
        "auditor.layout",
        "auditor.lowering",
        "auditor.model",
        "auditor.sizing",
    ),
    "pricing": (
        "auditor.machine",
        "auditor.rules",
        "auditor.sizing.artifacts",
        "auditor.sizing.constraint_system",
    ),
    "trends": (
        "auditor.pricing.evidence",
        "auditor.pricing.ranges",
        "auditor.pricing.shelf",
        "auditor.pricing.tables",
        "auditor.rules",
    ),
    "git": ("auditor.model",),
    "landscape": (
        "auditor.pricing.evidence",
        "auditor.pricing.ranges",
        "auditor.pricing.shelf",
        "auditor.pricing.tables",
        "auditor.rules",
    ),
    "onnx_runtime": ("auditor.guard",),
    "evm": ("auditor.ezkl", "auditor.guard"),
    "proving": (
        "auditor.ezkl",
        "auditor.guard",
        "auditor.model",
        "auditor.onnx_runtime",
        "auditor.pricing.prover",
        "auditor.pricing.ranges",
        "auditor.rules",
        "auditor.sizing.artifacts",
    ),
    "config": (),
    "gate": ("auditor.config.nouns", "auditor.config.values", "auditor.report"),
    "formats": ("auditor.rule_help", "auditor.views.page"),
    "views": (
        "auditor.report",
        "auditor.plans.report",
        "auditor.diffing.report",
        "auditor.proving",
        "auditor.verify",
        "auditor.calibration.measure",
        "auditor.comparing.report",
        "auditor.forecasting.report",
        "auditor.landscape",
        "auditor.trends",
        "auditor.config.report",
        "auditor.gate.nouns",
        "auditor.gate.words",
    ),
}
"""Each stage, and the nouns it may import beside ``VALUES``. It never imports another stage."""

JOINERS = {"cli", "calibration", "checking", "comparing", "diffing", "forecasting", "plans"}
"""Packages that know several stages and join them, as the modules at the top do."""

LIBRARIES = {
    "ezkl": ("auditor/ezkl/worker.py",),
    "onnx": ("auditor/ezkl/worker.py",),
    "onnxruntime": ("auditor/onnx_runtime/worker.py",),
    "pyrevm": ("auditor/evm/worker.py",),
    "resvg_py": ("auditor/formats/png.py",),
    "rich": ("auditor/formats/terminal.py", "auditor/progress.py"),
    "typer": ("auditor/cli/",),
}
"""The only modules that may import a library. Of others only numpy and msgspec are used."""

NO_NUMPY = (
    "__main__",
    "check",
    "cli",
    "config",
    "errors",
    "explanation",
    "findings",
    "formats",
    "gate",
    "hook",
    "hook_check",
    "progress",
    "report",
    "rules",
    "verdict",
)


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module a file imports, and whether it does so when it is itself imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, id(node) in top) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            yield node.module or "", id(node) in top
            yield from ((f"{node.module}.{name.name}", id(node) in top) for name in node.names)


def under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("stage", [name for name in STAGES if (PACKAGE / name).exists()])
def test_stages_import_values_and_never_each_other(stage: str) -> None:
    allowed = (f"auditor.{stage}", *VALUES, *STAGES[stage])
    wrong = [
        f"{where(path)} imports {name}"
        for path in sorted((PACKAGE / stage).rglob("*.py"))
        for name, _ in imports(path)
        if under(name, "auditor")
        and not any(under(name, prefix) or under(prefix, name) for prefix in allowed)
    ]
    assert wrong == []


def test_every_package_is_a_stage_with_its_rule() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages <= {*JOINERS, *STAGES}


def test_a_library_belongs_to_its_modules() -> None:
    known = {*LIBRARIES, "msgspec", "numpy", "auditor", *sys.stdlib_module_names}
    wrong = []
    for path in MODULES:
        for name, _ in imports(path):
            library = name.split(".")[0]
            stranger = library in LIBRARIES and not where(path).startswith(LIBRARIES[library] or "nowhere")
            if library not in known or stranger:
                wrong.append(f"{where(path)} imports {library}")
    assert wrong == []


def test_entry_and_output_modules_do_not_import_numpy() -> None:
    for path in MODULES:
        if path.relative_to(PACKAGE).with_suffix("").parts[0] in NO_NUMPY:
            assert "numpy" not in {name.split(".")[0] for name, _ in imports(path)}, where(path)


@pytest.mark.parametrize("name", ["onnx", "onnxruntime", "ezkl", "pyrevm", "resvg_py", "rich", "typer"])
def test_heavy_libraries_are_imported_when_they_are_used(name: str) -> None:
    """typer is all the command line is, and rich all the terminal format is: those may."""
    exempt = {"typer": "auditor/cli/", "rich": "auditor/formats/terminal.py"}
    wrong = [
        where(path)
        for path in MODULES
        for imported, at_once in imports(path)
        if at_once and under(imported, name) and not where(path).startswith(exempt.get(name, "nowhere"))
    ]
    assert wrong in ([], ["auditor/ezkl/worker.py"])


def loaded_by(*words: str) -> set[str]:
    """The top-level modules that a command loads, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "auditor", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return {
        line.rpartition("|")[2].strip().split(".")[0]
        for line in ended.stderr.splitlines()
        if line.startswith("import time:")
    }


def test_the_version_is_printed_without_a_command_line() -> None:
    assert not loaded_by("--version") & {"onnx", "onnxruntime", "ezkl", "rich", "numpy", "typer", "pydantic"}


def test_help_and_lists_load_no_heavy_library() -> None:
    for words in (["--help"], ["list", "operators"], ["explain", "Relu"]):
        assert not loaded_by(*words) & {"onnx", "onnxruntime", "ezkl", "rich", "numpy", "pydantic"}, words


def test_estimate_loads_neither_ezkl_nor_onnxruntime(tmp_path: Path) -> None:
    sample = models.perceptron(tmp_path / "model.onnx")
    loaded = loaded_by("estimate", str(sample), "--format", "json")
    assert "numpy" in loaded
    assert not loaded & {"onnx", "onnxruntime", "ezkl", "rich", "torch", "pydantic"}
