"""Both sides of every domain: proved where it holds, refuted by a point where it does not, and said so where neither was shown."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from suffice.encodings.enclosures.domain import check_domain
from suffice.encodings.problem import Box
from suffice.errors import DomainError
from tests.encodings.formula import Formula, box, inputs

Case = tuple[Callable[[Formula, Formula], Formula], Box]

DEFINED: dict[str, Case] = {
    "divisor positive": (lambda x, y: x / (y + 2), box(x=(-1, 1), y=("-3/2", 5))),
    "divisor negative": (lambda x, y: x / (y - 6), box(x=(-1, 1), y=("-3/2", 5))),
    "divisor needs subdivision": (lambda x, y: y / (x * x - x + "3/10"), box(x=(-2, 2), y=(0, 1))),
    "divisor a sum of squares": (lambda x, y: 1 / (x**2 + y**2), box(x=(1, 2), y=(-1, 1))),
    "divisor changes at the border only of a larger box": (lambda x, y: y / (x - "1/3"), box(x=("1/2", 1), y=(0, 1))),
    "log": (lambda x, y: (x + y).call("log"), box(x=("1/1000", 1), y=(0, 1))),
    "log1p": (lambda x, y: (x * y).call("log1p"), box(x=("-999/1000", 1), y=(0, 1))),
    "sqrt at zero": (lambda x, _: x.call("sqrt"), box(x=(0, 1))),
    "sqrt of a square": (lambda x, _: (x * x).call("sqrt"), box(x=(-1, "1/3"))),
    "sqrt of an even power": (lambda x, _: ((x - "1/3") ** 4).call("sqrt"), box(x=(-1, "7/9"))),
    "half circle": (lambda x, _: (1 - x * x).call("sqrt"), box(x=(-1, 1))),
    "half circle with thirds": (lambda x, _: (1 - 9 * x**2).call("sqrt"), box(x=("-1/3", "1/3"))),
    "ball": (lambda x, y: (2 - x * x - y * y).call("sqrt"), box(x=(-1, 1), y=(-1, 1))),
    "asin at its ends": (lambda x, _: x.call("asin") + x.call("acos"), box(x=(-1, 1))),
    "asin of a wave": (lambda x, _: (x * 3).call("sin").call("asin"), box(x=(-10, 10))),
    "asin of a hump": (lambda x, _: (4 * x * (1 - x)).call("asin"), box(x=(0, 1))),
    "acos of tanh": (lambda x, _: x.call("tanh").call("acos"), box(x=(-100, 100))),
    "tan": (lambda x, _: x.call("tan"), box(x=("-157/100", "157/100"))),
    "tan in a later period": (lambda x, _: x.call("tan"), box(x=("158/100", "471/100"))),
    "negative power": (lambda x, _: x**-3, box(x=(-2, "-1/100"))),
    "sqrt touching zero inside a sum": (lambda x, _: (x.call("exp") - 1).call("sqrt"), box(x=(0, 1))),
    "nested": (lambda x, y: (1 + (x / (2 + y)).call("log1p")).call("log"), box(x=("-1/2", 1), y=(0, 1))),
}


@pytest.mark.parametrize("name", DEFINED)
def test_defined(name: str) -> None:
    formula, sides = DEFINED[name]
    x, y = inputs("x y")
    expression = formula(x, y).done()
    check_domain(expression, {variable: sides[variable] for variable in expression.variables})


UNDEFINED: dict[str, tuple[Callable[[Formula, Formula], Formula], Box, str]] = {
    "zero corner": (lambda x, y: y / x, box(x=(0, 1), y=(0, 1)), "the divisor x is zero at x = 0;"),
    "zero inside": (lambda x, _: 1 / x, box(x=(-3, 1)), "the divisor x is zero at x = 0;"),
    "changes sign": (lambda x, _: 1 / (x**2 - 2), box(x=(1, 2)), "the divisor x^2 - 2 changes sign between x = 1 and x = 2;"),
    "touches": (lambda x, _: 1 / (x**2 - 2 * x + 1), box(x=(0, 3)), "is zero at x = 1;"),
    "touches at a third": (lambda x, _: 1 / (x - "1/3") ** 2, box(x=(0, 3)), "is zero at x = 1/3;"),
    "deep dip": (lambda x, _: 1 / ((x - "7/10") ** 2 - "1/10000"), box(x=(0, 3)), "changes sign between"),
    "two inputs": (lambda x, y: 1 / (x - y - "1/2"), box(x=(0, 1), y=(0, 1)), "changes sign between"),
    "log of zero": (lambda x, _: x.call("log"), box(x=(0, 1)), "log is not defined: its operand x is 0 at x = 0;"),
    "log of minus": (lambda x, _: (x - 1).call("log"), box(x=("1/2", 3)), "log is not defined: its operand x - 1 is -1/2 at x = 1/2;"),
    "log1p": (lambda x, _: x.call("log1p"), box(x=(-1, 3)), "log1p is not defined: its operand x is -1 at x = -1;"),
    "sqrt": (lambda x, _: x.call("sqrt"), box(x=("-1/1000000", 3)), "sqrt is not defined: its operand x is"),
    "sqrt inside": (lambda x, _: ((x - "3/10") ** 2 - "1/1000000").call("sqrt"), box(x=(0, 1)), "sqrt is not defined"),
    "sqrt of exp": (lambda x, _: (1 - x.call("exp")).call("sqrt"), box(x=(0, 1)), "sqrt is not defined"),
    "asin": (lambda x, _: x.call("asin"), box(x=(0, "1000001/1000000")), "asin is not defined: its operand x is 1000001/1000000"),
    "acos": (lambda x, _: x.call("acos"), box(x=(-2, 0)), "acos is not defined: its operand x is -2 at x = -2;"),
    "tan": (lambda x, _: x.call("tan"), box(x=(0, 2)), "tan has a pole: cos(x) changes sign between x = 0 and x = 2;"),
    "power": (lambda x, _: x**-2, box(x=(-1, 1)), "pow is not defined: its operand x is 0 at x = 0;"),
    "log2": (lambda x, _: x.call("log2"), box(x=(0, 1)), "log2 is not defined: its operand x is 0 at x = 0;"),
    "log10": (lambda x, _: x.call("log10"), box(x=(-1, 1)), "log10 is not defined: its operand x is 0 at x = 0;"),
    "acosh": (lambda x, _: x.call("acosh"), box(x=("1/2", 3)), "acosh is not defined: its operand x is 1/2 at x = 1/2;"),
    "atanh": (lambda x, _: x.call("atanh"), box(x=(0, 1)), "atanh is not defined: its operand x is 1 at x = 1;"),
    "atan2": (lambda x, y: y.call("atan2", x), box(x=(-1, 2), y=(-1, 1)), "atan2 is not defined: its operand x is 0 at x = 0, y = 0;"),
    "powr": (lambda x, y: x.call("powr", y), box(x=(-1, 2), y=(-1, 1)), "powr is not defined: its operand x is 0 at x = 0;"),
    "constant": (lambda x, _: x + 1 / (x * 0), box(x=(1, 2)), "the divisor x*0 is zero"),
    "first of two": (lambda x, _: x.call("log").call("log"), box(x=(1, 2)), "log is not defined: its operand log(x) is 0 at x = 1;"),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_undefined(name: str) -> None:
    formula, sides, message = UNDEFINED[name]
    x, y = inputs("x y")
    expression = formula(x, y).done()
    with pytest.raises(DomainError, match=re.escape(message)) as caught:
        check_domain(expression, sides)
    assert "\n" not in str(caught.value) and "shrink the box" in str(caught.value)


def test_what_cannot_be_shown_is_refused_and_says_so() -> None:
    (x,) = inputs("x")
    touching = (1 + (x * 1).call("cos")).call("log").done()
    with pytest.raises(DomainError, match=r"log of 1 \+ cos\(x\*1\) could not be shown to be defined on the whole box"):
        check_domain(touching, box(x=(3, 4)))
