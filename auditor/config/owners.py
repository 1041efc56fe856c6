"""Which models a file belongs to that is none itself: external data, a configuration."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from auditor.config.find import NAMES
from auditor.config.globs import files_below

SUFFIX = ".onnx"


def is_config(path: Path) -> bool:
    """Whether a file has the name of a configuration."""
    return path.name in NAMES


def models_under(config: Path) -> Iterator[Path]:
    """The models below the folder of a configuration."""
    return (path for path in files_below(config.parent) if path.suffix == SUFFIX)


def owners(data: Path) -> Iterator[Path]:
    """The models that name a data file: in its folder and those above, up to the root of the repository.

    External data lies below the folder of its model, so that is where its model can be. Every model in which
    the name of the file stands is one: too many are checked rather than too few.
    """
    data = Path(os.path.abspath(data))
    for folder in data.parents:
        for model in sorted(folder.glob(f"*{SUFFIX}")):
            if (
                model.is_file()
                and model != data
                and _mentions(model, data.name.encode("utf-8", "surrogateescape"))
            ):
                yield model
        if (folder / ".git").exists():
            return


def mentions_external_data(model: Path) -> bool:
    """Whether a model may have external data: every tensor in another file says its ``location``."""
    return _mentions(model, b"location")


def _mentions(model: Path, word: bytes) -> bool:
    try:
        with model.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return False
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return content.find(word) >= 0
    except (OSError, ValueError):
        return False
