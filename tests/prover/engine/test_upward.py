"""The processor's rounding mode reaches NumPy, or every result is moved up; afterwards rounding is to nearest again."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from suffice.prover.engine.upward import Upward, rounding_up, rounds_up, stepped, upward


@pytest.mark.parametrize("arithmetic", [upward(), stepped()], ids=["of this machine", "stepped"])
def test_results_are_not_below_the_exact_ones(arithmetic: Upward) -> None:
    random = np.random.default_rng(1)
    a = random.standard_normal(999) * np.exp2(random.integers(-30, 30, 999))
    b = random.standard_normal(999) * np.exp2(random.integers(-30, 30, 999))
    arithmetic.enter()
    try:
        results = arithmetic.add(a, b), arithmetic.multiply(a, b), arithmetic.divide(a, b)
    finally:
        arithmetic.leave()
    for k in range(999):
        x, y = Fraction(a[k]), Fraction(b[k])
        for rounded, exact in zip(results, (x + y, x * y, x / y), strict=True):
            assert exact <= Fraction(rounded[k]) <= exact + abs(exact) / 2**51


def test_nearest_arithmetic_is_found_out() -> None:
    nothing = Upward(np.add, np.multiply, np.divide, lambda: None, lambda: None)
    assert not rounds_up(nothing)
    assert rounds_up(upward()) or upward() == stepped()


def test_the_mode_is_restored_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), rounding_up():
        raise ZeroDivisionError
    assert float(np.divide(1.0, np.full(1, 3.0))[0]) == 1 / 3
