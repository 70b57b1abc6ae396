"""Bounds of chains that look like C1 to C3 and are not: each must be caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from suffice.encodings.enclosures.composition import ChainBounds, Layer, LayerBounds, chain_bounds, extended, layer_bounds, single
from suffice.encodings.problem import Interval
from tests.encodings.chain_oracle import Claim, NoSeriesError, greatest_size, series
from tests.encodings.chains import Chain, Run

PIECES = 60
"""Of the box that each search looks at: any number must give a bound."""


LARGEST = 1 << 512
"""Beyond it the oracles' exact rationals become slow, and products of them seem never to end: x^3 after exp after exp has 10^5 bits."""


@lru_cache
def right(chain: Chain) -> ChainBounds:
    """The bounds under test."""
    return chain_bounds(chain.parsed, chain.box, PIECES)


def is_huge(bounds: ChainBounds, error: Fraction = Fraction(0)) -> bool:
    """Whether exact values, or those within so large an error of them, may be too large for the oracles."""
    return max(error, *(abs(end) for layer in bounds.layers for side in layer.image for end in (side.lo, side.hi))) > LARGEST


def claim_of(bounds: ChainBounds) -> Claim:
    """What they say of L and kappa."""
    return bounds.lipschitz, bounds.curvature


def over_the_first_box(chain: Chain) -> Claim:
    """L and kappa of every layer over X, not over the image of the layers before."""
    return claim_of(_folded([layer_bounds(layer, chain.box, PIECES) for layer in chain.parsed]))


def from_samples(chain: Chain) -> Claim:
    """Sups replaced by the largest values at five points of every layer's box."""
    layers = right(chain).layers
    return claim_of(_folded([_sampled(layer, bounds) for layer, bounds in zip(chain.parsed, layers, strict=True)]))


def with_flat_kinks(chain: Chain) -> Claim:
    """Curvature "0 almost everywhere" for abs, max and min of affine functions."""
    layers = right(chain).layers
    return claim_of(_folded([replace(b, curvature=Fraction(0)) if b.curvature is None else b for b in layers]))


def with_powers_swapped(chain: Chain) -> Claim:
    """kappa_g L_f + L_g^2 kappa_f."""
    return _folded_curvature(chain, lambda outer, inner: outer[1] * inner[0] + outer[0] ** 2 * inner[1])


def without_the_second_term(chain: Chain) -> Claim:
    """kappa_g L_f^2."""
    return _folded_curvature(chain, lambda outer, inner: outer[1] * inner[0] ** 2)


def without_the_first_term(chain: Chain) -> Claim:
    """L_g kappa_f, with which curvature would compose as slopes do."""
    return _folded_curvature(chain, lambda outer, inner: outer[0] * inner[1])


WRONG: dict[str, Callable[[Chain], Claim]] = {
    "over the first box": over_the_first_box,
    "from samples": from_samples,
    "with flat kinks": with_flat_kinks,
    "with powers swapped": with_powers_swapped,
    "without the second term": without_the_second_term,
    "without the first term": without_the_first_term,
}


def unwidened(run: Run) -> Fraction:
    """C3 with each layer's Lipschitz bound over the exact image only."""
    error = run.errors[0]
    for layer, added in zip(right(run.chain).layers, run.errors[1:], strict=True):
        assert layer.lipschitz_max is not None
        error = layer.lipschitz_max * error + added
    return error


def without_amplification(run: Run) -> Fraction:
    """The sum of all errors."""
    return sum(run.errors, Fraction(0))


WRONG_BUDGETS: dict[str, Callable[[Run], Fraction]] = {"unwidened": unwidened, "without amplification": without_amplification}


def _folded(layers: list[LayerBounds]) -> ChainBounds:
    chain = single(layers[0])
    for layer in layers[1:]:
        chain = extended(chain, layer)
    return chain


def _sampled(layer: Layer, bounds: LayerBounds) -> LayerBounds:
    (side,) = bounds.domain.values()
    slopes, bends = [Fraction(0)], [Fraction(0)]
    for k in range(5):
        x = side.lo + Fraction(k, 4) * (side.hi - side.lo)
        try:
            found = series([layer], [Interval(x, x)], (Fraction(1),))
        except NoSeriesError:
            continue
        slopes.append(greatest_size(found[0], 1))
        bends.append(greatest_size(found[0], 2))
    return replace(bounds, lipschitz=max(slopes), curvature=max(bends))


def _folded_curvature(chain: Chain, rule: Callable[[tuple[Fraction, Fraction], tuple[Fraction, Fraction]], Fraction]) -> Claim:
    """No claim about L, and a curvature by another rule than C2."""
    total: tuple[Fraction, Fraction] | None = None
    for bounds in right(chain).layers:
        if bounds.lipschitz is None or bounds.curvature is None:
            return None, None
        here = (bounds.lipschitz, bounds.curvature)
        total = here if total is None else (here[0] * total[0], rule(here, total))
    assert total is not None
    return None, total[1]
