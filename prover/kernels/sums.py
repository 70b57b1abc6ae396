"""K2 and K3: sums and products of matrices, in every order of additions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from suffice.encodings.enclosures.arrays import intervals as iv
from suffice.encodings.enclosures.arrays.intervals import Intervals, point
from suffice.encodings.enclosures.arrays.linear import products
from suffice.errors import InputError
from suffice.hardware_specs.accumulation import Accumulation, Kind
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat, Subnormals
from suffice.prover.kernels.contract import Kernel, half, underflow_of, unit_of
from suffice.prover.kernels.tracked import Tracked
from suffice.prover.kernels.upper import Array, Bound, above, add, growth, multiply


def adding_share(how: Accumulation, terms: int, *, exact_terms: bool = False, extra: int = 0) -> tuple[float, float]:
    """K2, K3: share and lost such that adding up `terms` products (numbers, if exact_terms) errs by share * sum of sizes + lost, in any order.

    `extra` terms are numbers, not products. Exact sums of integers have no error.
    """
    count = terms + extra
    if how.kind is Kind.EXACT or count == 0:
        return 0.0, 0.0
    if how.kind is not Kind.ADDITIONS:
        raise InputError(f"{how.kind} sums have no statement here", where="accumulate", mend="give a format, or ordinary additions")
    fmt = how.accumulator
    assert isinstance(fmt, FloatFormat)
    rounds_products = not (exact_terms or how.products_fit)
    share = growth(unit_of(fmt), count - 1 + (1 if rounds_products else 0))
    events = (terms if rounds_products else 0) + (count if fmt.subnormals is Subnormals.FLUSHED else 0)
    if events == 0:
        return share, 0.0
    return share, float(multiply(above(events * underflow_of(fmt)), add(1.0, growth(unit_of(fmt), count))))


def adding_error(how: Accumulation, terms: int, size: Array, *, exact_terms: bool = False, extra: int = 0) -> Array:
    """The error of adding up terms whose sizes sum to `size` at most; infinite where a partial sum may overflow."""
    share, lost = adding_share(how, terms, exact_terms=exact_terms, extra=extra)
    error = add(multiply(size, share), lost)
    if isinstance(how.accumulator, IntFormat):
        return error
    return np.asarray(np.where(add(size, error) <= above(how.accumulator.max_finite), error, np.inf))


def total(terms: Tracked, how: Accumulation, axis: int = -1) -> Tracked:
    """K2: the sum of numbers with errors over an axis."""
    from suffice.prover.kernels.upper import total as upper_total

    size = upper_total(np.broadcast_to(terms.reach, terms.exact.shape), axis)
    error = upper_total(np.broadcast_to(terms.error, terms.exact.shape), axis)
    count = terms.exact.shape[axis]
    return Tracked(iv.total(terms.exact, axis), add(error, adding_error(how, count, size, exact_terms=True)))


def matrix_product(a: Tracked, b: Tracked, kernel: Kernel, bias: Intervals | None = None) -> Tracked:
    """K3: a b (+ bias) with errors of the operands: |a^ b^ - a b| <= |a| eb + ea |b| + ea eb, and the error of adding up."""
    a, b = (_factor(operand, kernel) for operand in (a, b))
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
    return Tracked(exact, add(error, adding_error(kernel.accumulation, terms, sizes, extra=int(bias is not None))))


def products_of(kernel: Kernel) -> Accumulation:
    """How products of computed values are added: as those of operands, but such products need not fit."""
    return replace(kernel.accumulation, products_fit=False)


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


def _factor(operand: Tracked, kernel: Kernel) -> Tracked:
    """An operand as the multiplier takes it."""
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
    return value.with_error(multiply(reach, relative(kernel, roundings)), tiny)
