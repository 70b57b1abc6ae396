"""K2 and K3: sums and products of matrices, in every order of additions."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from fractions import Fraction

import numpy as np

from suffice.encodings.enclosures.arrays import intervals as iv
from suffice.encodings.enclosures.arrays.intervals import Intervals, point
from suffice.encodings.enclosures.arrays.linear import products
from suffice.errors import InputError
from suffice.hardware_specs.accumulation import Accumulation, Kind, holds
from suffice.hardware_specs.accumulation_bounds import affine_bound, error_bounds, input_flush_bound
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat, Rounding, power_of_two
from suffice.prover.kernels.contract import Kernel, half, unit_of, unless_overflow
from suffice.prover.kernels.tracked import Tracked
from suffice.prover.kernels.upper import Array, Bound, above, add, growth, multiply
from suffice.prover.kernels.upper import total as upper_total


class Terms(StrEnum):
    """What is added up."""

    OPERANDS = "products of operands"
    VALUES = "products of computed values"
    NUMBERS = "numbers"


def accumulation_of(kernel: Kernel, what: Terms) -> Accumulation:
    """How these are added: products of operands as the kernel says, and other things by ordinary additions in the same accumulator."""
    how = kernel.accumulation
    if what is Terms.OPERANDS or isinstance(how.accumulator, IntFormat):
        return how
    if what is Terms.VALUES and how.kind is Kind.GROUPS:
        return how
    nearest = replace(how.accumulator, rounding=Rounding.NEAREST_EVEN)
    fit = what is Terms.NUMBERS and all(holds(nearest, fmt) for fmt in (kernel.compute, *kernel.operands.values()))
    return Accumulation(kind=Kind.ADDITIONS, accumulator=nearest, products_fit=fit)


def adding_share(kernel: Kernel, terms: int, what: Terms, *, extra: int = 0, interleaved: bool = False) -> tuple[float, float]:
    """K2, K3: share and lost such that adding up `terms` of these errs by share * sum of sizes + lost, in any order.

    `extra` terms are numbers, not products, and rounded first where they are none of the accumulator. The share is the least of n u
    (docs/devices.md) and (1 + u)^depth - 1; where sums are `interleaved` with products, only the latter, and every addition may underflow.
    Exact sums of integers have no error.
    """
    how, count = accumulation_of(kernel, what), terms + extra
    if how.kind is Kind.EXACT or count == 0:
        return 0.0, 0.0
    fmt = how.accumulator
    assert isinstance(fmt, FloatFormat)
    if extra and not holds(fmt, kernel.operands.get("bias", fmt)):
        how, terms, extra = replace(how, products_fit=False), count, 0
    slope, lost = affine_bound(how, terms, bias=extra > 0)
    additions = count - 1 if kernel.depth is None else min(kernel.depth, count - 1)
    power = growth(unit_of(fmt), additions + (not how.products_fit))
    if interleaved:
        lost += count * kernel.merging_tiny
    share = power if interleaved else min(above(slope), power)
    return share, above(lost * (1 + Fraction(power))) if lost and power < np.inf else above(lost)


def adding_error(
    kernel: Kernel, terms: int, size: Array, what: Terms, *, extra: int = 0, interleaved: bool = False, largest: Array | None = None
) -> Array:
    """The error of adding up terms whose sizes sum to `size` at most, the largest of them at most `largest` (for groups of products).

    Infinite where a partial sum may overflow.
    """
    how = accumulation_of(kernel, what)
    if how.kind is Kind.GROUPS:
        return error_bounds(how, terms, size, largest, bias=extra > 0)
    share, lost = adding_share(kernel, terms, what, extra=extra, interleaved=interleaved)
    error = add(multiply(size, share), lost)
    if isinstance(how.accumulator, IntFormat):
        return error
    return np.asarray(np.where(add(size, error) <= above(how.accumulator.max_finite), error, np.inf))


def total(terms: Tracked, kernel: Kernel, axis: int = -1) -> Tracked:
    """K2: the sum of numbers with errors over an axis."""
    size = upper_total(np.broadcast_to(terms.reach, terms.exact.shape), axis)
    error = upper_total(np.broadcast_to(terms.error, terms.exact.shape), axis)
    count = terms.exact.shape[axis]
    return Tracked(iv.total(terms.exact, axis), add(error, adding_error(kernel, count, size, Terms.NUMBERS)))


def matrix_product(a: Tracked, b: Tracked, kernel: Kernel, bias: Intervals | None = None) -> Tracked:
    """K3: a b (+ bias) with errors of the operands: |a^ b^ - a b| <= |a| eb + ea |b| + ea eb, and the error of adding up."""
    a, b = (_factor(operand, kernel, fmt) for operand, fmt in zip((a, b), list(kernel.operands.values()) * 2, strict=False))
    exact = products(a.exact, b.exact)
    sizes = size_of_product(a.reach, b.reach)
    error = np.zeros_like(sizes)
    if a.error.any():
        error = add(error, size_of_product(a.error, b.reach))
    if b.error.any():
        error = add(error, size_of_product(a.size, b.error))
    if bias is not None:
        exact, sizes = iv.add(exact, bias), add(sizes, iv.magnitude(bias))
    terms = a.exact.shape[-1]
    check_integers(kernel, terms)
    largest = largest_product(kernel, a.reach, b.reach)
    adding = adding_error(kernel, terms, sizes, Terms.OPERANDS, extra=int(bias is not None), largest=largest)
    return Tracked(exact, add(error, adding, flushed_factors(kernel, a.reach, b.reach)))


def largest_product(kernel: Kernel, a: Array, b: Array) -> Array:
    """A bound of every product of a row and a column, with subnormal factors as large as the least normal number."""
    rows, columns = (
        np.maximum(side, above(power_of_two(emin)))
        for side, emin in zip((a.max(-1), b.max(-2)), kernel.accumulation.smallest_exponents, strict=True)
    )
    return multiply(rows[..., :, None], columns[..., None, :])


def flushed_factors(kernel: Kernel, a: Array, b: Array) -> float:
    """What the products lose where subnormal factors are read as zero."""
    how = kernel.accumulation
    if not how.flushes_inputs:
        return 0.0
    left, right = (Fraction(float(side.max(initial=0.0))) for side in (a, b))
    return above(input_flush_bound(how, a.shape[-1], left, right))


def size_of_product(a: Array, b: Array) -> Array:
    """An upper bound of the product of matrices of sizes."""
    if np.isfinite(a).all() and np.isfinite(b).all():
        return products(point(a), point(b)).hi
    known = products(point(np.where(np.isfinite(a), a, 0.0)), point(np.where(np.isfinite(b), b, 0.0))).hi
    rows, columns = np.isinf(a).any(axis=-1, keepdims=True), np.isinf(b).any(axis=-2, keepdims=True)
    return np.asarray(np.where(rows | columns, np.inf, known))


def check_integers(kernel: Kernel, terms: int) -> None:
    """Refuse exact sums that may leave the integers of the accumulator; products of raw codes and of codes less a zero point both fit."""
    how = kernel.accumulation
    if how.kind is not Kind.EXACT:
        return
    assert isinstance(how.accumulator, IntFormat)
    first, second = (list(kernel.operands.values()) * 2)[:2]
    if terms * widest_code(first) * widest_code(second) > how.accumulator.qmax:
        raise InputError(f"sums of {terms} products may leave {how.accumulator.bits} bits", where="accumulate", mend="split the sum")


def widest_code(fmt: Format) -> int:
    """The largest size of a code, less its zero point or not; of eight bits where the format is not one of integers."""
    if not isinstance(fmt, IntFormat):
        return 255
    zero = fmt.zero or 0
    return max(abs(fmt.qmin), abs(fmt.qmax), abs(fmt.qmin - zero), abs(fmt.qmax - zero))


def _factor(operand: Tracked, kernel: Kernel, fmt: Format) -> Tracked:
    """An operand as the multiplier takes it: codes that meet floats as real numbers first, scale times code, with two roundings."""
    if isinstance(fmt, IntFormat) and kernel.accumulation.kind is not Kind.EXACT:
        operand = operand.with_error(multiply(operand.size, growth(kernel.merging_unit, 2)), above(2 * kernel.tiny))
    if kernel.multiply is None:
        return operand
    return operand.with_error(half(kernel.multiply, operand.reach))


def relative(kernel: Kernel, roundings: int) -> float:
    """(1 + u)^roundings - 1 of the arithmetic."""
    return growth(kernel.unit, roundings)


def scaled(value: Tracked, kernel: Kernel, roundings: int, size: Bound | None = None) -> Tracked:
    """K4: the value after some more roundings of products of it, relative to its size, and their underflow."""
    reach = add(value.size if size is None else size, value.error)
    tiny = above(2 * roundings * kernel.tiny)
    error = add(multiply(reach, relative(kernel, roundings)), tiny)
    return value.with_error(unless_overflow(kernel, error, add(reach, error)))
