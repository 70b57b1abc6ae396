"""Error budgets of layered functions (THEORY section 3, C3): how rounding errors of single layers reach the output.

All errors are bounds on every component (max norm): values within E of a box are then the box widened by E on every side, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from suffice.encodings.enclosures.bounds import BUDGET as PIECES
from suffice.encodings.enclosures.composition import Layer, check_chain, image_of, largest, named, naming_layer, slope_norms
from suffice.encodings.enclosures.exact import readable
from suffice.encodings.problem import Box, Interval
from suffice.errors import DomainError, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorStep:
    """C3 at one layer: E = lipschitz * arriving + added, for every computed input within `arriving` of an exact one (max norm).

    `domain` holds all those computed inputs, `image` the exact values only, and `lipschitz` is a bound on the whole domain.
    """

    domain: Box
    image: tuple[Interval, ...]
    lipschitz: Fraction
    arriving: Fraction
    added: Fraction

    @property
    def error(self) -> Fraction:
        """The bound E of the error in every component of the layer's output."""
        return self.lipschitz * self.arriving + self.added


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """C3 for a whole chain."""

    steps: tuple[ErrorStep, ...]

    @property
    def error(self) -> Fraction:
        """The bound E_n of the error in every component of the chain's output."""
        return self.steps[-1].error

    @property
    def amplifications(self) -> tuple[Fraction, ...]:
        """By how much the error added at each layer counts at the end: the product of the later layers' Lipschitz bounds.

        E_n = sum_i amplifications[i] e_i + amplifications[0] L_1 E_0.
        """
        factors = [Fraction(1)]
        for step in reversed(self.steps[1:]):
            factors.append(factors[-1] * step.lipschitz)
        return tuple(reversed(factors))


def error_budget(
    layers: Sequence[Layer], box: Box, added: Sequence[Fraction], arriving: Fraction = Fraction(0), pieces: int = PIECES
) -> ErrorBudget:
    """C3 along a chain: `arriving` is E_0, the error of the inputs, and `added` has for each layer the e_i of its computation.

    All errors are bounds on every component. e_i must hold for every input within E_(i-1) of the exact image: `error_step` gives one layer
    at a time where e_i depends on that. Raises DomainError, naming the layer, where the widened image leaves its domain, or where it has no
    finite Lipschitz bound; InputError where the numbers do not agree.
    """
    check_chain(layers, box)
    if len(added) != len(layers):
        raise InputError(f"{len(added)} rounding errors for {len(layers)} layers", mend="give one for each layer")
    steps: list[ErrorStep] = []
    for number, (layer, error) in enumerate(zip(layers, added, strict=True), start=1):
        exact = named(layer, steps[-1].image) if steps else box
        with naming_layer(number):
            steps.append(error_step(layer, exact, error, steps[-1].error if steps else arriving, pieces))
    return ErrorBudget(tuple(steps))


def error_step(layer: Layer, box: Box, added: Fraction, arriving: Fraction, pieces: int = PIECES) -> ErrorStep:
    """C3 at one layer whose exact inputs lie in the box and whose computed ones lie within `arriving` of them."""
    if added < 0 or arriving < 0:
        raise InputError("an error bound is negative", mend="give bounds >= 0")
    exact = {name: box[name] for name in layer.inputs}
    domain = {name: widened(side, arriving) for name, side in exact.items()}
    slopes = [slope_norms(output, domain, pieces)[1] for output in layer.outputs]
    lipschitz = largest(slopes)
    if lipschitz is None:
        raise DomainError(
            f"no Lipschitz bound was found on the inputs and {readable(arriving)} around them", mend="shrink the box, or round more finely"
        )
    return ErrorStep(domain=domain, image=image_of(layer, exact, pieces), lipschitz=lipschitz, arriving=arriving, added=added)


def widened(side: Interval, error: Fraction) -> Interval:
    """All numbers within `error` of the interval."""
    return Interval(side.lo - error, side.hi + error)
