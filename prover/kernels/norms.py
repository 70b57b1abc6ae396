"""layer_norm and rms_norm over the last axes (K8, K9), for every usual way to compute the variance and to apply it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod

import numpy as np

from suffice.encodings.enclosures.arrays import intervals as iv
from suffice.encodings.enclosures.arrays.functions import rsqrt
from suffice.encodings.enclosures.arrays.intervals import Intervals
from suffice.errors import InputError
from suffice.hardware_specs.accumulation import holds
from suffice.prover.kernels.contract import Kernel, half, unless_overflow
from suffice.prover.kernels.linear_maps import Inputs
from suffice.prover.kernels.softmaxes import growth_of_both, spread, spread_array
from suffice.prover.kernels.sums import Terms, adding_error, adding_share
from suffice.prover.kernels.tracked import Tracked, delivered, exactly, plus, rounded, times
from suffice.prover.kernels.upper import Array, above, add, divide, growth, lowered_difference, multiply, root
from suffice.prover.kernels.upper import total as upper_total

ALGORITHMS = ("any", "two_pass", "welford", "moments")
FORMS = ("any", "centred", "scaled")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of x with their exact means, distances from them and variances; mean |x|, the largest |x| and the mean of squares of a row."""

    x: Intervals
    mean: Intervals
    centred: Intervals
    variance: Intervals
    mean_size: Array
    largest: Array
    mean_square: Array


def layer_norm(kernel: Kernel, given: Inputs, *, eps: float = 1e-5, axes: int = 1, algorithm: str = "any", form: str = "any") -> Tracked:
    """(x - mean) / sqrt(variance + eps) * weight + bias over the last `axes` axes."""
    _known(algorithm, ALGORITHMS, "algorithm")
    _known(form, FORMS, "form")
    shape = given["x"].shape
    rows = rows_of(given["x"].reshape(*shape[: len(shape) - axes], prod(shape[len(shape) - axes :])))
    chosen = ALGORITHMS[1:] if algorithm == "any" else (algorithm,)
    total = _with_eps(rows.variance, eps)
    errors = [_MOMENTS[name](kernel, rows, total.lo) for name in chosen]
    of_mean, share = (np.maximum.reduce([pair[side] for pair in errors]) for side in (0, 1))
    found = _normalised(kernel, rows, _inverse_root(kernel, total, eps, share), of_mean, form, _largest_weight(given))
    found = found.arranged(lambda ends: ends.reshape(shape))
    return delivered(_affine(kernel, found, given, shifted=form != "centred"), kernel)


def rms_norm(kernel: Kernel, given: Inputs, *, eps: float = 1e-6, axes: int = 1) -> Tracked:
    """x / sqrt(mean of squares + eps) * weight over the last `axes` axes."""
    shape = given["x"].shape
    x = given["x"].reshape(*shape[: len(shape) - axes], prod(shape[len(shape) - axes :]))
    squares = iv.mean(iv.square(x))
    total = _with_eps(squares, eps)
    share = _of_mean_square(kernel, total.lo, np.zeros_like(total.lo), x.shape[-1])
    share = _unless_squares_overflow(kernel, share, x.shape[-1], squares.hi)
    inverse = _inverse_root(kernel, total, eps, share)
    found = _applied(kernel, exactly(x), inverse)
    return delivered(_affine(kernel, found.arranged(lambda ends: ends.reshape(shape)), given), kernel)


def rows_of(x: Intervals) -> Rows:
    """The exact statistics of rows."""
    mean = iv.mean(x)
    centred = iv.subtract(x, spread(mean))
    count = above(Fraction(1, x.shape[-1]))
    sizes = iv.magnitude(x)
    return Rows(
        x=x, mean=mean, centred=centred, variance=iv.mean(iv.square(centred)), mean_size=multiply(upper_total(sizes), count),
        largest=sizes.max(axis=-1), mean_square=multiply(upper_total(multiply(sizes, sizes)), count),
    )  # fmt: skip


def _two_pass(kernel: Kernel, rows: Rows, least: Array) -> tuple[Array, Array]:
    """Mean first; then the mean of squares of x - mean^, whose own mean is off by the error of the mean."""
    off = _error_of_mean(kernel, rows)
    worst = half(kernel.compute, add(iv.magnitude(rows.centred), spread_array(off))).max(axis=-1)
    moved = add(divide(multiply(add(off, worst), add(off, worst)), least), divide(multiply(2.0, worst), _root_below(least)))
    largest = add(iv.magnitude(rows.centred).max(axis=-1), off, worst)
    share = _of_mean_square(kernel, least, moved, rows.x.shape[-1])
    return off, _unless_squares_overflow(kernel, share, rows.x.shape[-1], multiply(largest, largest))


