"""Products of matrices of intervals against exact rationals, with the sizes of their radii."""

from __future__ import annotations

import os
from fractions import Fraction

import numpy as np
import pytest

from suffice.encodings.enclosures.arrays import linear
from suffice.encodings.enclosures.arrays.intervals import Intervals, point, rearranged
from suffice.encodings.enclosures.arrays.linear import affine_image, check_threads, gamma, products, rounding_of_weights, times_matrix
from suffice.errors import InputError, SufficeError
from suffice.hardware_specs.upward import Array, rounding_up, stepped, upward
from tests.encodings.enclosures.arrays.oracle import boxes, fractions, holds, narrow, numbers
from tests.prover.engine.test_upward import flushing, needs_mxcsr

SHAPES = [(1, 1, 1), (2, 3, 4), (5, 1, 2), (3, 40, 2), (1, 300, 3), (4, 7, 1)]


def rows(matrix: Array) -> list[list[Fraction]]:
    return [fractions(row) for row in matrix]


def exact_ends(a: Intervals, b: Intervals) -> list[tuple[Fraction, Fraction]]:
    """The exact range of every element of the product of two matrices of intervals."""
    columns = (rows(b.lo.T), rows(b.hi.T))
    found = []
    for low_row, high_row in zip(rows(a.lo), rows(a.hi), strict=True):
        for low_column, high_column in zip(*columns, strict=True):
            corners = [
                (min(w * y, w * z, x * y, x * z), max(w * y, w * z, x * y, x * z))
                for w, x, y, z in zip(low_row, high_row, low_column, high_column, strict=True)
            ]
            found.append((sum((least for least, _ in corners), Fraction(0)), sum((most for _, most in corners), Fraction(0))))
    return found


def encloses(found: Intervals, a: Intervals, b: Intervals) -> bool:
    ends = zip(found.lo.ravel(), found.hi.ravel(), exact_ends(a, b), strict=True)
    return all(holds(lo, hi, exact) for lo, hi, exact in ends)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["points", "point times box", "box times point", "boxes"])
def test_products_hold_the_exact_ones(shape: tuple[int, int, int], kind: str) -> None:
    m, n, k = shape
    random = np.random.default_rng(n)
    for special, spread in ((0.0, 3), (0.0, 60), (0.4, 40)):
        a, b = (boxes(random, shape, special=special, spread=spread) for shape in ((m, n), (n, k)))
        if not kind.startswith("box"):
            a = point(a.lo)
        if not kind.endswith(("box", "boxes")):
            b = point(b.hi)
        assert encloses(products(a, b), a, b)


def cancelling(random: np.random.Generator, length: int) -> tuple[Array, Array]:
    """A row and a column whose product is far smaller than its terms."""
    first = random.standard_normal((1, length))
    second = random.standard_normal((length, 1))
    first[0, -1], second[-1, 0] = -1.0, (first[:, :-1] @ second[:-1])[0, 0]
    return first, second


