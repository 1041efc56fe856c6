"""The manifest of a proof bundle, ``auditor.bundle/1``: what it claims, and how every file of it hashes.

The nouns are the JSON: field names are those of the file. A manifest has one spelling, so no byte of it can
change unnoticed. What is not bound by the proof (names, measurements, the machine) is the maker's word only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from auditor._version import EZKL_VERSION, __version__
from auditor.circuit.run_args import RunArgs
from auditor.proving import strict_json
from auditor.proving.instances import HASH_ROLES, PublicValues, as_hex
from auditor.proving.nouns import Mismatch, from_json, json_schema, to_json

SCHEMA = "auditor.bundle/1"

SETTINGS, VERIFYING_KEY, PROOF, VERIFIER_SRS = "settings.json", "vk.key", "proof.json", "verifier.srs"
MANIFEST = "manifest.json"
FILES = (SETTINGS, VERIFYING_KEY, PROOF, VERIFIER_SRS)
"""The files beside the manifest: all of them, and no other."""

MAX_MANIFEST_BYTES = 64 << 20

SrsKind = Literal["public", "pinned", "unsafe-local"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,77}")


class BadManifest(ValueError):
    """Not a manifest of this schema in its one spelling; the message says where."""


class Tool(Struct, frozen=True, kw_only=True):
    """Who made the bundle."""

    name: str = "auditor"
    version: str = __version__
    ezkl_version: str = EZKL_VERSION


class ModelFile(Struct, frozen=True, kw_only=True):
    """The model that was proved. ``inlined_sha256`` is that of the file EZKL compiled, with external weights
    inside, and equals ``sha256`` where there are none. ``file_name`` is a base name."""

    file_name: str
    sha256: str
    bytes: int
    inlined_sha256: str


class CircuitRecord(Struct, frozen=True, kw_only=True):
    """The circuit. EZKL writes its file in another order on every run, so it has no hash worth keeping."""

    logrows: int
    num_rows: int
    degree: int
    num_instances: int


class SrsRecord(Struct, frozen=True, kw_only=True):
    """The SRS of ``logrows`` that keys and proof were made with; ``sha256`` is that of the whole file."""

    kind: SrsKind
    logrows: int
    sha256: str
    warning: str | None


class FileRecord(Struct, frozen=True, kw_only=True):
    """One file of the bundle."""

    sha256: str
    bytes: int


class PublicTensor(Struct, frozen=True, kw_only=True):
    """A public input or output. ``integers`` are decimal, and ``values`` those over ``2**scale``."""

    name: str
    shape: tuple[int, ...]
    scale: int
    integers: tuple[str, ...]
    values: tuple[float, ...]


class PublicHash(Struct, frozen=True, kw_only=True):
    """The Poseidon hash of one tensor; ``element`` is 0x and 64 hex digits, most significant first."""

    of: Literal["input", "parameters", "output"]
    index: int
    element: str


class Public(Struct, frozen=True, kw_only=True):
    """What the proof makes public, in the order of its instances within each list."""

    inputs: tuple[PublicTensor, ...] = ()
    outputs: tuple[PublicTensor, ...] = ()
    hashes: tuple[PublicHash, ...] = ()


class InputRecord(Struct, frozen=True, kw_only=True):
    """Where the input came from. ``sha256`` only where the input is public: that of a private one could be
    guessed by trial. ``seed`` is that of a random one."""

    source: Literal["file", "random"]
    seed: int | None = None
    sha256: str | None = None


class ReferenceOutput(Struct, frozen=True, kw_only=True):
    """An output of the reference runtime on the same input, against the circuit's.

    ``values`` only where inputs and outputs are public. ``argmax_agrees`` is None where it has no meaning.
    """

    name: str
    values: tuple[float, ...] | None
    max_abs_difference: float | None
    tolerance: float | None
    argmax_agrees: bool | None


class Reference(Struct, frozen=True, kw_only=True):
    """What the reference runtime (its name and version) said about the proved input."""

    runtime: str
    outputs: tuple[ReferenceOutput, ...]


class FidelityRecord(Struct, frozen=True, kw_only=True):
    """Whether the circuit computes what the model says; ``findings`` are ids of rules."""

    status: Literal["same", "coarse", "different", "unknown"]
    forced: bool
    inputs_compared: int
    findings: tuple[str, ...]


class Range(Struct, frozen=True, kw_only=True):
    """A predicted quantity: expected at ``mid``, between ``low`` and ``high``."""

    low: float
    mid: float
    high: float


class Predicted(Struct, frozen=True, kw_only=True):
    """What was predicted before a step ran; None is not known."""

    cpu_seconds: Range | None = None
    peak_memory_bytes: Range | None = None
    bytes: int | None = None


class Measured(Struct, frozen=True, kw_only=True):
    """What a step took, when it ran; ``bytes`` is the size of what it left."""

    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    bytes: int | None


class StepRecord(Struct, frozen=True, kw_only=True):
    """One step. ``reused``: its result was in the cache, and ``measured`` is from when it was made."""

    step: str
    reused: bool
    predicted: Predicted
    measured: Measured | None


class Overhead(Struct, frozen=True, kw_only=True):
    """Proving over plain inference."""

    inference_seconds: float
    proving_seconds: float
    ratio: float


class MachineRecord(Struct, frozen=True, kw_only=True):
    """Where the proof was made. None is not known."""

    cores: int | None
    memory_bytes: int | None
    cpu: str | None


class Manifest(Struct, frozen=True, kw_only=True):
    """Everything a bundle says about itself.

    ``files`` is filled in where the bundle is written, from the bytes that are written.
    """

    model: ModelFile
    run_args: RunArgs
    circuit: CircuitRecord
    srs: SrsRecord
    public: Public
    input: InputRecord
    reference: Reference | None
    fidelity: FidelityRecord
    steps: tuple[StepRecord, ...]
    overhead: Overhead | None
    machine: MachineRecord
    files: Mapping[str, FileRecord]
    tool: Tool = Tool()
    schema: Literal["auditor.bundle/1"] = "auditor.bundle/1"

    def with_files(self, files: Mapping[str, bytes]) -> Manifest:
        """The same for files of these contents."""
        return replace(self, files={name: file_record(data) for name, data in files.items()})


def public_record(
    public: Sequence[PublicValues], input_names: Sequence[str], output_names: Sequence[str]
) -> Public:
    """What the instances say, with the names of the model's inputs and outputs (all of them, in order).

    Raises :class:`IndexError` when there are more public tensors than names.
    """
    tensors: dict[str, list[PublicTensor]] = {"input": [], "output": []}
    names = {"input": input_names, "output": output_names}
    hashes = []
    for item in public:
        group = item.group
        if group.role in HASH_ROLES:
            of: Any = group.role.removeprefix("hash of ")
            hashes.append(PublicHash(of=of, index=group.index, element=as_hex(item.integers[0])))
            continue
        assert group.scale is not None
        tensor = PublicTensor(
            name=names[group.role][group.index],
            shape=group.shape,
            scale=group.scale,
            integers=tuple(map(str, item.integers)),
            values=item.values,
        )
        tensors[group.role].append(tensor)
    return Public(inputs=tuple(tensors["input"]), outputs=tuple(tensors["output"]), hashes=tuple(hashes))


def file_record(data: bytes) -> FileRecord:
    """Hash and size of a file's content."""
    return FileRecord(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def encode(manifest: Manifest) -> bytes:
    """manifest.json: the manifest and its content hash.

    Raises :class:`BadManifest` when a value is out of place, and reading it back would fail.
    """
    try:
        document = to_json(manifest)
    except Mismatch as error:
        raise BadManifest(str(error)) from error
    data = strict_json.dump(document | {_HASH: _content_hash(document)})
    if len(data) > MAX_MANIFEST_BYTES:
        raise BadManifest(f"takes {len(data):,} bytes, and the limit is {MAX_MANIFEST_BYTES:,}")
    _check(manifest)
    return data


def decode(data: bytes) -> Manifest:
    """The manifest of a manifest.json.

    Raises :class:`BadManifest` for anything but the very bytes that :func:`encode` writes.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise BadManifest(f"takes {len(data):,} bytes, and the limit is {MAX_MANIFEST_BYTES:,}")
    try:
        document = strict_json.parse(data)
        if not isinstance(document, dict):
            raise BadManifest("is not an object")
        if document.get("schema") != SCHEMA:
            raise BadManifest(f"is not of the schema {SCHEMA}")
        claimed = document.pop(_HASH, None)
        if claimed != _content_hash(document):
            raise BadManifest("its content_sha256 is not that of its content")
        manifest = from_json(Manifest, document)
    except (strict_json.Malformed, Mismatch) as error:
        raise BadManifest(str(error)) from error
    if strict_json.dump(document | {_HASH: claimed}) != data:
        raise BadManifest("is not spelled as this program spells it")
    _check(manifest)
    return manifest


def schema() -> dict[str, Any]:
    """The JSON Schema of manifest.json, as ``auditor/schemas/bundle-1.schema.json`` publishes it."""
    body = json_schema(Manifest)
    body["properties"] |= {
        _HASH: {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "files": {
            "type": "object",
            "properties": {name: json_schema(FileRecord) for name in FILES},
            "required": sorted(FILES),
            "additionalProperties": False,
        },
    }
    body["required"] = sorted([*body["required"], _HASH])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://auditor.invalid/schemas/bundle-1.schema.json",
        "title": "auditor.bundle/1",
        "description": (
            "The manifest of a proof bundle. Only what `auditor verify` recomputes from the proof's "
            "instances is proved; null always means not known."
        ),
        **body,
    }


_HASH = "content_sha256"


def _content_hash(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(strict_json.dump(document)).hexdigest()


def _check(manifest: Manifest) -> None:
    """What the types do not say. Raises :class:`BadManifest`."""
    for name in sorted(set(manifest.files) ^ set(FILES)):
        raise BadManifest(
            f"files {'lacks' if name in FILES else 'names another file than'} {', '.join(FILES)}"
        )
    model = manifest.model
    hashes = {
        "model.sha256": model.sha256,
        "model.inlined_sha256": model.inlined_sha256,
        "srs.sha256": manifest.srs.sha256,
        **{f"files.{name}.sha256": record.sha256 for name, record in manifest.files.items()},
    }
    if manifest.input.sha256 is not None:
        hashes["input.sha256"] = manifest.input.sha256
    for name, value in hashes.items():
        if not _SHA256.fullmatch(value):
            raise BadManifest(f"{name} is not a SHA-256 in lower-case hex")
    if model.file_name in ("", ".", "..") or set(model.file_name) & set("/\\\0"):
        raise BadManifest("model.file_name is not the name of a file")
    if manifest.srs.kind == "unsafe-local" and not manifest.srs.warning:
        raise BadManifest("srs.warning says nothing about a locally generated SRS")
    for tensor in (*manifest.public.inputs, *manifest.public.outputs):
        if not all(map(_INTEGER.fullmatch, tensor.integers)):
            raise BadManifest("an integer of public is not in decimal")
    reference = manifest.reference
    told = reference is not None and any(output.values is not None for output in reference.outputs)
    if told and not (manifest.public.inputs and manifest.public.outputs):
        raise BadManifest("reference.outputs tells values, and inputs or outputs are not public")
