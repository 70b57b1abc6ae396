"""GELU in both forms and SiLU (K7)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from suffice.encodings.enclosures.arrays import intervals as iv
from suffice.encodings.enclosures.arrays.functions import UNARY
from suffice.hardware_specs.format import power_of_two
from suffice.prover.kernels.contract import Kernel
from suffice.prover.kernels.linear_maps import Inputs
from suffice.prover.kernels.softmaxes import growth_of_both
from suffice.prover.kernels.tracked import Tracked, delivered
from suffice.prover.kernels.upper import Bound, above, add, growth, multiply

ERF_SHARE = Fraction(484, 1000)
"""sup |s erf'(s)| = sqrt(2 / (pi e)) <= 0.484."""

TANH_SHARE = Fraction(448, 1000)
"""sup |s tanh'(s)| <= 0.448."""

ARGUMENT_OF_ERF = 2
"""Roundings of x / sqrt 2: of the constant and the product."""

ARGUMENT_OF_TANH = 9
"""Roundings of sqrt(2/pi) (x + 0.044715 x^3), terms of one sign: two constants, at most five products and a sum, and one to spare."""


def gelu(kernel: Kernel, given: Inputs, *, approximate: str = "none") -> Tracked:
    """x (1 + erf(x / sqrt 2)) / 2, or the form with tanh."""
    if approximate == "tanh":
        return _gated(kernel, given, "gelu_tanh", TANH_SHARE, ARGUMENT_OF_TANH)
    return _gated(kernel, given, "gelu", ERF_SHARE, ARGUMENT_OF_ERF)


def silu(kernel: Kernel, given: Inputs) -> Tracked:
    """x / (1 + e^-x), or x times the rounded sigmoid: a relative error, and x times what is lost where e^-x overflows."""
    x = given["x"]
    exact = UNARY["silu"].range(x)
    lost = multiply(iv.magnitude(x), above(power_of_two(2 - kernel.compute.emax) + 2 * kernel.function_tiny))
    error = add(multiply(iv.magnitude(exact), growth_of_both(kernel, 1, 4)), lost, above(4 * kernel.tiny))
    return delivered(Tracked(exact, error), kernel)


def _gated(kernel: Kernel, given: Inputs, name: str, share: Fraction, roundings: int) -> Tracked:
    """K7: x (1 + g(t)) / 2 with t rounded `roundings` times: g moves by share * log(1 + its relative error), and has the absolute accuracy
    of a function; one rounding of the sum, which may pass 2, and three of products.
    """
    x = given["x"]
    exact = UNARY[name].range(x)
    moved = add(above(share * _logarithm(kernel, roundings)), above(kernel.function_unit), above(2 * kernel.unit + 2 * kernel.tiny))
    half: Bound = multiply(iv.magnitude(x), 0.5)
    before = multiply(half, moved)
    after = multiply(add(iv.magnitude(exact), before), growth(kernel.unit, 3))
    found = Tracked(exact, np.asarray(add(before, after, above(4 * kernel.function_tiny))))
    return delivered(found, kernel)


def _logarithm(kernel: Kernel, roundings: int) -> Fraction:
    """A bound of |log| of a product of factors in [1 - u, 1 + u]: each has |log| <= u / (1 - u)."""
    return roundings * kernel.unit / (1 - kernel.unit)
