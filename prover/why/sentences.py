"""The members of a core in words: which enclosure, which format fact, which tolerance, and how far each may be relaxed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from suffice.hardware_specs.format import CodeFormat, FloatFormat, Format, IntFormat
from suffice.proofs.certificate import Certificate, Claim, Verdict
from suffice.proofs.decimals import decimal_above, decimal_below, decimal_nearest
from suffice.proofs.evidence import Point
from suffice.proofs.kernel.farkas import linear
from suffice.proofs.kernel.smtlib import Term
from suffice.proofs.trace.formats import name_of
from suffice.proofs.trace.numbers import exact_text
from suffice.proofs.trace.scripts import place_of
from suffice.proofs.trace.statements import described
from suffice.prover.why.relaxations import Relaxation, sites
from suffice.prover.why.scripts import Script

_SHORT = 14
"""Characters of an exact number that is written as it is."""

_LONG = 30
"""Characters of an exact number that is no bound, and must not be rounded silently."""

_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the sentences are about: the claim that decides, its script, and the facts that the kernel derived."""

    certificate: Certificate
    claim: Claim
    script: Script
    facts: dict[str, Fraction] = field(default_factory=dict)
    is_whole: bool = True
    """Whether what the script says of one leaf holds of all others too."""
    are_inputs_fewest: bool = False
    """Whether the codes that a law counts are those of the inputs, which are fewer than the output's."""

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats of the question, those of single places last."""
        asked = self.certificate.formats
        return (asked.input, asked.output, asked.compute, *asked.inputs.values(), *asked.operations.values())

    @property
    def unit(self) -> Fraction:
        """The unit in which a script of roundings counts."""
        return self.number("hardware_unit")

    def number(self, name: str) -> Fraction:
        """The first number of an assertion, 0 where it has none."""
        found = sites(name, self.script.assertions[name])
        return found[0].value if found else Fraction(0)


def because(subject: Subject, name: str) -> str:
    """What an assertion says, as a reason."""
    kind, _, rest = name.partition("_")
    told = _BECAUSE.get(name) or _BECAUSE_BY_KIND.get(kind)
    return f"because {told(subject, rest)}" if told else f"because of {name}"


def shown(q: Fraction, direction: int) -> str:
    """A number to be read: exact where that is short, else a decimal rounded down (-1) or up (1)."""
    text = exact_text(q)
    if len(text) <= _SHORT:
        return text
    return decimal_above(q, _DIGITS) if direction > 0 else decimal_below(q, _DIGITS)


def given(q: Fraction) -> str:
    """A number that is no bound: exact, or said to be about so much."""
    text = exact_text(q)
    return text if len(text) <= _LONG else f"about {decimal_nearest(q, _DIGITS)}"


def _significand(subject: Subject, _: str) -> str:
    """The format is the first of that p, as the kernel chose it."""
    formula = subject.script.assertions["hardware_significand"]
    p = int(str(formula[2]))
    named = next((name_of(fmt) for fmt in subject.formats if isinstance(fmt, FloatFormat) and fmt.p == p), "the format")
    return f"{named} has {p} significand bits{_besides(subject)}"


def _bits(subject: Subject, _: str) -> str:
    fmt = next((fmt for fmt in subject.formats if isinstance(fmt, CodeFormat)), None)
    return f"an output code of {fmt.bits} bits has {2**fmt.bits} values{_besides(subject)}" if fmt else "an output code has so many bits"


def _codes(subject: Subject, _: str) -> str:
    formula = subject.script.assertions["hardware_codes"]
    count = dict(enumerate(formula)).get(2)
    fitting = (fmt for fmt in subject.formats if isinstance(fmt, IntFormat) and str(fmt.qmax - fmt.qmin + 1) == count)
    named = next((name_of(fmt) for fmt in fitting), "the format")
    return f"{named} has {count} codes{_besides(subject)}"


def _besides(subject: Subject) -> str:
    """The script names one format. What the law goes by may be another: fewer codes of the inputs, or the cells of those that move."""
    if subject.are_inputs_fewest:
        return f", and the inputs have only {subject.facts['codes']} codes, so that there are no more answers"
    inputs = {subject.certificate.formats.of_input(name) for name in subject.certificate.problem.box}
    return f", and {_cell(subject, '')}" if subject.claim.statement in ("T2", "T6") and len(inputs) > 1 else ""


def _unit(subject: Subject, _: str) -> str:
    return f"roundings are counted in units of {given(subject.unit)}"


def _rounding(subject: Subject, share: str) -> str:
    size = subject.number(f"hardware_{share}") * subject.unit
    return f"rounding {_place(subject, share)} adds an error of at most {shown(size, 1)}"


def _slope(subject: Subject, share: str) -> str:
    factor = subject.number(f"slope_{share}")
    return f"an error there reaches the result at most {shown(factor, 1)} times ({_place(subject, share)})"


def _place(subject: Subject, share: str) -> str:
    kind, _, rest = share.partition("_")
    if kind == "branch":
        return f"the choice of a branch at {place_of(subject.certificate.problem, f'node_{rest}')}"
    return place_of(subject.certificate.problem, share)


def _enclosure(subject: Subject, what: str) -> str:
    value = subject.number(f"enclosure_{what}")
    along = _segment(subject)
    if what.startswith("slope"):
        name = what.removeprefix("slope").removeprefix("_") or _moved(subject)
        return f"|df/d{name}| >= {shown(value, -1)} {along}"
    if what.startswith("f_"):
        _, point, end = what.split("_")
        relation, direction = (">=", -1) if end == "from" else ("<=", 1)
        return f"f {relation} {shown(value, direction)} at {_point(subject, point)}"
    if what.startswith("size_"):
        return f"|f| <= {shown(value, 1)} at {_point(subject, what.removeprefix('size_'))}"
    return {
        "range": f"f runs through a range of at least {shown(value, -1)} {along}",
        "curvature": f"half the second derivative of f (or of -f) is >= {shown(value, -1)} {along}",
        "size": f"|f| >= {shown(value, -1)} on that leaf",
        "error": f"the bound on the program's error over all leaves of the cover is {shown(value, 1)} ({subject.claim.statement})",
    }.get(what, f"of the enclosure {what}")


def _moved(subject: Subject) -> str:
    points: tuple[Point, ...] = getattr(subject.claim.evidence, "points", ())
    names = [name for name in points[0] if points[0][name] != points[-1][name]] if points else []
    return names[0] if len(names) == 1 else "x"


def _segment(subject: Subject) -> str:
    points: tuple[Point, ...] = getattr(subject.claim.evidence, "points", ())
    if len(points) < 2:
        return ""
    moved = [
        f"{name} from {given(points[0][name])} to {given(points[1][name])}" for name in points[0] if points[0][name] != points[1][name]
    ]
    fixed = [f"{name} = {given(points[0][name])}" for name in points[0] if points[0][name] == points[1][name]]
    return f"along {', '.join([*moved, *fixed])}"


def _point(subject: Subject, which: str) -> str:
    evidence = subject.claim.evidence
    points = getattr(evidence, "points", None) or [getattr(evidence, "point", {})]
    point = points["ab".index(which)]
    return ", ".join(f"{name} = {given(value)}" for name, value in point.items())


def _statement(label: str) -> str:
    name, meaning = described(label)
    start = meaning[:2].lower() if meaning[1:2].islower() else meaning[:2]
    told = f": {start}{meaning[2:].rstrip('.')}" if meaning else ""
    return f"of {label}{f' ({name})' if name else ''}{told}"


def _tolerance(subject: Subject, _: str) -> str:
    tolerance = subject.certificate.problem.tolerance
    assert tolerance is not None
    if not tolerance.relative:
        return f"the tolerance is {given(tolerance.absolute)}"
    parts = [given(tolerance.absolute)] if tolerance.absolute else []
    return f"the tolerance is {' + '.join([*parts, f'{given(tolerance.relative)} |f|'])}"


def _cell(subject: Subject, _: str) -> str:
    points: tuple[Point, ...] = getattr(subject.claim.evidence, "points", ())
    moved = [name for name in points[0] if points[0][name] != points[-1][name]]
    named = " and ".join(dict.fromkeys(name_of(subject.certificate.formats.of_input(name)) for name in moved))
    return f"both points lie in one cell of {named}, or at its ends, and so get one answer"


def _format(subject: Subject, _: str) -> str:
    named = name_of(subject.certificate.formats.output)
    formula = subject.script.assertions["format"]
    ends = [site.value for site in sites("format", formula)]
    if len(ends) == 2:
        return f"{named} has no number between {exact_text(ends[0])} and {exact_text(ends[1])}"
    return f"no number of {named} lies {'above' if formula[0] == '<=' else 'below'} {exact_text(ends[0])}"


def _program(subject: Subject, _: str) -> str:
    formula: Term = subject.script.assertions["program"]
    return f"the program's answer there is {exact_text(linear(formula[2]).get('', Fraction(0)))}"


def _distance(subject: Subject, which: str) -> str:
    return f"the error at {_point(subject, which)} is the distance of the answer from f"


_Told = Callable[[Subject, str], str]
_BECAUSE: dict[str, _Told] = {
    "hardware_significand": _significand,
    "hardware_bits": _bits,
    "hardware_codes": _codes,
    "hardware_unit": _unit,
    "cell": _cell,
    "format": _format,
    "program": _program,
    "tolerance": _tolerance,
    "tolerance_relative": _tolerance,
}
_BECAUSE_BY_KIND: dict[str, _Told] = {
    "hardware": _rounding,
    "slope": _slope,
    "enclosure": _enclosure,
    "statement": lambda _, label: _statement(label),
    "distance": _distance,
}


_NOUNS = {"slope": "a slope", "f_": "a value", "size_": "a size of f"}
"""What an enclosure bounds, by how its name goes on."""


def relaxed(subject: Subject, relaxation: Relaxation) -> list[str]:
    """What the least relaxation of a number is, and what it means."""
    doubt = "" if relaxation.is_proved else "not proved by both solvers: "
    if relaxation.site.assertion.startswith("tolerance"):
        return [doubt + _relaxed_tolerance(subject, relaxation)]
    counted = [_limited_codes(subject.facts["codes"], relaxation)] if _divides_codes(subject, relaxation) else []
    return [doubt + text for text in [*counted, *(_limited(*each, relaxation) for each in _quantities(subject, relaxation))]]


def _divides_codes(subject: Subject, relaxation: Relaxation) -> bool:
    """Whether the number is the factor of a law that shares a range among codes (T3, T4, T5)."""
    return relaxation.site.assertion.startswith("statement") and "codes" in subject.facts and relaxation.limit > 0


def _limited_codes(codes: Fraction, relaxation: Relaxation) -> str:
    """The factor of such a law falls as the number of codes grows: it is no less than the limit for so many."""
    most = codes * relaxation.site.value / relaxation.limit
    fewest = -(-most.numerator // most.denominator) if relaxation.is_reached else most.numerator // most.denominator + 1
    return f"with {fewest} codes or more the argument fails; with {fewest - 1} or fewer it holds"


def _relaxed_tolerance(subject: Subject, relaxation: Relaxation) -> str:
    site, tolerance = relaxation.site, subject.certificate.problem.tolerance
    assert tolerance is not None
    is_relative = site.assertion == "tolerance_relative" or site.factor_of or tolerance.is_relative
    part = "relative tolerance" if is_relative else "tolerance"
    is_mixed = bool(tolerance.absolute and tolerance.relative)
    beside = " beside the other part" if is_mixed else ""
    where = "" if subject.is_whole and not (is_mixed and site.factor_of) else ", on that leaf"
    if subject.certificate.verdict is Verdict.SUFFICIENT:
        if relaxation.is_endless:
            return f"with a {part} of 0{beside} the proof would still hold{where}"
        short, beyond = _both_sides(relaxation.limit, -1)
        return f"the proof holds for every {part}{beside} down to {short}{where}, and fails below{beyond}"
    verdict = subject.certificate.verdict.value
    short, beyond = _both_sides(relaxation.limit, 1)
    smaller = f"every one below {short}" if beyond else "every smaller one"
    return f"a {part} of {shown(relaxation.limit, 1)}{beside} would do, as far as this argument goes; {smaller} is still {verdict} by it"


def _both_sides(limit: Fraction, direction: int) -> tuple[str, str]:
    """The limit rounded to the side where the argument holds, and to the other side: "" where it is shown exactly."""
    short, beyond = shown(limit, -direction), shown(limit, direction)
    return short, "" if short == beyond else f" {beyond}"


def _limited(noun: str, limit: Fraction, direction: int, relaxation: Relaxation) -> str:
    if relaxation.is_endless:
        return f"the argument would hold even with {noun} of 0"
    short, beyond = _both_sides(limit, direction)
    more, less = ("more", "less") if direction > 0 else ("less", "more")
    if relaxation.is_reached:
        rest = f"{less} than {short}" if beyond else f"anything {less}"
        return f"with {noun} of {shown(limit, direction)} or {more} the argument fails; with {rest} it holds"
    return f"the argument holds {'up' if direction > 0 else 'down'} to {noun} of {short}, and fails beyond{beyond}"


def _quantities(subject: Subject, relaxation: Relaxation) -> list[tuple[str, Fraction, int]]:
    """What a number measures, its limit, and which way it is relaxed: the factor of a law by the lengths and counts it is made of."""
    site, limit = relaxation.site, relaxation.limit
    kind, _, rest = site.assertion.partition("_")
    facts, ratio = subject.facts, limit / site.value if site.value else Fraction(0)
    if site.assertion == "hardware_unit":
        return [("a unit", limit, 1)]
    if kind == "hardware":
        return [("a rounding", limit * subject.unit, 1)]
    if kind == "slope":
        return [("a slope", limit, 1)]
    if kind == "statement" and ratio:
        found = []
        if rest == "T4":
            found.append(("a segment", facts["length"] * ratio, -1))
        if rest == "T2":
            name = site.factor_of.removeprefix("slope_")
            found.append((f"a width along {name}", facts[f"width_{name}"] * ratio, -1))
        return found
    what = {
        "range": "a range",
        "curvature": "half a second derivative",
        "size": "a size of f",
        "error": "a bound",
    }.get(rest, next((noun for start, noun in _NOUNS.items() if rest.startswith(start)), "a number"))
    return [(what, limit, site.direction)]
