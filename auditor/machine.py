"""The machine this program runs on: what a proof may use of it, container limits respected.

What the system says is read by small functions and understood by pure ones. None is what it does not say.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

_READ_BYTES = 1 << 20
"""More than any file read here has, as far as it matters: /proc/cpuinfo names the first processor first."""


class Machine(Struct, frozen=True, kw_only=True):
    """``cores`` that a process may keep busy at once; ``memory_bytes`` it may ever use, and those
    ``available_memory_bytes`` now, without swap; ``cpu`` is the model's name."""

    cores: int
    memory_bytes: int | None
    available_memory_bytes: int | None
    cpu: str | None


class CgroupLimits(Struct, frozen=True, kw_only=True):
    """What the control groups of a process leave it. ``cpus`` may be a fraction."""

    memory_bytes: int | None = None
    available_memory_bytes: int | None = None
    cpus: float | None = None


def this_machine() -> Machine:
    """The machine as it is now."""
    return _darwin() if sys.platform == "darwin" else _linux(Path("/"))


def free_disk_bytes(path: Path) -> int | None:
    """What is free for this user where ``path`` is, or where it would be made: at its nearest parent."""
    for existing in (path.absolute(), *path.absolute().parents):
        try:
            told = os.statvfs(existing)
            return told.f_bavail * told.f_frsize
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
    return None


# --- Linux ---------------------------------------------------------------------------------


def _linux(root: Path) -> Machine:
    """The machine whose ``/proc`` and ``/sys`` are under ``root``."""
    meminfo = parse_meminfo(_read(root / "proc/meminfo"))
    limits = _cgroup_limits(root)
    return Machine(
        cores=usable_cores(_affinity(), limits.cpus),
        memory_bytes=least(meminfo.get("MemTotal"), limits.memory_bytes),
        available_memory_bytes=least(meminfo.get("MemAvailable"), limits.available_memory_bytes),
        cpu=parse_cpu_model(_read(root / "proc/cpuinfo")) or platform.processor() or None,
    )


def _affinity() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(path: Path) -> str:
    """The text of a file of the system's; empty where there is none."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(_READ_BYTES).decode("utf-8", "replace")
    return ""


def _cgroup_limits(root: Path) -> CgroupLimits:
    """The tightest limits of the process's groups and all groups they are in."""
    mounts = parse_cgroup_mounts(_read(root / "proc/self/mountinfo"))
    groups = parse_cgroups(_read(root / "proc/self/cgroup"))
    found = [
        read_limits({name: _read(root / folder.relative_to("/") / name) for name in _CGROUP_FILES})
        for controller, group in groups.items()
        if controller in mounts
        for folder in group_folders(mounts[controller], group)
    ]
    return CgroupLimits(
        memory_bytes=least(*(limits.memory_bytes for limits in found)),
        available_memory_bytes=least(*(limits.available_memory_bytes for limits in found)),
        cpus=min((limits.cpus for limits in found if limits.cpus is not None), default=None),
    )


_CGROUP_FILES = (
    "memory.max", "memory.current", "memory.stat", "cpu.max",
    "memory.limit_in_bytes", "memory.usage_in_bytes", "cpu.cfs_quota_us", "cpu.cfs_period_us",
)  # fmt: skip
"""Of version 2, then of version 1; memory.stat is in both."""

_UNLIMITED_BYTES = 1 << 60
"""Version 1 says 'no limit' as a number near 2^63."""


def parse_meminfo(text: str) -> dict[str, int]:
    """``/proc/meminfo`` in bytes.

    >>> parse_meminfo("MemTotal:       2048 kB\\nHugePages_Total:  0\\n")
    {'MemTotal': 2097152}
    """
    amounts = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        number, _, unit = value.strip().partition(" ")
        if unit == "kB" and number.isdecimal():
            amounts[name] = int(number) * 1024
    return amounts


