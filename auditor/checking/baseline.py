"""What models were before: in a baseline file, or at a revision of git."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from auditor.audit import audit_guarded
from auditor.checking.request import Asked
from auditor.config.nouns import shown
from auditor.config.targets import Target
from auditor.errors import AuditorError, UsageError
from auditor.gate.amounts import amounts_of
from auditor.gate.baseline import Baseline, entry_of, find_old, read_baseline, write_baseline
from auditor.gate.nouns import ModelCheck, Old
from auditor.report import ModelAudit
from auditor.whole_file import write_whole


class Baselines:
    """What models were: in the file given, else the configuration's, each read once; or at a ``revision``."""

    def __init__(self, given: Path | None = None, revision: str | None = None) -> None:
        self._given = given
        self._revision = revision
        self._files: dict[Path, Baseline] = {}

    def is_given(self, target: Target) -> bool:
        """Whether there is anything to compare a model with."""
        return self._revision is not None or self._path(target) is not None

    def old(self, target: Target, audited: ModelAudit, asked: Asked) -> Old | None:
        """What the model was; None where it is new."""
        if self._revision is not None:
            return _at_revision(self._revision, target.path, asked)
        path = self._path(target)
        if path is None:
            return None
        if path not in self._files:
            self._files[path] = read_baseline(path)
        return find_old(self._files[path], name_in(path, target.path), audited.sha256, shown(path))

    def _path(self, target: Target) -> Path | None:
        if self._given is not None:
            return self._given
        setting = target.rules.config.settings.get("baseline")
        return None if setting is None or setting.base is None else setting.base / setting.value


def name_in(baseline: Path, model: Path) -> str:
    """What a baseline calls a model: its path from the directory of the file."""
    return Path(os.path.relpath(model, os.path.abspath(baseline.parent))).as_posix()


def _at_revision(revision: str, path: Path, asked: Asked) -> Old | None:
    """The model at a revision of git, audited as the one of today is."""
    from auditor.git import reading as git

    snapshot = git.open_snapshot(revision, path)
    if git.find(snapshot, path) is None:
        return None
    source = git.describe(snapshot)
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        try:
            there = git.checkout_model(revision, path, Path(folder))
            audited = audit_guarded(there, asked.request, asked.bill, asked.plan, alone=False)
        except UsageError:
            raise
        except AuditorError as error:
            return Old(source=f"{source} ({error.message})", amounts={})
    return Old(source=source, amounts=entry_of(None, amounts_of(audited)).amounts)


def write_new(path: Path, targets: Sequence[Target], done: Sequence[ModelCheck]) -> None:
    """Writes what the models are; what the file says of others that are still there stays."""
    known = read_baseline(path) if path.exists() else {}
    kept = {name: entry for name, entry in known.items() if (path.parent / name).exists()}
    fresh = {
        name_in(path, target.path): entry_of(model.sha256, model.amounts)
        for target, model in zip(targets, done, strict=True)
        if model.amounts
    }
    write_whole(path, write_baseline({**kept, **fresh}))
