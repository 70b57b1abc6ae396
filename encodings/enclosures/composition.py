"""Slope and curvature of layered functions from bounds of their layers, each on what reaches it (THEORY section 3, C1, C2 and C4).

A chain is a sequence of layers; the k-th output of one is the k-th input of the next. Every layer is bounded on a box that holds the image
of those before it. Boxes are convex, so the sup of the derivative's norm on one is a Lipschitz bound there, as C1, C2 and C4 ask.

Two norms are kept, each for what it is good at: the 2-norm, in which curvature composes (C2, C4), and the max norm, in which errors of
components travel (C3, see error_budgets).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from flint import ctx

from suffice.encodings.enclosures.arb import WORKING_BITS
from suffice.encodings.enclosures.bounds import BUDGET as PIECES
from suffice.encodings.enclosures.bounds import range_bounds, slope_bounds
from suffice.encodings.enclosures.kinks import NotSmoothError
from suffice.encodings.enclosures.norms import curvature_norm, lipschitz
from suffice.encodings.enclosures.spans import interval_of, span_of, square_root
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Interval
from suffice.encodings.substitution import substitute
from suffice.errors import InputError, SufficeError

_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Layer:
    """A map from the named inputs, in this order, to a vector with one expression for every component."""

    inputs: tuple[str, ...]
    outputs: tuple[Expression, ...]

    def __post_init__(self) -> None:
        if not self.outputs or len(set(self.inputs)) < len(self.inputs):
            raise InputError("a layer has no output, or two inputs of one name", mend="give every input its name, and at least one output")
        for name in (name for output in self.outputs for name in output.variables if name not in self.inputs):
            raise InputError(f"an output of a layer uses {name}, which is none of its inputs", mend="add it to the inputs")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerBounds:
    """Upper bounds for one layer on `domain`, and a box that holds its image; None where nothing finite is known.

    `lipschitz` and `lipschitz_max` bound the sup of the derivative's operator norm (2-norms; max norms), and so |f(b) - f(a)| / |b - a| for
    all a, b of the domain, across kinks too. `curvature` bounds half the sup of the second derivative's norm (2-norms); None across a kink.
    """

    domain: Box
    image: tuple[Interval, ...]
    lipschitz: Fraction | None
    lipschitz_max: Fraction | None
    curvature: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBounds:
    """Upper bounds for a whole chain on the domain of its first layer: C1 in both norms, and C2; None where nothing finite is known."""

    layers: tuple[LayerBounds, ...]
    lipschitz: Fraction | None
    lipschitz_max: Fraction | None
    curvature: Fraction | None

    @property
    def image(self) -> tuple[Interval, ...]:
        """A box that holds the image of the chain."""
        return self.layers[-1].image

    @property
    def gradient_lipschitz(self) -> Fraction | None:
        """C4: for a chain l.f with one output, Lip(grad(l.f)) <= 2 kappa_l L_f^2 + 2 sup|grad l| kappa_f, twice what C2 gives.

        Raises InputError for several outputs.
        """
        if len(self.image) > 1:
            raise InputError(f"a chain with {len(self.image)} outputs has no gradient", mend="end it with a layer of one output")
        return None if self.curvature is None else 2 * self.curvature


def composed_lipschitz(outer: Fraction | None, inner: Fraction | None) -> Fraction | None:
    """C1: Lip(g.f) <= Lip(g; f(X)) Lip(f; X)."""
    return None if outer is None or inner is None else outer * inner


def composed_curvature(
    outer: Fraction | None, inner_lipschitz: Fraction | None, outer_lipschitz: Fraction | None, inner: Fraction | None
) -> Fraction | None:
    """C2: kappa(g.f) <= kappa(g; f(X)) L(f)^2 + L(g; f(X)) kappa(f). What is not known of one layer is not known of the chain."""
    if outer is None or inner_lipschitz is None or outer_lipschitz is None or inner is None:
        return None
    return outer * inner_lipschitz**2 + outer_lipschitz * inner


def layer_bounds(layer: Layer, box: Box, pieces: int = PIECES) -> LayerBounds:
    """Enclosures of one layer on a box with a side for each of its inputs, each by a search that cuts the box into so many pieces at most.

    With several outputs the norms are those of the vector of the components' norms: sup|Df|^2 <= sum sup|Df_i|^2, and likewise for the
    second derivative; in the max norm, the largest component's. Raises DomainError where the layer is not defined on the whole box.
    """
    domain = {name: box[name] for name in layer.inputs}
    slopes = [slope_norms(output, domain, pieces) for output in layer.outputs]
    return LayerBounds(
        domain=domain,
        image=image_of(layer, domain, pieces),
        lipschitz=_norm([euclidean for euclidean, _ in slopes]),
        lipschitz_max=largest([sum_norm for _, sum_norm in slopes]),
        curvature=_norm([_curvature(output, domain, pieces) for output in layer.outputs]),
    )


def chain_bounds(layers: Sequence[Layer], box: Box, pieces: int = PIECES) -> ChainBounds:
    """C1 and C2 along a chain, every layer bounded on the computed image of those before it.

    C2 is applied from the first layer on: L and kappa of what was composed so far are those of f, on the box. Raises DomainError, naming
    the layer, where the image leaves its domain; InputError where the numbers of inputs and outputs do not agree.
    """
    check_chain(layers, box)
    chain: ChainBounds | None = None
    for number, layer in enumerate(layers, start=1):
        arriving = box if chain is None else named(layer, chain.image)
        with naming_layer(number):
            here = layer_bounds(layer, arriving, pieces)
        chain = single(here) if chain is None else extended(chain, here)
    assert chain is not None
    return chain


def single(layer: LayerBounds) -> ChainBounds:
    """The bounds of a chain of one layer."""
    return ChainBounds(layers=(layer,), lipschitz=layer.lipschitz, lipschitz_max=layer.lipschitz_max, curvature=layer.curvature)


def extended(chain: ChainBounds, last: LayerBounds) -> ChainBounds:
    """The bounds of a chain with one more layer (C1, C2); the layer must have been bounded on a box that holds the chain's image."""
    return ChainBounds(
        layers=(*chain.layers, last),
        lipschitz=composed_lipschitz(last.lipschitz, chain.lipschitz),
        lipschitz_max=composed_lipschitz(last.lipschitz_max, chain.lipschitz_max),
        curvature=composed_curvature(last.curvature, chain.lipschitz, last.lipschitz, chain.curvature),
    )


