"""One problem in one choice of formats, as the strategies see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from suffice.encodings.expression import Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.encodings.problem import Interval, Problem
from suffice.errors import InputError
from suffice.hardware_specs.format import EXACT, CodeFormat, ExactFormat, Format, IntFormat
from suffice.hardware_specs.rounding import cells, round_exact
from suffice.proofs.certificate import Formats, Instances, formats_to_json
from suffice.proofs.kernel.failures import Rejection
from suffice.proofs.kernel.question import Question
from suffice.proofs.kernel.reading import read_question
from suffice.proofs.problemdata import problem_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The formats asked about, under the name that the user gave them.

    `override`: they stand also where the source demands others. `accuracy`: errors of functions that are not correctly rounded, in ulps.
    """

    name: str
    input: Format
    compute: Format
    output: Format
    override: bool = False
    accuracy: Mapping[Op, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A problem with its formats; `formats.instances` holds the concrete formats where some have free scale."""

    problem: Problem
    formats: Formats

    @cached_property
    def question(self) -> Question:
        """The same, as the kernel reads it. Raises InputError for what no certificate can hold."""
        try:
            return read_question(problem_to_json(self.problem), formats_to_json(self.formats))
        except Rejection as rejection:
            raise InputError(f"no certificate can hold this question: {rejection}", mend="keep within proofs/kernel/limits.py") from None

    @cached_property
    def inputs(self) -> dict[str, Format]:
        """The concrete input format of every input."""
        instances = self.formats.instances
        return instances.inputs if instances else {name: self.formats.of_input(name) for name in sorted(self.problem.box)}

    @cached_property
    def nodes(self) -> tuple[Format, ...]:
        """The concrete format of every node."""
        instances = self.formats.instances
        return instances.nodes if instances else tuple(map(self.formats.of_node, range(len(self.problem.expression.nodes))))

    @property
    def output(self) -> Format:
        """The concrete output format."""
        instances = self.formats.instances
        return instances.output if instances else self.formats.output

    @property
    def has_program(self) -> bool:
        """Whether there is a concrete program to speak of."""
        return not any(is_free(fmt) for fmt in (*self.inputs.values(), *self.nodes, self.output))


def is_truth(node: Node) -> bool:
    """Whether a node is true or false, so that nothing rounds it."""
    return node.op in OPERATIONS and OPERATIONS[node.op].logical


def is_free(fmt: Format) -> bool:
    """Whether the numbers of the format are left open (any scale, any code)."""
    return isinstance(fmt, CodeFormat) or (isinstance(fmt, IntFormat) and fmt.scale is None)


def make_case(problem: Problem, asked: Asked, ranges: list[Interval | None]) -> Case:
    """A case whose integer formats with free scale are given the scales that fit `ranges`, the enclosures of the nodes.

    Without instances (an output in any code, or a node without a known range) only the floor can be spoken of.
    """
    formats = _formats(problem, asked)
    if not any(is_free(fmt) for fmt in (asked.input, asked.compute, asked.output, *formats.inputs.values(), *formats.operations.values())):
        return Case(problem=problem, formats=formats)
    if isinstance(asked.output, CodeFormat) or any(interval is None for interval in ranges):
        return Case(problem=problem, formats=formats)
    known = [interval for interval in ranges if interval is not None]
    instances = Instances(
        inputs={name: _instance(formats.of_input(name), problem.box[name]) for name in sorted(problem.box)},
        nodes=tuple(
            EXACT if is_truth(node) else _instance(formats.of_node(k), _range_of(node, enclosure, problem))
            for k, (node, enclosure) in enumerate(zip(problem.expression.nodes, known, strict=True))
        ),
        output=_instance(asked.output, known[-1]),
    )
    return Case(problem=problem, formats=replace(formats, instances=instances))


def _formats(problem: Problem, asked: Asked) -> Formats:
    """The formats asked about, and those that the source demands for single inputs and operations.

    Raises InputError for an input that is demanded in two formats: a program is given each input once.
    """
    nodes = () if asked.override else problem.expression.nodes
    demanded = {k: node.format for k, node in enumerate(nodes) if node.format is not None and not is_truth(node)}
    arriving = {(str(node.payload), node.format or asked.input) for node in nodes if node.op is Op.VAR}
    for name, count in Counter(name for name, _ in arriving).items():
        if count > 1:
            raise InputError(f"the input {name} stands in {count} formats", mend="use it in one, and cast it where another is needed")
    used = {node.op for node in problem.expression.nodes}
    return Formats(
        input=asked.input,
        compute=asked.compute,
        output=asked.output,
        inputs={str(nodes[k].payload): fmt for k, fmt in demanded.items() if nodes[k].op is Op.VAR and fmt != asked.input},
        operations={k: fmt for k, fmt in demanded.items() if fmt != asked.compute},
        accuracy={op: ulps for op, ulps in sorted(asked.accuracy.items()) if op in used},
    )


def _range_of(node: Node, enclosure: Interval, problem: Problem) -> Interval:
    """The values of a node: those of inputs and constants are known exactly."""
    if isinstance(node.payload, Fraction):
        return Interval(node.payload, node.payload)
    return problem.box[str(node.payload)] if node.op is Op.VAR else enclosure


_SCALE_BITS = 24

_FARTHEST = 1 << 16
"""An interval farther from zero than so many times its width is spread from zero, so that zero points stay small."""


def _instance(fmt: Format, interval: Interval) -> Format:
    """The codes spread over the interval; a scale of few digits, and a zero point such that zero is a number where it lies inside."""
    if not isinstance(fmt, IntFormat) or fmt.scale is not None:
        return fmt
    steps = fmt.qmax - fmt.qmin
    lo, hi = interval.lo, interval.hi
    if lo == hi:
        return _with_scale(fmt, abs(lo) or Fraction(1), fmt.qmax if lo < 0 else fmt.qmin)
    if (hi - lo) * _FARTHEST < max(abs(lo), abs(hi)):
        lo, hi = min(lo, Fraction(0)), max(hi, Fraction(0))
    scale = round_up((hi - lo) / steps, _SCALE_BITS)
    zero = round(fmt.qmin - lo / scale)
    while scale * (fmt.qmax - zero) < hi - scale / 2 or scale * (fmt.qmin - zero) > lo + scale / 2:
        scale = round_up(scale * (1 + Fraction(1, 2 * steps)), _SCALE_BITS)
        zero = round(fmt.qmin - lo / scale)
    return _with_scale(fmt, scale, zero)


def _with_scale(fmt: IntFormat, scale: Fraction, zero: int) -> IntFormat:
    return IntFormat(qmin=fmt.qmin, qmax=fmt.qmax, bits=fmt.bits, scale=scale, zero=zero, rounding=fmt.rounding)


def round_up(value: Fraction, bits: int) -> Fraction:
    """The next number above a positive value that has so many significant bits."""
    shift = value.numerator.bit_length() - value.denominator.bit_length() - bits
    unit = Fraction(2) ** shift
    return -(-value // unit) * unit


def round_down(value: Fraction, bits: int) -> Fraction:
    """The next number below a positive value that has so many significant bits."""
    shift = value.numerator.bit_length() - value.denominator.bit_length() - bits
    unit = Fraction(2) ** shift
    return value // unit * unit


def cell_within(fmt: Format, box: Interval, x: Fraction) -> Interval:
    """The closure of the cell that x lies in, cut to the box; x alone where the format rounds nothing or leaves its numbers open."""
    if isinstance(fmt, ExactFormat) or is_free(fmt):
        return Interval(x, x)
    parts = cells(fmt, round_exact(fmt, x))
    found = next(part for part in parts if (part.lo is None or part.lo <= x) and (part.hi is None or x <= part.hi))
    lo = box.lo if found.lo is None else max(found.lo, box.lo)
    hi = box.hi if found.hi is None else min(found.hi, box.hi)
    return Interval(min(lo, x), max(hi, x))
