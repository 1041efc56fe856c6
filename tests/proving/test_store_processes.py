"""The cache of finished steps among several processes, some of which are killed or interrupted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from auditor.proving.store import Store
from auditor.proving.store.locks import EXCLUSIVE, take
from tests.proving.storing import (
    KEY,
    KEYS,
    KIND,
    contents,
    ended,
    forked,
    make,
    whole_contents,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, notes: list[str]) -> Iterator[Store]:
    with Store(tmp_path, note=notes.append) as opened:
        yield opened


PROGRAM = f"""
import sys
from pathlib import Path
sys.path.append({str(ROOT)!r})
from auditor.proving.store import Store
from auditor.proving.store.locks import EXCLUSIVE, take

def say(word):
    print(word, flush=True)

def make(directory):
    say("making")
    sys.stdin.readline()
    (directory / "file").write_bytes(b"content")
    return {{}}

with Store(Path(sys.argv[1]), note=lambda line: say("note " + line)) as store, store.workspace() as workspace:
    (workspace / "input.json").write_text("private")
    say("got " + str(store.obtain("proving-key", {{}}, make).reused))
    sys.stdin.readline()
"""


class Run:
    """Another process with a store: says "making", waits for a line, says "got", and waits for another."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def goes_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def ends(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Run]]:
    runs: list[Run] = []

    def started() -> Run:
        runs.append(Run(tmp_path))
        return runs[-1]

    yield started
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.communicate()


def test_a_second_run_waits_and_reuses(store: Store, tmp_path: Path, start: Callable[[], Run]) -> None:
    first = start()
    assert first.says() == "making"
    assert store.find(KIND, {}) is None
    assert store.entries() == ()
    second = start()
    assert second.says().startswith("note waiting for another run to make proving-key ")
    interrupted = start()
    assert interrupted.says().startswith("note waiting")
    interrupted.process.send_signal(signal.SIGINT)
    code, errors = interrupted.ends()
    assert code == -signal.SIGINT
    assert "KeyboardInterrupt" in errors

    first.goes_on()
    assert (first.says(), second.says()) == ("got False", "got True")
    assert [entry.in_use for entry in store.entries()] == [True]
    assert store.prune(keep_bytes=0).count == 0
    first.goes_on()
    assert first.ends() == (0, "")
    assert store.prune(keep_bytes=0).count == 0
    second.goes_on()
    assert second.ends() == (0, "")
    assert store.prune(keep_bytes=0).count == 1
    assert contents(tmp_path) == []


def test_a_killed_maker_frees_the_next(store: Store, tmp_path: Path, start: Callable[[], Run]) -> None:
    first = start()
    assert first.says() == "making"
    second = start()
    assert second.says().startswith("note waiting")
    assert len([name for name in contents(tmp_path) if name.endswith("input.json")]) == 2
    first.process.kill()
    first.process.wait()
    assert second.says() == "making"
    second.goes_on()
    assert second.says() == "got False"
    with store.workspace():
        assert len([name for name in contents(tmp_path) if name.endswith("input.json")]) == 1
    second.process.kill()
    second.process.wait()
    # The private input of the killed run goes, what it had made stays.
    assert store.prune().bytes == len("private")
    stored = store.find(KIND, {})
    assert stored is not None
    assert sorted(contents(tmp_path)) == sorted(whole_contents(stored))


