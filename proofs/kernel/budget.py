"""What operations cost, so that checking ends in bounded time whatever a certificate asks for.

Work is counted in about nanoseconds, rather too many than too few.
"""

from __future__ import annotations

from . import limits
from .failures import Rejection
from .question import LOGICAL

ARITHMETIC = LOGICAL | {"const", "var", "pi", "e", "add", "sub", "mul", "div", "neg", "abs", "min", "max", "fma", "cast", "if"}
"""Operations that take a few multiplications; each of the others takes a series."""

PERIODIC = frozenset({"sin", "cos", "tan", "cbrt", "powr"})
"""Operations whose series or iteration runs at the size of the argument."""

REPEATED = frozenset({"expm1", "sin", "cos", "asin", "acos", "sinh", "cosh", "pow", "log2", "log10", "cbrt", "asinh", "acosh", "powr"})
"""Operations whose derivative takes a series or a root more."""


SERIES = {"log2": 2, "log10": 3, "asinh": 2, "acosh": 2, "atanh": 2, "atan2": 8, "powr": 40}
"""How many times the work of one series operations take that are made of several, at several corners, or with more bits."""


class Budget:
    """Counts work and stops what would take too long."""

    __slots__ = ("left",)

    def __init__(self, work: int = limits.MAX_WORK) -> None:
        self.left = work

    def spend(self, work: int) -> None:
        """Take `work` off what is left."""
        self.demand(work)
        self.left -= work

    def demand(self, work: int) -> None:
        """Reject what will surely take more than is left."""
        if work > self.left:
            raise Rejection("checking needs more work than the kernel's limit")


def interval_work(op: str, bits: int) -> int:
    """One operation on intervals whose ends have so many bits."""
    return 1_000 + bits * bits // 300 if op in ARITHMETIC else (16_000 + bits * bits // 3) * SERIES.get(op, 1)


def slope_work(op: str, bits: int) -> int:
    """Its partial derivatives, and their products with a slope."""
    return 3 * interval_work("mul", bits) + (interval_work(op, bits) if op in REPEATED else 0)


def oversize_work(op: str, bits: int) -> int:
    """What one operation costs more where a number has so many bits, far beyond the usual."""
    return bits * bits if op in PERIODIC else bits * bits // 300


def rational_work(bits: int) -> int:
    """One operation on rationals with so many bits in numerator and denominator together, reduced to lowest terms."""
    return 5_000 + bits * bits // 400
