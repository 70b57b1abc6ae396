"""Run a program of a network bit by bit on many inputs at once (docs/networks.md); sums go by index, functions are correctly rounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from suffice.encodings.networks.graph import SMOOTH, Array, TensorNode, TensorOp
from suffice.encodings.networks.program import NetworkProgram, Step, Storage
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.accumulate import accumulate
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import ExactFormat, FloatFormat, IntFormat
from suffice.hardware_specs.upward import keeping_subnormals
from suffice.hardware_specs.vectorised import round_array
from suffice.prover.networks import emulation_roundings as rounded
from suffice.prover.networks.constants import Constants, constants, quantised_blocks
from suffice.prover.networks.local_errors import held_format

Kernel = Callable[[Accumulation, Array, Array, Array | None], Array | None]
"""Computes left times right transposed, matrices in the last two axes, plus a bias, in some order that the accumulation allows; None where
it does not serve it.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Run:
    """One node: the step, its constants, what formats its operands are held in, and a kernel for products in any order."""

    node: TensorNode
    step: Step
    constants: Constants
    held: tuple[Storage | None, ...]
    kernel: Kernel | None = None


def emulate(program: NetworkProgram, x: Array) -> Array:
    """The outputs that the program computes at inputs counted by the leading axis; infinities and NaN where it fails."""
    return emulate_all(program, x)[-1]


def emulate_all(program: NetworkProgram, x: Array) -> list[Array]:
    """What the program computes at every node, before rounding of inputs at none: real inputs are rounded first."""
    x = np.asarray(x, dtype=np.float64)
    if x.shape[1:] != program.network.input.shape:
        raise InputError(f"inputs have the shape {x.shape[1:]}, not {program.network.input.shape}", where=program.network.name)
    emulator = Emulator(program)
    values: list[Array] = []
    for position, node in enumerate(program.network.nodes):
        values.append(emulator.step(position, [values[operand] for operand in node.operands] or [x], len(x)))
    return values


class Emulator:
    """Runs single steps of a program, whose constants are rounded once. A `kernel` may compute products whose order is open.

    `held` are formats whose numbers the results are, where that is known.
    """

    def __init__(self, program: NetworkProgram, kernel: Kernel | None = None) -> None:
        self.program = program
        self._runs: list[_Run] = []
        held: list[Storage | None] = []
        for (node, step), own in zip(program.pairs(), constants(program), strict=True):
            formats = tuple(held[operand] for operand in node.operands)
            self._runs.append(_Run(node=node, step=step, constants=own, held=formats, kernel=kernel))
            before = held_format(node, step, list(formats))
            held.append(before if step.stored is None else step.stored)
        self.held = tuple(held)

    def step(self, position: int, operands: list[Array], count: int) -> Array:
        """What one step computes of `count` samples; the operand of the input's step is what arrives."""
        run = self._runs[position]
        with keeping_subnormals(), np.errstate(all="ignore"):
            value = operands[0] if run.node.op is TensorOp.INPUT else _compute(run, operands, count)
            return _stored(run.step.stored, value.reshape(count, *run.node.shape))


def _stored(stored: Storage | None, value: Array) -> Array:
    if stored is None:
        return value
    if isinstance(stored, BlockFormat):
        return np.stack([quantised_blocks(stored, one) for one in value])
    return round_array(stored, value)


def _compute(run: _Run, operands: list[Array], count: int) -> Array:
    node, compute = run.node, run.step.compute
    match node.op:
        case TensorOp.CONSTANT:
            assert run.constants.weight is not None
            return np.broadcast_to(run.constants.weight, (count, *node.shape))
        case TensorOp.GATHER:
            laid = np.concatenate([*(operand.reshape(count, -1) for operand in operands), np.zeros((count, 1))], axis=1)
            return laid[:, node.index]
        case TensorOp.LINEAR:
            return _linear(run, operands[0])
        case TensorOp.MATMUL:
            return _matmul(run, *operands)
        case TensorOp.SUM:
            return _sum(run.step, operands[0])
        case TensorOp.MEAN:
            return rounded.divide(compute, _sum(run.step, operands[0]), np.array(float(operands[0].shape[-1])))
        case TensorOp.ADD:
            return rounded.add(compute, *operands)
        case TensorOp.SUBTRACT:
            return rounded.add(compute, operands[0], -operands[1])
        case TensorOp.MULTIPLY:
            return rounded.multiply(compute, *operands)
        case TensorOp.DIVIDE:
            return rounded.divide(compute, *operands)
        case TensorOp.LEAKY_RELU:
            assert run.constants.weight is not None
            return np.where(operands[0] >= 0, operands[0], rounded.multiply(compute, operands[0], run.constants.weight))
        case TensorOp.SOFTMAX | TensorOp.LOG_SOFTMAX:
            return _softmax(run.step, operands[0], logarithm=node.op is TensorOp.LOG_SOFTMAX)
        case TensorOp.LAYER_NORM | TensorOp.RMS_NORM:
            return _norm(node, run.step, operands[0])
        case op if op in SMOOTH:
            return rounded.apply(op, compute, operands[0])
    return _EXACT[node.op](operands[0])


_EXACT: dict[TensorOp, Callable[[Array], Array]] = {
    TensorOp.NEGATE: np.negative,
    TensorOp.ABSOLUTE: np.abs,
    TensorOp.RELU: lambda x: np.maximum(x, 0.0),
    TensorOp.MAX: lambda x: x.max(axis=-1),
}


