"""Each claim as an argument: the statement, the numbers put in, what follows."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from suffice.encodings.problem import Interval
from suffice.errors import SufficeError
from suffice.hardware_specs.format import Format
from suffice.hardware_specs.rounding import count_codes, count_numbers, neighbours, round_exact
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

Law = CountEvidence | SlopeEvidence | CurvatureEvidence | CellSlopeEvidence | CellCurvatureEvidence

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
        case CoverEvidence() as cover:
            return _cover(certificate, claim, cover)
        case RunEvidence() as run:
            return _run(certificate, claim, run)
        case PairEvidence() as pair:
            return _pair(certificate, pair)
        case law:
            return Step(text=_law(certificate, law), quantities=_law_numbers(certificate, law))


def _pair(certificate: Certificate, pair: PairEvidence) -> Step:
    numbers = (*_values(certificate, pair.points), *_answers(certificate, pair.points))
    if len(pair.points) == 1:
        text = "At this point f takes a value that no number of the output format is near to."
        return Step(text=text, quantities=numbers)
    text = (
        "Both points lie in one cell, or at its ends, so that every algorithm gives inputs there the same answer. Whichever number of the "
        "output format that is, at one of the two points it has the claimed error or more."
    )
    return Step(text=text, quantities=(*_shared_codes(certificate, pair.points), *numbers))


def _law(certificate: Certificate, law: Law) -> str:
    pieces, moved = _pieces(law.pieces), ", ".join(_moved(law.points))
    match law:
        case CountEvidence():
            return (
                f"Between these two points f is defined and continuous, and so takes every value between f at a and f at b. "
                f"{_counts(certificate)} The distance of the two values is shared among at most as many answers."
            )
        case SlopeEvidence() | CurvatureEvidence():
            what = "slope" if isinstance(law, SlopeEvidence) else "second derivative"
            return (
                f"Along the segment between these two points, cut into {pieces}, the {what} in {moved} keeps its sign and a distance "
                f"from zero, so that f runs through a range. {_counts(certificate)} That range is shared among them."
            )
        case CellSlopeEvidence():
            return (
                f"On the box between these two corners, which lies in one cell, cut into {pieces}, no slope changes its sign: inputs as "
                "near to the corners as one likes share one answer, and f differs there by at least the sum of slope times width."
            )
        case CellCurvatureEvidence():
            return (
                f"On the segment between these two points, which lies in one cell, cut into {pieces}, the second derivative in {moved} "
                "keeps its sign and a distance from zero: one answer cannot follow the bend."
            )


def _law_numbers(certificate: Certificate, law: Law) -> tuple[Quantity, ...]:
    first, last = law.points
    lengths = tuple(equal(f"length in {name}", abs(last[name] - first[name])) for name in _moved(law.points))
    in_a_cell = isinstance(law, CellSlopeEvidence | CellCurvatureEvidence)
    codes = _shared_codes(certificate, law.points) if in_a_cell else ()
    return (*codes, *_values(certificate, law.points), *lengths)


def _moved(points: tuple[Point, ...]) -> list[str]:
    """The inputs in which two points differ."""
    first, last = points
    return [name for name in sorted(first) if name in last and first[name] != last[name]]


def _shared_codes(certificate: Certificate, points: tuple[Point, ...]) -> tuple[Quantity, ...]:
    """What the inputs between two points of one cell round to."""
    first, last = points
    middles = {name: (first[name] + last[name]) / 2 for name in sorted(first) if name in last}
    fmt = certificate.formats.input
    return tuple(code for name, middle in middles.items() for code in _rounded(f"code that {name} shares", fmt, middle))


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
    instances, asked = certificate.formats.instances, certificate.formats.input
    codes = (
        code
        for name in sorted(run.point)
        for code in _rounded(f"{name} rounds to", instances.inputs.get(name, asked) if instances else asked, run.point[name])
    )
    return Step(text=text, quantities=(*_values(certificate, (run.point,)), *codes))


def _values(certificate: Certificate, points: tuple[Point, ...]) -> tuple[Quantity, ...]:
    """The points, and f there."""
    quantities: list[Quantity] = []
    for mark, point in zip((" at a", " at b") if len(points) == 2 else ("",), points, strict=True):
        quantities += [equal(f"{name}{mark}", point[name]) for name in sorted(point)]
        value = value_at(certificate, point)
        quantities += [enclosed(f"f{mark or ' there'}", value)] if value is not None else []
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


def _rounded(name: str, fmt: Format, q: Fraction) -> list[Quantity]:
    """The value that q rounds to, where the format has definite numbers."""
    try:
        value = round_exact(fmt, q)
    except SufficeError:
        return []
    return [equal(name, value) if isinstance(value, Fraction) else Quantity(name=name, exact=value.value)]


def _answers(certificate: Certificate, points: tuple[Point, ...]) -> list[Quantity]:
    """The output numbers around the middle of the values of f, and how far off they are."""
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
            quantities += [equal(f"output number {side}", number), _about("largest absolute error of that answer", error)]
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


def _pieces(pieces: int) -> str:
    return "one piece" if pieces == 1 else f"{pieces} equal pieces"
