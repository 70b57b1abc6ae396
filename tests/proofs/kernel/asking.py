"""Formats and programs of the kernel beside those of the oracle."""

from __future__ import annotations

import sys
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random

from suffice.hardware_specs.format import FloatFormat, IntFormat
from suffice.proofs.formatdata import format_from_json
from suffice.proofs.kernel.formats import Float, Format, Int
from suffice.proofs.kernel.reading import read_format

from .documents import E2M1, E4M3, FP16, FP32, Json, floating, integers

sys.path.insert(0, str(Path(__file__).parents[2]))

ROUNDINGS = ("nearest_even", "nearest_away", "toward_zero", "up", "down")

SHAPES: dict[str, Json] = {
    "fp16": FP16,
    "e4m3": E4M3,
    "e2m1": E2M1,
    "fp32": FP32,
    "p = 1": floating(1, -3, 3),
    "p = 2 without zeros below": floating(2, -2, 3, negative_zero=False),
    "flushed": floating(3, -2, 3, subnormals="flushed"),
    "flushed p = 1": floating(1, -2, 2, subnormals="flushed", overflow="saturate"),
    "all above one": floating(3, 2, 4),
    "all below one": floating(3, -9, -4, infinities=False, overflow="saturate"),
}

CODES: dict[str, Json] = {
    "q7": integers("1/128", 0),
    "odd zero": integers("3/100", 37),
    "zero out of range": integers("1/16", 300, qmin=0, qmax=255),
    "two codes": integers("5/3", 1, qmin=0, qmax=1),
}


def definite_formats() -> dict[str, Json]:
    """Shapes in every rounding mode."""
    return {f"{name} {mode}": fmt | {"rounding": mode} for (name, fmt), mode in product((SHAPES | CODES).items(), ROUNDINGS)}


def both(fmt: Json) -> tuple[Float | Int, FloatFormat | IntFormat]:
    """A format as the kernel and as the oracle hold it."""
    ours, theirs = read_format(fmt, "format"), format_from_json(fmt, "format")
    assert isinstance(ours, Float | Int)
    assert isinstance(theirs, FloatFormat | IntFormat)
    return ours, theirs


def named(value: Fraction | str) -> Fraction | str:
    """A value of the oracle in the kernel's words."""
    return "+inf" if value == "inf" else value


def unnamed(value: Fraction | str) -> Fraction | str:
    """The other way round."""
    return "inf" if value == "+inf" else value


def reals(fmt: Format, rng: Random, count: int) -> list[Fraction]:
    """Numbers in and around the format: random ones, ties, neighbours of ties, and both ends of its range."""
    if isinstance(fmt, Float):
        tiny, large, steps = Fraction(2) ** (fmt.emin - fmt.p), fmt.max_finite, 1 << fmt.p
    else:
        assert isinstance(fmt, Int)
        assert fmt.scale is not None
        assert fmt.zero is not None
        tiny = fmt.scale / 2
        large, steps = max(abs(fmt.value(fmt.qmin)), abs(fmt.value(fmt.qmax))) + fmt.scale, fmt.qmax - fmt.qmin
    found = [Fraction(0), tiny, 2 * tiny, 3 * tiny, large, large + tiny, large * 2, large * Fraction(33, 32)]
    while len(found) < count:
        match rng.randrange(3):
            case 0:
                found.append(tiny * rng.randint(0, 4 * steps))
            case 1:
                found.append(large * Fraction(rng.randint(0, 4 * steps), 3 * steps))
            case _:
                found.append(tiny * rng.randint(1, 2 * steps) * 2 ** rng.randint(0, 12))
    near = [x + sign * tiny / rng.choice([7, 2**40]) for x in found[: count // 2] for sign in (1, -1)]
    return [sign * x for x in found + near for sign in (1, -1)]