def test_a_lock_removes_no_file_but_its_own(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    old = take(path, EXCLUSIVE)
    assert old is not None
    path.unlink()
    new = take(path, EXCLUSIVE)
    assert new is not None
    old.remove()
    old.remove()
    assert take(path, EXCLUSIVE) is None
    new.remove()
    assert not path.exists()


def test_many_at_once_make_each_entry_once(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def obtain_all(order: random.Random) -> None:
        with Store(tmp_path) as store:
            for name in order.sample(range(6), 6):

                def logged(directory: Path, name: int = name) -> dict[str, object]:
                    with log.open("a") as lines:
                        lines.write(f"{name}\n")
                    time.sleep(0.005)
                    return make(directory)

                assert store.obtain(KIND, {"name": name}, logged).path("pk.key").read_bytes() == KEYS

    children = [forked(lambda seed=seed: obtain_all(random.Random(seed))) for seed in range(6)]
    assert [ended(child) for child in children] == [0] * 6
    assert sorted(log.read_text().split()) == sorted("012345")


def test_makers_and_pruners_do_not_hurt_each_other(tmp_path: Path) -> None:
    def obtain_often(order: random.Random) -> None:
        for _ in range(40):
            with Store(tmp_path) as store:
                stored = store.obtain(KIND, {"name": order.randrange(2)}, make)
                for _ in range(5):
                    assert stored.path("pk.key").read_bytes() == KEYS

    def prune_often() -> None:
        for _ in range(150):
            with Store(tmp_path) as store, store.workspace() as workspace:
                store.prune(keep_bytes=0)
                assert workspace.is_dir()

    children = [forked(lambda seed=seed: obtain_often(random.Random(seed))) for seed in range(3)]
    children += [forked(prune_often) for _ in range(2)]
    assert [ended(child) for child in children] == [0] * 5
    Store(tmp_path).prune(keep_bytes=0)
    assert contents(tmp_path) == []


# --- kills and interruptions --------------------------------------------------------------


def a_run(root: Path) -> None:
    """A run that makes, finds damaged, remembers, and prunes."""
    with Store(root) as store, store.workspace() as workspace:
        (workspace / "witness.json").write_text("private")
        damaged = store.find(KIND, {"name": 0})
        if damaged is not None:
            damaged.path("vk.key").write_bytes(b"??")
        for name in range(2):
            store.obtain(KIND, {"name": name}, make)
        store.remember("srs", ["ab"])
    with Store(root) as store:
        store.prune(keep_bytes=2000)


def check_after_a_death(root: Path, *, leftovers: bool = True) -> None:
    """The next run finds each entry whole or makes it, and what the dead one left is gone."""
    if not leftovers:
        assert [name for name in contents(root) if ".partial" in name or "run-" in name] == []
    notes: list[str] = []
    with Store(root, note=notes.append) as store:
        with store.workspace() as workspace:
            left = [name for name in contents(root) if ".partial" in name or "run-" in name]
            assert {name.partition(".lock")[0] for name in left} == {f"runs/{workspace.name}"}
        stored = [store.obtain(KIND, {"name": name}, make) for name in range(2)]
        assert [entry.path("pk.key").read_bytes() for entry in stored] == [KEYS, KEYS]
        assert store.recall("srs") in (None, ["ab"])
        # Only the entry that the run itself damaged may be found damaged.
        assert all(stored[0].digest[:12] in note and "vk.key" in note for note in notes)
        expected = [*whole_contents(stored[0]), *whole_contents(stored[1]), "facts/srs.json"]
        assert sorted({*contents(root), "facts/srs.json"}) == sorted(expected)


def at_event(number: int, strike: Callable[[], object]) -> None:
    """Has ``strike`` called just before Python asks the system for something the ``number``-th time."""
    left = number
    watched = ("open", "os.", "fcntl.", "shutil.", "glob.")

    def count(event: str, arguments: object) -> None:
        nonlocal left
        if event.startswith(watched):
            left -= 1
            if left == 0:
                strike()

    sys.addaudithook(count)


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dying process loses nothing that it wrote, only a dying machine does; waiting for that is slow."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.mark.usefixtures("unsynced")
def test_a_kill_at_any_point(tmp_path: Path) -> None:
    killed = 0
    for number in range(1, 2000):
        # Every other time on top of what earlier kills had made, so that entries are also reused and damaged.
        root = tmp_path / ("fresh" + str(number) if number % 2 else "same")

        def run(root: Path = root, number: int = number) -> None:
            at_event(number, die)
            a_run(root)

        if ended(forked(run)) == 0:
            break
        killed += 1
        check_after_a_death(root)
    assert killed >= 100


@pytest.mark.usefixtures("unsynced")
def test_an_interruption_at_any_point(tmp_path: Path) -> None:
    def run(number: int) -> None:
        at_event(number, interrupt)
        with Store(tmp_path) as store:
            store.obtain(KIND, {"name": 0}, make)

    def interrupted(number: int) -> None:
        with pytest.raises(KeyboardInterrupt):
            run(number)

    count = 0
    for number in range(1, 500):
        if ended(forked(lambda number=number: interrupted(number))) != 0:
            break
        count += 1
        assert [name for name in contents(tmp_path) if ".partial" in name] == []
        with Store(tmp_path) as store:
            stored = store.obtain(KIND, {"name": 0}, make)
            assert stored.path("pk.key").read_bytes() == KEYS
            store.remove(stored)
    assert count >= 20


@pytest.mark.usefixtures("unsynced")
def test_kills_at_random_moments(tmp_path: Path) -> None:
    def run_on() -> None:
        while True:
            a_run(tmp_path)

    moments = random.Random(3)
    for _ in range(40):
        child = forked(run_on)
        time.sleep(moments.uniform(0.002, 0.05))
        os.kill(child, signal.SIGKILL)
        assert ended(child) == -signal.SIGKILL
        check_after_a_death(tmp_path)


def test_a_worker_that_outlives_its_run_does_not_spoil_the_next(store: Store, tmp_path: Path) -> None:
    """A killed run's worker may still write where it was told to: that is never where the next one makes."""

    def killed() -> None:
        def dies(directory: Path) -> NoReturn:
            (tmp_path / "told").write_text(str(directory))
            make(directory)
            die()
            raise AssertionError

        Store(tmp_path).obtain(KIND, KEY, dies)

    assert ended(forked(killed)) == -signal.SIGKILL
    old = Path((tmp_path / "told").read_text())

    def beside(directory: Path) -> dict[str, object]:
        assert directory != old
        old.mkdir(parents=True, exist_ok=True)
        (old / "pk.key").write_bytes(b"late")
        return make(directory)

    assert store.obtain(KIND, KEY, beside).path("pk.key").read_bytes() == KEYS
    store.prune()
    assert not old.exists()