def _welford(kernel: Kernel, rows: Rows, least: Array) -> tuple[Array, Array]:
    """K9: means and sums of squares of parts, merged in any tree: one element at a time (Welford) or parts of any size (Chan)."""
    count = rows.x.shape[-1]
    unit, spread_of_row = kernel.merging_unit, multiply(2.0, iv.magnitude(rows.centred).max(axis=-1))
    local = add(multiply(rows.largest, above(unit)), multiply(spread_of_row, growth(unit, 5)), above(4 * kernel.merging_tiny))
    deep = count - 1 if kernel.depth is None else min(kernel.depth, count - 1)
    passed = min(Fraction(count + 1, 2), Fraction(deep))
    grown = add(1.0, growth(unit, 16 * count)) if 8 * count * unit < 1 else np.inf
    first = _rounded_first(kernel, rows.largest)
    each = multiply(add(local, multiply(spread_of_row, above(unit)), above(kernel.merging_tiny), first), grown)
    squares = min(Fraction(count * count, 12) + Fraction(3 * count, 4), Fraction(deep, 4) * (2 * deep + 1) ** 2)
    apart = multiply(root(above(squares)), each)
    moved = add(divide(multiply(3.0, apart), _root_below(least)), divide(multiply(2.0, multiply(apart, apart)), least))
    share, lost = growth(unit, min(count, 2 * deep) + 9), multiply(above(8 * count * kernel.merging_tiny), 2.0)
    off = multiply(add(multiply(local, above(passed)), first), grown)
    largest = add(spread_of_row, off, off)
    found = _unless_squares_overflow(kernel, _relative(least, moved, share, float(lost)), count, multiply(largest, largest))
    return off, unless_overflow(kernel, found, add(rows.largest, largest))


def _rounded_first(kernel: Kernel, largest: Array) -> Array:
    """What numbers of this size lose where they are none of the accumulator, and enter means of one element rounded to it."""
    if holds(kernel.accumulation.accumulator, kernel.operands["x"]):
        return np.zeros_like(largest)
    return add(multiply(largest, above(kernel.merging_unit)), above(kernel.merging_tiny))


def _moments(kernel: Kernel, rows: Rows, least: Array) -> tuple[Array, Array]:
    """Mean of squares less the square of the mean."""
    off = _error_of_mean(kernel, rows)
    share, lost = _summed_squares(kernel, rows.x.shape[-1])
    mean = iv.magnitude(rows.mean)
    error = add(multiply(rows.mean_square, share), lost, multiply(multiply(2.0, mean), off), multiply(off, off))
    reach = add(rows.mean_square, multiply(mean, mean), error)
    found = divide(add(error, multiply(reach, growth(kernel.unit, 2)), above(2 * kernel.tiny)), least)
    return off, _unless_squares_overflow(kernel, found, rows.x.shape[-1], reach)


_MOMENTS = {"two_pass": _two_pass, "welford": _welford, "moments": _moments}


def _error_of_mean(kernel: Kernel, rows: Rows) -> Array:
    """A sum in any order, over n or times a rounded 1/n."""
    count = rows.x.shape[-1]
    adding = adding_error(kernel, count, multiply(rows.mean_size, float(count)), Terms.NUMBERS)
    adding = multiply(adding, above(Fraction(1, count)))
    return add(adding, multiply(add(rows.mean_size, adding), growth(kernel.unit, 2)), above(2 * kernel.tiny))


def _unless_squares_overflow(kernel: Kernel, share: Array, count: int, mean_square: Array) -> Array:
    """The share, infinite where the sum of squares may overflow, of which every computed one is at most twice as large as the bound."""
    return unless_overflow(kernel, share, multiply(mean_square, 2.0 * count))


def _of_mean_square(kernel: Kernel, least: Array, moved: Array, count: int) -> Array:
    """The error of a mean of squares relative to total >= least, its sum with eps, where `moved` is so relative what moved it before."""
    return _relative(least, moved, *_summed_squares(kernel, count))


def _relative(least: Array, moved: Array, share: float, lost: float) -> Array:
    """What moved the mean square, what its roundings do to that, and what underflows."""
    return add(moved, multiply(add(1.0, moved), share), divide(lost, least))


def _summed_squares(kernel: Kernel, count: int) -> tuple[float, float]:
    """Share and lost of a mean of squares: squares, their sum, and the division or two roundings in its place."""
    share, lost = adding_share(kernel, count, Terms.VALUES)
    others = growth(kernel.unit, 3)
    share = float(add(share, others, multiply(share, others)))
    return share, float(multiply(add(lost, above(4 * kernel.tiny)), add(1.0, share)))


