"""What stands in the instance column of a proof, as it follows from EZKL's settings.json alone.

Nothing but the instances is bound by a proof: the rescaled values beside them, the names and the shapes are
claims, and are recomputed here. EZKL checks neither the number of instances nor what is written beside them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from auditor.circuit.field import FELT_BYTES, FIELD_MODULUS, signed

Role = Literal["hash of input", "hash of parameters", "input", "output", "hash of output"]

HASH_ROLES: tuple[Role, ...] = ("hash of input", "hash of parameters", "hash of output")

_MAX_SCALE = 126
"""Scales are exponents of two, and EZKL's integers have 127 bits and a sign."""

_HEX_FELT = re.compile(r"[0-9a-f]{64}")


class UnknownInstances(ValueError):
    """What stands in the instance column does not follow from the settings; the message says why."""


class InstanceGroup(Struct, frozen=True, kw_only=True):
    """A run of instances with one meaning. ``index`` counts the model's inputs, or its outputs.

    ``scale`` is the base-2 exponent of a public tensor, and None for a hash, which is one element.
    """

    role: Role
    index: int
    shape: tuple[int, ...]
    scale: int | None

    @property
    def size(self) -> int:
        """The number of instances."""
        return math.prod(self.shape)


class PublicValues(Struct, frozen=True, kw_only=True):
    """The content of a group. ``integers`` are signed, for a hash the element itself.

    ``values`` are ``integers`` over ``2**scale``, and empty for a hash.
    """

    group: InstanceGroup
    integers: tuple[int, ...]
    values: tuple[float, ...]


def instance_groups(settings: Mapping[str, Any]) -> tuple[InstanceGroup, ...]:
    """The groups in the order of the instance column, of a settings.json of the right types.

    EZKL ``graph/mod.rs`` `prepare_public_inputs`: hashes of the inputs, the hash of all parameters as one
    tensor, public inputs, then public outputs or hashes of the outputs. A KZG commitment adds none.

    Raises:
        UnknownInstances: the settings contradict themselves, or a hash is private: EZKL then writes it among
            the instances and constrains it to nothing, so that a proof with any number there verifies.
    """
    run_args = settings["run_args"]
    visibilities = {
        name: _kind(run_args[f"{name}_visibility"], name) for name in ("input", "param", "output")
    }
    if visibilities["param"] == "public":
        raise UnknownInstances("param_visibility is public, which EZKL refuses")
    input_scales, output_scales = settings["model_input_scales"], settings["model_output_scales"]
    shapes = [tuple(shape) for shape in settings["model_instance_shapes"]]
    public_inputs = len(input_scales) if visibilities["input"] == "public" else 0
    public_outputs = len(output_scales) if visibilities["output"] == "public" else 0
    if len(shapes) != public_inputs + public_outputs:
        raise UnknownInstances(
            f"model_instance_shapes lists {len(shapes)} tensors, and the scales and visibilities say "
            f"{public_inputs + public_outputs}"
        )
    expected = sum(settings["module_sizes"]["poseidon"][1])
    hashes = _hashes(visibilities, len(input_scales), len(output_scales), expected)
    if len(hashes) != expected:
        raise UnknownInstances(
            f"module_sizes counts {expected} hashes, and the visibilities ask for {len(hashes)}"
        )
    return (
        *(group for group in hashes if group.role != "hash of output"),
        *_tensors("input", shapes[:public_inputs], input_scales),
        *_tensors("output", shapes[public_inputs:], output_scales),
        *(group for group in hashes if group.role == "hash of output"),
    )


def num_instances(groups: Sequence[InstanceGroup]) -> int:
    """How many instances the groups hold together."""
    return sum(group.size for group in groups)


def split(instances: Sequence[int], groups: Sequence[InstanceGroup]) -> tuple[PublicValues, ...]:
    """The instances (canonical field elements) by group.

    Raises :class:`ValueError` when there are more or fewer than the groups hold.
    """
    if len(instances) != num_instances(groups):
        raise ValueError(f"{len(instances)} instances, and the groups hold {num_instances(groups)}")
    values, start = [], 0
    for group in groups:
        elements = instances[start : start + group.size]
        start += group.size
        integers = tuple(elements if group.scale is None else map(signed, elements))
        rescaled = () if group.scale is None else tuple(rescale(item, group.scale) for item in integers)
        values.append(PublicValues(group=group, integers=integers, values=rescaled))
    return tuple(values)


