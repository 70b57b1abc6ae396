"""One call of a PyTorch operator while a module is read, and the table of rules that say what it adds to the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import Array
from suffice.encodings.networks.layers import Masked
from suffice.encodings.readers.rules import entering
from suffice.errors import InputError

if TYPE_CHECKING:
    import torch

EXACT_INTEGER = 1 << 53
"""Integers up to here are float64 numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A tensor whose elements are known: a parameter, a buffer, a mask, token ids. `name` says which parameter it is or comes from."""

    tensor: torch.Tensor
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Call:
    """One call: its operator, the module it happens in, and its arguments by the names in the operator's schema.

    Tensors that depend on the input are `Tensor`, known ones are `Known`. The methods read an argument as what a rule needs, and raise
    InputError where it is something else.
    """

    operator: str
    layer: str
    builder: NetworkBuilder
    arguments: dict[str, Any]
    target: Callable[..., Any]
    dtype: Any = None
    flat: tuple[tuple[Any, ...], dict[str, Any]] = field(default=((), {}))

    def error(self, what: str, mend: str = "") -> InputError:
        """An error that says which operator of which module is meant."""
        return InputError(f"{self.operator}: {what}", where=place(self.layer), mend=mend)

    def get(self, name: str, default: Any = None) -> Any:
        """An argument as it is; `default` where it was left out or the operator has none of this name."""
        value = self.arguments.get(name)
        return default if value is None else value

    def lift(self, value: Any) -> Tensor:
        """A tensor of the network: known elements become a constant, a number a literal."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Known):
            return self.builder.constant(exact_array(value, place(self.layer)), value.name)
        if isinstance(value, int | float):
            return self.builder.constant(float(value))
        what = "an argument holds -infinity, which only a softmax may read" if isinstance(value, Masked) else f"{value!r} is no tensor"
        raise self.error(what)

    def tensor(self, name: str) -> Tensor:
        """An argument as a tensor of the network."""
        return self.lift(self.arguments.get(name))

    def optional(self, name: str) -> Tensor | None:
        """The same, or None where the argument is missing."""
        return None if self.get(name) is None else self.tensor(name)

    def array(self, name: str) -> Array | None:
        """The exact elements of a known tensor; None where the argument is missing or depends on the input."""
        value = self.get(name)
        return exact_array(value, place(self.layer)) if isinstance(value, Known) else None

    def known(self, name: str) -> Array:
        """The exact elements of an argument that has to be known."""
        array = self.array(name)
        if array is None:
            raise self.error(f"{name} depends on the input")
        return array

    def masks(self, value: Any) -> bool:
        """Whether a value is known and holds -infinities."""
        return isinstance(value, Known) and value.tensor.is_floating_point() and bool((value.tensor == -np.inf).any())

    def masked_or_tensor(self, name: str) -> Tensor | Masked:
        """An argument that may hold -infinities."""
        value = self.get(name)
        return value if isinstance(value, Masked) else self.lift(value)

    def parameter(self, name: str) -> str:
        """The name of the parameter that an argument is."""
        value = self.get(name)
        return value.name if isinstance(value, Known) else ""

    def integers(self, name: str, count: int, default: int = 0) -> tuple[int, ...]:
        """A list of `count` integers; one number stands for all."""
        value = self.get(name)
        if value is None or (isinstance(value, Sequence) and not value):
            value = default
        numbers = [value] * count if isinstance(value, int) else list(value)
        numbers = numbers * count if len(numbers) == 1 else numbers
        if len(numbers) != count or not all(isinstance(number, int) for number in numbers):
            raise self.error(f"{name} = {value} is not {count} integers")
        return tuple(numbers)

    def number(self, name: str, default: float) -> float:
        """A Python number."""
        value = self.get(name, default)
        if not isinstance(value, int | float):
            raise self.error(f"{name} is not a number")
        return float(value)


Rule = Callable[[Call], Any]
"""What one operator adds to the network: `rule(call)` adds nodes by `call.builder` and returns the result, a `Tensor` (or a tuple)."""

RULES: dict[str, Rule] = {}
"""Rules by operators' names, with or without an overload: "aten.gelu", "aten.add.Tensor"."""

REGISTERED: dict[str, Rule] = {}
"""Rules that users gave; they come first."""


rule = entering(RULES)
"""Enters a function into RULES: `@rule(name, ...)`."""


def register(operator: str, rule: Rule) -> None:
    """Read `operator` by a rule of your own: "aten.elu", or "mine.op" for torch.ops.mine.op; "aten.elu.default" means one overload.

    The rule gets a `Call` and returns the result. What it adds is proved as it stands: that it says what the operator does is on you.

        def elu(call):                      # alpha = 1: max(x, 0) + (e^(x - max(x, 0)) - 1)
            b, x = call.builder, call.tensor("self")
            positive = b.unary(TensorOp.RELU, x)
            below = b.unary(TensorOp.EXP, b.binary(TensorOp.SUBTRACT, x, positive))
            return b.binary(TensorOp.ADD, positive, b.binary(TensorOp.SUBTRACT, below, b.constant(1.0)))

        register("aten.elu", elu)
    """
    if not callable(rule) or operator.count(".") not in (1, 2):
        raise InputError(f"{operator!r} does not name an operator, or its rule is no function", mend="register('aten.elu', rule)")
    REGISTERED[operator] = rule


def place(layer: str) -> str:
    """How a module is called in messages."""
    return f"module {layer}" if layer else "the model"


def exact_array(known: Known, where: str) -> Array:
    """The elements as float64 numbers, all of them exactly. Raises InputError where that cannot be."""
    tensor = known.tensor.detach().cpu()
    if tensor.is_complex() or tensor.is_quantized or tensor.layout is not _strided():
        raise InputError(f"{known.name or 'a constant'} has the type {tensor.dtype}", where=where, mend="use dense real weights")
    if not (tensor.is_floating_point() or tensor.dtype is _bool()) and tensor.numel() and tensor.abs().max() > EXACT_INTEGER:
        raise InputError(f"{known.name or 'a constant'} holds integers beyond 2^53", where=where)
    return np.array(tensor.double().numpy(), dtype=np.float64)  # a copy: the module may be trained further


def _strided() -> Any:
    import torch

    return torch.strided


def _bool() -> Any:
    import torch

    return torch.bool