def parse_cpu_model(text: str) -> str | None:
    """The first processor of ``/proc/cpuinfo``: ``model name`` on x86, ``Model`` of the board on some ARM."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    return fields.get("model name") or fields.get("Model") or fields.get("Hardware") or None


def parse_cgroups(text: str) -> dict[str, str]:
    """The group of each controller in ``/proc/self/cgroup``; that of version 2 is under an empty name.

    >>> parse_cgroups("5:cpu,cpuacct:/job\\n0::/user")
    {'cpu': '/job', 'cpuacct': '/job', '': '/user'}
    """
    groups = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, colon, group = rest.partition(":")
        if number.isdecimal() and colon and group.startswith("/"):
            groups.update(dict.fromkeys(controllers.split(","), group))
    return groups


class CgroupMount(Struct, frozen=True, kw_only=True):
    """Where the hierarchy of a controller is seen, and which of its groups that is."""

    folder: PurePosixPath
    root: PurePosixPath


def parse_cgroup_mounts(text: str) -> dict[str, CgroupMount]:
    """Where each controller is mounted by ``/proc/self/mountinfo``; version 2 is under an empty name.

    proc(5): ``id parent major:minor root mount-point options [optional fields] - type source super-options``.
    """
    mounts = {}
    for line in text.splitlines():
        before, dash, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if not dash or len(fields) < 5 or len(kind) < 3 or not fields[4].startswith("/"):
            continue
        mount = CgroupMount(folder=PurePosixPath(fields[4]), root=PurePosixPath(fields[3]))
        if kind[0] == "cgroup2":
            mounts[""] = mount
        elif kind[0] == "cgroup":
            mounts.update(dict.fromkeys(kind[2].split(","), mount))
    return mounts


def group_folders(mount: CgroupMount, group: str) -> Iterator[PurePosixPath]:
    """The folder of a group and of every group it is in, innermost first, as far as they can be seen.

    In a container, the group is often outside of what is mounted: then the mount itself is the innermost.
    """
    path = PurePosixPath(group)
    inside = path.relative_to(mount.root) if path.is_relative_to(mount.root) else PurePosixPath()
    if ".." in inside.parts:
        inside = PurePosixPath()
    for part in (inside, *inside.parents):
        yield mount.folder / part


def read_limits(files: Mapping[str, str]) -> CgroupLimits:
    """The limits in the files of one control group, by name; what is missing or says ``max`` is no limit.

    Cached file pages count as available: the kernel gives them back when memory runs short.
    """
    limit = least(_limit(files, "memory.max"), _limit(files, "memory.limit_in_bytes"))
    used = _number(files.get("memory.current") or files.get("memory.usage_in_bytes") or "")
    cached = parse_memory_stat(files.get("memory.stat", ""))
    available = None if limit is None or used is None else max(0, limit - max(0, used - cached))
    return CgroupLimits(memory_bytes=limit, available_memory_bytes=available, cpus=_cpus(files))


def parse_memory_stat(text: str) -> int:
    """Bytes of file pages in ``memory.stat`` that can be dropped at once: those not used lately."""
    fields = dict(line.split(maxsplit=1) for line in text.splitlines() if len(line.split()) == 2)
    # Version 1 counts a group alone under the short name, and with its descendants under the long.
    return _number(fields.get("total_inactive_file") or fields.get("inactive_file") or "") or 0


def _limit(files: Mapping[str, str], name: str) -> int | None:
    number = _number(files.get(name, ""))
    return None if number is None or number >= _UNLIMITED_BYTES else number


def _cpus(files: Mapping[str, str]) -> float | None:
    """Processor time a second: version 2 says ``quota period`` in one file, version 1 in two."""
    quota, period = [*files.get("cpu.max", "").split(), "", ""][:2]
    quota = quota or files.get("cpu.cfs_quota_us", "")
    period = period or files.get("cpu.cfs_period_us", "")
    numbers = _number(quota), _number(period)
    if not numbers[0] or not numbers[1]:
        return None
    return numbers[0] / numbers[1]


def _number(text: str) -> int | None:
    """A number as the kernel writes it; None for ``max``, -1, and what is none."""
    word = text.strip()
    return int(word) if word.isdecimal() and word.isascii() and len(word) < 20 else None


def usable_cores(affinity: int, cpus: float | None) -> int:
    """Threads worth starting: a quota of 1.5 processors keeps one busy and another half the time.

    >>> usable_cores(8, 1.5), usable_cores(8, None), usable_cores(2, 64.0), usable_cores(4, 0.1)
    (1, 8, 2, 1)
    """
    return affinity if cpus is None else max(1, min(affinity, int(cpus)))


def least(*amounts: int | None) -> int | None:
    """The smallest of the amounts that are known, or None."""
    return min((amount for amount in amounts if amount is not None), default=None)


# --- macOS ---------------------------------------------------------------------------------


def _darwin() -> Machine:
    total = _sysconf("SC_PHYS_PAGES")
    return Machine(
        cores=os.cpu_count() or 1,
        memory_bytes=total,
        available_memory_bytes=parse_vm_stat(_output("/usr/bin/vm_stat")),
        cpu=_output("/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string").strip() or None,
    )


def _sysconf(pages: str) -> int | None:
    try:
        return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def _output(*command: str) -> str:
    """What a program of the system's prints; empty when it cannot be run. Only macOS needs one."""
    import subprocess

    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout


def parse_vm_stat(text: str) -> int | None:
    """Memory that ``vm_stat`` of macOS calls free, inactive, speculative or purgeable, in bytes."""
    first, _, rest = text.partition("\n")
    page_size = _number(first.partition("page size of ")[2].partition(" ")[0])
    pages = {}
    for line in rest.splitlines():
        name, _, value = line.partition(":")
        pages[name.strip().removeprefix("Pages ")] = _number(value.strip().rstrip("."))
    counted = [pages.get(name) for name in ("free", "inactive", "speculative", "purgeable")]
    known = [number for number in counted if number is not None]
    return page_size * sum(known) if page_size and known else None
