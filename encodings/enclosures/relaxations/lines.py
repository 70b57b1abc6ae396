"""Lines above and below an elementwise function on an interval.

For every slope s, f(z) <= s z + sup(f - s z): any float64 slope will do, and the offset carries the proof. The interval is cut at
points z_0 <= ... <= z_K, and on each piece d = [d-, d+] encloses f'. With p = (d+ - s)^+ and q = (s - d-)^+, g(z) = f(z) - s z rises at
most at the rate p and falls at most at the rate q, so that on a piece of length h

    g <= max(g(z_k), g(z_k+1)) + h p q / (p + q),        and likewise for -g (with p and q exchanged).

Where g is monotone on the piece, p q = 0 and nothing is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, centre, multiply, outward, point, subtract
from suffice.encodings.enclosures.networks.elementwise import function_of
from suffice.encodings.enclosures.relaxations.maps import LinearMap, gathered
from suffice.encodings.networks.graph import TensorNode, TensorOp
from suffice.hardware_specs.upward import Array

PIECES = 16
"""Into how many pieces an interval is cut at most."""

FEWEST_PIECES = 2

EVALUATIONS = 1 << 19
"""About how many points of one tensor are looked at."""


@dataclass(frozen=True, slots=True)
class Lines:
    """lower_slope z + lower_offset <= f(z) <= upper_slope z + upper_offset for z in the interval; arrays of one shape.

    z is the operand, or what `picked` takes from it, laid flat.
    """

    lower_slope: Array
    lower_offset: Array
    upper_slope: Array
    upper_offset: Array
    picked: LinearMap | None = None


@dataclass(frozen=True, slots=True)
class Samples:
    """Points (K + 1, n) of n intervals, values of f there, and enclosures (K, n) of f' between them."""

    points: Array
    values: Intervals
    slopes: Intervals
    lengths: Array


def bounding_lines(node: TensorNode, x: Intervals) -> Lines:
    """The line of least area above, and the one below, among slopes that are tried."""
    samples = sampled(node, x)
    middle = centre(x)
    best: Lines | None = None
    for slope in candidate_slopes(samples):
        lower, upper = offsets(samples, slope)
        best = Lines(slope, lower, slope, upper) if best is None else _better(best, Lines(slope, lower, slope, upper), middle)
    assert best is not None
    return best


def narrowest_band(node: TensorNode, x: Intervals) -> Lines:
    """Two parallel lines, as close to each other as the slopes tried allow."""
    samples = sampled(node, x)
    best: Lines | None = None
    for slope in candidate_slopes(samples):
        lower, upper = offsets(samples, slope)
        if best is None:
            best = Lines(slope, lower, slope, upper)
            continue
        closer = upper - lower < best.upper_offset - best.lower_offset
        chosen = np.where(closer, slope, best.upper_slope)
        best = Lines(chosen, np.where(closer, lower, best.lower_offset), chosen, np.where(closer, upper, best.upper_offset))
    assert best is not None
    return best


def maximum_lines(x: Intervals) -> Lines:
    """A row's maximum is max(z, rest), z = x_j with the highest middle, and rest <= M, the largest of the others' upper ends. Below it lie
    z and the largest lower end; above it max(z, M), a convex function of z, and its chord between the ends of z.
    """
    length = x.shape[-1]
    lo, hi = x.lo.reshape(-1, length), x.hi.reshape(-1, length)
    rows, places = np.arange(len(lo)), (0.5 * lo + 0.5 * hi).argmax(axis=1)
    first, last = lo[rows, places], hi[rows, places]
    others = hi.copy()
    others[rows, places] = -np.inf
    most, least = others.max(axis=1), lo.max(axis=1)
    with np.errstate(all="ignore"):
        chord = (np.maximum(last, most) - np.maximum(first, most)) / (last - first)
    slope = np.where(first < last, np.clip(np.nan_to_num(chord), 0.0, 1.0), 0.0)
    with outward() as up:
        at_first = up.add(np.maximum(first, most), up.multiply(slope, -first))
        upper = np.maximum(at_first, up.add(np.maximum(last, most), up.multiply(slope, -last)))
    flat = least > 0.5 * first + 0.5 * last
    picked = gathered((length * rows + places).astype(np.int64), [x.lo.size])
    return Lines(np.where(flat, 0.0, 1.0), np.where(flat, least, 0.0), slope, np.asarray(upper), picked)


