"""What a guarded worker runs: EZKL's own encoding of a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def encode(request: dict[str, Any], result: Path) -> None:
    import ezkl

    ezkl.encode_evm_calldata(request["proof"], str(result))
