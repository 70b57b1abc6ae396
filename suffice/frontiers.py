"""Where verdicts turn, as functions: the smallest significand, exponent range and tolerance, the largest box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from suffice.api import FormatsAsked, Progress, Question, asking_of
from suffice.encodings.problem import Problem as ProblemData
from suffice.errors import InputError
from suffice.frontier_answers import BoxAnswer, ExponentAnswer, SignificandAnswer, StaircaseAnswer, ToleranceAnswer
from suffice.hardware_specs.format import FloatFormat, Format
from suffice.prover.boxes import FINEST
from suffice.prover.significand import MAX_BITS, check_placed, float_base, significands, with_numbers
from suffice.questions import Number, Placement, read_exact, read_format

if TYPE_CHECKING:
    from suffice.prover.case import Asked

DEFAULT_BASE = "fp32"
"""The format whose exponents and rules stand where none is named."""


def smallest_significand(
    problem: ProblemData | Path | str,
    base: str | Format = DEFAULT_BASE,
    *,
    emin: int | None = None,
    emax: int | None = None,
    max_bits: int = MAX_BITS,
    placement: Placement | None = None,
    timeout: float | None = None,
    run_all: bool = False,
    progress: Progress | None = None,
    **question: Unpack[Question],
) -> SignificandAnswer:
    """A verdict of its own for p = 1, 2, ..., with the exponents and rules of `base`, up to the first that is proved sufficient.

    p counts the hidden bit. Other arguments as in `prove`. Raises SufficeError.
    """
    from suffice.prover.significand import scan_significands

    formats = significands(base_format(base, emin, emax), max_bits)
    asking = asking_of(problem, formats, placement, question)
    check_placed(asking.formats[0], formats[0])
    return SignificandAnswer(scan_significands(asking.problem, asking.formats, timeout=timeout, run_all=run_all, progress=progress))


def smallest_exponents(
    problem: ProblemData | Path | str,
    base: str | Format = DEFAULT_BASE,
    *,
    emin: int | None = None,
    emax: int | None = None,
    placement: Placement | None = None,
    timeout: float | None = None,
    run_all: bool = False,
    progress: Progress | None = None,
    **question: Unpack[Question],
) -> ExponentAnswer:
    """With p and the rules of `base`: the smallest emax and the largest emin that are proved sufficient, each alone and both together.

    The exponents tried lie within those of `base`, or from `emin` to `emax`. Other arguments as in `prove`. Raises SufficeError.
    """
    from suffice.prover.significand import scan_exponents

    fmt = base_format(base, emin, emax)
    asking = asking_of(problem, fmt, placement, question)
    check_placed(asking.formats[0], fmt)

    def ask(formats: Sequence[FloatFormat]) -> Sequence[Asked]:
        return asking_of(problem, formats, placement, question).formats

    return ExponentAnswer(scan_exponents(asking.problem, fmt, ask, timeout=timeout, run_all=run_all, progress=progress))


def significand_staircase(
    problem: ProblemData | Path | str,
    tolerances: Iterable[Number],
    base: str | Format = DEFAULT_BASE,
    *,
    emin: int | None = None,
    emax: int | None = None,
    max_bits: int = MAX_BITS,
    placement: Placement | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    **question: Unpack[Question],
) -> StaircaseAnswer:
    """`smallest_significand` for each of several tolerances, which are relative where the problem's own is. Raises SufficeError."""
    from suffice.prover.staircase import staircase

    thresholds = check_tolerances([read_exact(value, "tolerances") for value in tolerances])
    formats = significands(base_format(base, emin, emax), max_bits)
    asking = asking_of(problem, formats, placement, question)
    check_placed(asking.formats[0], formats[0])
    return StaircaseAnswer(staircase(asking.problem, thresholds, asking.formats, timeout=timeout, progress=progress))


def smallest_tolerance(
    problem: ProblemData | Path | str,
    formats: FormatsAsked | None = None,
    *,
    placement: Placement | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    **question: Unpack[Question],
) -> ToleranceAnswer:
    """The smallest tolerance for which each format is proved enough, and those below which it is proved not to be.

    The problem's own tolerance says only whether errors are relative; it may be missing. Arguments as in `prove`. Raises SufficeError.
    """
    from suffice.prover.tolerances import smallest_tolerances

    asking = asking_of(problem, formats, placement, question)
    return ToleranceAnswer(smallest_tolerances(asking.problem, asking.formats, timeout=timeout, progress=progress))


def largest_box(
    problem: ProblemData | Path | str,
    formats: FormatsAsked | None = None,
    *,
    finest: Number = FINEST,
    placement: Placement | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    **question: Unpack[Question],
) -> BoxAnswer:
    """The largest box, scaled about its centre, on which each format is proved enough, and the smallest on which it is proved not to be.

    The two are brought together until they differ by the part `finest`. Arguments as in `prove`. Raises SufficeError.
    """
    from suffice.prover.boxes import largest_boxes

    asking = asking_of(problem, formats, placement, question)
    part = read_exact(finest, "finest")
    return BoxAnswer(largest_boxes(asking.problem, asking.formats, finest=part, timeout=timeout, progress=progress))


def base_format(base: str | Format, emin: int | None, emax: int | None) -> FloatFormat:
    """The format whose rules stand, with other exponents where they are given. Raises FormatError and InputError."""
    fmt = float_base(read_format(base))
    if emin is None and emax is None:
        return fmt
    return with_numbers(fmt, p=fmt.p, emin=fmt.emin if emin is None else emin, emax=fmt.emax if emax is None else emax)


def check_tolerances(tolerances: Sequence[Fraction]) -> Sequence[Fraction]:
    """The tolerances, which must be some and positive. Raises InputError."""
    if not tolerances or min(tolerances) <= 0:
        raise InputError("the staircase needs tolerances above zero", mend="write eps=1e-2:1e-8, or eps=1e-2,1e-3")
    return tolerances
