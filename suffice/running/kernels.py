"""PyTorch's own matrix products, where they do what a program allows: products and sums in float32 or float64, in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products
from suffice.hardware_specs.format import FloatFormat, Rounding, Subnormals

Array = NDArray[np.float64]


def native_product(accumulation: Accumulation, left: Array, right: Array, bias: Array | None) -> Array | None:
    """left times right transposed plus bias by PyTorch; None where its kernels do something else, or the factors are no numbers of theirs.

    They multiply and add in the type of their operands, fused or not, in an order of their own; the bias is added last.
    """
    kind = _type_of(accumulation)
    if kind is None:
        return None
    narrowed = [part.astype(kind) for part in (left, right, *([bias] if bias is not None else []))]
    whole = [left, right, *([bias] if bias is not None else [])]
    if any((short != given).any() for short, given in zip(narrowed, whole, strict=True)):
        return None
    import torch

    if torch.get_float32_matmul_precision() != "highest":
        return None
    tensors = [torch.from_numpy(np.ascontiguousarray(part)) for part in narrowed]
    with torch.no_grad():
        product = torch.matmul(tensors[0], tensors[1].transpose(-1, -2))
        result = product if bias is None else product + tensors[2]
    return np.asarray(result.numpy(), dtype=np.float64)


def _type_of(accumulation: Accumulation) -> type[np.floating[Any]] | None:
    """float32 or float64, where additions in any order in it are allowed."""
    fmt = accumulation.accumulator
    is_open = accumulation.kind is Kind.ADDITIONS and accumulation.order is Order.ANY
    fused_is_fine = accumulation.products is Products.EITHER or accumulation.products_fit
    if not (is_open and fused_is_fine and isinstance(fmt, FloatFormat)) or accumulation.flushes_inputs:
        return None
    if fmt.subnormals is not Subnormals.KEPT or fmt.rounding is not Rounding.NEAREST_EVEN:
        return None
    types: dict[tuple[int, int, int], type[np.floating[Any]]] = {(24, -126, 127): np.float32, (53, -1022, 1023): np.float64}
    return types.get((fmt.p, fmt.emin, fmt.emax))
