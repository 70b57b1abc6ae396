"""The processor's rounding mode reaches NumPy, or every result is moved up; afterwards rounding is to nearest again."""

from __future__ import annotations

import ctypes
import math
import platform
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest

import suffice.hardware_specs.upward as module
from suffice.errors import SufficeError
from suffice.hardware_specs.upward import (
    Upward,
    above,
    below,
    flushes_subnormals,
    halved_total,
    keeping_subnormals,
    rounding_up,
    rounds_up,
    stepped,
    upward,
)
from suffice.prover.brackets import bounds
from tests.prover.asking import asked, problem


@pytest.mark.parametrize("arithmetic", [upward(), stepped()], ids=["of this machine", "stepped"])
def test_results_are_not_below_the_exact_ones(arithmetic: Upward) -> None:
    rng = np.random.default_rng(1)
    a = rng.standard_normal(999) * np.exp2(rng.integers(-30, 30, 999))
    b = rng.standard_normal(999) * np.exp2(rng.integers(-30, 30, 999))
    arithmetic.enter()
    try:
        results = arithmetic.add(a, b), arithmetic.multiply(a, b), arithmetic.divide(a, b)
    finally:
        arithmetic.leave()
    for k in range(999):
        x, y = Fraction(a[k]), Fraction(b[k])
        for rounded, exact in zip(results, (x + y, x * y, x / y), strict=True):
            assert exact <= Fraction(rounded[k]) <= exact + abs(exact) / 2**51


@pytest.mark.parametrize("exponent", [-1100, -1074, -1040, -1022, -3, 0, 52, 53, 1023])
def test_exact_numbers_become_the_float64_numbers_next_to_them(exponent: int) -> None:
    draw = random.Random(exponent)
    for _ in range(50):
        exact = draw.choice((-1, 1)) * Fraction(draw.getrandbits(60) | 1 << 59, 1 << 59) * Fraction(2) ** exponent
        low, high = below(exact), above(exact)
        assert Fraction(low) <= exact and (high == math.inf or exact <= Fraction(high))
        assert high in (low, math.nextafter(low, math.inf))
        assert (low == high) == (Fraction(low) == exact)


def test_rationals_beyond_float64_lie_between_its_largest_number_and_infinity() -> None:
    assert (below(10**400), above(Fraction(10**400))) == (sys.float_info.max, math.inf)
    assert (below(Fraction(-(10**400))), above(-(10**400))) == (-math.inf, -sys.float_info.max)
    assert below(0) == above(0) == 0.0 and math.copysign(1.0, below(0)) == 1.0


@pytest.mark.parametrize("count", [0, 1, 2, 7, 64, 1000])
def test_totals_are_not_below_the_exact_ones(count: int) -> None:
    terms = np.random.default_rng(count).standard_normal((3, count)) * 10.0 ** np.random.default_rng(count).integers(-9, 9, (3, count))
    with rounding_up() as arithmetic:
        upper, lower = halved_total(arithmetic.add, terms, -1), -halved_total(arithmetic.add, -terms, -1)
    for row in range(3):
        exact = sum(map(Fraction, terms[row]), Fraction(0))
        allowed = 12 * sum(abs(Fraction(term)) for term in terms[row]) / 2**52
        assert exact - allowed <= Fraction(lower[row]) <= exact <= Fraction(upper[row]) <= exact + allowed
    assert halved_total(np.add, np.ones((count, 2)), 0).tolist() == [count, count]


def test_nearest_arithmetic_is_found_out() -> None:
    nothing = Upward(np.add, np.multiply, np.divide, lambda: None, lambda: None)
    assert not rounds_up(nothing)
    assert rounds_up(upward()) or upward() == stepped()


def test_the_mode_is_restored_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), rounding_up():
        raise ZeroDivisionError
    assert float(np.divide(1.0, np.full(1, 3.0))[0]) == 1 / 3


MXCSR, FLUSH = 28, 0x8040
"""Where the fenv_t of x86-64 Linux holds the control word of SSE, and its bits that flush results and operands."""

needs_mxcsr = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="knows the control word of x86-64 Linux only"
)


@contextmanager
def flushing() -> Iterator[None]:
    """What loading a library made with -ffast-math does to a process."""
    library, before = ctypes.CDLL(None), ctypes.create_string_buffer(256)
    library.fegetenv(before)
    changed = ctypes.create_string_buffer(before.raw, 256)
    word = int.from_bytes(before.raw[MXCSR : MXCSR + 4], "little") | FLUSH
    changed[MXCSR : MXCSR + 4] = word.to_bytes(4, "little")
    library.fesetenv(changed)
    try:
        yield
    finally:
        library.fesetenv(before)


@needs_mxcsr
def test_subnormals_are_kept_in_a_process_that_flushes_them() -> None:
    least, below = np.full(9, 2.0**-1022), np.full(9, 2.0**-1023)
    with flushing():
        assert flushes_subnormals()
        assert not (least * 0.5).any()
        with keeping_subnormals(), rounding_up() as arithmetic:
            product, total = arithmetic.multiply(least, np.full(9, 0.5)), arithmetic.add(np.full(9, 1.0), below)
        assert flushes_subnormals()
    assert not flushes_subnormals()
    assert (product == below).all()
    assert (total == 1 + 2.0**-52).all()


@needs_mxcsr
def test_bounds_are_the_same_in_a_process_that_flushes_subnormals() -> None:
    """Without care the product would have no error at all: its rounding is half the least subnormal number, 2^-1075."""
    question, formats = problem("x*y", "1", x=("0x1p-540", "0x1p-530"), y=("0x1p-540", "0x1p-530")), (asked("fp64"),)
    bound = bounds(question, formats).results[0].error_bound
    assert bound is not None
    assert bound >= Fraction(1, 2**1075)
    with flushing():
        assert bounds(question, formats).results[0].error_bound == bound


@needs_mxcsr
def test_flushing_that_cannot_be_ended_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "flushes_subnormals", lambda: True)
    with pytest.raises(SufficeError, match="flushes subnormal numbers to zero"), keeping_subnormals():
        pass
