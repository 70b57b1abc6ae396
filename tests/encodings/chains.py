"""Random chains of layers, written as formulas in x, y, z."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise

from hypothesis import strategies as st

from suffice.encodings.enclosures.composition import Layer
from suffice.encodings.problem import Box, Interval
from suffice.encodings.readers.text import read_expression

NAMES = ("x", "y", "z")

Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class Chain:
    """For each layer the formulas of its outputs; the ends of the box's sides."""

    layers: tuple[tuple[str, ...], ...]
    sides: tuple[tuple[str, str], ...]

    @property
    def parsed(self) -> tuple[Layer, ...]:
        """The layers under test."""
        widths = [len(self.sides), *(len(outputs) for outputs in self.layers)]
        return tuple(read_layer(NAMES[:width], outputs) for width, outputs in zip(widths, self.layers, strict=False))

    @property
    def box(self) -> Box:
        """A side for each input."""
        return {name: Interval(Fraction(lo), Fraction(hi)) for name, (lo, hi) in zip(NAMES, self.sides, strict=False)}

    def at(self, steps: Sequence[Fraction]) -> Vector:
        """The point of the box that lies these parts of each side from its lower end."""
        return tuple(side.lo + step * (side.hi - side.lo) for side, step in zip(self.box.values(), steps, strict=True))


@cache
def read_layer(inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Layer:
    """A layer from its formulas."""
    return Layer(inputs, tuple(read_expression(output, inputs) for output in outputs))


def scalar(lo: str, hi: str, *formulas: str) -> Chain:
    """A chain of functions of x."""
    return Chain(tuple((formula,) for formula in formulas), ((lo, hi),))


SMOOTH = (
    "sin({})", "cos({})", "tanh({})", "atan({})", "exp(-({})^2)", "exp(sin({}))", "({})^2", "({})^3/4", "1/(1+({})^2)", "sqrt(1+({})^2)",
    "log(1+({})^2)", "exp(({})/4)",
)  # fmt: skip
KINKED = ("abs({})", "max({}, 0)", "min({}, 1/2)")
COEFFICIENTS = ("1", "-1", "1/2", "2", "-3", "5/4", "1/8")
OFFSETS = ("0", "1", "-1/2", "3/4")


def affine(width: int) -> st.SearchStrategy[str]:
    """a x + b y + c."""
    terms = st.tuples(*(st.sampled_from(COEFFICIENTS).map(lambda a, name=name: f"({a})*{name}") for name in NAMES[:width]))
    return st.builds(lambda parts, c: " + ".join([*parts, f"({c})"]), terms, st.sampled_from(OFFSETS))


def formulas(width: int, *, kinks: bool) -> st.SearchStrategy[str]:
    """An affine function, a function of one, or the sum or product of two of these; kinks alone."""
    smooth = _of_affine(width, SMOOTH)
    two = st.builds(lambda a, sign, b: f"({a}) {sign} ({b})", smooth, st.sampled_from("+*-"), smooth)
    shapes = [smooth, affine(width), two]
    return st.one_of(*shapes, _of_affine(width, KINKED)) if kinks else st.one_of(*shapes)


def _of_affine(width: int, shapes: Sequence[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda shape, u: shape.format(u), st.sampled_from(shapes), affine(width))


@st.composite
def chains(draw: st.DrawFn, *, longest: int = 8, shortest: int = 1, widest: int = 1, kinks: bool = False) -> Chain:
    """Chains with boxes, from narrow ones to wide ones."""
    depth = draw(st.integers(shortest, longest))
    widths = [draw(st.integers(1, widest)) for _ in range(depth + 1)] if widest > 1 else [1] * (depth + 1)
    layers = tuple(tuple(draw(formulas(width, kinks=kinks)) for _ in range(after)) for width, after in pairwise(widths))
    return Chain(layers, tuple(draw(sides()) for _ in range(widths[0])))


@st.composite
def sides(draw: st.DrawFn) -> tuple[str, str]:
    """The ends of an interval of width 1/64 to 4."""
    lo = Fraction(draw(st.integers(-24, 24)), 8)
    return str(lo), str(lo + Fraction(draw(st.sampled_from((1, 8, 64, 128, 256))), 64))


@dataclass(frozen=True)
class Run:
    """A chain, E_0 and an e_i for each layer, where the exact run starts, and the parts of each error by which the other one moves."""

    chain: Chain
    errors: tuple[Fraction, ...]
    start: tuple[Fraction, ...]
    shifts: tuple[tuple[Fraction, ...], ...]


@st.composite
def runs(draw: st.DrawFn, *, longest: int = 8, widest: int = 1) -> Run:
    """Runs whose errors are none, small, or as large as the box; mostly on its border and by the whole errors."""
    chain = draw(chains(longest=longest, widest=widest, kinks=True))
    one = st.one_of(st.just(Fraction(0)), st.integers(0, 12).map(lambda k: Fraction(1, 1 << k)))
    widths = [len(chain.sides), *(len(outputs) for outputs in chain.layers)]
    shift = st.sampled_from([Fraction(1), Fraction(-1), Fraction(1, 3), Fraction(0)])
    return Run(
        chain,
        tuple(draw(one) for _ in widths),
        draw(st.one_of(st.tuples(*[st.sampled_from([Fraction(0), Fraction(1)])] * widths[0]), steps(widths[0]))),
        tuple(draw(st.tuples(*[shift] * width)) for width in widths),
    )


def steps(width: int) -> st.SearchStrategy[tuple[Fraction, ...]]:
    """Parts of a unit cube."""
    return st.tuples(*[st.integers(0, 64).map(lambda k: Fraction(k, 64))] * width)


def directions(width: int) -> st.SearchStrategy[tuple[Fraction, ...]]:
    """Vectors that are not zero."""
    return st.tuples(*[st.integers(-4, 4).map(Fraction)] * width).filter(any)
