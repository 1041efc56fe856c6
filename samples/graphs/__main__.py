"""``python -m samples.graphs NAME FILE``: writes one architecture."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import onnx

import samples.graphs
from samples.graphs import bert_base, gpt2, lenet5, llama, mobilenet_v2, resnet50
from samples.graphs.graph import trained_parameters

ARCHITECTURES: Mapping[str, tuple[type, Callable[[Any], onnx.ModelProto]]] = {
    "bert_base": (bert_base.Config, bert_base.bert_base),
    "gpt2": (gpt2.Config, gpt2.gpt2),
    "lenet5": (lenet5.Config, lenet5.lenet5),
    "llama": (llama.Config, llama.llama),
    "mobilenet_v2": (mobilenet_v2.Config, mobilenet_v2.mobilenet_v2),
    "resnet50": (resnet50.Config, resnet50.resnet50),
}
"""What can be written: its sizes, and what makes it of them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: one command for each architecture, one option for each of its sizes."""
    parser = argparse.ArgumentParser(
        prog="python -m samples.graphs",
        description=samples.graphs.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, (config, _) in ARCHITECTURES.items():
        _options(commands.add_parser(name), config)
    chosen = vars(parser.parse_args(arguments))
    config, make = ARCHITECTURES[chosen.pop("name")]
    output: Path = chosen.pop("output")
    model = make(config(**chosen))
    output.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{output}: {trained_parameters(model):,} parameters, {output.stat().st_size:,} bytes")


def _options(parser: argparse.ArgumentParser, config: type) -> None:
    parser.add_argument("output", type=Path)
    for size in fields(config):
        if size.name != "weights":
            parser.add_argument(f"--{size.name}", type=int, default=size.default)
    parser.add_argument("--weights", action="store_true", help="random weights inside the file")


if __name__ == "__main__":
    main()
