"""What is refused before a proof is begun, what is warned of, and in which words."""

from __future__ import annotations

import pytest

from auditor.circuit.run_args import RunArgs
from auditor.machine import Machine
from auditor.pricing.preflight import preflight, readable
from auditor.pricing.profile_file import shipped
from tests.pricing.circuits import predict, size

GB = 10**9
STEPS = predict(shipped(), size(), RunArgs(logrows=20))
PREDICTIONS = tuple(STEPS.values())
"""Keys of 4.4 GB, and 10 GB of memory for the proof (10.06 GB were measured for another circuit like it)."""

ALL = frozenset(STEPS)


def machine(memory: int | None = 64 * GB, available: int | None = 60 * GB) -> Machine:
    return Machine(cores=2, memory_bytes=memory, available_memory_bytes=available, cpu=None)


def check(
    computer: Machine,
    disk: int | None = 100 * GB,
    limit: int | None = None,
    already: frozenset[str] = frozenset(),
) -> list[tuple[str, str, bool]]:
    found = preflight(PREDICTIONS, computer, free_disk_bytes=disk, memory_limit_bytes=limit, already=already)
    return [(shortfall.what, shortfall.step, shortfall.certain) for shortfall in found]


def test_a_large_machine_lacks_nothing() -> None:
    assert check(machine()) == []


def test_too_little_memory_refuses_the_steps_that_need_more() -> None:
    assert check(machine(memory=8 * GB, available=7 * GB)) == [("memory", "proof", True)]
    assert check(machine(memory=4 * GB, available=3 * GB)) == [
        ("memory", "keys", True),
        ("memory", "proof", True),
    ]


def test_what_is_available_counts_when_it_is_less() -> None:
    (found,) = preflight(
        PREDICTIONS, machine(available=8 * GB), free_disk_bytes=None, memory_limit_bytes=None
    )
    assert found.have == 8 * GB
    assert "and 8.0 GB is available" in found.sentence
    (found,) = preflight(PREDICTIONS, machine(memory=8 * GB), free_disk_bytes=None, memory_limit_bytes=None)
    assert found.sentence.endswith("and this machine has 8.0 GB")
    assert found.sentence.startswith("proving takes 10 GB to 11 GB of memory, and ")


def test_memory_between_the_ends_warns() -> None:
    need = STEPS["proof"].peak_memory_bytes
    for have in (need.low, need.mid, need.high - 1):
        assert check(machine(memory=int(have) + 1)) in ([("memory", "proof", False)], [])
    assert check(machine(memory=int(need.mid))) == [("memory", "proof", False)]
    assert check(machine(memory=int(need.low) - 1)) == [("memory", "proof", True)]
    assert check(machine(memory=int(need.high) + 1)) == []


def test_a_limit_counts_when_it_is_less() -> None:
    need = STEPS["proof"].peak_memory_bytes
    assert check(machine(), limit=int(need.high) + 1) == []
    assert check(machine(), limit=int(need.mid)) == [("memory", "proof", False)]
    (found,) = preflight(PREDICTIONS, machine(), free_disk_bytes=None, memory_limit_bytes=int(need.low) - 1)
    assert found.certain
    assert "and the limit is" in found.sentence


def test_what_is_done_already_needs_nothing_more() -> None:
    small = machine(memory=4 * GB, available=3 * GB)
    assert check(small, already=frozenset({"proof"})) == [("memory", "keys", True)]
    assert check(small, disk=0, already=ALL) == []


def test_disk() -> None:
    total = sum(prediction.bytes for prediction in PREDICTIONS)
    assert check(machine(), disk=total) == []
    (found,) = preflight(PREDICTIONS, machine(), free_disk_bytes=GB, memory_limit_bytes=None)
    assert (found.what, found.step, found.certain) == ("disk", "keys", True)
    assert found.sentence == (
        "the files of the proof take 4.6 GB, 4.4 GB of it the keys, and 1.0 GB of the disk is free"
    )
    # A few bytes of the small files are only expected.
    assert check(machine(), disk=total - 1) == [("disk", "keys", False)]
    assert check(machine(), disk=GB, already=frozenset({"srs", "keys"})) == []


def test_what_is_not_known_refuses_nothing() -> None:
    assert check(machine(memory=None, available=None), disk=None) == []


def test_refusals_come_before_warnings() -> None:
    need = STEPS["proof"].peak_memory_bytes
    assert [certain for *_, certain in check(machine(memory=int(need.mid)), disk=GB)] == [True, False]


@pytest.mark.parametrize(
    ("num_bytes", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (48_640, "49 kB"), (9_598_000_000, "9.6 GB"),
     (5e15, "5000 TB")],
)  # fmt: skip
def test_readable(num_bytes: float, words: str) -> None:
    assert readable(num_bytes) == words
