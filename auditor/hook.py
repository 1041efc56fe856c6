"""``auditor-hook``: the gate for pre-commit. Silent where all is well; where nothing changed, done at once.

    auditor-hook [--all-files] [--force-exclude] [--static] [--no-cache] [--config FILE] [FILES...]
    auditor-hook --prove [--srs SRS] [FILES...]

Files are models, external data (their models are checked) and configurations (all models below are). Exit
codes are those of ``auditor check``. Neither ONNX Runtime nor EZKL is ever run, nor anything fetched, but by
``--prove``.
"""

from __future__ import annotations

import gc
import io
import os
import sys

USAGE = """usage: auditor-hook [OPTIONS] [FILES...]

Checks ONNX models: findings, and the budgets of auditor.toml. Prints nothing where all is well.

  --all-files          check every model below this folder
  --force-exclude      honour `exclude` for named files too (always so; accepted for pre-commit)
  --static             look at the files alone: no circuit, no budgets
  --allow-undetermined what is not known does not fail
  --no-cache           forget earlier verdicts
  --config FILE        in place of the nearest auditor.toml
  --version, -h, --help

  --prove              prove one inference of each model, verify it and throw it away; needs auditor[prove]
  --srs SRS            public or a file, as in `auditor prove`; else unsafe-local: made here
  --srs-sha256 HEX     what the file must hash to, where it is your own
  --timeout SECONDS    what a step of a proof may take

A model that no table of the configuration names is looked at as with --static.
"""

_FLAGS = ("--all-files", "--force-exclude", "--static", "--allow-undetermined", "--no-cache", "--prove")
_VALUED = ("--config", "--srs", "--srs-sha256", "--timeout")
_ASKED = {"--static", "--allow-undetermined"}
"""Those that change an answer."""

_SUFFIX = ".onnx"

Outcome = tuple[int, list[str], list[int]]
"""The exit code of one model, the lines to print, and how many checks passed, failed and were skipped."""


def main() -> None:
    """The console entry point."""
    # As in __main__: a run is short and leaves few cycles, and numpy's threads have nothing to do.
    gc.set_threshold(100_000)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A name that the terminal's encoding lacks is no reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if "--prove" in sys.argv:
        _stop_workers_when_terminated()
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 4
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _stop_workers_when_terminated() -> None:
    import signal

    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def run(words: list[str]) -> int:
    """Checks what the words name, prints why it does not pass, and returns the exit code."""
    from auditor.errors import AuditorError

    if {"-h", "--help"} & set(words):
        print(USAGE, end="")
        return 0
    if "--version" in words:
        from auditor._version import __version__

        print(f"auditor {__version__}")
        return 0
    try:
        flags, options, files = _parsed(words)
        models = _models(flags, files)
        if "--prove" in flags:
            return _tell(_prove(flags, options, models, files))
        _refuse_without_prove(options)
        return _tell(_check(flags, options.get("--config"), models, files))
    except AuditorError as error:
        print(f"auditor: {_harmless(str(error))}")
        return error.exit_code
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {_harmless(str(error))}"
        print(f"auditor: {what}; this is a fault of auditor, please report it")
        return 4


def _parsed(words: list[str]) -> tuple[set[str], dict[str, str], list[str]]:
    """The flags, the options that have a value, of which the last one counts, and the files."""
    from auditor.errors import UsageError

    flags: set[str] = set()
    files: list[str] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if word == "--":
            files += rest
        elif name in _VALUED:
            options[name] = value or next(rest, "")
            if not options[name]:
                raise UsageError(f"{name}: expected a value after it")
        elif word in _FLAGS:
            flags.add(word)
        elif word.startswith("-") and word != "-":
            raise UsageError.unknown(f"there is no option {_harmless(word)}", word, [*_FLAGS, *_VALUED])
        else:
            files.append(word)
    return flags, options, files


def _refuse_without_prove(options: dict[str, str]) -> None:
    from auditor.errors import UsageError

    for name in options:
        if name != "--config":
            raise UsageError(f"{name} is about proofs", hint="add --prove")


def _models(flags: set[str], files: list[str]) -> dict[str, str]:
    """The models that are meant, by their absolute paths: those named, and those other files belong to."""
    found: dict[str, str] = {}
    if "--all-files" in flags:
        files = ["."]
    for file in files:
        for model in [file] if file.endswith(_SUFFIX) and not os.path.isdir(file) else _behind(file):
            found.setdefault(os.path.abspath(model), model)
    return found


def _behind(file: str) -> list[str]:
    """The models below a folder or a configuration, or with this external data."""
    from pathlib import Path

    from auditor.config.globs import files_below
    from auditor.config.load import find_config
    from auditor.config.owners import is_config, models_under, owners

    path = Path(file)
    if path.is_dir():
        return [os.path.relpath(below) for below in files_below(path) if below.suffix == _SUFFIX]
    if not is_config(path):
        return [os.path.relpath(model) for model in owners(path)]
    find_config(path.parent)  # which refuses what is wrong, even where there is no model yet
    return [os.path.relpath(model) for model in models_under(path)]


