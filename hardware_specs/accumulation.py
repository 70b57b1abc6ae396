"""How a machine adds up a dot product: the orders, groups and roundings that it may use, as data.

A dot product has n products t_i = a_i b_i of numbers of two formats, and maybe a bias, which is a number of the accumulator.
docs/devices.md states each kind in formulas; `accumulate` runs it, `accumulation_bounds` bounds its error.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from suffice.errors import FormatError
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat, Rounding, Subnormals, power_of_two

NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY)


class Kind(StrEnum):
    """What one step of adding up is."""

    EXACT = "exact"
    """Integers, added exactly."""
    ADDITIONS = "additions"
    """Additions of two numbers (or of a product and a number), each rounded to nearest."""
    GROUPS = "groups"
    """A group of products and the accumulator at once, aligned to the largest exponent, cut, added and rounded."""


class Order(StrEnum):
    """Which terms meet when. In all but `any`, the bias is added last."""

    ANY = "any"
    """Every binary tree over the terms; for groups, every way to deal the terms out to them. Bounds hold for all; a run goes by index."""
    SEQUENTIAL = "sequential"
    """By index."""
    PAIRWISE = "pairwise"
    """(t1 + t2) + (t3 + t4), then added to the accumulator: every operation rounded (AMD CDNA2)."""
    ODD_EVEN = "odd_even"
    """Of each two products the second is added to the accumulator first, then the first (VDPBF16PS)."""
    EVEN_ODD_CHAINS = "even_odd_chains"
    """In each group a chain of its first, third, ... products and one of the others; their sum is added to the accumulator (TDPBF16PS)."""


class Products(StrEnum):
    """What happens to a product before it is added."""

    ROUNDED = "rounded"
    """It is rounded to the accumulator's format."""
    FUSED = "fused"
    """It is added exactly, with one rounding (fma)."""
    EITHER = "either"
    """Not documented, or both: bounds hold for all choices; a run rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulation:
    """How products of two formats are added up.

    `accumulator` is the format of every partial sum, with its rounding and its rule on subnormal results. `smallest_exponents` are
    emin of the two factors: subnormal factors below 2^emin are read as zero if `flushes_inputs`, and are aligned as if their
    exponent were emin. `products_fit`: every product of numbers of the two formats is a number of the accumulator.

    Groups: `group` products at once, each `presummed` of them added exactly before they are aligned; `extra_bits` are kept beyond
    the p - 1 fraction bits of the accumulator. `group` is also the length of the groups of the orders that have some.
    """

    kind: Kind
    accumulator: FloatFormat | IntFormat
    order: Order = Order.ANY
    products: Products = Products.EITHER
    group: int = 1
    extra_bits: int = 0
    presummed: int = 1
    flushes_inputs: bool = False
    smallest_exponents: tuple[int, int] = (0, 0)
    products_fit: bool = False

    def __post_init__(self) -> None:
        if (self.kind is Kind.EXACT) != isinstance(self.accumulator, IntFormat):
            raise FormatError(f"{self.kind} sums in another kind of accumulator", mend="add integers exactly, and floats otherwise")
        if self.group < 1 or self.presummed < 1 or self.group % self.presummed:
            raise FormatError(f"group={self.group},presummed={self.presummed}", mend="use a group of whole parts")
        if isinstance(self.accumulator, FloatFormat):
            self._check_floats(self.accumulator)

    def _check_floats(self, accumulator: FloatFormat) -> None:
        if self.kind is Kind.ADDITIONS and accumulator.rounding not in NEAREST:
            raise FormatError(f"additions rounded {accumulator.rounding}", mend="use rounding=nearest_even")
        if accumulator.p - 1 + self.extra_bits < 1:
            raise FormatError(f"extra_bits={self.extra_bits} leaves no fraction bits", mend="keep at least one")
        if self.kind is Kind.GROUPS and self.order not in (Order.ANY, Order.SEQUENTIAL):
            raise FormatError(f"groups in the order {self.order}", mend="use any or sequential")
        if self.kind is Kind.GROUPS and (self.flushes_inputs or self.flushes_results):
            raise FormatError("groups that flush subnormals are not modelled", mend="use subnormals=kept")
        if self.order is Order.PAIRWISE and self.group != 4:
            raise FormatError(f"pairwise in groups of {self.group}", mend="use group=4")
        if self.order in (Order.ODD_EVEN, Order.EVEN_ODD_CHAINS) and self.group % 2:
            raise FormatError(f"{self.order} in groups of {self.group}", mend="use an even group")

    @property
    def flushes_results(self) -> bool:
        """Whether results below the smallest normal number become zero."""
        return isinstance(self.accumulator, FloatFormat) and self.accumulator.subnormals is Subnormals.FLUSHED


def summation(accumulator: FloatFormat, order: Order = Order.ANY) -> Accumulation:
    """Plain sums of numbers of the accumulator's format: products by 1, which fit."""
    return Accumulation(
        kind=Kind.ADDITIONS,
        accumulator=accumulator,
        order=order,
        products=Products.ROUNDED,
        smallest_exponents=(accumulator.emin, 0),
        products_fit=True,
    )


def products_fit(left: Format, right: Format, accumulator: FloatFormat | IntFormat) -> bool:
    """Whether every product of finite numbers of two float formats is a number of the accumulator."""
    if not (isinstance(left, FloatFormat) and isinstance(right, FloatFormat) and isinstance(accumulator, FloatFormat)):
        return False
    unit = (left.emin - left.p + 1) + (right.emin - right.p + 1)
    fine_enough = left.p + right.p <= accumulator.p and unit >= accumulator.emin - accumulator.p + 1
    flushed = accumulator.subnormals is Subnormals.FLUSHED and unit < accumulator.emin
    return fine_enough and not flushed and left.max_finite * right.max_finite <= accumulator.max_finite


def product_unit(left: Format, right: Format) -> int | None:
    """The largest k for which 2^k divides every product of numbers of two float formats."""
    if not (isinstance(left, FloatFormat) and isinstance(right, FloatFormat)):
        return None
    return (left.emin - left.p + 1) + (right.emin - right.p + 1)


def exact_total(accumulation: Accumulation, unit: int | None) -> Fraction:
    """Up to this sum of magnitudes, partial sums of multiples of 2^unit are numbers of the accumulator: at most 2^p times 2^unit."""
    fmt = accumulation.accumulator
    if not isinstance(fmt, FloatFormat) or unit is None or unit < fmt.emin - (0 if accumulation.flushes_results else fmt.p - 1):
        return Fraction(0)
    return min(power_of_two(unit + fmt.p), fmt.max_finite)


def holds(outer: Format, inner: Format) -> bool:
    """Whether every finite number of the float format `inner` is one of `outer`; for integer codes, every code."""
    if isinstance(outer, IntFormat) and isinstance(inner, IntFormat):
        return outer.qmin <= inner.qmin and inner.qmax <= outer.qmax
    if not (isinstance(outer, FloatFormat) and isinstance(inner, FloatFormat)):
        return False
    keeps = outer.subnormals is Subnormals.KEPT or inner.emin - inner.p + 1 >= outer.emin
    return outer.p >= inner.p and outer.emin - outer.p <= inner.emin - inner.p and outer.max_finite >= inner.max_finite and keeps
