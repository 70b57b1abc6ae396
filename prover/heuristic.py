"""The peak-curvature number of the literature, shown beside the proofs and never used in one (THEORY, end of section 2)."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from suffice.encodings.enclosures.norms import curvature_norm
from suffice.encodings.problem import Problem
from suffice.errors import SufficeError
from suffice.prover.case import round_up
from suffice.prover.results import Heuristic

_BUDGET = 200
_DIGITS = 10**12


def peak_curvature_bits(problem: Problem) -> Heuristic | None:
    """ceil(log2(kappa D^2 / eps)), c = 1, kappa the peak of half the second derivative's norm, D the diameter; None without a meaning."""
    tolerance = problem.tolerance
    if tolerance is None or tolerance.absolute == 0 or tolerance.relative != 0:
        return None
    try:
        peak = curvature_norm(problem.expression, problem.box, _BUDGET)
    except SufficeError:
        return None
    if peak.upper is None or peak.upper == 0:
        return None
    square = sum(((ends.hi - ends.lo) ** 2 for ends in problem.box.values()), Fraction(0))
    if square == 0:
        return None
    kappa = round_up(peak.upper, 40)
    ratio = kappa * square / tolerance.absolute
    bits = (-(-ratio.numerator // ratio.denominator) - 1).bit_length()
    diameter = Fraction(isqrt(int(square * _DIGITS**2)), _DIGITS)
    return Heuristic(bits=bits, c=Fraction(1), kappa=kappa, diameter=diameter)
