"""Calls whose operands are all known: masks, positions, views of parameters. Only what is exact is carried out."""

from __future__ import annotations

from typing import Any

from suffice.encodings.networks.builder import Tensor
from suffice.encodings.networks.layers import Masked
from suffice.encodings.readers.torch_models.calls import Call, Known
from suffice.encodings.readers.torch_models.movements import CASTS, MOVEMENTS, SAME

EXACT = frozenset(
    {
        *MOVEMENTS,
        *SAME,
        *(
            f"aten.{name}"
            for name in (
                "embedding", "where", "masked_fill", "relu", "neg", "abs", "clamp", "minimum", "maximum", "zeros", "ones", "full", "eye",
                "arange", "linspace", "scalar_tensor", "zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full",
                "logical_not", "meshgrid", "fill", "masked_scatter", "scatter", "sign", "amax", "amin",
            )
        ),
    }
)  # fmt: skip
"""Operators that round nothing, whatever they are given, and those that make a constant from numbers in the program's text."""


ITEMS = frozenset({"aten.item", "aten._local_scalar_dense"})
"""Operators that read the number that a tensor of one element holds."""


def is_known(value: Any) -> bool:
    """Whether nothing in an argument depends on the input."""
    if isinstance(value, list | tuple):
        return all(is_known(part) for part in value)
    return not isinstance(value, Tensor | Masked)


def names_in(value: Any) -> list[str]:
    """The names of parameters in an argument."""
    if isinstance(value, list | tuple):
        return [name for part in value for name in names_in(part)]
    return [value.name] if isinstance(value, Known) and value.name else []


def plain(value: Any) -> Any:
    """An argument as PyTorch takes it."""
    if isinstance(value, list | tuple):
        return type(value)(plain(part) for part in value)
    return value.tensor if isinstance(value, Known) else value


def fold(call: Call) -> Any:
    """The known result of a call without rounding (a choice of elements, a comparison, whole numbers); None where it may round, so that
    its rule adds nodes instead."""
    import torch

    arguments, named = call.flat
    if not (is_known(arguments) and is_known(tuple(named.values()))):
        return None
    name = ".".join(call.operator.split(".")[:2])
    names = names_in(arguments)
    if name in CASTS and isinstance(arguments[0], Known):
        return _cast(call, arguments[0])
    if torch.Tag.nondeterministic_seeded in getattr(call.target, "tags", ()):
        raise call.error("a random number", "remove it, or take it in evaluation only")
    with torch.no_grad():
        result = call.target(*plain(arguments), **{key: plain(value) for key, value in named.items()})
    if isinstance(result, int | float):
        return result if name in ITEMS or not isinstance(result, float) else None
    wrapped = [Known(part, names[0] if names else "") for part in (result if isinstance(result, list | tuple) else [result])]
    if name not in EXACT and any(known.tensor.is_floating_point() for known in wrapped):
        return None
    return tuple(wrapped) if isinstance(result, list | tuple) else wrapped[0]


def _cast(call: Call, known: Known) -> Known:
    """A cast between floating types keeps the number; one to integers or truth values is carried out."""
    wanted = call.dtype
    if wanted is None or (wanted.is_floating_point and known.tensor.is_floating_point()):
        return known
    return Known(known.tensor.double() if wanted.is_floating_point else known.tensor.to(wanted), known.name)
