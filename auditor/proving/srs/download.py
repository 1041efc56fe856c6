"""The ceremony's file over the network: from whoever serves it, as its SHA-256 is known beforehand."""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from auditor._version import __version__
from auditor.errors import Undetermined, UsageError
from auditor.proving.srs.ceremony import public_addresses
from auditor.proving.srs.file import srs_bytes
from auditor.safe import safe

MIRROR = "AUDITOR_SRS_MIRROR"
"""Environment variable: a base address to try first, where the files are called ``kzg{k}.srs``."""

SILENCE_SECONDS = 30.0
"""A server that says nothing for as long is given up."""

SLOWEST_BYTES_PER_SECOND = 4096
"""A server that is slower, on average since the start, is given up once that many seconds have passed."""

_CHUNK_BYTES = 1 << 18

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


class _Failed(Exception):
    """An address did not serve the file; the text says why."""


def download(logrows: int, sha256: str, target: Path, *, progress: Progress | None = None) -> None:
    """Writes the file of this ``sha256`` to ``target``, from the first address that serves it.

    Proxies are taken from the environment. After an error, what is at ``target`` is worth nothing.

    Raises:
        UsageError: the mirror is not an address.
        Undetermined: no address served the file.
        OSError: the file cannot be written.
    """
    failures = []
    for address in _addresses(logrows):
        try:
            _download(address, srs_bytes(logrows), sha256, target, progress)
        except _Failed as failure:
            failures.append(f"{safe(address)}: {failure}")
        else:
            return
    raise Undetermined(
        f"the public SRS for k={logrows} could not be downloaded ({'; '.join(failures)})",
        "give the ceremony's file for this k with --srs PATH, "
        "or --srs unsafe-local for a proof that convinces nobody else",
    )


def _addresses(logrows: int) -> list[str]:
    public = public_addresses(logrows)
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return public
    try:
        parts = urllib.parse.urlsplit(mirror)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{MIRROR} is not an address: {safe(mirror)}", "it looks like https://host/folder")
    return [f"{mirror.rstrip('/')}/kzg{logrows}.srs", *public]


def _download(address: str, size_bytes: int, sha256: str, path: Path, progress: Progress | None) -> None:
    """Raises :class:`_Failed` for what the other side does, and OSError for what the disk does."""
    with path.open("wb") as file:
        found = _receive(address, size_bytes, file, progress)
    if found != sha256:
        raise _Failed(f"serves another file: SHA-256 {found}, and the ceremony's has {sha256}")


def _receive(address: str, size_bytes: int, file: BinaryIO, progress: Progress | None) -> str:
    """SHA-256 of the ``size_bytes`` that were received and written."""
    digest = hashlib.sha256()
    done_bytes = 0
    started = time.monotonic()
    for chunk in _chunks(address):
        done_bytes += len(chunk)
        if done_bytes > size_bytes:
            raise _Failed(f"serves more than the {size_bytes:,} bytes of the file")
        file.write(chunk)
        digest.update(chunk)
        if progress is not None:
            progress(done_bytes, size_bytes)
        _require_speed(done_bytes, time.monotonic() - started)
    if done_bytes < size_bytes:
        raise _Failed(f"ended after {done_bytes:,} of {size_bytes:,} bytes")
    return digest.hexdigest()


def _require_speed(done_bytes: int, elapsed_seconds: float) -> None:
    if elapsed_seconds > SILENCE_SECONDS and done_bytes < elapsed_seconds * SLOWEST_BYTES_PER_SECOND:
        raise _Failed(f"too slow: {done_bytes:,} bytes in {elapsed_seconds:.0f} seconds")


def _chunks(address: str) -> Iterator[bytes]:
    """What the address serves, as it comes in. Raises :class:`_Failed` for all that a network can do."""
    request = urllib.request.Request(address, headers={"User-Agent": f"auditor/{__version__}"})
    try:
        with _opener().open(request, timeout=SILENCE_SECONDS) as response:
            # read() would wait for a whole chunk, however slowly it comes.
            while chunk := response.read1(_CHUNK_BYTES):
                yield chunk
    except urllib.error.HTTPError as error:
        with error:
            raise _Failed(f"answers with HTTP status {error.code}") from error
    except urllib.error.URLError as error:
        raise _Failed(_reason(error.reason)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Failed(_reason(error)) from error


def _opener() -> urllib.request.OpenerDirector:
    """For http and https, with the environment's proxies; a redirection leads to nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _reason(error: object) -> str:
    words = error.strerror if isinstance(error, OSError) else None
    return safe(words or str(error) or type(error).__name__)