def composed(layers: Sequence[Layer]) -> Layer:
    """The whole chain as one layer, for enclosures that do not forget what correlates its layers."""
    check_chain(layers)
    whole = layers[0]
    for layer in layers[1:]:
        arriving = dict(zip(layer.inputs, whole.outputs, strict=True))
        whole = Layer(whole.inputs, tuple(substitute(output, arriving) for output in layer.outputs))
    return whole


def named(layer: Layer, sides: Sequence[Interval]) -> Box:
    """The layer's inputs with a side each, in their order."""
    return dict(zip(layer.inputs, sides, strict=True))


def check_chain(layers: Sequence[Layer], box: Box | None = None) -> None:
    """Raises InputError unless every layer takes as many inputs as the one before gives, and the box has a side for each of the first."""
    if not layers:
        raise InputError("the chain has no layer", mend="give at least one")
    for number, (before, layer) in enumerate(pairwise(layers), start=2):
        if len(layer.inputs) != len(before.outputs):
            raise InputError(
                f"{len(layer.inputs)} inputs, but {len(before.outputs)} outputs before",
                where=f"layer {number}",
                mend="give as many as arrive",
            )
    for name in layers[0].inputs:
        if box is not None and name not in box:
            raise InputError(f"the input {name} has no interval", where="layer 1", mend="add it to the box")


@contextmanager
def naming_layer(number: int) -> Iterator[None]:
    """Errors say in which layer."""
    try:
        yield
    except SufficeError as error:
        error.where = error.where or f"layer {number}"
        raise


def image_of(layer: Layer, box: Box, pieces: int) -> tuple[Interval, ...]:
    """A side for every output that holds its range on the box; raises DomainError."""
    return tuple(range_bounds(output, box, pieces).outside for output in layer.outputs)


def slope_norms(output: Expression, box: Box, pieces: int) -> tuple[Fraction | None, Fraction | None]:
    """Lipschitz bounds of one output in the 2-norm and in the max norm, which are the same where it has one input."""
    if len(output.variables) == 1:
        (slope,) = slope_bounds(output, box, pieces).values()
        return slope.peak.upper, slope.peak.upper
    try:
        found = lipschitz(output, box, pieces)
    except NotSmoothError:
        return None, None
    return found.euclidean.upper, found.max_norm.upper


def _curvature(output: Expression, box: Box, pieces: int) -> Fraction | None:
    try:
        return curvature_norm(output, box, pieces).upper
    except NotSmoothError:
        return None


def _known(values: Sequence[Fraction | None]) -> list[Fraction] | None:
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None


def largest(values: Sequence[Fraction | None]) -> Fraction | None:
    """The largest value, where all are known."""
    known = _known(values)
    return None if known is None else max(known)


def _norm(values: Sequence[Fraction | None]) -> Fraction | None:
    """The 2-norm, rounded up."""
    known = _known(values)
    if known is None or len(known) == 1:
        return None if known is None else known[0]
    total = sum((value * value for value in known), _ZERO)
    with ctx.workprec(WORKING_BITS):
        return interval_of(square_root(span_of(total, total))).hi
