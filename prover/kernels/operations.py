"""The operations whose kernels have proved tolerances: operands, statements, and what computes the bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from typing import Any

from suffice.errors import InputError
from suffice.prover.kernels import activations, attention, linear_maps, norms, reductions, softmaxes
from suffice.prover.kernels.tracked import Tracked

Run = Callable[..., Tracked]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`run(kernel, inputs, **options)` bounds the error of a kernel; inputs are `operands`, and where given `optional` ones."""

    name: str
    operands: tuple[str, ...]
    optional: tuple[str, ...] = ()
    run: Run
    statements: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every operand."""
        return (*self.operands, *self.optional)

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the options."""
        return tuple(
            name for name, given in signature(self.run).parameters.items() if given.kind is Parameter.KEYWORD_ONLY and name != "dimensions"
        )


_WEIGHTED = {"operands": ("x", "weight"), "optional": ("bias",)}
_NORMED = {"operands": ("x",), "optional": ("weight", "bias")}
_PRODUCTS = ("K3", "K4", "K1")
_TABLE: dict[str, dict[str, Any]] = {
    "matmul": {"operands": ("a", "b"), "run": linear_maps.matmul, "statements": _PRODUCTS},
    "bmm": {"operands": ("a", "b"), "run": linear_maps.matmul, "statements": _PRODUCTS},
    "linear": {**_WEIGHTED, "run": linear_maps.linear, "statements": _PRODUCTS},
    "conv1d": {**_WEIGHTED, "run": partial(linear_maps.conv, dimensions=1), "statements": _PRODUCTS},
    "conv2d": {**_WEIGHTED, "run": partial(linear_maps.conv, dimensions=2), "statements": _PRODUCTS},
    "softmax": {"operands": ("x",), "run": softmaxes.softmax, "statements": ("K6", "K2", "K5", "K1")},
    "log_softmax": {"operands": ("x",), "run": softmaxes.log_softmax, "statements": ("K6", "K2", "K1")},
    "layer_norm": {**_NORMED, "run": norms.layer_norm, "statements": ("K9", "K8", "K2", "K1")},
    "rms_norm": {**_NORMED, "optional": ("weight",), "run": norms.rms_norm, "statements": ("K8", "K3", "K1")},
    "gelu": {"operands": ("x",), "run": activations.gelu, "statements": ("K7", "K1")},
    "silu": {"operands": ("x",), "run": activations.silu, "statements": ("K4", "K1")},
    "attention": {"operands": ("q", "k", "v"), "run": attention.attention, "statements": ("K10", "K3", "K6", "K5", "K1")},
    "sum": {"operands": ("x",), "run": reductions.sum_of, "statements": ("K2", "K1")},
    "mean": {"operands": ("x",), "run": reductions.mean, "statements": ("K2", "K4", "K1")},
    "cumsum": {"operands": ("x",), "run": reductions.cumsum, "statements": ("K2", "K1")},
    "cast": {"operands": ("x",), "run": reductions.cast, "statements": ("K1",)},
    "quantise": {"operands": ("x",), "run": reductions.quantise, "statements": ("K11", "K1")},
}  # fmt: skip

OPERATIONS: dict[str, Operation] = {name: Operation(name=name, **entry) for name, entry in _TABLE.items()}


def operation(name: str) -> Operation:
    """The operation of this name. Raises InputError."""
    if name not in OPERATIONS:
        raise InputError(f"no operation is called {name}", where="op", mend=f"known are {', '.join(OPERATIONS)}")
    return OPERATIONS[name]
