"""Functions registered by the modules of one folder: a new one is a new file, and nothing else is edited."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found", bound=Callable[..., Any])
Function = TypeVar("Function", bound=Callable[..., Any])


class Registry(Generic[Key, Found]):
    """Which function answers for which key. The modules of ``package`` are imported when first asked."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._functions: dict[Key, Found] = {}
        self._loaded = False

    def register(self, *keys: Key) -> Callable[[Function], Function]:
        """Marks a function as the one for these keys."""

        def mark(function: Function) -> Function:
            for key in keys:
                self._functions[key] = function  # type: ignore[assignment]
            return function

        return mark

    def get(self, key: Key) -> Found | None:
        """The function for a key, if there is one."""
        self._load()
        return self._functions.get(key)

    def keys(self) -> frozenset[Key]:
        """All keys that have a function."""
        self._load()
        return frozenset(self._functions)

    def _load(self) -> None:
        if not self._loaded:
            import_modules(self._package)
            self._loaded = True


def import_modules(package: str) -> None:
    """Imports every module of a package, in the order of their names.

    Raises:
        ImportError: a module of ours is broken.
    """
    folder = importlib.import_module(package).__path__
    for name in sorted(module.name for module in pkgutil.iter_modules(folder)):
        importlib.import_module(f"{package}.{name}")
