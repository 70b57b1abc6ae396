"""What the prover answers. Plain data: exact rationals, ready for JSON and for tables."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from suffice.encodings.problem import Problem
from suffice.proofs.certificate import Certificate, Formats, Verdict

Point = dict[str, Fraction]
"""One value for each input."""

Amount = Fraction | Literal["infinite"]
"""A value of the error measure; `infinite` for a run that ends in NaN or an infinity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one strategy established: a bound with its statement, or why it found none."""

    strategy: str
    bound: str = ""
    statement: str = ""
    value: Amount | None = None
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverRun:
    """One solver's word on one SMT-LIB script: with the unsat core, with the proof or the model where asked for, or why it does not know.

    A model gives constants their values, rational ones written as quotients.
    """

    solver: str
    version: str
    answer: Literal["sat", "unsat", "unknown"]
    seconds: float
    core: tuple[str, ...] = ()
    reason: str = ""
    proof: str = ""
    model: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heuristic:
    """The peak-curvature number log2(c kappa D^2 / eps), shown for orientation and never used as evidence (THEORY section 2)."""

    bits: int
    c: Fraction
    kappa: Fraction
    diameter: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer for one format. Bounds are values of the measure of docs/semantics.md, carried by the certificate; None: not known."""

    format: str
    formats: Formats
    verdict: Verdict
    statement: str
    possible: bool
    certificate: Certificate
    digest: str
    seconds: float
    floor: Fraction | None = None
    floor_upper: Fraction | None = None
    error_bound: Fraction | None = None
    witness_error: Amount | None = None
    witness: Point | None = None
    witness_pair: tuple[Point, Point] | None = None
    heuristic: Heuristic | None = None
    findings: tuple[Finding, ...] = ()
    solvers: tuple[SolverRun, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The answer of `prove`: one result for each format, in the order asked."""

    problem: Problem
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """The answer of `minimum`: the smallest format proved sufficient (None if none is) and the result for it and every smaller one."""

    problem: Problem
    results: tuple[Result, ...]
    minimum: str | None
    tight: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatBounds:
    """The error bracket in one format, no tolerance asked.

    `error_bound` is proved by outward-rounded interval arithmetic; `checked` says that the kernel derived it too. `bound_seconds` is the
    time of that side alone. Where explanations are asked for: `shares` are the roundings' parts in the bound on the leaf where it is
    largest, the largest first; `run` is the witness's run; and no algorithm whatever has a smaller worst error than `floor`. The
    `certificate`, where asked for, proves that the bound as a tolerance is enough.
    """

    format: str
    error_bound: Fraction | None
    witness_error: Amount | None
    witness: Point | None
    leaves: int
    seconds: float
    checked: bool = False
    bound_seconds: float = 0.0
    shares: tuple[RoundingShare, ...] = ()
    run: tuple[RunStep, ...] = ()
    floor: Fraction | None = None
    certificate: Certificate | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundingShare:
    """One rounding on a leaf: what is rounded and how, the largest error there, how much it is amplified at most, and the product's
    part in the whole.
    """

    position: int
    what: str
    format: str
    rounding: Fraction
    slope: Fraction
    part: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The answer of `bounds`: enclosures of the function on the box, and the error bracket in each format.

    `range` is the pair of (outer) ends; `lipschitz`, `curvature_floor` and `curvature_peak` are keyed by input: the largest |df/dx_i| and
    the least and largest half |d2f/dx_i^2| (None where f is not smooth or no bound was found).
    """

    problem: Problem
    range: tuple[Fraction, Fraction]
    lipschitz: dict[str, Fraction | None]
    curvature_floor: dict[str, Fraction | None]
    curvature_peak: dict[str, Fraction | None]
    results: tuple[FormatBounds, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep:
    """One operation of a run: the real function's value, what is held, what this rounding added, and the whole error so far.

    Real values are rounded to many more digits than are shown. None: not defined, or not a number.
    """

    position: int
    what: str
    format: str
    real: Fraction | None
    computed: Fraction | str
    rounding: Fraction | None
    error: Fraction | None