def rescale(integer: int, scale: int) -> float:
    """The real number an integer of the circuit stands for. EZKL ``graph/utilities.rs`` `dequantize`."""
    return float(integer) / 2.0**scale


def element_of(text: object) -> int:
    """The field element that EZKL writes as 64 hex digits, least significant byte first.

    Raises :class:`ValueError` for anything else, and for a number that is not below the field's order.
    """
    if not isinstance(text, str) or not _HEX_FELT.fullmatch(text):
        raise ValueError("not 64 lower-case hex digits")
    element = int.from_bytes(bytes.fromhex(text), "little")
    if element >= FIELD_MODULUS:
        raise ValueError("not below the order of the field")
    return element


def as_instance(element: int) -> str:
    """The element as EZKL's proof.json spells an instance."""
    return element.to_bytes(FELT_BYTES, "little").hex()


def as_hex(element: int) -> str:
    """The element as EZKL spells it for people: 0x, most significant digit first.

    >>> as_hex(255)[-4:]
    '00ff'
    """
    return f"0x{element:064x}"


def pretty_public_inputs(public: Sequence[PublicValues]) -> dict[str, list[list[str]]]:
    """What EZKL writes under this name in proof.json: nothing of it is bound by the proof.

    EZKL ``graph/mod.rs`` `pretty_public_inputs`.
    """
    pretty: dict[str, list[list[str]]] = {
        "rescaled_inputs": [], "inputs": [], "processed_inputs": [], "processed_params": [],
        "processed_outputs": [], "rescaled_outputs": [], "outputs": [],
    }  # fmt: skip
    processed = {
        "hash of input": "processed_inputs",
        "hash of parameters": "processed_params",
        "hash of output": "processed_outputs",
    }
    for item in public:
        elements = [as_hex(integer % FIELD_MODULUS) for integer in item.integers]
        if item.group.role in processed:
            pretty[processed[item.group.role]].append(elements)
        else:
            pretty[f"{item.group.role}s"].append(elements)
            pretty[f"rescaled_{item.group.role}s"].append([display(value) for value in item.values])
    return pretty


def display(value: float) -> str:
    """A finite number as Rust displays an f64: the fewest digits that read back, never an exponent.

    >>> display(-3.0), display(2.0**-20)
    ('-3', '0.00000095367431640625')
    """
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0") if text != "-0.0" else "-0"


def _kind(visibility: object, name: str) -> str:
    """``public``, ``hashed`` or ``none`` for what leaves nothing among the instances."""
    if isinstance(visibility, dict):
        if not visibility["Hashed"]["hash_is_public"]:
            raise UnknownInstances(
                f"{name}_visibility is hashed/private: EZKL puts that hash among the instances and does not "
                "constrain it, so a proof with any number there verifies; use hashed or private"
            )
        return "hashed"
    return "public" if visibility == "Public" else "none"


def _hashes(
    visibilities: Mapping[str, str], num_inputs: int, num_outputs: int, expected: int
) -> list[InstanceGroup]:
    """The hashes, in the order of their instances; ``expected`` tells whether there are parameters."""
    of_inputs = num_inputs if visibilities["input"] == "hashed" else 0
    of_outputs = num_outputs if visibilities["output"] == "hashed" else 0
    # A model without parameters has no hash of them.
    of_parameters = int(visibilities["param"] == "hashed" and expected != of_inputs + of_outputs)
    counts: dict[Role, int] = {
        "hash of input": of_inputs,
        "hash of parameters": of_parameters,
        "hash of output": of_outputs,
    }
    return [
        InstanceGroup(role=role, index=index, shape=(), scale=None)
        for role, count in counts.items()
        for index in range(count)
    ]


def _tensors(
    role: Role, shapes: Sequence[tuple[int, ...]], scales: Sequence[int]
) -> tuple[InstanceGroup, ...]:
    groups = []
    for index, shape in enumerate(shapes):
        scale = scales[index]
        if abs(scale) > _MAX_SCALE:
            raise UnknownInstances(f"the scale of {role} {index} is {scale}, beyond EZKL's integers")
        groups.append(InstanceGroup(role=role, index=index, shape=shape, scale=scale))
    return tuple(groups)
