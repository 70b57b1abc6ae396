"""The truth about a certificate, found without the kernel: by the exhaustive oracle, and for codes by the range of f."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf, prod
from pathlib import Path

from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem
from suffice.hardware_specs.format import EXACT, CodeFormat, ExactFormat, FloatFormat, Format, IntFormat
from suffice.proofs.certificate import Bound, Certificate, Formats, Instances, formats_to_json, parse
from suffice.proofs.jsondata import canonical_json
from suffice.proofs.problemdata import problem_to_json

sys.path.insert(0, str(Path(__file__).parents[2]))
from oracle.branching import Program, branching_truth, counting_truth
from oracle.enclosures import SMOOTH, Function, Range, extremum
from oracle.measures import measure_of
from oracle.partition import Partition
from oracle.rounding import Value, convert, span, to_fraction
from oracle.runs import apply
from oracle.truth import FINE, Truth, contradictions, truth

MAX_CELLS, MAX_BRANCHING_CELLS = 40_000, 3_000
"""Questions with more cells are not judged."""

UNKNOWN = Range(Fraction(0), inf)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a certificate claims, as the oracle reads it."""

    verdict: str
    possible: bool
    floor: Fraction | str | None
    floor_upper: Fraction | str | None
    error_bound: Fraction | str | None
    witness_error: Fraction | str | None


class Judge:
    """Finds the truth about questions, each once."""

    def __init__(self) -> None:
        self._known: dict[bytes, Truth | None] = {}

    def falsehoods(self, data: bytes) -> list[str] | None:
        """What is false in a certificate, one line each; None where the truth is out of reach."""
        certificate = parse(data)
        question = canonical_json([problem_to_json(certificate.problem), formats_to_json(certificate.formats)])
        if question not in self._known:
            self._known[question] = truth_about(certificate)
        known = self._known[question]
        return None if known is None else contradictions(known, answer_of(certificate))


def answer_of(certificate: Certificate) -> Answer:
    """Verdict and bounds of a certificate."""
    values = {bound: claim.value for bound in Bound if (claim := certificate.claim(bound))}
    return Answer(
        str(certificate.verdict), certificate.possible,
        *(values.get(bound) for bound in (Bound.FLOOR, Bound.FLOOR_UPPER, Bound.ERROR_BOUND, Bound.WITNESS_ERROR)),
    )  # fmt: skip


def truth_about(certificate: Certificate) -> Truth | None:
    """Brackets of E* and E(P); None where there are too many cells, or no way to find them."""
    tolerance = certificate.problem.tolerance
    assert tolerance is not None
    if tolerance.relative < 1 or tolerance.is_relative:
        return _truth_about(certificate)
    known = _truth_about(replace(certificate, problem=replace(certificate.problem, tolerance=replace(tolerance, relative=Fraction(0)))))
    return None if known is None else _in_larger_tolerance(known)


def _in_larger_tolerance(known: Truth) -> Truth:
    """What absolute errors tell of the excess |z - f| - R |f|: it is smaller, and infinite where they are."""
    least = [bound if bound == inf else Fraction(0) for bound in (known.floor.lo, known.program.lo)]
    return Truth(Range(least[0], known.floor.hi), Range(least[1], known.program.hi), known.threshold)


def _truth_about(certificate: Certificate) -> Truth | None:
    problem, formats = certificate.problem, certificate.formats
    assert problem.tolerance is not None
    try:
        if _branches(certificate):
            return _branching(problem, formats)
        if _is_any_code(formats.output) and isinstance(formats.input, ExactFormat):
            return _coded(problem, formats.output)
        if formats.instances is not None:
            return _of_instances(problem, formats.instances)
        if not _is_small(problem, formats.input):
            return None
        if isinstance(formats.output, CodeFormat):
            cells = Partition(problem, _definite(formats.input)).count
            known = truth(problem, formats.input, formats.input, EXACT)
            return Truth(known.floor, UNKNOWN, known.threshold) if cells <= 1 << formats.output.bits else None
        if isinstance(formats.compute, ExactFormat):
            known = truth(problem, formats.input, formats.input, formats.output)
            return Truth(known.floor, _exact_program(problem, formats.input, formats.output), known.threshold)
        return truth(problem, formats.input, formats.compute, formats.output)
    except (NotImplementedError, ValueError):
        return None


def _branches(certificate: Certificate) -> bool:
    """Whether the question has what the oracle of continuous functions in three formats does not know."""
    problem, formats = certificate.problem, certificate.formats
    more = problem.preconditions or formats.inputs or formats.operations or formats.accuracy
    return bool(more) or any(node.op not in (Op.CONST, Op.VAR, Op.PI, Op.E, *SMOOTH) for node in problem.expression.nodes)