def _linear(run: _Run, x: Array) -> Array:
    weight, bias, step = run.constants.weight, run.constants.bias, run.step
    assert weight is not None
    accumulation = _accumulation(step)
    if accumulation.kind is Kind.EXACT:
        scales = np.array([float(scale) for scale in step.scales]) if step.scales else np.ones(weight.shape[-2])
        codes, x_scale = _codes(x, run.held[0])
        columns = weight / scales[:, None]
        sums = np.matmul(codes, columns.T) if weight.ndim == 2 else np.einsum("...gi,goi->...go", codes, columns)
        result = rounded.multiply(step.compute, sums, scales * x_scale)
        return result if bias is None else rounded.add(step.compute, result, bias)
    rows = x[..., None, :]
    if run.kernel is not None:
        found = run.kernel(accumulation, rows if weight.ndim == 3 else x, weight, bias if bias is None or bias.ndim == 1 else bias[:, None])
        if found is not None:
            return found[..., 0, :] if weight.ndim == 3 else found
    return _dot(accumulation, rows, weight, bias)


def _matmul(run: _Run, a: Array, b: Array) -> Array:
    accumulation = _accumulation(run.step)
    if accumulation.kind is Kind.EXACT:
        (a_codes, a_scale), (b_codes, b_scale) = (_codes(x, held) for x, held in zip((a, b), run.held, strict=True))
        return rounded.multiply(run.step.compute, np.matmul(a_codes, b_codes), np.array(a_scale * b_scale))
    columns = np.swapaxes(b, -1, -2)
    found = None if run.kernel is None else run.kernel(accumulation, a, columns, None)
    return _dot(accumulation, a[..., :, None, :], columns[..., None, :, :], None) if found is None else found


def _codes(x: Array, held: Storage | None) -> tuple[Array, float]:
    """Integer codes less their zero point, and the scale."""
    if not isinstance(held, IntFormat) or held.scale is None:
        raise FormatError("an exact sum of numbers that are no integer codes", mend="add them in a float format")
    return np.rint(x / float(held.scale)), float(held.scale)


def _dot(accumulation: Accumulation, left: Array, right: Array, bias: Array | None) -> Array:
    """Sums over the last axis of products (shapes broadcast), and a bias added last."""
    if _is_plain(accumulation):
        return _plain_dot(accumulation, left, right, bias)
    return accumulate(accumulation, left, right, bias)


def _is_plain(accumulation: Accumulation) -> bool:
    """Whether it adds rounded products in index order in fp32 or fp64 as the processor does."""
    accumulator = accumulation.accumulator
    return (
        accumulation.kind is Kind.ADDITIONS
        and accumulation.order in (Order.ANY, Order.SEQUENTIAL)
        and accumulation.products is not Products.FUSED
        and not accumulation.flushes_inputs
        and not accumulation.flushes_results
        and accumulator in (parse_format("fp32"), parse_format("fp64"))
    )


def _plain_dot(accumulation: Accumulation, left: Array, right: Array, bias: Array | None) -> Array:
    """In float32 or float64. Products that do not fit in their factors' type are rounded once, from float64."""
    assert isinstance(accumulation.accumulator, FloatFormat)
    kind: type[np.floating[Any]] = np.float32 if accumulation.accumulator.p == 24 else np.float64
    a, b = left.astype(kind), right.astype(kind)
    exactly = kind is np.float64 or (bool((a == left).all()) and bool((b == right).all()))
    shape = np.broadcast_shapes(left.shape, right.shape)
    total = np.empty(shape[:-1], dtype=kind)
    product = np.empty_like(total)
    for k in range(shape[-1]):
        into = total if k == 0 else product
        if exactly:
            np.multiply(a[..., k], b[..., k], out=into)
        else:
            into[...] = rounded.multiply(accumulation.accumulator, left[..., k], right[..., k])
        if k:
            np.add(total, product, out=total)
    if bias is not None:
        np.add(total, bias.astype(kind), out=total)
    return total.astype(np.float64)


def _sum(step: Step, x: Array) -> Array:
    accumulation = _accumulation(step)
    if _is_plain(accumulation):
        return _plain_dot(accumulation, x, np.ones(x.shape[-1]), None)
    return _dot(accumulation, x, np.ones(x.shape[-1]), None)


def _softmax(step: Step, x: Array, *, logarithm: bool) -> Array:
    compute = step.compute
    shifted = rounded.add(compute, x, -x.max(axis=-1, keepdims=True))
    exponentials = rounded.apply(TensorOp.EXP, compute, shifted)
    total = _sum(step, exponentials)[..., None]
    if logarithm:
        return rounded.add(compute, shifted, -rounded.apply(TensorOp.LOG, compute, total))
    return rounded.divide(compute, exponentials, total)


def _norm(node: TensorNode, step: Step, x: Array) -> Array:
    compute, count = step.compute, np.array(float(x.shape[-1]))
    if node.op is TensorOp.LAYER_NORM:
        mean = rounded.divide(compute, _sum(step, x)[..., None], count)
        x = rounded.add(compute, x, -mean)
    squares = rounded.multiply(compute, x, x)
    moment = rounded.divide(compute, _sum(step, squares)[..., None], count)
    eps = rounded.constant(compute, node.parameter_value)
    root = rounded.apply(TensorOp.RSQRT, compute, rounded.add(compute, moment, np.array(eps)))
    return rounded.multiply(compute, x, root)


def _accumulation(step: Step) -> Accumulation:
    if step.accumulation is None or isinstance(step.compute, ExactFormat):
        raise FormatError("a sum without an accumulation", mend="give Step.accumulation, and compute in a float format")
    return step.accumulation