def _prove(
    flags: set[str], options: dict[str, str], models: dict[str, str], files: list[str]
) -> list[Outcome]:
    """What becomes of the proof of each model. Here everything is loaded, and nothing is remembered."""
    from auditor.hook_prove import prove_models

    named = {os.path.abspath(file) for file in files}
    return prove_models(
        [(model, place in named) for place, model in models.items()],
        config=options.get("--config"),
        srs=options.get("--srs", "unsafe-local"),
        srs_sha256=options.get("--srs-sha256"),
        timeout=options.get("--timeout"),
        allow_undetermined="--allow-undetermined" in flags,
    )


def _check(flags: set[str], config: str | None, models: dict[str, str], files: list[str]) -> list[Outcome]:
    """What becomes of each model: as remembered, where nothing has changed, or checked now."""
    if not models:
        return []
    from auditor.gate import verdicts

    folder = _cache_folder() if "--no-cache" not in flags else None
    keys: dict[str, str] = {}
    known: dict[str, Outcome] = {}
    if folder is not None:
        here = os.path.dirname(os.path.abspath(__file__))
        beside = os.path.join(os.path.dirname(here), "rules")
        program = verdicts.program_stamp([here] if not os.path.isdir(beside) else [here, beside])
        asked = [program, os.getcwd(), os.path.abspath(config) if config else "", *sorted(flags & _ASKED)]
        keys = {place: verdicts.key_of(*asked, place, model) for place, model in models.items()}
        for place, key in keys.items():
            entry = verdicts.recall(folder, key)
            if entry is not None:
                known[place] = (entry["exit_code"], entry["lines"], entry["counts"])
    missing = [model for place, model in models.items() if place not in known]
    if missing:
        found, excluded = _check_now(flags, config, missing, folder, keys)
        named = {os.path.abspath(file) for file in files}
        known |= found | {place: said for place, said in excluded.items() if place in named}
    return [known[place] for place in models if place in known]


def _check_now(
    flags: set[str], config: str | None, models: list[str], folder: str | None, keys: dict[str, str]
) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
    """What becomes of the models, and what is to be said of those that are excluded."""
    import time

    before_ns = time.time_ns()
    _numpy_when_used()
    from pathlib import Path

    from auditor.config.targets import Configs, gather
    from auditor.gate.nouns import CheckRequest
    from auditor.hook_check import check_target, remember

    request = CheckRequest(
        depth="static" if "--static" in flags else "claimed",
        allow_undetermined="--allow-undetermined" in flags,
        quiet=True,
    )
    found: dict[str, Outcome] = {}
    configs = Configs(None if config is None else Path(config))
    gathered = gather([Path(model) for model in models], configs)
    for target in gathered.targets:
        outcome, lasting = check_target(target, request)
        place = os.path.abspath(target.path)
        found[place] = outcome
        if folder is not None and lasting:
            remember(folder, keys[place], target, outcome, before_ns, request, given=config)
    excluded: dict[str, Outcome] = {}
    for path, glob in gathered.excluded:
        line = f"{_harmless(os.fspath(path))}: excluded by {glob.origin}"
        excluded[os.path.abspath(path)] = (0, [line], [0, 0, 0])
    return found, excluded


def _tell(outcomes: list[Outcome]) -> int:
    """Prints why something does not pass, and what was left out; returns the exit code."""
    codes = {code for code, _, _ in outcomes}
    worst = next((code for code in (4, 2, 1, 3) if code in codes), 0)
    lines = dict.fromkeys(line for _, lines, _ in outcomes for line in lines)
    if lines:
        from auditor.formats import without_ci_commands

        print(without_ci_commands("\n".join(lines)))
    if worst:
        passed, failed, skipped = (sum(counts[place] for _, _, counts in outcomes) for place in range(3))
        word = "UNDETERMINED" if worst == 3 else "FAIL"
        print(f"{word} [pass: {passed} fail: {failed} skip: {skipped}]")
    return worst


def _cache_folder() -> str | None:
    """Where verdicts are kept; None where there is no home for them."""
    from auditor.errors import AuditorError
    from auditor.places import cache_directory

    try:
        return os.path.join(cache_directory(), "verdicts")
    except AuditorError:
        return None


def _numpy_when_used() -> None:
    """Lets numpy be loaded by whoever first looks into it: to look at a file alone nobody does.

    ``importlib.util.LazyLoader`` would load it at the next ``import numpy``, which asks for its ``__spec__``.
    """
    import importlib
    import types

    class Later(types.ModuleType):
        """Stands for numpy, and hands on what is asked of it."""

        def __getattr__(self, name: str) -> object:
            if sys.modules.get("numpy") is self:
                del sys.modules["numpy"]
            found = getattr(importlib.import_module("numpy"), name)
            setattr(self, name, found)
            return found

    if "numpy" not in sys.modules:
        sys.modules["numpy"] = Later("numpy")


def _harmless(text: str) -> str:
    from auditor.safe import safe

    return safe(text, limit=1000)


if __name__ == "__main__":
    main()
