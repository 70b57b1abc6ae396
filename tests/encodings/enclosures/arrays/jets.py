"""The functions of encodings/enclosures/arrays/functions.py once more, as power series with Arb's coefficients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flint import arb, arb_series

Series = Any


def tanh(x: Series) -> Series:
    return 1 - 2 / ((2 * x).exp() + 1)


def sigmoid(x: Series) -> Series:
    return 1 / (1 + (-x).exp())


def gelu_tanh(x: Series) -> Series:
    return x * (1 + tanh((2 / arb.pi()).sqrt() * (x + arb("0.044715") * x * x * x))) / 2


DEFINITIONS: dict[str, Callable[[Series], Series]] = {
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "sqrt": lambda x: x.sqrt(),
    "rsqrt": lambda x: x.rsqrt(),
    "sigmoid": sigmoid,
    "tanh": tanh,
    "erf": lambda x: x.erf(),
    "softplus": lambda x: (1 + x.exp()).log(),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * (1 + (x / arb(2).sqrt()).erf()) / 2,
    "gelu_tanh": gelu_tanh,
}


def derivatives(name: str, x: arb, count: int = 3) -> list[arb]:
    """The value and the first derivatives on a ball, `count` numbers. To be called within a working precision."""
    series = DEFINITIONS[name](arb_series([x, 1], prec=count))
    return [series[k] * math.factorial(k) for k in range(count)]
