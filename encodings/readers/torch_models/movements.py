"""Operators that move elements and compute nothing: PyTorch itself moves an array of positions, and the result is a gather."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from suffice.encodings.networks.builder import Tensor
from suffice.encodings.networks.layers import Masked, masked
from suffice.encodings.readers.torch_models.calls import Call, Known, rule

if TYPE_CHECKING:
    import torch

MOVEMENTS = tuple(
    f"aten.{name}"
    for name in (
        "view", "reshape", "_unsafe_view", "view_as", "reshape_as", "flatten", "unflatten", "permute", "transpose", "t", "numpy_T", "mT",
        "swapaxes", "swapdims", "movedim", "moveaxis", "squeeze", "unsqueeze", "expand", "expand_as", "broadcast_to", "slice", "select",
        "narrow", "cat", "concat", "concatenate", "stack", "hstack", "vstack", "split", "split_with_sizes", "tensor_split", "chunk",
        "unbind", "flip", "roll", "repeat", "tile", "repeat_interleave", "constant_pad_nd", "pad", "reflection_pad1d", "reflection_pad2d",
        "reflection_pad3d", "replication_pad1d", "replication_pad2d", "replication_pad3d", "index_select", "index", "gather", "tril",
        "triu", "unfold", "im2col", "diagonal", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "rot90", "ravel", "atleast_1d",
        "atleast_2d", "atleast_3d", "column_stack", "dstack", "take", "take_along_dim", "view_copy", "slice_copy",
        "permute_copy", "expand_copy", "unsqueeze_copy", "squeeze_copy", "select_copy", "transpose_copy", "t_copy", "slice_scatter",
        "select_scatter", "diag_embed", "upsample_nearest1d", "upsample_nearest2d",
    )
)  # fmt: skip
"""Every element of their results is an element of an operand, or 0."""

SAME = tuple(
    f"aten.{name}"
    for name in (
        "clone", "contiguous", "detach", "alias", "lift_fresh_copy", "lift_fresh", "lift", "dropout", "feature_dropout", "alpha_dropout",
        "feature_alpha_dropout", "positive", "resolve_conj", "resolve_neg", "conj",
    )
)  # fmt: skip
"""Operators that return their operand, in evaluation."""

CASTS = ("aten.to", "aten._to_copy", "aten.type_as", "aten.float", "aten.double", "aten.half", "aten.bfloat16")


INDICES = frozenset({"index", "indices", "repeats", "tensor_indices_or_sections"})
"""Arguments that say where elements go; all other tensors are moved."""


@dataclass(slots=True)
class _Positions:
    """Arguments with every tensor replaced by the positions of its elements, counted from 1 over all of them; 0 stays 0."""

    call: Call
    operands: list[Tensor] = field(default_factory=list)
    count: int = 0

    def replace(self, name: str, value: Any) -> Any:
        import torch

        if isinstance(value, list | tuple):
            return type(value)(self.replace(name, part) for part in value)
        if isinstance(value, Known) and name in INDICES:
            return value.tensor
        if isinstance(value, Masked):
            value = value.tensor
        elif isinstance(value, Known):
            value = self.call.lift(value)
        if not isinstance(value, Tensor):
            return value
        positions = torch.arange(self.count + 1, self.count + value.size + 1, dtype=torch.float64).reshape(value.shape)
        self.operands.append(value)
        self.count += value.size
        return positions


def moved(call: Call) -> Any:
    """The rule of all MOVEMENTS: the operator acts on positions, and its result says which element goes where."""
    import torch

    positions = _Positions(call)
    arguments, named = call.flat
    if any(isinstance(value, torch.dtype) for value in (*arguments, *named.values())):
        raise call.error("the bits of a tensor are read as another type")
    moving = [positions.replace(name, value) for name, value in zip(call.arguments, arguments, strict=False)]
    moving_named = {name: positions.replace(name, value) for name, value in named.items()}
    try:
        with torch.no_grad():
            result = call.target(*moving, **moving_named)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        raise call.error(str(error).splitlines()[0]) from None
    parts = [_gathered(call, positions, part) for part in ([result] if isinstance(result, torch.Tensor) else result)]
    return parts[0] if isinstance(result, torch.Tensor) else tuple(parts)


def _gathered(call: Call, positions: _Positions, moved_positions: torch.Tensor) -> Tensor | Masked:
    """What positions that were moved say about the tensors."""
    index = moved_positions.numpy().astype(np.int64)
    if (index != moved_positions.numpy()).any() or index.min(initial=0) < 0 or index.max(initial=0) > positions.count:
        raise call.error("it does more than move elements")
    result = call.builder.gather(positions.operands, index - 1)
    held = [value for value in call.arguments.values() if isinstance(value, Masked)]
    if not held and not _masks_inside(call):
        return result
    if len(positions.operands) > 1 or not held or (index == 0).any():
        raise call.error("a tensor with -infinities is joined or padded")
    return Masked(result, held[0].allowed.ravel()[index - 1])


def _masks_inside(call: Call) -> bool:
    """Whether a list among the arguments holds a tensor with -infinities."""
    lists = [value for value in call.arguments.values() if isinstance(value, list | tuple)]
    return any(isinstance(part, Masked) for value in lists for part in value)


def _padded(call: Call, fill: float) -> Tensor:
    """Padding by a number that is not 0."""
    import torch

    x = call.tensor("self")
    positions = torch.arange(1, x.size + 1, dtype=torch.float64).reshape(x.shape)
    index = torch.constant_pad_nd(positions, call.get("pad"), 0).numpy().astype(np.int64) - 1
    return call.builder.gather((x, call.builder.constant(fill)), np.where(index < 0, x.size, index))


@rule(*MOVEMENTS)
def move(call: Call) -> Any:
    """Reshaping, transposing, slicing, joining, repeating, padding."""
    fill = call.get("value", 0)
    padding = call.operator.split(".")[1] in ("constant_pad_nd", "pad")
    return _padded(call, float(fill)) if padding and fill != 0 else moved(call)


@rule(*SAME)
def same(call: Call) -> Any:
    """The operand itself. Dropout does nothing in evaluation, and is refused where the module asks for it all the same."""
    if "dropout" in call.operator and call.get("train") and call.number("p", 0.5) != 0:
        raise call.error("dropout is random", "use nn.Dropout, or functional.dropout with training=self.training")
    return next(iter(call.arguments.values()))


@rule(*CASTS)
def cast(call: Call) -> Any:
    """A cast between floating types changes no real number; formats are the program's business."""
    if call.dtype is not None and not call.dtype.is_floating_point:
        raise call.error(f"a tensor that depends on the input is cast to {call.dtype}")
    return next(iter(call.arguments.values()))