def _better(best: Lines, other: Lines, middle: Array) -> Lines:
    with np.errstate(all="ignore"):
        higher = other.lower_slope * middle + other.lower_offset > best.lower_slope * middle + best.lower_offset
        deeper = other.upper_slope * middle + other.upper_offset < best.upper_slope * middle + best.upper_offset
    return Lines(
        np.where(higher, other.lower_slope, best.lower_slope),
        np.where(higher, other.lower_offset, best.lower_offset),
        np.where(deeper, other.upper_slope, best.upper_slope),
        np.where(deeper, other.upper_offset, best.upper_offset),
    )


def sampled(node: TensorNode, x: Intervals) -> Samples:
    """Cut the intervals, which must be finite, and look at the function. Kinked functions are cut at the kink."""
    pieces = int(np.clip(EVALUATIONS // max(x.lo.size, 1), FEWEST_PIECES, PIECES))
    if node.op in KINKED:
        kink = np.clip(0.0, x.lo, x.hi)
        points = np.stack([x.lo, kink, x.hi])
    else:
        shares = np.linspace(0.0, 1.0, pieces + 1).reshape(-1, *[1] * x.lo.ndim)
        points = np.maximum.accumulate(np.clip(x.lo * (1.0 - shares) + x.hi * shares, x.lo, x.hi), axis=0)
        points[0], points[-1] = x.lo, x.hi
    function = function_of(node)
    values = function.range(point(points))
    slopes = kinked_slopes(node, x.shape) if node.op in KINKED else function.slope(Intervals(points[:-1], points[1:]))
    with outward() as up:
        lengths = up.add(points[1:], -points[:-1])
    return Samples(points, values, slopes, np.asarray(lengths))


KINKED = frozenset({TensorOp.RELU, TensorOp.LEAKY_RELU, TensorOp.ABSOLUTE})


def kinked_slopes(node: TensorNode, shape: tuple[int, ...]) -> Intervals:
    """The slopes inside the piece below zero and the piece above it; a piece of length zero has none, and may take any."""
    function = function_of(node)
    sides = function.slope(point(np.array([-1.0, 1.0])))
    lo, hi = (np.broadcast_to(end.reshape(2, *[1] * len(shape)), (2, *shape)) for end in (sides.lo, sides.hi))
    return Intervals(lo, hi)


def candidate_slopes(samples: Samples) -> Sequence[Array]:
    """The chord, no slope, and about the slope of the function on every piece; finite."""
    first, last = samples.points[0], samples.points[-1]
    width = last - first
    middles = centre(samples.slopes)
    values = centre(samples.values)
    with np.errstate(all="ignore"):
        chord = np.where(width > 0, (values[-1] - values[0]) / width, middles[0])
    chosen = (chord, np.zeros_like(first), *middles)
    return [np.nan_to_num(slope, nan=0.0, posinf=0.0, neginf=0.0) for slope in chosen]


def offsets(samples: Samples, slope: Array) -> tuple[Array, Array]:
    """A lower bound of inf(f - slope z) and an upper bound of sup(f - slope z)."""
    heights = subtract(samples.values, multiply(point(slope), point(samples.points)))
    with outward() as up:
        rise = np.maximum(up.add(samples.slopes.hi, -slope), 0.0)
        fall = np.maximum(up.add(slope, -samples.slopes.lo), 0.0)
        meeting = up.divide(up.multiply(rise, fall), -up.add(-rise, -fall))
        excess = up.multiply(samples.lengths, np.fmin(np.fmin(rise, fall), meeting))
        excess = np.where((rise == 0.0) | (fall == 0.0) | (samples.lengths == 0.0), 0.0, excess)
        upper = up.add(np.maximum(heights.hi[:-1], heights.hi[1:]), excess).max(axis=0)
        lower = -up.add(np.maximum(-heights.lo[:-1], -heights.lo[1:]), excess).max(axis=0)
    return np.asarray(lower), np.asarray(upper)
