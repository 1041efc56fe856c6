"""What becomes of a proof that is disturbed: killed, starved, lied to, and run again.

Every run is a real ``auditor prove`` of a small sample, in a process of its own with a cache, a bundle and a
directory for temporary files of its own. After each fault the command is run again undisturbed: it must
succeed, its bundle must verify, and everything in it but the proof itself must be what an undisturbed run
makes. Faults of disks need root, for small file systems. Writes its table into a section of
``docs/accuracy.md``.

    python -m tools.faults --kills 50 --seed 0
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from tools.page import ACCURACY, write_section

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE = REPOSITORY / "samples" / "cancer_mlp"
HEADING = "## Faults"

LOGROWS = 12
RUN_ARGS = ("decomp_base=1024", "decomp_legs=3")

BIG_LOGROWS = 17
"""Its keys take more than the slack that a limit on memory leaves."""

PATIENCE_SECONDS = 600

STEPS = ("settings", "compile", "srs", "witness", "fidelity", "keys", "proof", "verification")


class Ended(Struct, frozen=True, kw_only=True):
    """How a command ended. ``seconds`` is wall time."""

    code: int
    said: str
    seconds: float

    @property
    def is_clear(self) -> bool:
        """Whether a failure says what is wrong in one line, or a refusal in a report."""
        lines = self.said.strip().splitlines()
        if "Traceback" in self.said or not lines:
            return False
        return lines[-1].startswith("auditor: ") or ": refused (" in lines[-1]

    @property
    def last_words(self) -> str:
        """The line that says what went wrong."""
        lines = [line for line in self.said.splitlines() if line.startswith("auditor: ")]
        return lines[-1].removeprefix("auditor: ") if lines else ""


class Fault(Struct, kw_only=True):
    """What was seen of one kind of fault. ``left`` counts what stayed in the place for temporary files."""

    name: str
    runs: int = 0
    clear: int | None = 0
    completed: int = 0
    same: int = 0
    left: int = 0
    words: str = ""
    problems: list[str] = field(default_factory=list)


class Place(Struct, frozen=True, kw_only=True):
    """The directories of one scenario."""

    root: Path

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def bundle(self) -> Path:
        return self.root / "out" / "bundle"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"


class Bench:
    """Runs commands, and knows what an undisturbed run makes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._count = 0
        self.srs = root / "own.srs"
        self.srs_sha256 = ""
        self.expected: dict[str, str] = {}
        self.seconds = 0.0

    def prepare(self) -> None:
        """Makes the SRS that all runs share, and an undisturbed proof."""
        first = self.place()
        self.prove(first, srs=("--srs", "unsafe-local"))
        (made,) = first.cache.glob("store-1/entries/srs/*/files/*")
        shutil.copy(made, self.srs)
        self.srs_sha256 = sha256(self.srs)
        second = self.place()
        ended = self.prove(second)
        if ended.code:
            raise SystemExit(f"an undisturbed run fails: {ended.said}")
        self.expected, self.seconds = contents(second.bundle), ended.seconds

    def place(self) -> Place:
        """Empty directories."""
        self._count += 1
        place = Place(root=self.root / f"{self._count}")
        place.temporary.mkdir(parents=True)
        place.bundle.parent.mkdir()
        return place

    def command(self, place: Place, *more: str, srs: Sequence[str] = (), logrows: int = LOGROWS) -> list[str]:
        """``auditor prove`` of the sample."""
        words = [sys.executable, "-m", "auditor", "prove", str(SAMPLE / "model.onnx")]
        words += ["--input", str(SAMPLE / "input.json"), "--format", "concise"]
        for assignment in (*RUN_ARGS, f"logrows={logrows}"):
            words += ["--set", assignment]
        words += ["--cache", str(place.cache), "--bundle", str(place.bundle)]
        words += srs or ("--srs", str(self.srs), "--srs-sha256", self.srs_sha256)
        return [*words, *more]

    def start(self, place: Place, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Starts a command; what it says goes to a file."""
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(place.temporary)}
        with (place.root / "said").open("wb") as said:
            return subprocess.Popen(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=place.root
            )

    def prove(self, place: Place, *more: str, srs: Sequence[str] = (), logrows: int = LOGROWS) -> Ended:
        """Runs ``auditor prove`` to its end."""
        return self.run(place, self.command(place, *more, srs=srs, logrows=logrows))

    def run(self, place: Place, words: Sequence[str]) -> Ended:
        started = time.monotonic()
        code = self.start(place, words).wait(PATIENCE_SECONDS)
        return Ended(code=code, said=said(place), seconds=time.monotonic() - started)

    def verifies(self, place: Place, srs: Sequence[str]) -> bool:
        """Whether the bundle holds, with the SRS it was made under: ours, or one of its own cache."""
        words = [sys.executable, "-m", "auditor", "verify", str(place.bundle), "--cache", str(place.cache)]
        words += ["--format", "concise", *(() if srs else ("--srs", str(self.srs)))]
        return self.run(place, words).code == 0

    def recover(self, fault: Fault, place: Place, *, srs: Sequence[str] = (), logrows: int = LOGROWS) -> None:
        """Runs the command once more after a fault, and takes note of what comes of it."""
        fault.left += sum(1 for _ in place.temporary.iterdir())
        again = self.prove(place, srs=srs, logrows=logrows)
        if again.code != 0 or not self.verifies(place, srs):
            fault.problems.append(f"{place.root.name}: the next run fails: {again.last_words}")
            return
        fault.completed += 1
        left = remains(place)
        # Keys of another SRS or of another size are other keys.
        parts = set(self.expected) - (set() if logrows == LOGROWS and not srs else BY_SRS)
        found = contents(place.bundle)
        differing = [name for name in sorted(parts) if found[name] != self.expected[name]]
        if logrows != LOGROWS or not differing:
            fault.same += 1
        else:
            fault.problems.append(f"{place.root.name}: differs in {', '.join(differing)}")
        if left:
            fault.problems.append(f"{place.root.name}: leaves {', '.join(left)}")
        shutil.rmtree(place.root, ignore_errors=True)


BY_SRS = frozenset({"vk.key", "verifier.srs"})


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def said(place: Place) -> str:
    return (place.root / "said").read_text(encoding="utf-8", errors="replace")


def contents(bundle: Path) -> dict[str, str]:
    """The hashes of all that a proof is about; the proof itself is random."""
    manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_bytes())
    hashes = {name: sha256(bundle / name) for name in ("settings.json", "vk.key", "verifier.srs")}
    hashes |= {name: manifest[name]["sha256"] for name in ("model", "input")}
    for name in ("circuit", "public"):
        hashes[name] = hashlib.sha256(json.dumps(manifest[name]).encode()).hexdigest()
    return hashes


def remains(place: Place) -> list[str]:
    """What a run has left that nobody will use: in the cache, beside the bundle, or still running."""
    store = place.cache / "store-1"
    paths = [*store.glob("entries/*/*.partial"), *store.glob("runs/*")]
    paths += [path for path in place.bundle.parent.iterdir() if path != place.bundle]
    return [path.name for path in paths] + [f"process {number}" for number in processes_in(place.root)]


def processes_in(directory: Path) -> list[int]:
    """Processes that work in ``directory`` or below, as far as /proc tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if Path(os.readlink(entry / "cwd")).is_relative_to(directory):
                found.append(int(entry.name))
    return found


def workers_of(process: int) -> list[int]:
    """The children of a process."""
    with contextlib.suppress(OSError):
        tasks = Path(f"/proc/{process}/task").glob("*/children")
        return [int(word) for task in tasks for word in task.read_text(encoding="ascii").split()]
    return []


def gone(place: Place, seconds: float = 10.0) -> bool:
    """Whether no process of the scenario is left, soon after."""
    until = time.monotonic() + seconds
    while processes_in(place.root):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def step_of(text: str) -> str:
    """The step a run had reached, by what it said."""
    lines = (line for line in text.splitlines() if line.startswith("auditor: ") and " done in " in line)
    done = [line.split()[1] for line in lines]
    if not done:
        return "start"
    return (*STEPS, "end")[STEPS.index(done[-1]) + 1]


# --- faults --------------------------------------------------------------------------------


def kills(
    bench: Bench, count: int, generator: random.Random, *, name: str, number: signal.Signals, code: int,
    srs: Sequence[str] = (),
) -> Fault:  # fmt: skip
    """A signal to the command at random moments of its life."""
    fault = Fault(name=name, clear=None)
    hit: Counter[str] = Counter()
    seconds = bench.seconds
    while fault.runs < count:
        place = bench.place()
        started = time.monotonic()
        process = bench.start(place, bench.command(place, srs=srs))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(generator.uniform(0, seconds))
        if process.poll() is not None:  # it was faster than ever
            seconds = min(seconds, time.monotonic() - started)
            shutil.rmtree(place.root)
            continue
        process.send_signal(number)
        asked = time.monotonic()
        found = process.wait(PATIENCE_SECONDS)
        took = time.monotonic() - asked
        if found == 0:  # it was over by then
            continue
        fault.runs += 1
        hit[step_of(said(place))] += 1
        # Before its own handlers are in place, Python dies of the signal itself.
        if found not in (code, -number):
            fault.problems.append(f"{place.root.name}: exit code {found}: {said(place)[-200:]}")
        if took > 2 and number != signal.SIGKILL:
            fault.problems.append(f"{place.root.name}: took {took:.1f} s to stop")
        if not gone(place):
            fault.problems.append(f"{place.root.name}: a process lives on")
        if number != signal.SIGKILL and (left := remains(place)):
            fault.problems.append(f"{place.root.name}: leaves {', '.join(left)}")
        bench.recover(fault, place, srs=srs)
        print(f"{name}: {fault.runs} of {count}", file=sys.stderr, flush=True)
    fault.words = "in " + ", ".join(f"{step} {hit[step]}" for step in ("start", *STEPS, "end") if hit[step])
    return fault


def worker_kills(bench: Bench, count: int, generator: random.Random) -> Fault:
    """The worker of a step is killed, as the kernel does when memory runs out."""
    fault = Fault(name="kill -9 of a worker")
    while fault.runs < count:
        place = bench.place()
        process = bench.start(place, bench.command(place))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(generator.uniform(0, bench.seconds))
        killed = None
        while killed is None and process.poll() is None:
            for killed in workers_of(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(killed, signal.SIGKILL)
        ended = Ended(code=process.wait(PATIENCE_SECONDS), said=said(place), seconds=0)
        if ended.code == 0:  # it had handed in its result
            shutil.rmtree(place.root)
            continue
        judge(fault, ended, 4)
        bench.recover(fault, place)
    return fault


def judge(fault: Fault, ended: Ended, *codes: int) -> None:
    """Takes note of a run that had to fail."""
    fault.runs += 1
    assert fault.clear is not None
    if ended.code in codes and ended.is_clear:
        fault.clear += 1
        fault.words = ended.last_words or fault.words
    else:
        fault.problems.append(f"exit code {ended.code}, expected {codes}: {ended.said[-300:]}")


@contextlib.contextmanager
def small_disk(directory: Path, size_bytes: int) -> Iterator[Callable[[str], None]]:
    """A file system of its own at ``directory``; it can be mounted anew with other options."""
    directory.mkdir(parents=True, exist_ok=True)
    options = f"size={size_bytes},mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], check=True)
    try:
        yield (
            lambda words: subprocess.run(["mount", "-o", f"remount,{words}", directory], check=True) and None
        )
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


def full_cache(bench: Bench) -> Fault:
    """The keys do not fit: said before anything is begun, and when tried all the same."""
    fault = Fault(name="full disk: no room for the keys")
    place = bench.place()
    with small_disk(place.cache, 4 << 20) as remount:
        judge(fault, bench.prove(place), 1)
        judge(fault, bench.prove(place, "--force"), 4)
        remount(f"size={1 << 30}")
        bench.recover(fault, place)
    fault.completed, fault.same = 2 * fault.completed, 2 * fault.same
    return fault


def full_bundle(bench: Bench) -> Fault:
    """Only the bundle does not fit."""
    fault = Fault(name="full disk: no room for the bundle")
    place = bench.place()
    with small_disk(place.bundle.parent, 16 << 10) as remount:
        judge(fault, bench.prove(place), 4)
        if left := remains(place):
            fault.problems.append(f"leaves {', '.join(left)}")
        remount(f"size={1 << 26}")
        bench.recover(fault, place)
    return fault


def read_only(bench: Bench) -> Iterator[Fault]:
    for name in ("cache", "bundle"):
        fault = Fault(name=f"read-only directory: {name}")
        place = bench.place()
        with small_disk(place.cache if name == "cache" else place.bundle.parent, 1 << 28) as remount:
            remount("ro")
            judge(fault, bench.prove(place), 2)
            remount("rw")
            bench.recover(fault, place)
        yield fault


def too_little_memory(bench: Bench) -> Fault:
    """A limit below what the keys need: refused, and when tried all the same that step fails."""
    fault = Fault(name="memory limit below the need")
    place = bench.place()
    srs = ("--srs", "unsafe-local")
    judge(fault, bench.prove(place, "--memory-limit", "1MiB", srs=srs, logrows=BIG_LOGROWS), 1)
    forced = bench.prove(place, "--memory-limit", "1MiB", "--force", srs=srs, logrows=BIG_LOGROWS)
    judge(fault, forced, 4)
    bench.recover(fault, place, srs=srs, logrows=BIG_LOGROWS)
    fault.completed, fault.same = 2 * fault.completed, 2 * fault.same
    return fault


def wrong_srs(bench: Bench) -> Iterator[Fault]:
    """Too small, with a changed byte, cut off; and pinned just as wrong as it is."""
    right = bench.srs.read_bytes()
    small = len(right) - (len(right) - 260) // 2
    wrong = {
        "too small": (LOGROWS - 1).to_bytes(4, "little") + right[4 : small - 256] + right[-256:],
        "a flipped byte": flipped(right, len(right) // 2),
        "truncated": right[:-1000],
    }
    for name, content in wrong.items():
        fault = Fault(name=f"SRS: {name}")
        place = bench.place()
        path = place.root / "wrong.srs"
        path.write_bytes(content)
        judge(fault, bench.prove(place, srs=("--srs", str(path), "--srs-sha256", bench.srs_sha256)), 2)
        judge(fault, bench.prove(place, srs=("--srs", str(path))), 2)
        bench.recover(fault, place)
        fault.completed, fault.same = 2 * fault.completed, 2 * fault.same
        yield fault
    fault = Fault(name="SRS: a flipped byte, pinned")
    place = bench.place()
    path = place.root / "wrong.srs"
    path.write_bytes(wrong["a flipped byte"])
    judge(fault, bench.prove(place, srs=("--srs", str(path), "--srs-sha256", sha256(path))), 2, 4)
    bench.recover(fault, place)
    yield fault


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def two_at_once(bench: Bench, count: int) -> Fault:
    """Two commands on one empty cache: both succeed, and the keys are made once."""
    fault = Fault(name="two runs at once", clear=None)
    for _ in range(count):
        one = bench.place()
        other = Place(root=one.root / "other")
        other.temporary.mkdir(parents=True)
        other.bundle.parent.mkdir()
        words = [bench.command(place, "--cache", str(one.cache)) for place in (one, other)]
        running = [bench.start(place, line) for place, line in zip((one, other), words, strict=True)]
        codes = [process.wait(PATIENCE_SECONDS) for process in running]
        fault.runs += 1
        if codes != [0, 0]:
            fault.problems.append(f"exit codes {codes}: {said(one)[-300:]} {said(other)[-300:]}")
            continue
        made = [keys_were_made(place.bundle) for place in (one, other)]
        if sum(made) != 1:
            fault.problems.append(f"the keys were made {sum(made)} times")
        if any(contents(place.bundle) != bench.expected for place in (one, other)):
            fault.problems.append("a bundle differs")
        shutil.rmtree(other.root)
        bench.recover(fault, one)
    fault.words = "both succeed, and the keys are made once"
    return fault


def keys_were_made(bundle: Path) -> bool:
    steps = json.loads((bundle / "manifest.json").read_bytes())["steps"]
    return any(step["step"] == "keys" and not step["reused"] for step in steps)


def damaged_cache(bench: Bench) -> Iterator[Fault]:
    """What lies in the cache is changed between two runs."""
    names = {
        "a byte of the proving key": "keys/*/files/pk.key",
        "a byte of the verifying key": "keys/*/files/vk.key",
        "a byte of the circuit": "compile/*/files/circuit.ezkl",
        "a byte of the settings": "settings/*/files/settings.json",
        "a truncated record": "keys/*/record.json",
        "a file that is gone": "compile/*/files/circuit.ezkl",
    }
    for name, pattern in names.items():
        fault = Fault(name=f"cache: {name}", clear=None)
        place = bench.place()
        bench.prove(place)
        (path,) = place.cache.glob(f"store-1/entries/{pattern}")
        content = path.read_bytes()
        if name.startswith("a byte"):
            path.write_bytes(flipped(content, len(content) // 2))
        elif name == "a truncated record":
            path.write_bytes(content[: len(content) // 2])
        else:
            path.unlink()
        shutil.rmtree(place.bundle)
        fault.runs += 1
        bench.recover(fault, place)
        fault.words = "found out, and made again"
        yield fault


# --- report --------------------------------------------------------------------------------


def report(faults: Sequence[Fault], command: str) -> str:
    """The section: a row for each fault, and everything that went wrong."""
    lines = [
        HEADING,
        "",
        f"Written by `{command}`; do not edit. Real runs of `auditor prove` on `samples/{SAMPLE.name}` at "
        f"logrows {LOGROWS} ({BIG_LOGROWS} for memory), each with a fault, and then the same command again. "
        "*Clear error*: the exit code that belongs to the fault, and one line that says why. *Completes*: "
        "the next run exits with 0 and its bundle verifies. *Same*: settings, verifying key, verifier's SRS, "
        "model, circuit, inputs and public values are those of an undisturbed run (without the key where "
        "the SRS is a new one; not compared for memory). *Left*: temporary files outside the cache.",
        "",
        "| fault | runs | clear error | next run completes | same | left | seen |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in faults:
        clear = "" if one.clear is None else str(one.clear)
        lines.append(
            f"| {one.name} | {one.runs} | {clear} | {one.completed} | {one.same} | {one.left} | "
            f"{_shown(one.words)} |"
        )
    problems = [f"- {one.name}: {_shown(problem)}" for one in faults for problem in one.problems]
    return "\n".join([*lines, "", "Problems:", "", *(problems or ["None."])]) + "\n"


def _shown(text: str) -> str:
    words = " ".join(text.split()).replace("|", "/").replace("<", "&lt;")
    return words if len(words) <= 240 else f"{words[:239]}…"


def measure(bench: Bench, *, num_kills: int, seed: int, only: str) -> Iterator[Fault]:
    """Every fault whose name holds ``only``."""
    generator = random.Random(seed)
    new_srs = ("--srs", "unsafe-local")
    few = max(2, num_kills // 10)
    kinds: dict[str, Callable[[], Fault | Iterator[Fault]]] = {
        "srs kill": lambda: kills(
            bench, few, generator, name="kill -9, SRS made anew", number=signal.SIGKILL, code=-9, srs=new_srs
        ),
        "worker": lambda: worker_kills(bench, few, generator),
        "sigint": lambda: kills(bench, few, generator, name="SIGINT", number=signal.SIGINT, code=130),
        "sigterm": lambda: kills(bench, few, generator, name="SIGTERM", number=signal.SIGTERM, code=143),
        "two": lambda: two_at_once(bench, 3),
        "cache": lambda: damaged_cache(bench),
        "srs": lambda: wrong_srs(bench),
        "memory": lambda: too_little_memory(bench),
    }
    if os.geteuid() == 0 and sys.platform == "linux":
        kinds |= {
            "disk": lambda: full_cache(bench),
            "bundle disk": lambda: full_bundle(bench),
            "read-only": lambda: read_only(bench),
        }
    else:
        print("faults of disks are left out: they need root on Linux", file=sys.stderr)
    kinds["kill"] = lambda: kills(
        bench, num_kills, generator, name="kill -9 of the command", number=signal.SIGKILL, code=-9
    )
    for name, make in kinds.items():
        if only in name:
            made = make()
            yield from [made] if isinstance(made, Fault) else made


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="how often the command is killed")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", default="", help="faults whose key has this text; writes nothing")
    parser.add_argument("--output", type=Path, default=ACCURACY)
    chosen = parser.parse_args(arguments)
    faults = []
    with tempfile.TemporaryDirectory(prefix="auditor-faults-") as directory:
        bench = Bench(Path(directory))
        bench.prepare()
        for fault in measure(bench, num_kills=chosen.kills, seed=chosen.seed, only=chosen.only):
            fault.words = fault.words.replace(f"{bench.root}/", "")
            faults.append(fault)
            print(f"{fault.name}: {fault.runs} runs, {fault.completed} complete", file=sys.stderr, flush=True)
    words = " ".join(sys.argv[1:] if arguments is None else arguments)
    text = report(faults, f"python -m tools.faults {words}".rstrip())
    print(text)
    if not chosen.only:
        write_section(text, chosen.output)


if __name__ == "__main__":
    main()