@rule("aten.where.self", "aten.where.ScalarOther", "aten.where.ScalarSelf", "aten.where.Scalar")
def where(call: Call) -> Any:
    """Choose by a known condition; -infinity in one branch masks."""
    condition = call.get("condition")
    if not isinstance(condition, Known):
        raise call.error("the condition depends on the input")
    allowed, other = condition.tensor.numpy().astype(bool), call.get("other")
    if _is_minus_infinity(other):
        return _mask(call, call.get("self"), allowed)
    if _is_minus_infinity(call.get("self")):
        return _mask(call, other, ~allowed)
    return _choose(call, allowed, call.tensor("self"), call.tensor("other"))


@rule("aten.masked_fill")
def masked_fill(call: Call) -> Any:
    """`value` wherever a known mask is true."""
    mask = call.get("mask")
    if not isinstance(mask, Known):
        raise call.error("the mask depends on the input")
    filled = mask.tensor.numpy().astype(bool)
    if _is_minus_infinity(call.get("value")):
        return _mask(call, call.get("self"), ~filled)
    return _choose(call, filled, call.tensor("value"), call.tensor("self"))


def _is_minus_infinity(value: Any) -> bool:
    if isinstance(value, Known):
        return bool(value.tensor.is_floating_point() and value.tensor.numel() and (value.tensor == -np.inf).all())
    return isinstance(value, float) and value == -np.inf


def _mask(call: Call, value: Any, allowed: Any) -> Masked:
    return masked(call.builder, value if isinstance(value, Masked) else call.lift(value), allowed)


def _choose(call: Call, condition: Any, yes: Tensor, no: Tensor) -> Tensor:
    b = call.builder
    shape = np.broadcast_shapes(condition.shape, yes.shape, no.shape)
    index = np.where(condition, np.broadcast_to(b.positions(yes), shape), np.broadcast_to(yes.size + b.positions(no), shape))
    return b.gather((yes, no), index)
