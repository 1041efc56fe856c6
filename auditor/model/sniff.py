"""What a file is, when it is not ONNX: told from its first bytes."""

from __future__ import annotations

from msgspec import Struct

HEAD_BYTES = 1024

_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (
        0,
        b"PK\x03\x04",
        "a zip archive",
        "a PyTorch checkpoint or a packed model: export or unpack it to .onnx",
    ),
    (0, b"\x1f\x8b", "a gzip file", "unpack it first"),
    (0, b"BZh", "a bzip2 file", "unpack it first"),
    (0, b"\xfd7zXZ\x00", "an xz file", "unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (257, b"ustar", "a tar archive", "unpack it first"),
    (0, b"GGUF", "a GGUF model", "export the original model to ONNX"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", "export the Keras model to ONNX with tf2onnx"),
    (0, b"\x93NUMPY", "a numpy array", "give the .onnx file"),
    (4, b"ORTM", "an ONNX Runtime .ort model", "give the .onnx it was made from"),
    (4, b"TFL3", "a TensorFlow Lite model", "export it to ONNX with tf2onnx"),
    (0, b"\x7fELF", "an ELF program", "give a .onnx file"),
    (0, b"MZ", "a Windows program", "give a .onnx file"),
    (0, b"%PDF", "a PDF document", "give a .onnx file"),
    (0, b"\x89PNG", "a PNG image", "give a .onnx file"),
    (0, b"\xff\xd8\xff", "a JPEG image", "give a .onnx file"),
)
_HTML_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml")
_PICKLE_PROTOCOLS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_TEXT_CONTROLS = frozenset(b"\t\n\r\f")


class Sniffed(Struct, frozen=True, kw_only=True):
    """What the bytes look like, and what to do about it."""

    kind: str
    hint: str


def sniff(head: bytes) -> Sniffed | None:
    """The file format that starts with ``head``; None when it may be ONNX.

    >>> sniff(b"GGUF....").kind
    'a GGUF model'
    """
    for offset, magic, kind, hint in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return Sniffed(kind=kind, hint=hint)
    if head[:2] in _PICKLE_PROTOCOLS:
        return Sniffed(
            kind="a Python pickle", hint="export the model to ONNX; never load a pickle you do not trust"
        )
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 27:
        return Sniffed(
            kind="a safetensors file", hint="it holds weights without a graph: export the model to ONNX"
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:16].lower().startswith(_HTML_STARTS):
        return Sniffed(kind="a web page", hint="the download failed: fetch the file itself, not its page")
    if _is_plain_text(head):
        return Sniffed(kind="plain text", hint="give a binary .onnx file")
    return None


def _is_plain_text(head: bytes) -> bool:
    """Binary ONNX always has a control byte (a field key or a length) in its first bytes."""
    if any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and len(head) == HEAD_BYTES  # cut inside a character
    return True