@pytest.mark.parametrize("planted", [False, True])
def test_rounding_of_points_is_bounded_and_a_missing_bound_is_caught(planted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if planted:
        monkeypatch.setattr(linear, "gamma", lambda _: 0.0)
    random = np.random.default_rng(8)
    pairs = [cancelling(random, 2 + k % 30) for k in range(300)]
    assert all(encloses(products(a, b), point(a), point(b)) for a, b in pairs) is not planted


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_gamma_is_needed_on_intervals_too(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Boxes far narrower than the rounding of their centres' product."""
    monkeypatch.setattr(linear, "gamma", lambda terms: share * gamma(terms))
    random = np.random.default_rng(9)
    held = []
    for k in range(200):
        first, second = cancelling(random, 2 + k % 30)
        a = Intervals(first, np.nextafter(first, np.inf))
        held += [encloses(products(a, second), a, point(second))]
    assert all(held) == (share > 0)


@pytest.mark.parametrize("length", [1, 10, 784])
def test_radii_of_products_of_points_are_a_priori_bounds(length: int) -> None:
    random = np.random.default_rng(length)
    a, b = random.standard_normal((20, length)), random.standard_normal((length, 30))
    found = products(a, b)
    assert ((found.hi - found.lo) / 2 <= 2 * length * 2.0**-53 * (abs(a) @ abs(b))).all()


@pytest.mark.parametrize("width", [1e-6, 0.1])
def test_radii_of_images_of_boxes_are_tight(width: float) -> None:
    random = np.random.default_rng(3)
    weight, x = random.standard_normal((50, 200)), narrow(random, (200,), width)
    found = affine_image(weight, None, x)
    best = abs(weight) @ ((x.hi - x.lo) / 2)
    assert ((found.hi - found.lo) / 2 <= best * (1 + 1e-6)).all()


def test_images_and_adjoints_have_the_shapes_of_layers() -> None:
    random = np.random.default_rng(10)
    weight, bias = (random.standard_normal(shape).astype(np.float32) for shape in ((4, 6), (4,)))
    x = narrow(random, (2, 3, 6), 0.1)
    image = affine_image(weight, bias, x)
    assert image.shape == (2, 3, 4)
    exact = np.float64(weight)
    flat, own = x.reshape(6, 6), image.reshape(6, 4)
    ends = exact_ends(flat, point(exact.T))
    for (least, most), offset, lo, hi in zip(ends, fractions(np.float64(bias)) * 6, own.lo.ravel(), own.hi.ravel(), strict=True):
        assert holds(lo, hi, (least + offset, most + offset))
    adjoint = narrow(random, (2, 5, 4), 0.1)
    back = times_matrix(adjoint, weight)
    assert back.shape == (2, 5, 6)
    assert encloses(back[1], adjoint[1], point(exact))
    vector = x[0, 0]
    assert affine_image(weight, bias, vector).shape == (4,)
    assert products(vector, vector).shape == ()
    assert products(adjoint, vector[:4]).shape == (2, 5)
    assert products(vector[:5], adjoint).shape == (2, 4)
    batched = products(adjoint, narrow(random, (2, 4, 3), 0.1))
    assert batched.shape == (2, 5, 3)
    with pytest.raises(InputError, match=r"shapes \(4, 6\) and \(4, 6\) have no product"):
        products(weight, weight)


def test_weights_that_are_intervals_are_enclosed() -> None:
    random = np.random.default_rng(11)
    weight, bias, x = narrow(random, (3, 8), 0.01), narrow(random, (3,), 0.01), narrow(random, (1, 8), 0.1)
    found = affine_image(weight, bias, x)
    for (low, high), least, most, lo, hi in zip(
        exact_ends(x, rearranged(weight, np.transpose)), fractions(bias.lo), fractions(bias.hi), found.lo[0], found.hi[0], strict=True
    ):
        assert holds(lo, hi, (low + least, high + most))


def test_unbounded_and_overflowing_rows_become_the_whole_line_and_others_do_not() -> None:
    weight = np.array([[1.0, 0.0], [2.0, 1.0]])
    x = Intervals(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[np.inf, 1.0], [1.0, 1.0]]))
    found = affine_image(weight, np.zeros(2), x)
    assert found.lo[0].tolist() == [-np.inf, -np.inf] and found.hi[0].tolist() == [np.inf, np.inf]
    assert np.isfinite(found.lo[1]).all() and np.isfinite(found.hi[1]).all()
    huge = np.array([[1e200, -1e200, 1.0]])
    overflowing = products(huge, huge.T * np.array([[1.0], [1.0], [0.0]]))
    assert (float(overflowing.lo[0, 0]), float(overflowing.hi[0, 0])) == (-np.inf, np.inf)
    for bad in (np.nan, np.inf):
        with pytest.raises(InputError, match="NaN or an infinity"):
            products(np.array([[bad]]), np.array([[1.0]]))
    empty = products(np.zeros((2, 0)), np.zeros((0, 3)))
    assert empty.shape == (2, 3) and holds(empty.lo[0, 0], empty.hi[0, 0], [Fraction(0)])


@needs_mxcsr
def test_products_hold_in_a_process_that_flushes_subnormals() -> None:
    random = np.random.default_rng(12)
    a, b = numbers(random, (20, 6)) * 2.0**-540, numbers(random, (6, 5)) * 2.0**-500
    b[:, 0], a[0] = 2.0**900, 5e-324
    with flushing():
        found = products(point(a), point(b))
    assert encloses(found, point(a), point(b))


def test_the_differences_of_stored_weights_are_points() -> None:
    random = np.random.default_rng(13)
    weights = (random.standard_normal(5000) * np.exp2(random.integers(-30, 8, 5000))).astype(np.float32)
    for rounded in (weights.astype(np.float16), weights.astype(np.float16).astype(np.float32), np.round(weights * 16) / np.float32(16)):
        delta = rounding_of_weights(rounded, weights)
        assert (delta.lo == delta.hi).all()
        exact = [x - y for x, y in zip(fractions(np.float64(rounded)), fractions(np.float64(weights)), strict=True)]
        assert fractions(delta.lo) == exact
    apart = rounding_of_weights(np.array([1.0]), np.array([2.0**-80]))
    assert apart.lo[0] < apart.hi[0]


def test_gamma_is_an_upper_bound_and_long_sums_are_refused() -> None:
    for terms in (0, 1, 3, 1000, 10**7):
        exact = Fraction(terms, 2**53) / (1 - Fraction(terms, 2**53))
        assert exact <= Fraction(gamma(terms)) <= exact * (1 + Fraction(1, 2**50))
    with pytest.raises(InputError, match="too long"):
        gamma(1 << 41)


def test_threads_in_a_directed_mode_are_found_out() -> None:
    check_threads.__wrapped__(os.getpid())
    if upward() == stepped():
        pytest.skip("the mode does not reach NumPy here")
    with rounding_up(), pytest.raises(SufficeError, match="directed rounding mode"):
        check_threads.__wrapped__(os.getpid())
