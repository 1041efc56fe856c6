"""The options of a plan side by side: what each is expected to take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from auditor.plans.report import Option
from auditor.units import bytes_text, seconds_text
from auditor.views.page import Bar, Scale, Words

Named = tuple[Words, Option]
"""What an option is good for, and the option."""


def option_scales(named: Sequence[Named]) -> tuple[Scale, ...]:
    """Time, memory, gas and size as points over logrows: what is expected, without the range around it."""
    options = sorted(named, key=lambda it: int(str(it[1].run_args["logrows"])))
    times = tuple(_point(it, it[1].setup_seconds + it[1].prove_seconds, seconds_text) for it in options)
    memory = tuple(_point(it, it[1].peak_memory_bytes, bytes_text) for it in options)
    sizes = tuple(_point(it, float(it[1].proof_bytes), bytes_text) for it in options)
    gas = tuple(_gas(options))
    scales = (
        Scale("Keys and one proof", "seconds", times),
        Scale("Memory at its peak", "bytes", memory),
        Scale("Size of a proof", "bytes", sizes),
        Scale("Gas for one verification", "gas", gas),
    )
    return tuple(scale for scale in scales if scale.bars)


def _gas(options: Sequence[Named]) -> Iterator[Bar]:
    for named in options:
        if named[1].verify_gas is not None:
            yield _point(named, named[1].verify_gas, lambda amount: f"{amount / 1e6:.2f} M")


def _point(named: Named, amount: float, text: Callable[[float], str]) -> Bar:
    words, option = named
    label = f"{words.text or 'another'} (k {option.run_args['logrows']})"
    return Bar(label, amount, amount, amount, text(amount), words.tone)
