"""Each claim as an argument: the statement, the numbers put in, what follows."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from suffice.encodings.problem import Interval
from suffice.errors import SufficeError
from suffice.hardware_specs.format import Format
from suffice.hardware_specs.rounding import cell, count_codes, count_numbers, neighbours, round_exact
from suffice.proofs.certificate import Bound, Certificate, Claim
from suffice.proofs.decimals import decimal_nearest
from suffice.proofs.evidence import (
    CellCurvatureEvidence,
    CellSlopeEvidence,
    CountEvidence,
    CoverEvidence,
    CurvatureEvidence,
    PairEvidence,
    Point,
    RunEvidence,
    SlopeEvidence,
    Split,
)
from suffice.proofs.trace.data import Quantity, Section, Step
from suffice.proofs.trace.numbers import enclosed, equal, exact_text
from suffice.proofs.trace.statements import described
from suffice.proofs.trace.words import bounded, measure_of, rounded

BOUNDS = {
    Bound.FLOOR: "Every algorithm errs somewhere by at least",
    Bound.FLOOR_UPPER: "Some algorithm errs everywhere by at most",
    Bound.ERROR_BOUND: "This program errs everywhere by at most",
    Bound.WITNESS_ERROR: "This program errs at one input by at least",
}

_WHOSE = {
    Bound.FLOOR: "somewhere in the box, whatever the algorithm",
    Bound.FLOOR_UPPER: "for some algorithm and every input",
    Bound.ERROR_BOUND: "for this program and every input",
    Bound.WITNESS_ERROR: "for this program at this input",
}


def heading(claim: Claim) -> str:
    """What a claim says."""
    return "This program fails at one input" if isinstance(claim.value, str) else f"{BOUNDS[claim.bound]} {rounded(claim)}"


def claim_section(certificate: Certificate, claim: Claim) -> Section:
    """One claim: what it says, and from which evidence."""
    name, meaning = described(claim.statement)
    label = f"{claim.statement} ({name})" if name else claim.statement
    value = bounded("claimed value", claim)
    follows = f"Hence the {measure_of(certificate.problem)} is {value.decimal or value.exact} {_WHOSE[claim.bound]}."
    steps = (Step(label=label, meaning=meaning), _argument(certificate, claim), Step(quantities=(value,), follows=follows))
    return Section(heading=heading(claim), steps=steps)


def _argument(certificate: Certificate, claim: Claim) -> Step:
    match claim.evidence:
        case PairEvidence() as pair:
            return _pair(certificate, pair)
        case CountEvidence() as count:
            text = (
                f"Between these two points f, being continuous, takes every value between f(a) and f(b). {_counts(certificate)} "
                "The distance of the two values is shared among at most as many answers."
            )
            return Step(text=text, quantities=_values(certificate, count.points))
        case SlopeEvidence() | CurvatureEvidence() as segment:
            return _segment(certificate, segment)
        case CellSlopeEvidence() as slope:
            text = (
                f"On the whole cell of this point's codes, cut into {_pieces(slope.pieces)}, no slope changes its sign: the ends of the "
                "cell share one answer, and their values of f differ by at least the sum of slope times width."
            )
            return Step(text=text, quantities=_cells(certificate, slope.point, tuple(sorted(slope.point))))
        case CellCurvatureEvidence() as curvature:
            text = (
                f"On the whole cell of this point's code along {curvature.input}, cut into {_pieces(curvature.pieces)}, the second "
                "derivative keeps its sign and a distance from zero: one answer cannot follow the bend."
            )
            return Step(text=text, quantities=_cells(certificate, curvature.point, (curvature.input,)))
        case CoverEvidence() as cover:
            return _cover(certificate, claim, cover)
        case RunEvidence() as run:
            return _run(certificate, claim, run)


def _pair(certificate: Certificate, pair: PairEvidence) -> Step:
    if len(pair.points) == 1:
        text = "At this point f takes a value that no number of the output format is near to."
    else:
        text = (
            "Both points round to the same codes, so that every algorithm gives both the same answer. Whichever number of the output "
            "format that is, at one of the two points it has the claimed error or more."
        )
    return Step(text=text, quantities=(*_values(certificate, pair.points), *_answers(certificate, pair.points)))


def _segment(certificate: Certificate, evidence: SlopeEvidence | CurvatureEvidence) -> Step:
    moved = [name for name in sorted(evidence.segment[0]) if len({point.get(name) for point in evidence.segment}) > 1]
    what = "slope" if isinstance(evidence, SlopeEvidence) else "second derivative"
    text = (
        f"Along the segment between these two points, cut into {_pieces(evidence.pieces)}, the {what} in {', '.join(moved)} keeps its "
        f"sign and a distance from zero, so that f runs through a range. {_counts(certificate)} That range is shared among them."
    )
    lengths = tuple(equal(f"length in {name}", abs(evidence.segment[-1][name] - evidence.segment[0][name])) for name in moved)
    return Step(text=text, quantities=(*_values(certificate, evidence.segment), *lengths))


def _cover(certificate: Certificate, claim: Claim, cover: CoverEvidence) -> Step:
    leaves, depth = cover_shape(cover.splits)
    program = "the program's error" if claim.bound is Bound.ERROR_BOUND else "the best algorithm's error"
    text = (
        f"The box is cut into {leaves} {'leaf' if leaves == 1 else 'leaves'} that cover it. On each of them the kernel encloses {program} "
        f"anew; ranges are cut into {_pieces(cover.pieces)}. The claimed value is not below the worst leaf's bound."
    )
    quantities = (equal("leaves", Fraction(leaves)), equal("deepest cut", Fraction(depth)))
    sides = tuple(equal(f"side of the box in {name}", side.hi - side.lo) for name, side in sorted(certificate.problem.box.items()))
    return Step(text=text, quantities=(*quantities, *sides))


def cover_shape(splits: tuple[Split, ...]) -> tuple[int, int]:
    """Number of leaves, and of cuts above the deepest one."""
    leaves, deepest = 0, 0
    open_parts = [0]
    for split in splits:
        depth = open_parts.pop() if open_parts else 0
        if split == 0:
            leaves, deepest = leaves + 1, max(deepest, depth)
        else:
            open_parts += [depth + 1, depth + 1]
    return leaves, deepest


def _run(certificate: Certificate, claim: Claim, run: RunEvidence) -> Step:
    end = "ends in NaN or an infinity" if claim.value == "infinite" else "ends in a number whose error is at least the claimed value"
    text = f"The program, run at this input with every operation rounded exactly as its format says, {end}."
    return Step(text=text, quantities=_values(certificate, (run.point,), program=True))


def _values(certificate: Certificate, points: tuple[Point, ...], *, program: bool = False) -> tuple[Quantity, ...]:
    """The points, what each input rounds to, and f there."""
    quantities: list[Quantity] = []
    for index, point in enumerate(points):
        mark = f" at {'ab'[index]}" if len(points) == 2 else ""
        for name in sorted(point):
            quantities.append(equal(f"{name}{mark}", point[name]))
            quantities += _rounded(f"{name}{mark} rounds to", _input_format(certificate, name, program=program), point[name])
        value = value_at(certificate, point)
        if value is not None:
            quantities.append(enclosed(f"f{mark}" if mark else "f(x)" if sorted(point) == ["x"] else "f there", value))
    return tuple(quantities)


def value_at(certificate: Certificate, point: Point) -> Interval | None:
    """An enclosure of f, for reading only: what is proved about it stands in the claim. None where there is none."""
    from suffice.encodings.enclosures.arb import enclose_at

    if set(point) != set(certificate.problem.box):
        return None
    try:
        return enclose_at(certificate.problem.expression, point, 80)
    except SufficeError:
        return None


def _input_format(certificate: Certificate, name: str, *, program: bool) -> Format:
    instances = certificate.formats.instances
    return instances.inputs.get(name, certificate.formats.input) if program and instances else certificate.formats.input


def _rounded(name: str, fmt: Format, q: Fraction) -> list[Quantity]:
    try:
        value = round_exact(fmt, q)
    except SufficeError:
        return []
    if isinstance(value, Fraction):
        return [equal(name, value)] if value != q else []
    return [Quantity(name=name, exact=value.value)]


def _answers(certificate: Certificate, points: tuple[Point, ...]) -> list[Quantity]:
    """The output numbers around the middle of the values of f, which are the best answers, and how far off they are."""
    values = [value for point in points if (value := value_at(certificate, point)) is not None]
    middle = sum((value.lo for value in values), Fraction(0)) / max(len(values), 1)
    try:
        below, above = neighbours(certificate.formats.output, middle) if values else (None, None)
    except SufficeError:
        return []
    quantities = []
    for side, number in (("below", below), ("above", above)):
        if number is not None and (side == "below" or number != below):
            error = max(abs(number - value.lo) for value in values)
            quantities += [equal(f"best answer {side}", number), _about("absolute error of that answer", error)]
    return quantities


def _about(name: str, q: Fraction) -> Quantity:
    return Quantity(name=name, exact="", decimal=f"about {decimal_nearest(q)}")


def _counts(certificate: Certificate) -> str:
    """How many answers there are at most."""
    counts = [_count(count_numbers, certificate.formats.output, "numbers in the output format")]
    if len(certificate.problem.box) == 1:
        counts.append(_count(count_codes, certificate.formats.input, "codes in the input format"))
    known = [text for text in counts if text]
    return f"There are at most {' and at most '.join(known)}." if known else "There are finitely many answers."


def _count(count: Callable[[Format], int | None], fmt: Format, of: str) -> str:
    try:
        number = count(fmt)
    except SufficeError:
        return ""
    return "" if number is None else f"{exact_text(Fraction(number))} {of}"


def _cells(certificate: Certificate, point: Point, names: tuple[str, ...]) -> tuple[Quantity, ...]:
    """The point, and the cell's ends and width in the named inputs."""
    quantities = list(_values(certificate, (point,)))
    for name in names:
        try:
            around = cell(certificate.formats.input, round_exact(certificate.formats.input, point[name]))
        except (SufficeError, KeyError):
            continue
        if around.lo is not None and around.hi is not None:
            quantities += [equal(f"cell of {name} from", around.lo), equal(f"cell of {name} to", around.hi)]
            quantities.append(equal(f"width of the cell of {name}", around.hi - around.lo))
    return tuple(quantities)


def _pieces(pieces: int) -> str:
    return "one piece" if pieces == 1 else f"{pieces} equal pieces"
