"""What the system's files say of a machine, understood from recorded texts."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from auditor.machine import (
    CgroupLimits,
    CgroupMount,
    _linux,
    free_disk_bytes,
    group_folders,
    parse_cgroup_mounts,
    parse_cgroups,
    parse_cpu_model,
    parse_meminfo,
    parse_vm_stat,
    read_limits,
    this_machine,
    usable_cores,
)

MEMINFO = """\
MemTotal:       24684092 kB
MemFree:        24373556 kB
MemAvailable:   24230152 kB
HugePages_Total:       0
Hugepagesize:       2048 kB
"""
CPUINFO_X86 = """\
processor\t: 0
vendor_id\t: AuthenticAMD
model\t\t: 2
model name\t: AMD EPYC 9R14
flags\t\t: fpu vme

processor\t: 1
model name\t: another
"""
CPUINFO_ARM = "processor\t: 0\nBogoMIPS\t: 108.00\n\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 5\n"
MOUNTS_V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
MOUNTS_V1 = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 /docker/ab /sys/fs/cgroup/cpu,cpuacct ro master:11 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro master:12 shared:1 - cgroup cgroup rw,memory
nonsense
"""
NONSENSE = ["", "\n", ":", "a:b:c", "1:2", " - ", "x - cgroup2", "max", "MemTotal: lots kB", "\x00\xff"]


def test_meminfo() -> None:
    amounts = parse_meminfo(MEMINFO)
    assert amounts["MemTotal"] == 24684092 * 1024
    assert "HugePages_Total" not in amounts


def test_cpu_model() -> None:
    assert parse_cpu_model(CPUINFO_X86) == "AMD EPYC 9R14"
    assert parse_cpu_model(CPUINFO_ARM) == "Raspberry Pi 5"
    assert parse_cpu_model("processor : 0\n") is None


def test_cgroup_mounts() -> None:
    assert parse_cgroup_mounts(MOUNTS_V2) == {
        "": CgroupMount(folder=PurePosixPath("/sys/fs/cgroup"), root=PurePosixPath("/"))
    }
    mounts = parse_cgroup_mounts(MOUNTS_V1)
    assert mounts["memory"].folder == PurePosixPath("/sys/fs/cgroup/memory")
    assert mounts["cpu"] == mounts["cpuacct"]
    assert mounts["cpu"].root == PurePosixPath("/docker/ab")


@pytest.mark.parametrize(
    ("root", "group", "folders"),
    [
        ("/", "/", ["m"]),
        ("/", "/user/job", ["m/user/job", "m/user", "m"]),
        ("/docker/ab", "/docker/ab", ["m"]),
        ("/docker/ab", "/docker/ab/job", ["m/job", "m"]),
        ("/docker/ab", "/elsewhere", ["m"]),
        ("/", "/../../job", ["m"]),
    ],
)
def test_the_folders_of_a_group(root: str, group: str, folders: list[str]) -> None:
    mount = CgroupMount(folder=PurePosixPath("m"), root=PurePosixPath(root))
    assert [str(folder) for folder in group_folders(mount, group)] == folders


def test_limits_of_version_2() -> None:
    files = {
        "memory.max": "1000000\n",
        "memory.current": "600000\n",
        "memory.stat": "anon 100\nfile 500\ninactive_file 200000\nactive_file 7\n",
        "cpu.max": "150000 100000\n",
    }
    assert read_limits(files) == CgroupLimits(
        memory_bytes=1_000_000, available_memory_bytes=600_000, cpus=1.5
    )
    assert read_limits(files | {"memory.max": "max\n", "cpu.max": "max 100000\n"}) == CgroupLimits()


def test_limits_of_version_1() -> None:
    files = {
        "memory.limit_in_bytes": "1000000\n",
        "memory.usage_in_bytes": "2000000\n",
        "cpu.cfs_quota_us": "50000\n",
        "cpu.cfs_period_us": "100000\n",
    }
    assert read_limits(files) == CgroupLimits(memory_bytes=1_000_000, available_memory_bytes=0, cpus=0.5)
    unlimited = {"memory.limit_in_bytes": "9223372036854771712\n", "cpu.cfs_quota_us": "-1\n"}
    assert read_limits(files | unlimited) == CgroupLimits()


