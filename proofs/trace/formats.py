"""Number formats in words and numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from suffice.hardware_specs.catalogue import catalogue, format_name
from suffice.hardware_specs.format import (
    CodeFormat,
    FloatFormat,
    Format,
    IntFormat,
    Overflow,
    Rounding,
    Subnormals,
    power_of_two,
)
from suffice.proofs.certificate import Formats, Instances
from suffice.proofs.trace.data import Quantity, Section, Step
from suffice.proofs.trace.numbers import equal

_ROUNDING = {
    Rounding.NEAREST_EVEN: "to nearest, ties to even",
    Rounding.NEAREST_AWAY: "to nearest, ties away from zero",
    Rounding.TOWARD_ZERO: "toward zero",
    Rounding.UP: "up",
    Rounding.DOWN: "down",
}
_OVERFLOW = {
    Overflow.INFINITY: "becomes an infinity",
    Overflow.SATURATE: "becomes the largest number of its sign",
    Overflow.NAN: "becomes NaN",
}
_MOST_INSTANCES = 12
"""Formats of single operations that are listed; more stand in the certificate only."""


def name_of(fmt: Format) -> str:
    """The shortest name of the numbers: a certificate holds no storage width, and the catalogue's may differ from the natural one."""
    if not isinstance(fmt, FloatFormat | IntFormat):
        return format_name(fmt)
    widths = {fmt.bits, *(entry.format.bits for entry in catalogue() if type(entry.format) is type(fmt))}
    return min((format_name(replace(fmt, bits=bits)) for bits in sorted(widths)), key=len)


def formats_section(formats: Formats) -> Section:
    """The input, compute and output format, equal ones once, and the instances of an integer program."""
    uses: dict[Format, list[str]] = {}
    for use in ("input", "compute", "output"):
        uses.setdefault(getattr(formats, use), []).append(use)
    steps = [_step(_listed(used), fmt) for fmt, used in uses.items()]
    if formats.instances is not None:
        steps.append(_instances(formats.instances))
    return Section(heading="The formats", steps=tuple(steps))


def accumulate_step(fmt: Format) -> Step:
    """The format that holds the state of a fold."""
    return _step("the state of the sum", fmt)


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _step(use: str, fmt: Format) -> Step:
    text = f"Format of {use}: {name_of(fmt)}."
    match fmt:
        case FloatFormat():
            return Step(text=f"{text} {_float_rules(fmt)}", quantities=_float_numbers(fmt))
        case IntFormat():
            return Step(text=f"{text} {_int_rules(fmt)}", quantities=_int_numbers(fmt))
        case CodeFormat():
            return Step(text=f"{text} Any code of {fmt.bits} bits, fixed before the input is seen: at most 2^{fmt.bits} different answers.")
        case _:
            return Step(text=f"{text} All real numbers, without rounding.")


def _float_rules(fmt: FloatFormat) -> str:
    held = [name for name, has in (("infinities", fmt.infinities), ("NaN", fmt.nan), ("a negative zero", fmt.negative_zero)) if has]
    subnormals = "kept" if fmt.subnormals is Subnormals.KEPT else "flushed to zero"
    return (
        f"Rounding is {_ROUNDING[fmt.rounding]}; what overflows {_OVERFLOW[fmt.overflow]}; subnormals are {subnormals}; "
        f"it has {_listed(held) if held else 'neither infinities nor NaN nor a negative zero'}."
    )


def _float_numbers(fmt: FloatFormat) -> tuple[Quantity, ...]:
    nearest = fmt.rounding in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)
    numbers = [
        equal("significand bits p, the hidden bit counted", Fraction(fmt.p)),
        equal("unit roundoff u", power_of_two(-fmt.p if nearest else 1 - fmt.p)),
        equal("largest number", fmt.max_finite),
        equal("smallest normal number", power_of_two(fmt.emin)),
    ]
    if fmt.subnormals is Subnormals.KEPT:
        numbers.append(equal("smallest subnormal number", power_of_two(fmt.emin - fmt.p + 1)))
    return tuple(numbers)


def _int_rules(fmt: IntFormat) -> str:
    scale = "Any scale and zero point, fixed before the input is seen." if fmt.scale is None else "A code q stands for scale (q - zero)."
    return f"{scale} Rounding is {_ROUNDING[fmt.rounding]}; codes out of range become the end of the range."


def _int_numbers(fmt: IntFormat) -> tuple[Quantity, ...]:
    numbers = [equal("smallest code", Fraction(fmt.qmin)), equal("largest code", Fraction(fmt.qmax))]
    if fmt.scale is not None and fmt.zero is not None:
        numbers += [equal("scale", fmt.scale), equal("zero point", Fraction(fmt.zero))]
    return tuple(numbers)


def _instances(instances: Instances) -> Step:
    named = [(f"input {name}", fmt) for name, fmt in sorted(instances.inputs.items())]
    shown = [*named, *_nodes(instances), ("output", instances.output)]
    quantities = tuple(Quantity(name=use, exact=name_of(fmt)) for use, fmt in shown)
    text = "The program that the claims about programs speak of stores each value in codes with a scale and zero point of its own."
    if len(instances.nodes) > _MOST_INSTANCES:
        text += f" Those of its {len(instances.nodes)} nodes stand in the certificate."
    return Step(text=text, quantities=quantities)


def _nodes(instances: Instances) -> list[tuple[str, Format]]:
    few = len(instances.nodes) <= _MOST_INSTANCES
    return [(f"node {i}", fmt) for i, fmt in enumerate(instances.nodes)] if few else []
