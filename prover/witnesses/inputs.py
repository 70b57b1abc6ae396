"""The inputs of a case as columns of codes, with how far the box's real numbers reach around each code."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.problem import InputModel, Interval
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat, Overflow, Rounding, Subnormals
from suffice.hardware_specs.rounding import Special, neighbours, round_exact
from suffice.hardware_specs.upward import above, below
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.case import Case, cell_within
from suffice.prover.witnesses.machine import binade

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Input:
    """One input: the format that cuts its side of the box into cells, and the first and last code.

    `has_cells`: the points are all reals, not the codes alone. `overflowing`: ends of the side that round to no finite number.
    """

    name: str
    format: Format
    side: Interval
    low: float
    high: float
    has_cells: bool
    overflowing: tuple[Fraction, ...] = ()

    def codes(self, points: Array) -> Array:
        """The codes near arbitrary numbers, within the box; the first code for NaN."""
        inside: Array = np.fmin(np.fmax(points, self.low), self.high)
        rounded = inside if isinstance(self.format, ExactFormat) else round_array(self.format, inside)
        return np.minimum(np.maximum(rounded, self.low), self.high)

    def free_bits(self, most: int) -> int:
        """How many low bits of a code may change without leaving its neighbourhood."""
        p = self.format.p if isinstance(self.format, FloatFormat) else 8
        return max(1, min(most, p - 3))

    def spacing(self, codes: Array) -> Array:
        """The distance of each code to the next one away from zero."""
        if isinstance(self.format, IntFormat):
            return np.full(codes.shape, float(self.format.scale or 1))
        fmt = self.format if isinstance(self.format, FloatFormat) else _FINEST
        spacing: Array = np.ldexp(1.0, binade(fmt, codes) - (fmt.p - 1))
        return spacing

    def rooms(self, codes: Array) -> tuple[Array, Array]:
        """How far the reals of the cell within the box reach below each code, and above; negative where they stop before it."""
        if not self.has_cells:
            return np.zeros(codes.shape), np.zeros(codes.shape)
        before, after = _rooms(self.format, codes, self.spacing(codes))
        return np.minimum(before, _beyond(codes, self.side.lo)), np.minimum(after, -_beyond(codes, self.side.hi))

    def exact(self, code: float, *, side: float) -> Fraction:
        """A real number of the code's cell: its lower end for `side` 1, its upper end for -1, in proportion between; never outside."""
        number = self._number(code)
        x = min(max(number, self.side.lo), self.side.hi)
        if not self.has_cells:
            return x
        cell = cell_within(self.format, self.side, x)
        share = (1 - Fraction(side)) / 2
        inside = cell.lo + (cell.hi - cell.lo) * min(max(share, _NUDGE), 1 - _NUDGE)
        end = cell.lo if side > 0 else cell.hi
        return end if abs(side) == 1 and round_exact(self.format, end) == number else inside

    def _number(self, code: float) -> Fraction:
        """The number that a code stands for, which float64 need not hold where a scale is no power of two."""
        scale = self.format.scale if isinstance(self.format, IntFormat) else None
        return Fraction(code) if scale is None else round(Fraction(code) / scale) * scale


_FINEST = FloatFormat(p=53, emin=-1022, emax=1023, max_finite=Fraction(2) ** 1024 - Fraction(2) ** 971)

_NUDGE = Fraction(1, 1 << 40)


def make_inputs(case: Case) -> tuple[Input, ...] | None:
    """The inputs in the order of their names; None where one has no code within its side."""
    inputs = []
    for name, side in sorted(case.problem.box.items()):
        made = _make_input(case, name, side)
        if made is None:
            return None
        inputs.append(made)
    return tuple(inputs)


def _make_input(case: Case, name: str, side: Interval) -> Input | None:
    fmt = case.inputs[name]
    representable = case.problem.inputs is InputModel.REPRESENTABLE
    if isinstance(fmt, ExactFormat):
        nodes = case.problem.expression.nodes
        fmt = next((case.nodes[k] for k, node in enumerate(nodes) if node.payload == name), fmt)
        representable = False
    if isinstance(fmt, ExactFormat):
        first, last = above(side.lo), below(side.hi)
        return Input(name, fmt, side, first, last, False) if first <= last else None
    ends = (neighbours(fmt, side.lo)[1], neighbours(fmt, side.hi)[0]) if representable else _end_codes(fmt, side)
    low, high = ends
    if low is None or high is None or low > high:
        return None
    overflowing = () if representable else tuple(end for end in (side.lo, side.hi) if not isfinite(float(round_exact(fmt, end))))
    return Input(name, fmt, side, float(low), float(high), not representable, overflowing)


def _end_codes(fmt: Format, side: Interval) -> tuple[Fraction | None, Fraction | None]:
    """The codes of the ends, or the finite numbers next to them where they overflow."""
    low, high = (round_exact(fmt, end) for end in (side.lo, side.hi))
    zero = Fraction(0)
    first = low if isinstance(low, Fraction) else zero if low is Special.NEGATIVE_ZERO else neighbours(fmt, side.lo)[1]
    last = high if isinstance(high, Fraction) else zero if high is Special.NEGATIVE_ZERO else neighbours(fmt, side.hi)[0]
    return first, last


def _beyond(codes: Array, end: Fraction) -> Array:
    """codes - end, with the end to twice the digits of float64."""
    high = float(end)
    difference: Array = (codes - high) - float(end - Fraction(high))
    return difference


def _rooms(fmt: Format, codes: Array, outer: Array) -> tuple[Array, Array]:
    """How far the cells reach below and above their codes; `outer` is the spacing away from zero."""
    significand = np.abs(np.frexp(codes)[0])
    inner = outer
    if isinstance(fmt, FloatFormat):
        inner = np.where((significand == 0.5) & (outer > 2.0 ** (fmt.emin - fmt.p + 1)), outer / 2, outer)
        if fmt.subnormals is Subnormals.FLUSHED:
            outer = np.where(codes == 0, 2.0**fmt.emin, outer)
            inner = np.where(codes == 0, outer, inner)
    positive = codes > 0
    down, up = np.where(positive, inner, outer), np.where(positive | (codes == 0), outer, inner)
    share_down, share_up = _shares(getattr(fmt, "rounding", Rounding.NEAREST_EVEN), codes)
    down, up = down * share_down, up * share_up
    top, bottom = _saturated(fmt)
    return np.where(codes == bottom, np.inf, down), np.where(codes == top, np.inf, up)


def _shares(mode: Rounding, codes: Array) -> tuple[Array | float, Array | float]:
    """Which parts of the gaps below and above belong to the code."""
    match mode:
        case Rounding.UP:
            return 1.0, 0.0
        case Rounding.DOWN:
            return 0.0, 1.0
        case Rounding.TOWARD_ZERO:
            return np.where(codes > 0, 0.0, 1.0), np.where(codes < 0, 0.0, 1.0)
        case _:
            return 0.5, 0.5


def _saturated(fmt: Format) -> tuple[float, float]:
    """The codes that stand for everything beyond them, above and below; infinite where there are none."""
    if isinstance(fmt, IntFormat) and fmt.scale is not None and fmt.zero is not None:
        return float(fmt.scale * (fmt.qmax - fmt.zero)), float(fmt.scale * (fmt.qmin - fmt.zero))
    if isinstance(fmt, FloatFormat) and fmt.overflow is Overflow.SATURATE:
        return float(fmt.max_finite), -float(fmt.max_finite)
    return np.inf, -np.inf