@pytest.mark.parametrize(
    ("affinity", "cpus", "cores"), [(8, None, 8), (8, 2.0, 2), (8, 2.9, 2), (2, 16.0, 2), (4, 0.2, 1)]
)
def test_usable_cores(affinity: int, cpus: float | None, cores: int) -> None:
    assert usable_cores(affinity, cpus) == cores


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_not_known_and_no_crash(text: str) -> None:
    assert parse_meminfo(text) == {}
    assert parse_cgroup_mounts(text) == {}
    assert parse_cpu_model(text) is None
    assert parse_vm_stat(text) is None
    assert parse_cgroups(text) == {}
    names = ("memory.max", "memory.current", "memory.stat", "cpu.max", "cpu.cfs_quota_us")
    assert read_limits(dict.fromkeys(names, text)) == CgroupLimits()


def test_vm_stat_of_macos() -> None:
    text = (
        "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
        "Pages free:                               10.\n"
        "Pages active:                            400.\n"
        "Pages inactive:                           20.\n"
        "Pages speculative:                         3.\n"
        "Pages wired down:                         50.\n"
        "Pages purgeable:                           1.\n"
    )
    assert parse_vm_stat(text) == 16384 * 34


def system(root: Path, files: dict[str, str]) -> Path:
    """A root folder that holds what Linux would show."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


BARE = {"proc/meminfo": MEMINFO, "proc/cpuinfo": CPUINFO_X86}


def test_a_machine_without_control_groups(tmp_path: Path) -> None:
    found = _linux(system(tmp_path, BARE))
    assert found.memory_bytes == 24684092 * 1024
    assert found.available_memory_bytes == 24230152 * 1024
    assert found.cpu == "AMD EPYC 9R14"
    assert found.cores >= 1


def test_the_tightest_group_counts_even_one_far_out(tmp_path: Path) -> None:
    found = _linux(
        system(
            tmp_path,
            BARE
            | {
                "proc/self/mountinfo": MOUNTS_V2,
                "proc/self/cgroup": "0::/pod/container\n",
                "sys/fs/cgroup/pod/memory.max": "2000000000\n",
                "sys/fs/cgroup/pod/memory.current": "500000000\n",
                "sys/fs/cgroup/pod/container/memory.max": "max\n",
                "sys/fs/cgroup/pod/container/cpu.max": "100000 100000\n",
            },
        )
    )
    assert found.memory_bytes == 2_000_000_000
    assert found.available_memory_bytes == 1_500_000_000
    assert found.cores == 1


def test_a_container_with_groups_of_version_1(tmp_path: Path) -> None:
    found = _linux(
        system(
            tmp_path,
            BARE
            | {
                "proc/self/mountinfo": MOUNTS_V1,
                "proc/self/cgroup": "4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000000000\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "900000000\n",
                "sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 400000000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
        )
    )
    assert found.memory_bytes == 1_000_000_000
    assert found.available_memory_bytes == 500_000_000
    assert found.cores == 1


def test_a_machine_that_says_nothing(tmp_path: Path) -> None:
    found = _linux(tmp_path)
    assert found.memory_bytes is None
    assert found.available_memory_bytes is None


def test_this_machine() -> None:
    found = this_machine()
    assert 1 <= found.cores <= (os.cpu_count() or 1)
    assert found.memory_bytes is not None
    assert found.available_memory_bytes is not None
    assert 0 < found.available_memory_bytes <= found.memory_bytes


def test_free_disk(tmp_path: Path) -> None:
    here = free_disk_bytes(tmp_path)
    assert here is not None
    assert here > 0
    file = tmp_path / "file"
    file.touch()
    for path in (tmp_path / "not" / "yet" / "made", file, file / "below"):
        there = free_disk_bytes(path)
        assert there is not None
        assert there > 0
