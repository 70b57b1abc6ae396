"""What adding up loses in linear, matmul, sum and mean (docs/networks.md, "Local errors": acc of terms in known intervals)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from suffice.encodings.enclosures.arrays.intervals import Intervals, intervals_of, magnitude
from suffice.encodings.enclosures.arrays.linear import products, transposed
from suffice.encodings.enclosures.networks.images import grouped_products
from suffice.encodings.networks.graph import NORMALISING, Array, TensorNode, TensorOp
from suffice.encodings.networks.program import Step, Storage
from suffice.errors import FormatError
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, products_fit
from suffice.hardware_specs.accumulation_bounds import error_bounds, input_flush_bound
from suffice.hardware_specs.accumulation_partial_sums import chain_error_bounds, chain_order
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.format import ExactFormat, FloatFormat, IntFormat
from suffice.hardware_specs.upward import above
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.networks.constants import Constants
from suffice.prover.networks.local_errors_rounding import half_spacing, keeps, raised
from suffice.prover.networks.local_errors_trees import tree_errors

CHAINED_PRODUCTS = 1 << 24
"""Most products of one node whose partial sums are bounded one by one."""


def check_products(node: TensorNode, step: Step, accumulation: Accumulation, held: list[Storage | None]) -> None:
    """Whether products fit as the accumulation says. Raises FormatError."""
    accumulator = accumulation.accumulator
    if not accumulation.products_fit:
        return
    if node.op in NORMALISING:
        fit = accumulator == step.compute or keeps(accumulator, step.compute)
    elif node.op in (TensorOp.SUM, TensorOp.MEAN):
        fit = keeps(accumulator, held[0])
    else:
        left, right = (step.weights, held[0]) if node.op is TensorOp.LINEAR else held
        fit = fit_exactly(left, right, accumulator)
    if not fit:
        raise FormatError("products that need not fit in the accumulator", where=node.name, mend="use products_fit=False")


def fit_exactly(left: Storage | None, right: Storage | None, accumulator: FloatFormat | IntFormat) -> bool:
    """`products_fit`, for formats that may be unknown or block formats."""
    if left is None or right is None or isinstance(left, BlockFormat) or isinstance(right, BlockFormat):
        return False
    return products_fit(left, right, accumulator)


def linear_errors(step: Step, x: Intervals, value: Intervals, constants: Constants, held: Storage | None) -> Array:
    assert constants.weight is not None
    accumulation, weight, bias = _accumulation(step), constants.weight, constants.bias
    count, size = weight.shape[-1], magnitude(x)
    if accumulation.kind is Kind.EXACT:
        return _exact_sum_errors(step, accumulation, count, value, bias, held)
    grouped = weight.ndim == 3
    turned = np.swapaxes(np.abs(weight), -1, -2)
    sizes = intervals_of(size)
    total = (grouped_products(sizes, intervals_of(turned)) if grouped else products(sizes, turned)).hi
    if bias is not None:
        if (round_array(accumulation.accumulator, bias) != bias).any():
            raise FormatError("a bias that is no number of the accumulator", mend="hold biases in the accumulator's format")
        total = raised(total + np.abs(bias), 1)
    if _is_chain(accumulation) and not grouped and total.size * count <= CHAINED_PRODUCTS:
        return _chain_errors(accumulation, weight, bias, x)
    blocks = isinstance(step.weights, BlockFormat) or isinstance(held, BlockFormat)
    largest = np.abs(weight).max(axis=-1) * size.max(axis=-1, keepdims=True)
    error = error_bounds(accumulation, count, total, _aligned(accumulation, weight, size, largest, blocks=blocks), bias=bias is not None)
    if not grouped:
        error = tree_errors(accumulation, x, Intervals(weight, weight), bias, error)
    return error + _flushed_inputs(accumulation, count, np.abs(weight).max(initial=0.0), size.max(initial=0.0))


def matmul_errors(step: Step, operands: list[Intervals], value: Intervals, held: list[Storage | None]) -> Array:
    accumulation = _accumulation(step)
    a, b = (magnitude(operand) for operand in operands)
    count = a.shape[-1]
    if accumulation.kind is Kind.EXACT:
        _check_codes(accumulation, count, *(_widest_code(one) for one in held))
        return half_spacing(step.compute, magnitude(value))
    total = products(a, b).hi
    blocks = any(isinstance(one, BlockFormat) for one in held)
    largest = a.max(axis=-1)[..., :, None] * b.max(axis=-2)[..., None, :]
    error = error_bounds(accumulation, count, total, _aligned(accumulation, a, b, largest, blocks=blocks))
    error = tree_errors(accumulation, operands[0], transposed(operands[1]), None, error)
    return error + _flushed_inputs(accumulation, count, a.max(initial=0.0), b.max(initial=0.0))


def sum_errors(node: TensorNode, step: Step, x: Intervals, value: Intervals) -> Array:
    count = x.shape[-1]
    size = magnitude(x)
    total = raised(size.sum(axis=-1), count + 2).reshape(node.shape)
    one = np.ones((1, count))
    error = error_bounds(_accumulation(step), count, total)
    error = tree_errors(_accumulation(step), x, Intervals(one, one), None, error.reshape(*x.shape[:-1], 1)).reshape(node.shape)
    if node.op is TensorOp.SUM:
        return error
    return raised(error / count + half_spacing(step.compute, raised(magnitude(value) + error / count)), 4)


def _exact_sum_errors(
    step: Step, accumulation: Accumulation, count: int, value: Intervals, bias: Array | None, held: Storage | None
) -> Array:
    """fl(sum of products), then fl(that + bias)."""
    _check_codes(accumulation, count, _widest_code(step.weights), _widest_code(held))
    if bias is None:
        return half_spacing(step.compute, magnitude(value))
    first = half_spacing(step.compute, raised(magnitude(value) + np.abs(bias), 1))
    return raised(first + half_spacing(step.compute, raised(magnitude(value) + first, 1)), 2)


def _chain_errors(accumulation: Accumulation, weight: Array, bias: Array | None, x: Intervals) -> Array:
    """With the partial sums of each output bounded one by one."""
    order = chain_order(accumulation, weight.shape[-1])
    low, high = np.maximum(weight[:, order], 0.0), np.minimum(weight[:, order], 0.0)
    lo, hi = x.lo[..., None, order], x.hi[..., None, order]
    least, most = low * lo + high * hi, low * hi + high * lo
    if bias is not None:
        column = np.broadcast_to(bias[:, None], (*least.shape[:-1], 1))
        least, most = np.concatenate([least, column], axis=-1), np.concatenate([most, column], axis=-1)
    terms = raised(np.maximum(np.abs(least), np.abs(most)), 2)
    slack = np.cumsum(terms, axis=-1) * (least.shape[-1] * 2.0**-51)
    partial = raised(np.maximum(np.abs(np.cumsum(least, axis=-1)), np.abs(np.cumsum(most, axis=-1))) + slack, least.shape[-1])
    flushed = _flushed_inputs(accumulation, weight.shape[-1], np.abs(weight).max(initial=0.0), magnitude(x).max(initial=0.0))
    return chain_error_bounds(accumulation, terms, partial, bias=bias is not None) + flushed


def _is_chain(accumulation: Accumulation) -> bool:
    return accumulation.kind is Kind.ADDITIONS and accumulation.order in (Order.SEQUENTIAL, Order.ODD_EVEN)


def _aligned(accumulation: Accumulation, a: Array, b: Array, largest: Array, *, blocks: bool) -> Array | None:
    """Terms.largest of `accumulation_bounds`: max(|a|, 2^emin_a) max(|b|, 2^emin_b) is no more than the largest product of either."""
    if accumulation.kind is not Kind.GROUPS:
        return None
    if blocks:
        raise FormatError("groups of products of block formats", mend="ask about a device that adds them one by one, like generic")
    tiny_a, tiny_b = (2.0**exponent for exponent in accumulation.smallest_exponents)
    below = tiny_a * max(np.abs(b).max(initial=0.0), tiny_b) + tiny_b * np.abs(a).max(initial=0.0)
    return raised(np.maximum(largest, below), 4)


def _flushed_inputs(accumulation: Accumulation, count: int, left: float, right: float) -> float:
    if not accumulation.flushes_inputs:
        return 0.0
    if not (np.isfinite(left) and np.isfinite(right)):
        return float("inf")
    return above(input_flush_bound(accumulation, count, Fraction(float(left)), Fraction(float(right))))


def _widest_code(fmt: Storage | None) -> int:
    """The largest |q - zero|. Raises FormatError for what has no codes."""
    if not isinstance(fmt, IntFormat) or (fmt.zero is None and fmt.scale is not None):
        raise FormatError("an exact sum of numbers that are no integer codes", mend="add them in a float format")
    zero = fmt.zero or 0
    return max(abs(fmt.qmin - zero), abs(fmt.qmax - zero))


def _check_codes(accumulation: Accumulation, count: int, left: int, right: int) -> None:
    assert isinstance(accumulation.accumulator, IntFormat)
    if count * left * right > accumulation.accumulator.qmax:
        raise FormatError(f"a sum of {count} products of codes may overflow its accumulator", mend="add fewer terms, or in a float format")


def _accumulation(step: Step) -> Accumulation:
    if step.accumulation is None:
        raise FormatError("a sum without an accumulation", mend="give Step.accumulation")
    if isinstance(step.compute, ExactFormat):
        raise FormatError("sums in the exact pseudo-format", mend="compute in a float format")
    return step.accumulation
