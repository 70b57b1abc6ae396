"""Build a network node by node: shapes are inferred, names made, and movements of elements merged into single gathers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

import numpy as np

from suffice.encodings.networks.graph import Array, Index, Network, TensorNode, TensorOp
from suffice.errors import InputError

MAX_READ_ELEMENTS = 1 << 26
"""Most elements of one tensor of a network that is read from a file or a module."""

MAX_ALL_ELEMENTS = 1 << 28
"""Most elements of all its tensors."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a network under construction: the position of its node, and its shape. A number has the shape (); its node has (1,)."""

    position: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many elements it has."""
        return prod(self.shape)


class NetworkBuilder:
    """Adds nodes and infers their shapes. `layer` is the module path that new nodes get.

    Elements are moved by `rearrange` and `gather`; a gather of a gather becomes one gather, and one that moves nothing becomes nothing.
    Results count as inside a framework call until `store` marks them.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.layer = ""
        self.nodes: list[TensorNode] = []
        self._names: dict[str, int] = {}
        self._elements = 0

    def __len__(self) -> int:
        return len(self.nodes)

    def add(self, op: TensorOp, operands: Sequence[Tensor], shape: Iterable[int], **attributes: object) -> Tensor:
        """Add one node; `attributes` are fields of TensorNode."""
        shape = tuple(int(length) for length in shape)
        check_size(shape, where=self.layer or self.name)
        self._elements += prod(shape)
        if self._elements > MAX_ALL_ELEMENTS:
            raise InputError(f"its tensors have more than {MAX_ALL_ELEMENTS} elements together", where=self.name)
        node = TensorNode(
            name=self._fresh(f"{self.layer}.{op.value}" if self.layer else op.value),
            op=op,
            operands=tuple(operand.position for operand in operands),
            shape=shape or (1,),
            layer=self.layer,
            **attributes,  # type: ignore[arg-type]  # checked by check_node
        )
        self.nodes.append(node)
        return Tensor(len(self.nodes) - 1, shape)

    def _fresh(self, name: str) -> str:
        self._names[name] = count = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}_{count}"

    def input(self, shape: Sequence[int]) -> Tensor:
        """The input; the first node of every network."""
        return self.add(TensorOp.INPUT, (), shape, stored=True)

    def constant(self, value: Array | float, parameter: str = "") -> Tensor:
        """An exact array. A `parameter` is held in the format of weights; a constant without a name is a literal of the program's text."""
        array = np.array(value, dtype=np.float64)
        if not np.isfinite(array).all():
            raise InputError("a constant is not finite", where=parameter or self.layer or self.name, mend="use finite weights")
        return self.add(TensorOp.CONSTANT, (), array.shape, value=np.atleast_1d(array), parameter=parameter)

    def filled(self, number: float, shape: Sequence[int]) -> Tensor:
        """A literal, repeated."""
        return self.broadcast(self.constant(number), shape)

    # movements of elements

    def positions(self, x: Tensor) -> Index:
        """The positions of the elements of `x`, in its shape."""
        return np.arange(x.size, dtype=np.int64).reshape(x.shape)

    def rearrange(self, x: Tensor, movement: Callable[[Index], Index]) -> Tensor:
        """`movement` acts on the array of positions as it shall on the tensor (transpose, slice, pad with -1 for 0, ...)."""
        return self.gather((x,), movement(self.positions(x)))

    def gather(self, operands: Sequence[Tensor], index: Index) -> Tensor:
        """Element k of the result is element `index[k]` of the operands laid end to end; -1: 0."""
        check_size(index.shape, where=self.layer or self.name)
        bases, origin = self._origins(operands)
        flat = np.append(origin, -1)[index]
        used, flat = _only_used(bases, flat)
        shape = index.shape or (1,)
        if len(used) == 1 and shape == used[0].shape and np.array_equal(flat.ravel(), np.arange(used[0].size)):
            return Tensor(used[0].position, index.shape)
        return self.add(TensorOp.GATHER, used, index.shape, index=np.ascontiguousarray(flat.reshape(shape)))

    def _origins(self, operands: Sequence[Tensor]) -> tuple[list[Tensor], Index]:
        """Tensors that are no gathers, and where among their elements, laid end to end, each element of the operands comes from."""
        nodes = [self.nodes[operand.position] for operand in operands]
        sources = [node.operands if node.index is not None else (x.position,) for node, x in zip(nodes, operands, strict=True)]
        bases = [Tensor(position, self.nodes[position].shape) for position in dict.fromkeys(p for group in sources for p in group)]
        starts = dict(zip((base.position for base in bases), np.cumsum([0, *(base.size for base in bases)]), strict=False))
        parts = []
        for node, group in zip(nodes, sources, strict=True):
            elements = np.concatenate([starts[position] + np.arange(self.nodes[position].size) for position in group])
            parts.append(elements if node.index is None else np.append(elements, -1)[node.index.ravel()])
        return bases, np.concatenate(parts)

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """The same elements in another shape; one length may be -1."""
        known = prod(length for length in shape if length != -1)
        if (-1 not in shape and known != x.size) or not known or x.size % known or list(shape).count(-1) > 1:
            raise InputError(f"{x.shape} has no shape {tuple(shape)}", where=self.layer or self.name)
        return self.rearrange(x, lambda index: index.reshape(tuple(shape)))

    def broadcast(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """Repeat along axes of length 1 and new leading axes, as NumPy does."""
        check_size(shape, where=self.layer or self.name)
        try:
            return self.rearrange(x, lambda index: np.broadcast_to(index, tuple(shape)))
        except ValueError:
            raise InputError(f"{x.shape} cannot be repeated to {tuple(shape)}", where=self.layer or self.name) from None

    def concatenate(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        """Tensors one after the other along an axis."""
        starts = np.cumsum([0] + [x.size for x in tensors])
        parts = [start + self.positions(x) for start, x in zip(starts, tensors, strict=False)]
        return self.gather(tensors, np.concatenate(parts, axis=axis))

    def move_last(self, x: Tensor, axis: int) -> Tensor:
        """`axis` becomes the last one."""
        return self.rearrange(x, lambda index: np.moveaxis(index, axis, -1))

    # operations

    def unary(self, op: TensorOp, x: Tensor, value: Fraction = Fraction(0)) -> Tensor:
        """An elementwise function, or one of rows; `value` is the slope or the eps."""
        return self.add(op, (x,), x.shape, parameter_value=value)

    def binary(self, op: TensorOp, x: Tensor, y: Tensor) -> Tensor:
        """An elementwise operation of two tensors, repeated to a common shape."""
        try:
            shape = np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            raise InputError(f"{op} of the shapes {x.shape} and {y.shape}", where=self.layer or self.name) from None
        return self.add(op, (self.broadcast(x, shape), self.broadcast(y, shape)), shape)

    def reduce(self, op: TensorOp, x: Tensor) -> Tensor:
        """Sum, mean or max over the last axis."""
        return self.add(op, (x,), x.shape[:-1] or (1,))

    def linear(self, x: Tensor, weight: Array, bias: Array | None = None, parameter: str = "") -> Tensor:
        """weight x + bias on the last axis; a weight of three axes holds one matrix for every group (the axis before the last)."""
        weight = np.ascontiguousarray(weight, dtype=np.float64)
        bias = None if bias is None else np.ascontiguousarray(bias, dtype=np.float64)
        for array in (weight, bias):
            if array is not None and not np.isfinite(array).all():
                raise InputError("a weight is not finite", where=parameter or self.layer or self.name, mend="use finite weights")
        if x.shape[-1] != weight.shape[-1]:
            raise InputError(f"a matrix {weight.shape} acts on {x.shape}", where=self.layer or self.name)
        shape = (*x.shape[:-1], weight.shape[-2])
        return self.add(TensorOp.LINEAR, (x,), shape, weight=weight, bias=bias, parameter=parameter)

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """The product of the last two axes, leading axes repeated to common ones."""
        if len(x.shape) < 2 or len(y.shape) < 2 or x.shape[-1] != y.shape[-2]:
            raise InputError(f"matmul of the shapes {x.shape} and {y.shape}", where=self.layer or self.name)
        try:
            leading = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        except ValueError:
            raise InputError(f"matmul of the shapes {x.shape} and {y.shape}", where=self.layer or self.name) from None
        operands = (self.broadcast(x, (*leading, *x.shape[-2:])), self.broadcast(y, (*leading, *y.shape[-2:])))
        return self.add(TensorOp.MATMUL, operands, (*leading, x.shape[-2], y.shape[-1]))

    def rows(self, x: Tensor, index: Index, act: Callable[[Tensor], Tensor]) -> Tensor:
        """`act` on each row of `index`, positions in `x`, without its entries -1; rows of one length act together.

        An `act` that keeps the shape (softmax) gives the shape of `index`, 0 where it is -1; one that reduces (mean), a number per row.
        """
        counts = (index >= 0).sum(axis=-1)
        if not counts.all():
            raise InputError("a row has no entry left", where=self.layer or self.name)
        if (counts == index.shape[-1]).all():
            return act(self.gather((x,), index))
        groups = [counts == count for count in np.unique(counts)]
        parts = [act(self.gather((x,), index[group][index[group] >= 0].reshape(int(group.sum()), -1))) for group in groups]
        places = [index >= 0 if len(part.shape) == 2 else np.ones(counts.shape, dtype=bool) for part in parts]
        result = np.full(places[0].shape, -1, dtype=np.int64)
        start = 0
        for group, part, place in zip(groups, parts, places, strict=True):
            result[place & (group[..., None] if place.ndim > group.ndim else group)] = start + np.arange(part.size)
            start += part.size
        return self.gather(parts, result)

    # ends

    def store(self, x: Tensor, since: int = 0) -> None:
        """The framework writes `x` to memory: mark the nodes that computed it, looking through gathers, among those from `since` on."""
        waiting = [x.position]
        while waiting:
            position = waiting.pop()
            node = self.nodes[position]
            if position < since or node.op is TensorOp.CONSTANT:
                continue
            if node.op is TensorOp.GATHER:
                waiting.extend(node.operands)
            else:
                self.nodes[position] = replace(node, stored=True)

    def finish(self, output: Tensor, *, description: str = "") -> Network:
        """The network of everything that `output` needs; its input is kept in any case."""
        kept = sorted(ancestors(self.nodes, output.position) | {0})
        places = {position: place for place, position in enumerate(kept)}
        nodes = (replace(self.nodes[p], operands=tuple(places[q] for q in self.nodes[p].operands)) for p in kept)
        return Network(name=self.name, nodes=tuple(nodes), description=description)


def ancestors(nodes: Sequence[TensorNode], position: int) -> set[int]:
    """The positions of all nodes that the one at `position` needs, and its own."""
    found: set[int] = set()
    waiting = [position]
    while waiting:
        position = waiting.pop()
        if position not in found:
            found.add(position)
            waiting.extend(nodes[position].operands)
    return found


def _only_used(bases: list[Tensor], index: Index) -> tuple[list[Tensor], Index]:
    """The tensors that an index into all of them reaches, at least one, and the index into these."""
    ends = np.cumsum([base.size for base in bases])
    owner = np.searchsorted(ends, index, side="right")
    used = np.unique(owner[index >= 0])
    used = used if used.size else np.zeros(1, dtype=np.int64)
    sizes = np.array([base.size for base in bases])
    shift = np.zeros(len(bases), dtype=np.int64)
    shift[used] = np.cumsum([0, *sizes[used]])[:-1] - (ends - sizes)[used]
    return [bases[i] for i in used], np.where(index < 0, -1, index + shift[np.where(index < 0, 0, owner)])


def check_size(shape: Sequence[int], where: str) -> None:
    """Raises InputError if a tensor of this shape is empty or too large to be read."""
    if not all(length > 0 for length in shape) or prod(shape) > MAX_READ_ELEMENTS:
        raise InputError(f"a tensor of shape {tuple(shape)} is empty or has more than {MAX_READ_ELEMENTS} elements", where=where)
