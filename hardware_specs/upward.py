"""Arithmetic of float64 arrays rounded up, so that (-lo, hi) encloses a real interval.

Inside `rounding_up` the processor rounds toward +infinity, and the operations of NumPy with it. Numbers must be parsed and printed
outside. Where the processor's mode does not reach NumPy, every result is moved up by one place instead.

A library made with -ffast-math makes the whole process flush subnormal numbers when it is loaded. Whatever builds or evaluates a sweep, or
takes fractions from its numbers, stands within `keeping_subnormals`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import inf, nextafter

import numpy as np
from numpy.typing import NDArray

from suffice.errors import SufficeError

Array = NDArray[np.float64]

_UPWARD = {"x86_64": 0x800, "AMD64": 0x800, "aarch64": 0x400000, "arm64": 0x400000}
"""FE_UPWARD of <fenv.h> by machine."""


_DEFAULT_ENVIRONMENT = ctypes.c_void_p(-1)
"""FE_DFL_ENV of <fenv.h>."""

_ENVIRONMENT_BYTES = 256
"""More than an fenv_t takes."""

LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class Upward:
    """Operations whose results are not below the exact ones. `enter` and `leave` switch the processor's mode."""

    add: Callable[..., Array]
    multiply: Callable[..., Array]
    divide: Callable[..., Array]
    enter: Callable[[], None]
    leave: Callable[[], None]


@cache
def upward() -> Upward:
    """The arithmetic of this machine: by its rounding mode, where that is shown to reach NumPy."""
    by_mode = _by_mode()
    return by_mode if by_mode is not None and rounds_up(by_mode) else stepped()


@contextmanager
def rounding_up() -> Iterator[Upward]:
    """Round up inside, to nearest again after."""
    arithmetic = upward()
    arithmetic.enter()
    try:
        with np.errstate(all="ignore"):
            yield arithmetic
    finally:
        arithmetic.leave()


def above(value: Fraction | int) -> float:
    """The least float64 number not below a rational; infinity beyond the largest. In the nearest mode, subnormal numbers kept."""
    try:
        nearest = float(value)
    except OverflowError:
        return inf if value > 0 else -LARGEST
    return nearest if nearest >= value else nextafter(nearest, inf)


def below(value: Fraction | int) -> float:
    """The largest float64 number not above a rational; -infinity below the least. As `above` is called."""
    return 0.0 - above(-value)


def halved_total(add: Callable[[Array, Array], Array], terms: Array, axis: int) -> Array:
    """The sum over an axis by halving: with an addition that rounds up, n terms are rounded log2(n) + 1 times at most."""
    left = np.moveaxis(terms, axis, 0)
    if len(left) == 0:
        return np.zeros(left.shape[1:])
    while (length := len(left)) > 1:
        half = length // 2
        added = add(left[:half], left[half : 2 * half])
        left = np.concatenate([added, left[2 * half :]]) if length % 2 else added
    return np.asarray(left[0])


@contextmanager
def keeping_subnormals() -> Iterator[None]:
    """Keep subnormal numbers inside; what the process does with them is left as it was. Raises SufficeError where that cannot be done."""
    if not flushes_subnormals():
        yield
        return
    before = ctypes.create_string_buffer(_ENVIRONMENT_BYTES)
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.fegetenv(before)
        library.fesetenv(_DEFAULT_ENVIRONMENT)
    if flushes_subnormals():
        raise SufficeError(
            "this process flushes subnormal numbers to zero, so its arithmetic proves nothing",
            mend="run suffice apart from libraries made with -ffast-math",
        )
    try:
        yield
    finally:
        library.fesetenv(before)


def flushes_subnormals() -> bool:
    """Whether products of arrays lose what lies below the least normal number, or its operands there count as zero."""
    least = np.full(9, 2.0**-1022)
    return not bool((least * 0.5 * 2.0 == least).all())


@contextmanager
def rounding_to_nearest() -> Iterator[None]:
    """Round to nearest inside, up again after: for library calls within `rounding_up`."""
    arithmetic = upward()
    arithmetic.leave()
    try:
        yield
    finally:
        arithmetic.enter()


def _by_mode() -> Upward | None:
    import platform

    mode = _UPWARD.get(platform.machine())
    try:
        set_mode = ctypes.CDLL(None).fesetround
    except (OSError, AttributeError, TypeError):
        return None
    if mode is None:
        return None
    return Upward(np.add, np.multiply, np.divide, lambda: set_mode(mode), lambda: set_mode(0))


def stepped() -> Upward:
    """Nearest results moved up by one place."""

    def after(operation: Callable[..., Array]) -> Callable[..., Array]:
        return lambda a, b: np.nextafter(operation(a, b), np.inf)

    return Upward(after(np.add), after(np.multiply), after(np.divide), lambda: None, lambda: None)


def rounds_up(arithmetic: Upward) -> bool:
    """Whether sums, products and quotients of arrays of many lengths come out above the exact ones, and to nearest afterwards."""
    cases = ((arithmetic.add, 1.0, 2.0**-60), (arithmetic.multiply, 1 + 2.0**-52, 1 + 2.0**-52), (arithmetic.divide, 1.0, 3.0))
    nearest = [operation(np.ones(7), np.full(7, 3.0)) for operation in (np.add, np.divide)]
    arithmetic.enter()
    try:
        rounded = [operation(np.full(n, a), np.full(n, b)) for operation, a, b in cases for n in (1, 2, 3, 7, 8, 64, 1001)]
    finally:
        arithmetic.leave()
    above = [1 + 2.0**-52, 1 + 3 * 2.0**-52, 0.33333333333333337]
    expected = [end for end in above for _ in range(7)]
    again = [operation(np.ones(7), np.full(7, 3.0)) for operation in (np.add, np.divide)]
    back = all(np.array_equal(first, second) for first, second in zip(nearest, again, strict=True))
    return back and all(bool((column == end).all()) for column, end in zip(rounded, expected, strict=True))
