"""How much of a file the reader is willing to take in before it calls the file hostile."""

from __future__ import annotations

from msgspec import Struct

MAX_FILE_BYTES = 2**31 - 1
"""The largest protobuf message any ONNX library parses."""


class Limits(Struct, frozen=True, kw_only=True):
    """Counts no honest model comes near; together they bound time (seconds) and memory (< 1 GB).

    ``fields`` counts protobuf fields of structure (a packed tensor is one field), ``string_bytes``
    the distinct names and string attributes that are decoded, ``message_depth`` nested messages
    (three for each If, Loop or Scan inside another).
    """

    fields: int = 2_000_000
    nodes: int = 200_000
    tensors: int = 200_000
    string_bytes: int = 1 << 26
    message_depth: int = 64


DEFAULT_LIMITS = Limits()

MAX_INPUT_ELEMENTS = 2**36
"""Elements of one declared input: as field elements they would fill 2 TiB."""

MAX_EXPANDED_NODES = 200_000
"""Nodes and calls after all model-local functions are expanded."""