def _branching(problem: Problem, formats: Formats) -> Truth | None:
    assert problem.tolerance is not None
    names, output = sorted(problem.box), formats.output
    if _is_any_code(output) and all(isinstance(formats.of_input(name), ExactFormat) for name in names):
        if problem.tolerance.relative or problem.inputs != "real":
            return None
        assert isinstance(output, CodeFormat | IntFormat)
        return counting_truth(problem, 1 << output.bits if isinstance(output, CodeFormat) else output.qmax - output.qmin + 1)
    given = formats.instances
    inputs = given.inputs if given else {name: formats.of_input(name) for name in names}
    if prod(span(_definite(inputs[name]), problem.box[name].lo, problem.box[name].hi) for name in names) > MAX_BRANCHING_CELLS:
        return None
    nodes = given.nodes if given else tuple(map(formats.of_node, range(len(problem.expression.nodes))))
    answer = given.output if given else EXACT if isinstance(output, CodeFormat) else output
    known = branching_truth(problem, Program(inputs=inputs, nodes=nodes, output=answer, accuracy=formats.accuracy), answer)
    if given or isinstance(output, CodeFormat):
        return Truth(Range(Fraction(0), known.floor.hi if given else inf), known.program if given else UNKNOWN, known.threshold)
    return known


def _definite(fmt: Format) -> FloatFormat | IntFormat:
    if isinstance(fmt, FloatFormat) or (isinstance(fmt, IntFormat) and fmt.scale is not None):
        return fmt
    raise NotImplementedError


def _is_any_code(fmt: Format) -> bool:
    return isinstance(fmt, CodeFormat) or (isinstance(fmt, IntFormat) and fmt.scale is None)


def _is_small(problem: Problem, source: Format) -> bool:
    names = problem.expression.variables
    cells: int = prod(span(_definite(source), problem.box[name].lo, problem.box[name].hi) for name in names)
    return cells <= MAX_CELLS


def _coded(problem: Problem, output: Format) -> Truth | None:
    """N numbers at will for f continuous and real inputs: N intervals cover its range best, E* = (max f - min f) / (2 N)."""
    assert problem.tolerance is not None
    if problem.tolerance.relative or problem.inputs != "real":
        return None
    assert isinstance(output, CodeFormat | IntFormat)
    codes = 1 << output.bits if isinstance(output, CodeFormat) else output.qmax - output.qmin + 1
    f = Function(problem.expression)
    box = tuple((problem.box[name].lo, problem.box[name].hi) for name in f.names)
    low, high = (extremum(f, box, sense=sense) for sense in (-1, 1))
    floor = Range((high.lo - low.hi) / (2 * codes), (high.hi - low.lo) / (2 * codes))
    return Truth(floor, UNKNOWN, problem.tolerance.threshold)


def _of_instances(problem: Problem, instances: Instances) -> Truth | None:
    """The instances are one choice of scales, so that their floor is an upper bound of that of free scales."""
    assert problem.tolerance is not None
    sources = set(instances.inputs.values())
    if len(sources) != 1 or not _is_small(problem, source := sources.pop()):
        return None
    partition = Partition(problem, _definite(source))
    measure = measure_of(problem.tolerance)
    errors, floors = [], []
    for cell in range(partition.count):
        image = partition.image(cell, FINE)
        values: list[Value] = []
        codes = partition.codes_of(cell)
        for node, fmt in zip(problem.expression.nodes, instances.nodes, strict=True):
            value = convert(codes[str(node.payload)], fmt) if node.op == "var" else apply(node, [values[a] for a in node.args], fmt)
            values.append(value)
        number = to_fraction(convert(values[-1], instances.output))
        errors.append(Range(inf, inf) if number is None else image.error(measure, number))
        floors.append(image.floor(measure, instances.output))
    return Truth(Range(Fraction(0), max(e.hi for e in floors)), _largest(errors), problem.tolerance.threshold)


def _exact_program(problem: Problem, source: Format, output: Format) -> Range:
    """The program that rounds inputs and output only; f at the codes by Arb."""
    assert problem.tolerance is not None
    partition, measure = Partition(problem, _definite(source)), measure_of(problem.tolerance)
    f = Function(problem.expression)
    errors = []
    for cell in range(partition.count):
        point = [to_fraction(code) for code in partition.codes_of(cell).values()]
        if any(x is None for x in point):
            raise NotImplementedError
        low, high = (extremum(f, tuple((x, x) for x in point if x is not None), sense=sense) for sense in (-1, 1))
        answers = {convert(end, output) for end in (low.lo, high.hi) if isinstance(end, Fraction)}
        number = to_fraction(answers.pop()) if len(answers) == 1 else None
        if number is None:
            raise NotImplementedError
        errors.append(partition.image(cell, FINE).error(measure, number))
    return _largest(errors)


def _largest(errors: list[Range]) -> Range:
    return Range(max(e.lo for e in errors), max(e.hi for e in errors))
