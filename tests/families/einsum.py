"""Einstein sums and the batched products they stand for."""

from __future__ import annotations

import random

import onnx

from tests.families.graph import Builder, Value

EQUATIONS = (
    "ij,jk->ik", "ij,kj->ik", "ij,jk->ki", "bij,bjk->bik", "bij,bkj->bik", "bhid,bhjd->bhij",
    "bhij,bhjd->bhid", "bihd,bjhd->bhij", "bhij,bjhd->bihd", "bhij,bjhd->bhdi", "i,i->", "i,j->ij",
    "ij,ij->i", "ij,ij->", "bi,bj->bij", "ij->ji", "ij->i", "ij->j", "bij->b", "bij->jib",
    "bnd,de->bne", "bnd,hde->bhne", "bchw,oc->bohw", "ij,j->i", "bij,j->bi",
    "ijk,ilk->jl", "abc,cd,de->abe", "ij,jk,kl->il", "i,ij,j->", "bqd,bkd->bqk", "bij,ij->b", "ijk,jil->kl",
)  # fmt: skip


def build(rng: random.Random) -> onnx.ModelProto:
    b = Builder(rng, opset=rng.choice([12, 13, 15, 17, 18]), symbolic=False)
    sizes = {letter: rng.randint(1, 4) for letter in "abcdehijklmnoqw"}
    sizes["b"] = rng.choice([1, 1, 2])
    value = product(b, None, rng.choice(EQUATIONS), sizes)
    if rng.random() < 0.3 and value.rank == 2:
        other = b.weight(value.shape[1], rng.randint(1, 4))
        value = b.add("Einsum", b.add("Relu", value), other, equation="ij,jk->ik")
    if rng.random() < 0.3 and value.rank:
        value = b.add("Add", value, b.weight(value.shape[-1]))
    return b.model(value)


def product(b: Builder, first: Value | None, equation: str, sizes: dict[str, int]) -> Value:
    """One einsum; every operand after the first is an input, a weight or the first again."""
    operands = []
    for position, letters in enumerate(equation.split("->")[0].split(",")):
        shape = tuple(sizes[letter] for letter in letters)
        if position == 0:
            operands.append(first or b.input(shape))
        elif shape == operands[0].shape and b.rng.random() < 0.15:
            operands.append(operands[0])
        else:
            operands.append(b.input(shape) if b.rng.random() < 0.4 else b.weight(*shape))
    return b.add("Einsum", *operands, equation=equation)
