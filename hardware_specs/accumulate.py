"""Adding up dot products bit by bit as a machine does, over NumPy arrays of float64. `accumulate_exactly` is the slow, independent twin.

Rows are added at once: a step is one operation on arrays. Where an accumulation leaves a choice, the run here goes by index, rounds
products first, fills groups in order, and adds the bias last (to groups in fp32, rounded to nearest, as epilogues do). The sign of a zero
result is not modelled: zeros are +0. A group whose sum reaches 2^(emax+1) becomes infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import NEAREST, Accumulation, Kind, Order, Products
from suffice.hardware_specs.accumulation_partial_sums import chain_order
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat, IntFormat, Subnormals
from suffice.hardware_specs.vectorised import fits_float64, round_array

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST_CODE = 1 << 16
"""Integer factors (codes less zero points) are smaller than this."""


def accumulate(
    accumulation: Accumulation, left: Array, right: Array, bias: Array | None = None, *, exponents: Integers | None = None
) -> Array:
    """The dot products along the last axes of `left` and `right`, whose other axes are broadcast, plus `bias`, as the machine adds them.

    Factors are numbers of the two formats, integers those of codes less zero points. `exponents` (of the products, along the same axes)
    replaces those that groups are aligned by: needed for block formats (`blocks.alignment_exponents`), where they come from scales too.
    Raises FormatError where integers overflow, and for formats that float64 cannot emulate.
    """
    left, right = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if left.shape[-1] != right.shape[-1]:
        raise FormatError(f"{left.shape[-1]} factors meet {right.shape[-1]}", mend="give as many on both sides")
    added = np.zeros(()) if bias is None else np.asarray(bias, dtype=np.float64)
    with np.errstate(all="ignore"):
        fmt = accumulation.accumulator
        if isinstance(fmt, IntFormat):
            return _add_integers(fmt, left, right, added)
        _check_exact(fmt, left, right)
        left, right = (_without_subnormals(accumulation, x, side) for side, x in enumerate((left, right)))
        shape = np.broadcast_shapes(left.shape[:-1], right.shape[:-1], added.shape)
        start = np.zeros(shape or (1,))
        if accumulation.kind is Kind.GROUPS:
            total = _add_groups(accumulation, fmt, left, right, exponents, start)
            return _plus_bias(_EPILOGUE, total, bias, added, shape)
        total = _ADDERS[accumulation.order](accumulation, fmt, _Products(accumulation, fmt, left, right), start)
        if accumulation.flushes_inputs:
            added = np.where(np.abs(added) < 2.0**fmt.emin, 0.0, added)
        return _plus_bias(fmt, total, bias, added, shape)


def accumulate_in_tree(
    accumulation: Accumulation,
    left: Array,
    right: Array,
    merges: Sequence[tuple[int, int]],
    fused: Sequence[bool],
    bias: Array | None = None,
) -> Array:
    """A run of additions in another order: each merge (i, j) adds slot j to slot i, until all are merged into one.

    Slots are the products and, last, the bias. A product with `fused` enters its first addition exactly, unless its partner does.
    """
    fmt = accumulation.accumulator
    if accumulation.kind is not Kind.ADDITIONS or not isinstance(fmt, FloatFormat):
        raise FormatError(f"{accumulation.kind} are not added in a tree", mend="use accumulate")
    left, right = np.broadcast_arrays(np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64))
    with np.errstate(all="ignore"):
        _check_exact(fmt, left, right)
        products = _without_subnormals(accumulation, left, 0) * _without_subnormals(accumulation, right, 1)
        slots = [products[..., k] if fused[k] else round_once(fmt, products[..., k]) for k in range(products.shape[-1])]
        exact = list(fused[: len(slots)])
        if bias is not None:
            slots.append(np.broadcast_to(_flushed(accumulation, fmt, np.asarray(bias, dtype=np.float64)), slots[0].shape))
            exact.append(False)
        for i, j in merges:
            if exact[i] and exact[j]:
                slots[i] = round_once(fmt, slots[i])
            slots[i], exact[i] = add_rounded(fmt, slots[i], slots[j]), False
        result: Array = round_once(fmt, slots[merges[-1][0] if merges else 0]) + 0.0
        return result


def add_rounded(fmt: FloatFormat, x: Array, y: Array) -> Array:
    """x + y with one rounding, for any float64 x and y that do not overflow there, and p <= 51 (or float64's own format).

    Knuth's two-sum gives the exact rest of the float64 sum; a rest moves an even last bit one place towards it: the sum rounded to odd,
    which a second rounding to at least two bits fewer turns into the correctly rounded one (Boldo and Melquiond, IEEE TC 57 (2008)).
    """
    total = np.asarray(x + y)
    if fmt.p <= 51:
        back = total - x
        rest = (x - (total - back)) + (y - back)
        code = total.view(np.int64)
        misses = (rest != 0) & np.isfinite(total) & (code & 1 == 0)
        total = (code + np.where(misses, np.where((rest > 0) == (total > 0), 1, -1), 0)).view(np.float64)
    return round_once(fmt, total)


def round_once(fmt: FloatFormat, x: Array) -> Array:
    """x rounded to the format. A result is flushed if it lies below 2^emin when it is rounded to p bits as if exponents had no lower end.

    So x86 tells tiny results (Intel SDM, volume 1, 4.9.1.5; measured): x = 2^emin - 2^(emin-p) becomes zero, though 2^emin is the nearest
    number of the format with subnormals.
    """
    result = round_array(fmt, x)
    if fmt.subnormals is Subnormals.KEPT:
        return result
    return np.where(np.abs(x) < 2.0**fmt.emin - 2.0 ** (fmt.emin - fmt.p - 1), 0.0, result)


_FLOAT64 = parse_format("fp64")


def _float32() -> FloatFormat:
    fmt = parse_format("fp32")
    assert isinstance(fmt, FloatFormat)
    return fmt


_EPILOGUE = _float32()


def _check_exact(fmt: FloatFormat, *factors: Array) -> None:
    """Products of float32 numbers are exact in float64, far from its limits; additions are mended by `add_rounded`."""
    if fmt == _FLOAT64:
        return
    if not fits_float64(fmt) or fmt.p > 51:
        raise FormatError("sums in this accumulator cannot be emulated in float64", mend="use accumulate_exactly")
    if not all(np.array_equal(x, x.astype(np.float32), equal_nan=True) for x in factors):
        raise FormatError("factors are no float32 numbers: their products are not exact in float64", mend="use accumulate_exactly")


def _without_subnormals(accumulation: Accumulation, x: Array, side: int) -> Array:
    if not accumulation.flushes_inputs:
        return x
    return np.where(np.abs(x) < 2.0 ** accumulation.smallest_exponents[side], 0.0, x)


def _flushed(accumulation: Accumulation, fmt: FloatFormat, x: Array) -> Array:
    return np.where(np.abs(x) < 2.0**fmt.emin, 0.0, x) if accumulation.flushes_inputs else x


def _plus_bias(fmt: FloatFormat, total: Array, bias: Array | None, added: Array, shape: tuple[int, ...]) -> Array:
    if bias is not None:
        total = add_rounded(fmt, total, np.broadcast_to(added, total.shape))
    result: Array = (np.broadcast_to(total, shape or (1,)) + 0.0).reshape(shape)
    return result


def _add_integers(fmt: IntFormat, left: Array, right: Array, bias: Array) -> Array:
    """Exact: the machine adds modulo 2^bits, so only the whole sum has to fit."""
    for x in (left, right, bias):
        if not (np.rint(x) == x).all():
            raise FormatError("factors are no integers", mend="give codes less zero points")
    if max(np.abs(left).max(initial=0.0), np.abs(right).max(initial=0.0)) >= LARGEST_CODE or np.abs(bias).max(initial=0.0) > fmt.qmax:
        raise FormatError("integer factors are too large", mend=f"use codes below {LARGEST_CODE}")
    total = np.einsum("...k,...k->...", left.astype(np.int64), right.astype(np.int64)) + bias.astype(np.int64)
    if (total > fmt.qmax).any() or (total < fmt.qmin).any():
        raise FormatError(f"a sum of {left.shape[-1]} products leaves the {fmt.bits}-bit accumulator", mend="use fewer or smaller terms")
    return np.asarray(total, dtype=np.float64)


class _Products:
    """The products of a dot product, one column at a time."""

    def __init__(self, accumulation: Accumulation, fmt: FloatFormat, left: Array, right: Array) -> None:
        self.count = left.shape[-1]
        self._fmt, self._left, self._right = fmt, left, right
        self._rounds = accumulation.products is not Products.FUSED
        if fmt == _FLOAT64 and not self._rounds:
            raise FormatError("fused products cannot be emulated in float64", mend="use accumulate_exactly")

    def onto(self, total: Array, k: int) -> Array:
        """total + product k, or total where there is no product k."""
        if k >= self.count:
            return total
        product = self._left[..., k] * self._right[..., k]
        return add_rounded(self._fmt, total, round_once(self._fmt, product) if self._rounds else product)


def _add_chain(accumulation: Accumulation, _fmt: FloatFormat, products: _Products, total: Array) -> Array:
    order = range(products.count) if accumulation.order is Order.ANY else chain_order(accumulation, products.count).tolist()
    for k in order:
        total = products.onto(total, k)
    return total


def _add_pairs(_accumulation: Accumulation, fmt: FloatFormat, products: _Products, total: Array) -> Array:
    zero = np.zeros_like(total)
    for first in range(0, products.count, 4):
        low = products.onto(products.onto(zero, first), first + 1)
        high = products.onto(products.onto(zero, first + 2), first + 3)
        total = add_rounded(fmt, total, add_rounded(fmt, low, high))
    return total


def _add_even_odd(accumulation: Accumulation, fmt: FloatFormat, products: _Products, total: Array) -> Array:
    for first in range(0, products.count, accumulation.group):
        chains = [np.zeros_like(total), np.zeros_like(total)]
        for k in range(first, min(first + accumulation.group, products.count)):
            chains[(k - first) % 2] = products.onto(chains[(k - first) % 2], k)
        total = add_rounded(fmt, total, add_rounded(fmt, chains[0], chains[1]))
    return total


_Adder = Callable[[Accumulation, FloatFormat, _Products, Array], Array]
_ADDERS: dict[Order, _Adder] = {
    Order.ANY: _add_chain,
    Order.SEQUENTIAL: _add_chain,
    Order.ODD_EVEN: _add_chain,
    Order.PAIRWISE: _add_pairs,
    Order.EVEN_ODD_CHAINS: _add_even_odd,
}


def _add_groups(accumulation: Accumulation, fmt: FloatFormat, left: Array, right: Array, exponents: Integers | None, total: Array) -> Array:
    if exponents is None and accumulation.presummed > 1:
        raise FormatError("products of block formats are aligned by their scales", mend="give exponents")
    cell = accumulation.presummed
    step = partial(_add_group, accumulation, fmt)
    for first in range(0, left.shape[-1], accumulation.group):
        part = slice(first, first + accumulation.group)
        products = left[..., part] * right[..., part]
        if exponents is None:
            aligned = _exponents(left[..., part], accumulation.smallest_exponents[0]) + _exponents(
                right[..., part], accumulation.smallest_exponents[1]
            )
        else:
            aligned = np.broadcast_to(exponents[..., part], products.shape)
        if cell > 1:
            starts = np.arange(0, products.shape[-1], cell)
            products, aligned = np.add.reduceat(products, starts, axis=-1), np.maximum.reduceat(aligned, starts, axis=-1)
        total = step(products, aligned, total)
    return total


def _add_group(accumulation: Accumulation, fmt: FloatFormat, products: Array, aligned: Integers, total: Array) -> Array:
    """One step: all numbers cut to multiples of 2^(e - f), added exactly (at most 2^(f + 12) units), rounded."""
    fraction = fmt.p - 1 + accumulation.extra_bits
    least = np.iinfo(np.int64).min
    held = np.where(total != 0, _exponents(total, fmt.emin), fmt.emin)
    largest = np.maximum(held, np.where(products != 0, aligned, least).max(axis=-1))
    units = np.trunc(np.ldexp(products, (fraction - largest)[..., np.newaxis].astype(np.int32))).sum(axis=-1)
    units = units + np.trunc(np.ldexp(total, (fraction - largest).astype(np.int32)))
    exact = np.ldexp(units, (largest - fraction).astype(np.int32))
    rounded = round_array(fmt, exact)
    if fmt.rounding not in NEAREST:
        rounded = np.where(np.abs(exact) >= 2.0 ** (fmt.emax + 1), np.copysign(np.inf, exact), rounded)
    special = products.sum(axis=-1) + total
    result: Array = np.where(np.isfinite(special), rounded, special)
    return result


def _exponents(x: Array, emin: int) -> Integers:
    """floor(log2 |x|), at least emin."""
    return np.maximum(np.frexp(x)[1].astype(np.int64) - 1, emin)
