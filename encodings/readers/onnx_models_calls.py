"""One node of an ONNX graph while it is read, and the table of rules that say what it adds to the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.builder import NetworkBuilder, Tensor
from suffice.encodings.networks.graph import Array
from suffice.encodings.networks.layers import Masked
from suffice.encodings.readers.rules import entering
from suffice.errors import InputError

EXACT_INTEGER = 1 << 53
"""Integers up to here are float64 numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """An array whose elements are known: an initialiser, a constant, a shape. `name` is that of the initialiser it is or comes from."""

    array: NDArray[Any]
    name: str = ""

    @property
    def is_float(self) -> bool:
        """Whether it holds floating numbers, of any width (bfloat16 is of kind V)."""
        return self.array.dtype.kind in "fV"

    @property
    def masks(self) -> bool:
        """Whether it holds -infinities."""
        return self.is_float and bool((self.array.astype(np.float64) == -np.inf).any())


Value = Tensor | Known | Masked


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OnnxCall:
    """One node: its operator, its layer, its operands (None where left out) and its attributes. `opset` is the version of the operators."""

    operator: str
    name: str
    layer: str
    builder: NetworkBuilder
    operands: tuple[Value | None, ...]
    attributes: dict[str, Any]
    opset: int
    proto: Any

    def error(self, what: str, mend: str = "") -> InputError:
        """An error that says which node is meant."""
        return InputError(f"{self.operator}: {what}", where=f"node {self.name}", mend=mend)

    def get(self, position: int) -> Value | None:
        """An operand as it is; None where it was left out."""
        return self.operands[position] if position < len(self.operands) else None

    def lift(self, value: Value | None) -> Tensor:
        """A tensor of the network: known elements become a constant, those without a name a literal of the program's text."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Known):
            return self.builder.constant(self.exact(value), value.name)
        what = "an operand holds -infinity, which only a softmax may read" if isinstance(value, Masked) else "an operand is missing"
        raise self.error(what)

    def tensor(self, position: int) -> Tensor:
        """An operand as a tensor of the network."""
        return self.lift(self.get(position))

    def optional(self, position: int) -> Tensor | None:
        """The same, or None where the operand was left out."""
        return None if self.get(position) is None else self.tensor(position)

    def exact(self, known: Known) -> Array:
        """The elements as float64 numbers, all of them exactly."""
        array = known.array
        if array.dtype.kind not in "fViub" or array.dtype.itemsize > 8:
            raise self.error(f"{known.name or 'a constant'} has the type {array.dtype}")
        if array.dtype.kind in "iu" and array.size and max(abs(int(array.max())), abs(int(array.min()))) > EXACT_INTEGER:
            raise self.error(f"{known.name or 'a constant'} holds integers beyond 2^53")
        return array.astype(np.float64)

    def array(self, position: int) -> Array | None:
        """The exact elements of a known operand; None where it is missing or depends on the input."""
        value = self.get(position)
        return self.exact(value) if isinstance(value, Known) else None

    def parameter(self, position: int) -> str:
        """The name of the initialiser that an operand is."""
        value = self.get(position)
        return value.name if isinstance(value, Known) else ""

    def number(self, position: int, attribute: str, default: float | None) -> float | None:
        """A known number, operand in newer versions of an operator and attribute in older ones."""
        if attribute in self.attributes:
            return float(self.attributes[attribute])
        if self.get(position) is None:
            return default
        array = self.array(position)
        if array is None or array.size != 1:
            raise self.error(f"{attribute} is not a known number")
        return float(array.ravel()[0])

    def integers(self, position: int, attribute: str) -> list[int] | None:
        """Known whole numbers, operand in newer versions and attribute in older ones; None where left out."""
        given = self.attributes.get(attribute)
        if given is None and self.get(position) is not None:
            given = self.array(position)
            if given is None:
                raise self.error(f"{attribute} depends on the input")
        if given is None:
            return None
        return [int(number) for number in (np.ravel(given) if not isinstance(given, Sequence) else given)]


OnnxRule = Callable[[OnnxCall], Any]
"""What one operator adds to the network: `rule(call)` adds nodes by `call.builder` and returns the result, or a tuple of results."""

RULES: dict[str, OnnxRule] = {}
"""Rules by operators' names, without a domain."""

REGISTERED: dict[str, OnnxRule] = {}
"""Rules that users gave, by names with the domain if it is not ONNX's own ("com.example.Op"); they come first."""


rule = entering(RULES)
"""Enters a function into RULES: `@rule(name, ...)`."""


def one_line(text: str | bytes) -> str:
    """Text of a file as it stands in a message: on one line, not endless. Bytes are text that is not UTF-8."""
    line = " ".join((text.decode("utf-8", "replace") if isinstance(text, bytes) else text).split())
    return line if len(line) <= 200 else f"{line[:200]}..."


def register_onnx(operator: str, rule: OnnxRule) -> None:
    """Read an operator ("Elu", "com.example.Op") by a rule of your own, as `register` does for PyTorch's; that it is right is on you."""
    if not operator or not callable(rule):
        raise InputError(f"{operator!r} does not name an operator, or its rule is no function", mend="register_onnx('Elu', rule)")
    REGISTERED[operator] = rule
