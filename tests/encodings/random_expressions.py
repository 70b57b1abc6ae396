"""Random expressions over all operations, with boxes on which they are defined."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

from suffice.encodings.enclosures.domain import check_domain
from suffice.encodings.expression import Expression
from suffice.encodings.problem import Box, Interval
from suffice.errors import DomainError
from tests.encodings.formula import Formula, inputs

UNARY: dict[str, Callable[[Formula], Formula]] = {
    "neg": lambda u: -u,
    "abs": abs,
    "exp": lambda u: u.call("tanh").call("exp"),
    "expm1": lambda u: u.call("sin").call("expm1"),
    "sqrt": lambda u: (u * u + Fraction(1, 3)).call("sqrt"),
    "raw sqrt": lambda u: u.call("sqrt"),
    "log": lambda u: (u * u + Fraction(1, 3)).call("log"),
    "raw log": lambda u: u.call("log"),
    "log1p": lambda u: abs(u).call("log1p"),
    "sin": lambda u: u.call("sin"),
    "cos": lambda u: u.call("cos"),
    "tan": lambda u: u.call("atan").call("tan"),
    "raw tan": lambda u: u.call("tan"),
    "asin": lambda u: (u.call("tanh") * Fraction(7, 8)).call("asin"),
    "acos": lambda u: (u.call("sin") * Fraction(7, 8)).call("acos"),
    "raw asin": lambda u: u.call("asin"),
    "atan": lambda u: u.call("atan"),
    "sinh": lambda u: u.call("sin").call("sinh"),
    "cosh": lambda u: u.call("atan").call("cosh"),
    "tanh": lambda u: u.call("tanh"),
    "exp2": lambda u: u.call("sin").call("exp2"),
    "log2": lambda u: (u * u + Fraction(1, 3)).call("log2"),
    "raw log10": lambda u: u.call("log10"),
    "cbrt": lambda u: (u * u + Fraction(1, 3)).call("cbrt"),
    "raw cbrt": lambda u: u.call("cbrt"),
    "asinh": lambda u: u.call("asinh"),
    "acosh": lambda u: (u * u + Fraction(4, 3)).call("acosh"),
    "raw acosh": lambda u: u.call("acosh"),
    "atanh": lambda u: (u.call("tanh") * Fraction(7, 8)).call("atanh"),
    "raw atanh": lambda u: u.call("atanh"),
    "square": lambda u: u**2,
    "cube": lambda u: u**3,
    "inverse": lambda u: (u * u + Fraction(1, 4)) ** -1,
    "raw inverse": lambda u: u**-2,
}
BINARY: dict[str, Callable[[Formula, Formula], Formula]] = {
    "add": lambda u, v: u + v,
    "sub": lambda u, v: u - v,
    "mul": lambda u, v: u * v,
    "div": lambda u, v: u / (v * v + Fraction(1, 4)),
    "raw div": lambda u, v: u / v,
    "min": lambda u, v: u.call("min", v),
    "max": lambda u, v: u.call("max", v),
    "fma": lambda u, v: u.call("fma", v, u),
    "hypot": lambda u, v: u.call("hypot", v * v + Fraction(1, 4)),
    "raw hypot": lambda u, v: u.call("hypot", v),
    "atan2": lambda u, v: u.call("atan2", v * v + Fraction(1, 4)),
    "raw atan2": lambda u, v: u.call("atan2", v),
    "powr": lambda u, v: (u * u + Fraction(1, 3)).call("powr", v.call("sin")),
    "raw powr": lambda u, v: u.call("powr", v),
    "share": lambda u, v: u.call("sin").call("exp") / (u.call("sin").call("exp") + v.call("cos").call("exp")),
}
KINKED = ("abs", "min", "max", "log1p", "raw cbrt", "raw hypot")


def random_problem(seed: int, *, depth: int = 5, variables: str = "x y", smooth: bool = False) -> tuple[Expression, Box]:
    """An expression and a box on which it is defined; the same for the same seed."""
    random = Random(seed)
    while True:
        leaves = inputs(variables)
        expression = _random(random, leaves, depth, smooth).done()
        box = {name: _side(random) for name in variables.split()}
        if not expression.variables or len(expression.nodes) > 40:
            continue
        try:
            check_domain(expression, box)
        except DomainError:
            continue
        return expression, {name: box[name] for name in expression.variables}


def _side(random: Random) -> Interval:
    centre = Fraction(random.randint(-300, 300), 100)
    width = Fraction(random.randint(1, 200), random.choice([100, 10_000]))
    return Interval(centre, centre + width)


def _random(random: Random, leaves: list[Formula], depth: int, smooth: bool) -> Formula:
    if depth == 0 or random.random() < 0.1:
        leaf = random.choice(leaves)
        if random.random() < 0.2:
            return (
                leaf * 0 + Fraction(random.randint(-30, 30), 10) if random.random() < 0.1 else leaf + Fraction(random.randint(-30, 30), 10)
            )
        return leaf
    if random.random() < 0.5:
        names = [name for name in UNARY if not (smooth and name in KINKED)]
        return UNARY[random.choice(names)](_random(random, leaves, depth - 1, smooth))
    names = [name for name in BINARY if not (smooth and name in KINKED)]
    first = _random(random, leaves, depth - 1, smooth)
    return BINARY[random.choice(names)](first, _random(random, leaves, depth - 2 if depth > 1 else 0, smooth))
