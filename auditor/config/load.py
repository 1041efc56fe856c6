"""Reads a configuration file with what it extends; whatever is wrong has a line."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from auditor.config import values
from auditor.config.find import candidates
from auditor.config.lines import KeyPath, key_lines, line_of
from auditor.config.nouns import DEFAULT, Config, Glob, Origin, Setting, Suppression, Table, shown
from auditor.errors import UsageError
from auditor.safe import safe

MAX_BYTES = 1 << 20
MAX_EXTENDS = 16

DEFAULTS: Mapping[str, Setting] = {
    "fail_on": Setting(value="high", origin=DEFAULT),
    "gate_time": Setting(value=False, origin=DEFAULT),
}

_SECTIONS = ("budget", "exclude", "extend", "ignore", "models")
_IGNORE = ("expires", "models", "nodes", "permanent", "reason", "rule", "rules")


def find_config(start: Path) -> Config:
    """The nearest configuration at or above a folder; the defaults where there is none.

    Raises:
        UsageError: a file cannot be read, or says something that has no meaning.
    """
    skipped = []
    for path in candidates(start):
        if not path.is_file():
            continue
        if _content(path)[0] is None:
            skipped.append(path)
            continue
        return replace(load_config(path), skipped=tuple(skipped))
    root = Path(os.path.abspath(start))
    return Config(root=root, settings=dict(DEFAULTS), skipped=tuple(skipped))


def load_config(path: Path) -> Config:
    """One file, over those it extends, over the defaults.

    Its own tables come before theirs, its own values and ``exclude`` in place of theirs; suppressions add up.

    Raises:
        UsageError: as :func:`find_config`; or the file has no table of ours.
    """
    chain: list[Config] = []
    following: Path | None = Path(os.path.abspath(path))
    by: Origin | None = None
    while following is not None:
        if any(following in config.files for config in chain):
            raise UsageError(f"{by}: extend leads back to {shown(following)}")
        if len(chain) >= MAX_EXTENDS:
            raise UsageError(f"{by}: extend leads through more than {MAX_EXTENDS} files")
        config, following, by = _load_one(following, by)
        chain.append(config)
    settings = dict(DEFAULTS)
    for config in reversed(chain):
        settings.update(config.settings)
    return Config(
        root=chain[0].root,
        files=tuple(file for config in chain for file in config.files),
        settings=settings,
        models=tuple(item for config in chain for item in config.models),
        budgets=tuple(item for config in chain for item in config.budgets),
        suppressions=tuple(item for config in chain for item in config.suppressions),
        exclude=next((config.exclude for config in chain if config.exclude), ()),
    )


def _content(path: Path) -> tuple[dict[str, Any] | None, str, KeyPath]:
    """What a file says of us, its text, and the keys that lead there; None where a pyproject says nothing."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{shown(path)}: is too large for a configuration")
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown(path)}: is not TOML: {error}", hint="correct the file") from error
    if path.name != "pyproject.toml":
        return content, text, ()
    tool = content.get("tool")
    own = tool.get("auditor") if isinstance(tool, dict) else None
    return (own if isinstance(own, dict) else None), text, ("tool", "auditor")


def _load_one(path: Path, by: Origin | None) -> tuple[Config, Path | None, Origin | None]:
    """A file by itself, the file it extends, and where it says so. ``by`` is what led here."""
    if not path.is_file():
        raise UsageError(
            f"{f'{by}: ' if by else ''}there is no configuration {shown(path)}", hint="check the path"
        )
    content, text, prefix = _content(path)
    if content is None:
        raise UsageError(f"{shown(path)}: has no table [tool.auditor]", hint="add one, or name another file")
    file = _File(path=path, content=content, lines=key_lines(text), prefix=prefix)
    for key in content:
        if key not in values.TOP and key not in _SECTIONS:
            raise file.unknown((key,), f"unknown key '{safe(key)}'", key, (*values.TOP, *_SECTIONS))
    settings = {key: file.setting((key,), parse) for key, parse in values.TOP.items() if key in content}
    extended = file.setting(("extend",), values.text) if "extend" in content else None
    config = Config(
        root=path.parent,
        files=(path,),
        settings=settings,
        models=tuple(
            _tables(file, "models", lambda name, at: file.setting(at, values.MODELS[name]), values.MODELS)
        ),
        budgets=tuple(
            _tables(
                file, "budget", lambda name, at: _limits(file, name, at), (*values.AMOUNTS, values.INCREASE)
            )
        ),
        suppressions=tuple(_suppressions(file)),
        exclude=tuple(_globs(file, ("exclude",))) if "exclude" in content else (),
    )
    if extended is None:
        return config, None, None
    return config, Path(os.path.abspath(path.parent / extended.value)), extended.origin


