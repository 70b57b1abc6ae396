"""Linear maps between tensors, applied forward to stacks of values and backward to stacks of coefficients.

A stack has shape (k, size): k tensors, each laid flat. A map takes one stack for each operand. `push` gives the images; `pull` takes
coefficients on the result to coefficients on each operand (the transposed map).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from suffice.encodings.enclosures.relaxations.rounding import greatest
from suffice.encodings.networks.graph import Index, TensorNode, TensorOp
from suffice.hardware_specs.upward import Array

Stacks = list[Array]


@dataclass(frozen=True, slots=True)
class LinearMap:
    """`sizes` is `push` with the absolute values of the entries. No entry exceeds `largest` in size.

    `push_terms` and `pull_terms` are how many products one element of a result adds up, 0 where nothing is rounded.
    """

    push: Callable[[Sequence[Array]], Array]
    sizes: Callable[[Sequence[Array]], Array]
    pull: Callable[[Array], Stacks]
    push_terms: int
    pull_terms: int
    largest: float = 1.0


def exact_map(node: TensorNode, shapes: Sequence[tuple[int, ...]]) -> LinearMap | None:
    """The linear part of a node that is affine; None where the node is not."""
    match node.op:
        case TensorOp.LINEAR:
            assert node.weight is not None
            return weighted(node.weight, shapes[0], node.shape)
        case TensorOp.GATHER:
            assert node.index is not None
            return gathered(node.index.ravel(), [prod(shape) for shape in shapes])
        case TensorOp.ADD:
            return LinearMap(lambda x: x[0] + x[1], lambda x: x[0] + x[1], lambda rows: [rows, rows], 1, 0)
        case TensorOp.SUBTRACT:
            return LinearMap(lambda x: x[0] - x[1], lambda x: x[0] + x[1], lambda rows: [rows, -rows], 1, 0)
        case TensorOp.NEGATE:
            return LinearMap(lambda x: -x[0], lambda x: x[0], lambda rows: [-rows], 0, 0)
        case TensorOp.SUM | TensorOp.MEAN:
            return added(shapes[0], float(shapes[0][-1]) if node.op is TensorOp.MEAN else 1.0)
    return None


def affine_offset(node: TensorNode) -> Array:
    """What an affine node adds to its linear part, laid flat."""
    if node.bias is None:
        return np.zeros(node.size)
    return np.broadcast_to(node.bias, node.shape).ravel()


def weighted(weight: Array, shape: tuple[int, ...], image: tuple[int, ...]) -> LinearMap:
    """x W^T on the last axis, or one product for every group."""
    absolute = np.abs(weight)
    transposed = weight.swapaxes(-1, -2)
    return LinearMap(
        push=lambda x: _times(x[0].reshape(-1, *shape), transposed).reshape(len(x[0]), -1),
        sizes=lambda x: _times(x[0].reshape(-1, *shape), absolute.swapaxes(-1, -2)).reshape(len(x[0]), -1),
        pull=lambda rows: [_times(rows.reshape(-1, *image), weight).reshape(len(rows), -1)],
        push_terms=weight.shape[-1] + 1,
        pull_terms=weight.shape[-2],
        largest=greatest(weight),
    )


def _times(x: Array, matrix: Array) -> Array:
    """x[..., in] times matrix[in, out], or x[..., groups, in] times matrix[groups, in, out]."""
    if matrix.ndim == 2:
        return np.asarray(x @ matrix)
    groups, inner, outer = matrix.shape
    moved = np.moveaxis(x, -2, 0)
    product = moved.reshape(groups, -1, inner) @ matrix
    return np.moveaxis(product.reshape(*moved.shape[:-1], outer), 0, -2)


def gathered(index: Index, sizes: Sequence[int]) -> LinearMap:
    """Elements at `index` of the operands laid end to end, 0 for -1."""
    total = sum(sizes)
    places = np.where(index < 0, total, index)
    order = np.argsort(places, kind="stable")
    targets, starts, counts = np.unique(places[order], return_index=True, return_counts=True)
    repeats = int(counts[targets < total].max(initial=1))
    ends = np.cumsum(sizes)[:-1]

    def push(x: Sequence[Array]) -> Array:
        return np.concatenate([*x, np.zeros((len(x[0]), 1))], axis=1)[:, places]

    def pull(rows: Array) -> Stacks:
        joined = np.zeros((len(rows), total + 1))
        if repeats == 1:
            joined[:, places] = rows
        else:
            joined[:, targets] = np.add.reduceat(rows[:, order], starts, axis=1)
        return np.split(joined[:, :total], ends, axis=1)

    return LinearMap(push, push, pull, 0, repeats if repeats > 1 else 0)


def added(shape: tuple[int, ...], divisor: float) -> LinearMap:
    """The sum over the last axis, divided by a number."""
    length = shape[-1]

    def push(x: Sequence[Array]) -> Array:
        return np.asarray(x[0].reshape(len(x[0]), -1, length).sum(axis=-1) / divisor)

    return LinearMap(push, push, lambda rows: [np.repeat(rows / divisor, length, axis=1)], length + 1, 0 if divisor == 1.0 else 1)


def scaled(*slopes: Array) -> LinearMap:
    """The sum of the operands, each multiplied elementwise."""
    return LinearMap(
        push=lambda x: np.asarray(sum(slope * stack for slope, stack in zip(slopes, x, strict=True))),
        sizes=lambda x: np.asarray(sum(np.abs(slope) * stack for slope, stack in zip(slopes, x, strict=True))),
        pull=lambda rows: [rows * slope for slope in slopes],
        push_terms=len(slopes),
        pull_terms=1,
        largest=max(greatest(slope) for slope in slopes),
    )


def by_rows(matrices: Array) -> LinearMap:
    """One matrix (out, in) for every row of the operand: matrices (rows, out, in)."""
    rows, outer, inner = matrices.shape

    def times(x: Array, factors: Array) -> Array:
        moved = np.moveaxis(x.reshape(len(x), rows, -1), 0, 1)
        return np.moveaxis(moved @ factors, 0, 1).reshape(len(x), -1)

    return LinearMap(
        push=lambda x: times(x[0], matrices.swapaxes(1, 2)),
        sizes=lambda x: times(x[0], np.abs(matrices).swapaxes(1, 2)),
        pull=lambda rows_: [times(rows_, matrices)],
        push_terms=inner,
        pull_terms=outer,
        largest=greatest(matrices),
    )


def matrix_products(left: Array, right: Array) -> LinearMap:
    """(x, y) to x right + left y for x (..., m, k), y (..., k, n): the derivative of the matrix product at (left, right)."""
    (m, inner), n = left.shape[-2:], right.shape[-1]
    leading = left.shape[:-2]

    def push_with(a: Array, b: Array, x: Sequence[Array]) -> Array:
        first, second = x[0].reshape(-1, *leading, m, inner), x[1].reshape(-1, *leading, inner, n)
        return np.asarray(first @ b + a @ second).reshape(len(x[0]), -1)

    def pull(rows: Array) -> Stacks:
        shaped = rows.reshape(-1, *leading, m, n)
        parts = (shaped @ right.swapaxes(-1, -2), left.swapaxes(-1, -2) @ shaped)
        return [part.reshape(len(rows), -1) for part in parts]

    return LinearMap(
        push=lambda x: push_with(left, right, x),
        sizes=lambda x: push_with(np.abs(left), np.abs(right), x),
        pull=pull,
        push_terms=2 * inner,
        pull_terms=max(m, n),
        largest=max(greatest(left), greatest(right)),
    )
