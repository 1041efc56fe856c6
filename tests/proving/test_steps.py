"""Which steps count as done, and what a step says that finds no room at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.guard import Limits, WorkerFailure, WorkerResult, run_guarded
from auditor.proving import steps
from auditor.proving.steps import Workshop
from auditor.proving.store import Store
from tests.proving import real


class Silent:
    def step(self, name: str) -> AbstractContextManager[None]:
        return nullcontext()

    def note(self, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    with Store(tmp_path / "cache") as store, store.workspace() as workspace:
        yield Workshop(store=store, workspace=workspace, limits=lambda step: real.LIMITS, teller=Silent())


def test_steps_are_done_in_a_chain(shop: Workshop, tmp_path: Path, tiny_srs: Path) -> None:
    """Each is found by what the one before it made; keys only under the SRS they were made with."""
    model, run_args, srs = real.dense(tmp_path / "m.onnx"), real.TINY, "ab" * 32
    done = lambda **other: steps.finished(shop.store, "cd" * 32, replace(run_args, **other), srs)  # noqa: E731
    assert done() == frozenset()
    settings = steps.make_settings(shop, model, "cd" * 32, run_args)
    assert done() == {"settings"}
    circuit = steps.compile_circuit(shop, model, "cd" * 32, settings)
    assert done() == {"settings", "compile"}
    keys = steps.make_keys(shop, circuit, tiny_srs, srs)
    assert done() == {"settings", "compile", "keys"}
    assert steps.finished(shop.store, "cd" * 32, run_args, None) == {"settings", "compile"}
    assert steps.finished(shop.store, "cd" * 32, run_args, "ef" * 32) == {"settings", "compile"}
    assert done(input_scale=5) == steps.finished(shop.store, "ef" * 32, run_args, srs) == frozenset()
    assert not keys.reused
    again = steps.make_keys(shop, circuit, tiny_srs, srs)
    assert (again.reused, again.measured, again.num_bytes) == (True, keys.measured, keys.num_bytes)


def test_a_worker_on_a_full_disk_is_told_from_one_that_fails(tmp_path: Path) -> None:
    """It can hand over nothing, not even that there is no room."""

    def ended(file_bytes: int) -> WorkerResult | WorkerFailure:
        request: Mapping[str, Any] = {}
        limits = Limits(file_bytes=file_bytes)
        return run_guarded("builtins:isinstance", request, stage="keys", limits=limits, workspace=tmp_path)

    expected = WorkerFailure(stage="keys", kind="disk", reason="no space left on device")
    assert ended(10) == expected
    assert ended(1 << 20) != expected
