"""Names that would like to be more than names."""

from __future__ import annotations

import numpy as np
from onnx import helper

from tests.hostile.making import behind, graph, info, model
from tests.model.building import field


def _named(name: str) -> bytes:
    """Everything that can have a name has this one."""
    shape = [1, 4]
    constants = {f"w{name}": np.ones((4, 4), np.float32)}
    nodes = [
        helper.make_node("MatMul", [f"x{name}", f"w{name}"], [f"h{name}"], name=name),
        helper.make_node(name or "Nothing", [f"h{name}"], [f"y{name}"], name=name, domain=name),
    ]
    made = graph(nodes, [info(f"x{name}", shape)], [info(f"y{name}", None)], constants)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(name, 1)]
    content = model(made, opset_imports=imports, producer_name=name)
    helper.set_model_props(content, {name: name})
    return content.SerializeToString()


def _bytes_named(raw: bytes) -> bytes:
    """A name no library would write: what is no UTF-8, or a character XML cannot hold."""
    node = field(1, b"x") + field(2, b"y") + field(3, raw) + field(4, b"Relu")
    content = model(graph([], outputs=[info("y", None)])).SerializeToString()
    return content + field(7, field(1, node))


NAMES = {
    "escape": lambda: _named("\x1b]0;pwn\x07\x1b[2J"),
    "right-to-left": lambda: _named("\u202egnp.\u2066x"),
    "workflow-command": lambda: _named("a\n::error::b\n##[add-mask]c"),
    "carriage-return": lambda: _named("good\rbad"),
    "markup": lambda: _named("a[/layer]b[red]c[link=file:///etc]d"),
    "html": lambda: _named("<script>alert(1)</script>&amp;<img src=x onerror=y>"),
    "markdown": lambda: _named("| a | `b` @c #1 ![x](y)"),
    "xml": lambda: _named("\x00\x0b\ufffe\uffff]]>"),
    "csv": lambda: _named("=HYPERLINK(1),\"'"),
    "percent": lambda: _named("%0A%s%n{0}{x!r}$(id)`id`"),
    "invisible": lambda: _named("a\u200bb\u00adc\u3164"),
    "surrogate": lambda: _bytes_named(b"\xed\xa0\x80"),
    "not-utf-8": lambda: _bytes_named(b"\xc3\x28"),
    "path": lambda: _named("../../etc/passwd"),
    "nothing": lambda: _named(""),
    "of-five-megabytes": lambda: behind(helper.make_node("Relu", ["x"], ["y"], name="n" * (5 << 20))),
    "operator-of-five-megabytes": lambda: behind(helper.make_node("n" * (5 << 20), ["x"], ["y"])),
    "combining": lambda: _named("a" + "\u0301" * 5000),
    "emoji": lambda: _named("👨‍👩‍👧‍👦🏴‍☠️"),
}