def _with_eps(variance: Intervals, eps: float) -> Intervals:
    """variance + eps, which is positive. Raises InputError where it need not be."""
    if not eps >= 0:
        raise InputError(f"eps is {eps}", where="eps", mend="give eps >= 0")
    total = iv.maximum(iv.add(variance, float(eps)), float(eps))
    if not bool((total.lo > 0).all()):
        raise InputError("a variance of zero with eps = 0 has no normalised row", where="eps", mend="give eps > 0")
    return total


def _inverse_root(kernel: Kernel, total: Intervals, eps: float, share: Array) -> tuple[Intervals, Array]:
    """1 / sqrt(total) and its relative error: with w that of the sum, (1 - w)^(-1/2) <= 1 + w / (2 (1 - w)) for 0 <= w < 1."""
    held = divide(add(half(kernel.compute, np.full_like(share, eps)), above(kernel.tiny)), total.lo)
    moved = add(share, held)
    moved = add(moved, multiply(add(1.0, moved), growth(kernel.unit, 1)))
    grown = divide(multiply(moved, 0.5), lowered_difference(1.0, moved))
    arithmetic = growth_of_both(kernel, 1, 2)
    lost = divide(above(kernel.function_tiny), rsqrt(total).lo)
    return rsqrt(total), add(grown, arithmetic, multiply(grown, arithmetic), lost)


def _applied(kernel: Kernel, centred: Tracked, inverse: tuple[Intervals, Array]) -> Tracked:
    """c r: |c^ r^ - c r| <= |c r| z + ec r (1 + z) for r^ within r z of r, where |c r| is at most sqrt n; and a rounding."""
    column, share = spread(inverse[0]), spread_array(inverse[1])
    exact = _within_root(iv.multiply(centred.exact, column))
    moved = multiply(multiply(centred.error, column.hi), add(1.0, share))
    return rounded(Tracked(exact, add(multiply(iv.magnitude(exact), share), moved)), kernel.compute)


def _normalised(kernel: Kernel, rows: Rows, inverse: tuple[Intervals, Array], of_mean: Array, form: str, largest_weight: float) -> Tracked:
    """K8: (x - mean) r, or x r - mean r; the latter's roundings are relative to both terms."""
    off = np.broadcast_to(spread_array(of_mean), rows.x.shape)
    found = _applied(kernel, rounded(Tracked(rows.centred, off), kernel.compute), inverse)
    if form == "centred":
        return found
    reach = multiply(spread_array(inverse[0].hi), add(1.0, spread_array(inverse[1])))
    terms = multiply(add(iv.magnitude(rows.x), spread_array(iv.magnitude(rows.mean)), off), reach)
    error = add(multiply(terms, growth(kernel.unit, SCALED)), above(SCALED * kernel.tiny))
    return found.with_error(unless_overflow(kernel, error, multiply(multiply(terms, 2.0), largest_weight)))


SCALED = 4
"""Roundings of each term of x (r w) - mean (r w) + b beside those of the centred form."""


def _within_root(normalised: Intervals) -> Intervals:
    """A normalised element is at most sqrt n in size."""
    largest = float(root(float(normalised.shape[-1])))
    return Intervals(np.clip(normalised.lo, -largest, largest), np.clip(normalised.hi, -largest, largest))


def _largest_weight(given: Inputs) -> float:
    """The largest factor that a scale of a row may have."""
    return max(1.0, float(iv.magnitude(given["weight"]).max(initial=0.0))) if "weight" in given else 1.0


def _root_below(least: Array) -> Array:
    """A lower bound of the square root."""
    return np.asarray(np.nextafter(np.sqrt(least), 0.0))


def _affine(kernel: Kernel, normalised: Tracked, given: Inputs, *, shifted: bool = False) -> Tracked:
    """Times weight, plus bias; before them rounded to `intermediates` where that is given.

    `shifted`: the bias may first be added to the shift -mean r weight, which rounds it once more, whatever it cancels with.
    """
    found = rounded(normalised, kernel.intermediates)
    if "weight" in given:
        found = times(found, exactly(given["weight"]), kernel.compute)
    if "bias" in given:
        found = plus(found, exactly(given["bias"]), kernel.compute)
        if shifted:
            found = found.with_error(multiply(iv.magnitude(given["bias"]), growth(kernel.unit, SCALED)))
    return found


def _known(name: str, names: tuple[str, ...], where: str) -> None:
    if name not in names:
        raise InputError(f"nothing is called {name}", where=where, mend=f"known are {', '.join(names)}")
