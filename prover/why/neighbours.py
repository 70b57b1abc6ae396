"""What the neighbouring formats prove: for format facts the least relaxation is another format, which gets a verdict of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem
from suffice.errors import DomainError, FormatError, InputError
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import CodeFormat, FloatFormat, Format, IntFormat
from suffice.proofs.certificate import Certificate, Formats, Verdict
from suffice.prover.case import Asked, make_case
from suffice.prover.portfolio import prove
from suffice.prover.significand import with_numbers

MAX_LEAP = 64
"""Bits beyond the next neighbour that are tried where the tolerance tells that so many are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another format in the place of one, the bits that it has more (or less), and what is proved about it."""

    format: str
    of: str
    bits: int
    verdict: Verdict
    statement: str
    digest: str


def neighbours(certificate: Certificate, missing: int, timeout: float) -> list[Neighbour]:
    """For each format of the question: the next one, and those around `missing` bits away, up to the first with another verdict.

    Wider ones where something was refuted, narrower ones where something was shown. `timeout` is in seconds for each.
    """
    step = -1 if certificate.verdict is Verdict.SUFFICIENT else 1
    leap = max(1, min(missing, MAX_LEAP))
    found: list[Neighbour] = []
    formats = certificate.formats
    places = (formats.input, formats.compute, formats.output, *formats.inputs.values(), *formats.operations.values())
    for fmt in dict.fromkeys(places):
        for bits in sorted({1, leap, leap + 1}):
            known = _ask(certificate, fmt, step * bits, timeout)
            if known is None:
                break
            found.append(known)
            if known.verdict is not certificate.verdict:
                break
    return found


def _ask(certificate: Certificate, fmt: Format, bits: int, timeout: float) -> Neighbour | None:
    try:
        other = _resized(fmt, bits)
        if other is None:
            return None
        formats = _replaced(certificate.formats, fmt, other)
        asked = Asked(
            name=format_name(other), input=formats.input, compute=formats.compute, output=formats.output, accuracy=formats.accuracy
        )
        problem = _annotated(certificate.problem, formats)
        if make_case(problem, asked, [None] * len(problem.expression.nodes)).formats != formats:
            return None
        (result,) = prove(problem, [asked], timeout=timeout).results
    except (InputError, FormatError, DomainError):
        return None
    return Neighbour(
        format=asked.name, of=format_name(fmt), bits=bits, verdict=result.verdict, statement=result.statement, digest=result.digest
    )


def _resized(fmt: Format, bits: int) -> Format | None:
    """The format with so many bits more; None where it has no size, or none is left."""
    match fmt:
        case FloatFormat() if fmt.p + bits >= 1:
            return with_numbers(fmt, p=fmt.p + bits, emin=fmt.emin, emax=fmt.emax)
        case IntFormat():
            factor = Fraction(2) ** bits
            low, high = fmt.qmin * factor, (fmt.qmax + 1) * factor - 1
            if low.denominator > 1 or high.denominator > 1 or low >= high:
                return None
            scale = None if fmt.scale is None else fmt.scale / factor
            zero = None if fmt.zero is None else round(fmt.zero * factor)
            return replace(fmt, qmin=int(low), qmax=int(high), bits=0, scale=scale, zero=zero)
        case CodeFormat() if fmt.bits + bits >= 1:
            return CodeFormat(bits=fmt.bits + bits)
    return None


def _replaced(formats: Formats, old: Format, new: Format) -> Formats:
    """One format in the place of another, wherever it stands."""

    def chosen(fmt: Format) -> Format:
        return new if fmt == old else fmt

    source, compute = chosen(formats.input), chosen(formats.compute)
    return Formats(
        input=source,
        compute=compute,
        output=chosen(formats.output),
        inputs={name: chosen(fmt) for name, fmt in formats.inputs.items() if chosen(fmt) != source},
        operations={k: chosen(fmt) for k, fmt in formats.operations.items() if chosen(fmt) != compute},
        accuracy=formats.accuracy,
    )


def _annotated(problem: Problem, formats: Formats) -> Problem:
    """The problem with the formats of single inputs and operations written at the nodes, as a reader leaves them.

    An input that is rounded to its own format and then to another cannot be written so.
    """
    nodes = tuple(_nodes(problem, formats))
    return replace(problem, expression=Expression(nodes))


def _nodes(problem: Problem, formats: Formats) -> Iterator[Node]:
    for k, node in enumerate(problem.expression.nodes):
        own = formats.inputs.get(str(node.payload)) if node.op is Op.VAR else None
        yield replace(node, format=own or formats.operations.get(k))
