"""Tampers with real bundles and counts what verification says: `python -m tools.tamper [--flips N]`.

Three sweeps. *Flips*: single bits of every file, as an accident or a vandal makes them. *Files*: truncated,
grown, exchanged between bundles, missing, of another kind. *Forgeries*: the manifest is made anew for the
change, as a forger would; those that no verifier without the model could see are tried again with the model.
Writes its table into a section of ``docs/accuracy.md``; ends with 1 when a change was accepted or crashed the
verifier.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from auditor.proving.instances import as_instance
from auditor.proving.manifest import FILES, MANIFEST, PROOF, SETTINGS, VERIFIER_SRS, VERIFYING_KEY, encode
from auditor.verify import VerifyOptions
from tests.proving import real
from tests.proving.bundling import Clerk, Parts, parts, rehash
from tools.page import ACCURACY, write_section

HEADING = "## Tampering"

ALL = (MANIFEST, *FILES)


class Tally(Struct, dict=True):
    """What became of the changes of one kind. ``seen_by`` counts the first check that failed each."""

    tried: int = 0
    rejected: int = 0
    model_only: int = 0
    accepted: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    seen_by: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Bench:
    """A directory to spoil, and the verifier."""

    def __init__(self, directory: Path, honest: Parts, proved: real.Proved) -> None:
        self.place, self.honest, self.proved = directory / "bundle", honest, proved
        workspace = directory / "workspace"
        workspace.mkdir()
        self.clerk = Clerk(workspace=workspace)
        self.tallies: dict[str, Tally] = {}

    def restore(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        self.honest.write(self.place)

    def judge(self, kind: str, what: str, *, with_model: bool = False) -> None:
        """Verifies what lies there; where that passes and may, again with the model."""
        tally = self.tallies.setdefault(kind, Tally())
        tally.tried += 1
        started = time.monotonic()
        try:
            found = self.clerk.verify(self.place)
            if found.ok and with_model:
                tally.model_only += 1
                options = VerifyOptions(model=self.proved.model, srs=self.proved.srs)
                found = self.clerk.verify(self.place, options)
        except Exception as error:
            tally.crashed.append(f"{what}: {type(error).__name__}: {error}")
            return
        finally:
            tally.seconds += time.monotonic() - started
        if found.ok:
            tally.accepted.append(what)
            return
        tally.rejected += 1
        first = next(check for check in found.checks if check.asked and check.status != "pass")
        tally.seen_by[first.name] += 1


def flips(bench: Bench, count: int, generator: random.Random) -> None:
    """``count`` single bits, as many of each file."""
    bench.restore()
    for name in ALL:
        path = bench.place / name
        data = path.read_bytes()
        for _ in range(-(-count // len(ALL))):
            position, bit = generator.randrange(len(data)), generator.randrange(8)
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            path.write_bytes(changed)
            bench.judge(f"flip in {name}", f"{name} byte {position} bit {bit}")
        path.write_bytes(data)


def files(bench: Bench, other: Parts) -> None:
    """Whole files."""
    stranger = other.files()
    for name in ALL:
        for what, change in _changes(stranger.get(name)):
            bench.restore()
            change(bench.place / name)
            if what == "of another bundle" and stranger[name] == bench.honest.files()[name]:
                continue  # circuits of one size have the same settings, and the SRS is the same
            bench.judge("file truncated, grown, exchanged, missing", f"{name} {what}")
    for first in FILES:
        for second in FILES:
            if first < second:
                bench.restore()
                os.rename(bench.place / first, bench.place / "aside")
                os.rename(bench.place / second, bench.place / first)
                os.rename(bench.place / "aside", bench.place / second)
                bench.judge("file truncated, grown, exchanged, missing", f"{first} for {second}")


def _changes(stranger: bytes | None) -> Iterator[tuple[str, Callable[[Path], object]]]:
    yield "missing", Path.unlink
    yield "empty", lambda path: path.write_bytes(b"")
    yield "one byte short", lambda path: path.write_bytes(path.read_bytes()[:-1])
    yield "half", lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    yield "one byte long", lambda path: path.write_bytes(path.read_bytes() + b"\0")
    yield "twice", lambda path: path.write_bytes(path.read_bytes() * 2)
    yield "a terabyte", lambda path: os.truncate(path, 1 << 40)
    yield "zeros", lambda path: path.write_bytes(bytes(path.stat().st_size))
    yield "a link", lambda path: (path.rename(path.parent.parent / "moved"), path.symlink_to("../moved"))
    yield "a pipe", lambda path: (path.unlink(), os.mkfifo(path))
    yield "a directory", lambda path: (path.unlink(), path.mkdir())
    if stranger is not None:
        yield "of another bundle", lambda path: path.write_bytes(stranger)


def forgeries(bench: Bench, other: Parts, count: int, generator: random.Random) -> None:
    """Changes with a manifest that fits them."""
    honest = bench.honest
    for index in range(count):
        for kind, forged in _forged(honest, other, generator):
            shutil.rmtree(bench.place, ignore_errors=True)
            if isinstance(forged, Parts):
                forged.write(bench.place)
            else:
                rehash(bench.place, honest.manifest, honest.files() | forged)
            bench.judge(f"forged: {kind}", f"{kind} {index}", with_model=True)


def _forged(
    honest: Parts, other: Parts, generator: random.Random
) -> Iterator[tuple[str, Parts | dict[str, bytes]]]:
    proof = list(honest.proof["proof"])
    proof[generator.randrange(len(proof))] ^= 1 << generator.randrange(8)
    yield "proof byte", honest.with_proof(proof=proof, hex_proof=f"0x{bytes(proof).hex()}")

    instances = list(honest.proof["instances"][0])
    instances[generator.randrange(len(instances))] = as_instance(generator.getrandbits(250))
    yield "instance, claims redone", honest.with_instances(instances)
    stranger = other.proof["instances"][0]
    mixed = [generator.choice(pair) for pair in zip(instances, stranger, strict=True)]
    yield "instances of another input", honest.with_instances(mixed)

    for kind, name in (("key bit", VERIFYING_KEY), ("SRS bit", VERIFIER_SRS)):
        data = bytearray(honest.files()[name])
        data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        yield kind, {name: bytes(data)}
    for name in (SETTINGS, PROOF):
        text = bytearray(honest.files()[name])
        text[generator.randrange(len(text))] = generator.choice(b'0123456789"[]{},:-.eE nulltrue')
        if bytes(text) != honest.files()[name]:
            yield f"character of {name}", {name: bytes(text)}
    yield from _other_settings(honest, generator)


def _other_settings(honest: Parts, generator: random.Random) -> Iterator[tuple[str, Parts]]:
    """A field of the settings changed, with a manifest that agrees as far as it can."""
    settings: dict[str, Any] = json.loads(json.dumps(honest.settings))
    name = generator.choice(sorted(settings))
    settings[name] = _another(settings[name], generator)
    forged = replace(honest, settings=settings)
    # Where the settings make no sense, the claims stay as they were.
    nonsense = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError)
    with contextlib.suppress(*nonsense):
        retold = forged.retold()
        encode(retold.manifest.with_files(retold.files()))
        forged = retold
    circuit = forged.manifest.circuit
    if type(settings["num_rows"]) is int and 0 <= settings["num_rows"] < 1 << 62:
        circuit = replace(circuit, num_rows=settings["num_rows"])
    yield (
        f"field of {SETTINGS}",
        replace(forged, manifest=replace(forged.manifest, circuit=circuit, reference=None)),
    )


def _another(value: Any, generator: random.Random) -> Any:
    if isinstance(value, dict) and value:
        key = generator.choice(sorted(value))
        return value | {key: _another(value[key], generator)}
    if isinstance(value, list) and value and generator.random() < 0.8:
        index = generator.randrange(len(value))
        return [*value[:index], _another(value[index], generator), *value[index + 1 :]]
    if type(value) is int and generator.random() < 0.7:
        return value + generator.choice((-1, 1, 7, 1 << 20))
    choices: list[Any] = [None, 0, -1, 1 << 47, 1 << 63, 1.5, "x", "", [], [[1]], {}, True]
    return generator.choice(
        [choice for choice in choices if choice != value or type(choice) is not type(value)]
    )


def report(bench: Bench, command: str) -> str:
    """The section of the page: a row for each kind of change."""
    tallies = bench.tallies.values()
    tried, rejected = sum(one.tried for one in tallies), sum(one.rejected for one in tallies)
    crashed = sum(len(one.crashed) for one in tallies)
    lines = [
        HEADING,
        "",
        f"Written by `{command}`; do not edit. A bundle of a real proof, changed in every file and given to "
        "the checks of `auditor verify`. A *forged* bundle has its manifest made anew for the change, hashes "
        "included. *With the model only*: the proof does not bind it, so that it takes `--model` to see it.",
        "",
        f"{rejected:,} of {tried:,} changes were rejected, {crashed} crashed the verifier.",
        "",
        "| change | tried | rejected | with the model only | crashed | each | the check that saw it |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, tally in bench.tallies.items():
        seen = ", ".join(f"{name} {count}" for name, count in tally.seen_by.most_common())
        each = f"{1000 * tally.seconds / tally.tried:.1f} ms"
        lines.append(
            f"| {kind} | {tally.tried} | {tally.rejected} | {tally.model_only} | {len(tally.crashed)} "
            f"| {each} | {seen} |"
        )
        lines += [f"| NOT REJECTED: {what} | | | | | | |" for what in [*tally.accepted, *tally.crashed][:9]]
    return "\n".join(lines) + "\n"


def main() -> int:
    """The main function."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flips", type=int, default=2500)
    parser.add_argument("--forgeries", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=ACCURACY)
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        srs = real.make_srs(directory / "k8.srs", 8)
        proved = real.prove(directory / "one", real.dense(directory / "one.onnx"), srs)
        other = parts(
            real.prove(directory / "two", real.dense(directory / "two.onnx", flipped=True), srs, seed=1)
        )
        bench = Bench(directory, parts(proved), proved)
        bench.restore()
        assert bench.clerk.verify(bench.place).ok
        flips(bench, arguments.flips, generator)
        files(bench, other)
        forgeries(bench, other, arguments.forgeries, generator)
    text = report(bench, f"python -m tools.tamper {' '.join(sys.argv[1:])}".rstrip())
    print(text)
    write_section(text, arguments.output)
    return int(any(tally.accepted or tally.crashed for tally in bench.tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
