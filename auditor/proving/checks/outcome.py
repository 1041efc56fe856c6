"""The outcome of a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Literal, TypeVar

from msgspec import Struct, field

Status = Literal["pass", "fail", "not run"]

Detail = Mapping[str, str | int | float | bool | None]

T = TypeVar("T")


class Check(Struct, frozen=True, kw_only=True):
    """One check of a bundle, as it is reported. ``reason`` is one harmless line, also when it passed.

    ``detail`` holds numbers worth showing, by name, with units in the names. ``asked``: whether the bundle
    must pass it; a check that was asked for and not run counts as one that failed.
    """

    name: str
    status: Status
    reason: str
    asked: bool = True
    detail: Detail = field(default_factory=dict)


class Passed(Struct, Generic[T], frozen=True, kw_only=True):
    """A check that passed: ``value`` is what later checks build on."""

    value: T
    reason: str
    detail: Detail = field(default_factory=dict)


class Ledger:
    """The checks made so far, in order. A check is run only when those it stands on have passed."""

    def __init__(self) -> None:
        self._checks: list[Check] = []

    @property
    def checks(self) -> tuple[Check, ...]:
        """All of them."""
        return tuple(self._checks)

    @property
    def all_passed(self) -> bool:
        """Whether nothing that was asked for failed or was left out."""
        return all(check.status == "pass" or not check.asked for check in self._checks)

    def run(self, name: str, check: Callable[[], Passed[T]], *, after: Iterable[str] = ()) -> T | None:
        """The value of ``check``, or None when it did not pass, or one of ``after`` did not."""
        passed = {item.name for item in self._checks if item.status == "pass"}
        missing = [earlier for earlier in after if earlier not in passed]
        if missing:
            self._add(name, "not run", f"it stands on the check '{missing[0]}', which did not pass")
            return None
        try:
            found = check()
        except Failed as failure:
            self._add(name, "fail", failure.reason, failure.detail)
        except NotRun as obstacle:
            self._add(name, "not run", obstacle.reason)
        except MemoryError:
            self._add(name, "not run", "this machine has not enough memory for it")
        else:
            self._add(name, "pass", found.reason, found.detail)
            return found.value
        return None

    def leave_out(self, name: str, reason: str) -> None:
        """A check that nobody asked for."""
        self._checks.append(Check(name=name, status="not run", reason=reason, asked=False))

    def _add(self, name: str, status: Status, reason: str, detail: Detail | None = None) -> None:
        self._checks.append(Check(name=name, status=status, reason=reason, detail=detail or {}))


class Failed(Exception):
    """The bundle does not hold what it has to. ``reason`` may quote the bundle, made harmless."""

    def __init__(self, reason: str, **detail: str | int | float | bool | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail: Detail = detail


class NotRun(Exception):
    """A check that could not be made; ``reason`` says why, and what would make it possible."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