class _File(Struct, frozen=True, kw_only=True):
    """One file that is being read."""

    path: Path
    content: Mapping[str, Any]
    lines: dict[KeyPath, int]
    prefix: KeyPath

    def at(self, keys: KeyPath) -> Any:
        value: Any = self.content
        for key in keys:
            value = value[key]
        return value

    def origin(self, keys: KeyPath) -> Origin:
        return Origin(file=self.path, line=line_of(self.lines, (*self.prefix, *keys)))

    def setting(self, keys: KeyPath, parse: Callable[[Any], Any]) -> Setting:
        """A checked value; what is wrong with it is said of its line."""
        origin = self.origin(keys)
        try:
            return Setting(value=parse(self.at(keys)), origin=origin, base=self.path.parent)
        except UsageError as error:
            named = ".".join(str(key) for key in keys if isinstance(key, str))
            raise UsageError(f"{origin}: {safe(named)}: {error.message}", hint=error.hint) from error

    def unknown(self, keys: KeyPath, what: str, word: str, known: Any) -> UsageError:
        return UsageError.unknown(f"{self.origin(keys)}: {what}", word, known)

    def wrong(self, keys: KeyPath, what: str, hint: str | None = None) -> UsageError:
        return UsageError(f"{self.origin(keys)}: {what}", hint=hint)


def _tables(
    file: _File, section: str, parse: Callable[[str, KeyPath], Setting], known: Any
) -> Iterator[Table]:
    """The tables ``[section."GLOB"]``, in the order of the file."""
    if section not in file.content:
        return
    for glob, table in file.setting((section,), values.table).value.items():
        here: KeyPath = (section, glob)
        if glob in known and not isinstance(table, dict):
            what = f"{safe(glob)} stands in no table that names models"
            raise file.wrong(here, what, f'write [{section}."**/*.onnx"] above it, to mean all models')
        file.setting(here, values.table)
        named = f'[{section}."{safe(glob)}"]'
        for key in table:
            if key not in known and not (section == "budget" and key == "message"):
                what = f"unknown key '{safe(key)}' in {named}"
                raise file.unknown((*here, key), what, key, [*known, "message"])
        if section == "models" and "inputs" in table and table.get("plan") is not True:
            raise file.wrong(
                (*here, "inputs"), "inputs are what a plan is made for", "set plan = true beside it"
            )
        if section == "models" and table.get("plan") is True and "run_args" in table:
            raise file.wrong(
                (*here, "plan"), "a plan chooses the run args that run_args sets", "keep one of them"
            )
        yield Table(
            glob=glob,
            base=file.path.parent,
            origin=file.origin(here),
            settings={key: parse(key, (*here, key)) for key in table if key != "message"},
            message=_message(file, here) if "message" in table else "",
        )


def _message(file: _File, table: KeyPath) -> str:
    return safe(file.setting((*table, "message"), values.text).value, limit=400)


def _limits(file: _File, name: str, keys: KeyPath) -> Setting:
    origin = file.origin(keys)
    return file.setting(keys, lambda value: tuple(values.budgets(name, value, origin)))


def _globs(file: _File, keys: KeyPath) -> Iterator[Glob]:
    for place, glob in enumerate(file.setting(keys, values.texts).value):
        yield Glob(glob=glob, base=file.path.parent, origin=file.origin((*keys, place)))


def _suppressions(file: _File) -> Iterator[Suppression]:
    if "ignore" not in file.content:
        return
    entries = file.content["ignore"]
    if not isinstance(entries, list):
        raise file.wrong(("ignore",), "ignore is a list of tables", "write [[ignore]]")
    for place in range(len(entries)):
        here: KeyPath = ("ignore", place)
        entry = file.setting(here, values.table).value
        for key in entry:
            if key not in _IGNORE:
                raise file.unknown((*here, key), f"unknown key '{safe(key)}' in [[ignore]]", key, _IGNORE)
        named = "rules" if "rules" in entry else "rule"
        if named not in entry:
            raise file.wrong(here, "[[ignore]] names no rule", 'add rule = "AUD-SEC-012"')
        if not isinstance(entry.get("reason"), str) or not entry["reason"].strip():
            raise file.wrong(here, "[[ignore]] gives no reason", 'add reason = "why this is acceptable"')
        permanent = "permanent" in entry and file.setting((*here, "permanent"), values.boolean).value
        if ("expires" in entry) == permanent:
            step = "add expires = 2027-01-31, or permanent = true"
            raise file.wrong(here, "[[ignore]] either expires on a day or is permanent", step)
        yield Suppression(
            rules=file.setting((*here, named), values.rule_ids).value,
            models=tuple(_globs(file, (*here, "models"))) if "models" in entry else (),
            nodes=file.setting((*here, "nodes"), values.patterns).value if "nodes" in entry else (),
            reason=safe(entry["reason"].strip(), limit=400),
            expires=None if permanent else file.setting((*here, "expires"), values.day).value,
            origin=file.origin(here),
        )
