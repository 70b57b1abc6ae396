"""Operations on values and runs: IEEE special cases against NumPy, correct rounding against mpmath, and programs against the oracle."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from suffice.encodings.expression import Node as TheirNode
from suffice.encodings.operations import Op
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import LeafFailure
from suffice.proofs.kernel.formats import Exact, Float, Value
from suffice.proofs.kernel.question import Node, Program
from suffice.proofs.kernel.run import run

from .asking import SHAPES, both, definite_formats, named, reals, unnamed
from .documents import E4M3, FP16, FP32, a_run, certificate, derived, floating, formats, problem, report

from oracle.runs import apply  # isort: skip

FP64 = floating(53, -1022, 1023)
FUNCTIONS = ("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
             "exp2", "log2", "log10", "cbrt", "asinh", "acosh", "atanh")  # fmt: skip
SPECIAL: tuple[Value, ...] = (Fraction(0), "-0", "+inf", "-inf", "nan")
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "min": np.minimum, "max": np.maximum,
}  # fmt: skip
UNARY: dict[str, Callable[[Any], Any]] = {"neg": operator.neg, "abs": abs, "sqrt": np.sqrt}


def once(op: str, fmt: Any, *args: Value, payload: int | None = None) -> Value:
    """One operation, on operands that are already in the format."""
    ours, _ = both(fmt)
    inputs = tuple(Node("var", (), f"x{k}") for k in range(len(args)))
    nodes = (*inputs, Node(op, tuple(range(len(args))), payload))
    return run(nodes, Program({}, (ours,) * len(nodes), ours), {f"x{k}": value for k, value in enumerate(args)}, Budget())


def to_numpy(value: Value, dtype: type) -> Any:
    return dtype(value.replace("+", "")) if isinstance(value, str) else dtype(float(value))


def from_numpy(x: Any) -> Value:
    if np.isnan(x):
        return "nan"
    if np.isinf(x):
        return "+inf" if x > 0 else "-inf"
    return "-0" if x == 0 and np.signbit(x) else Fraction(float(x))


@pytest.mark.parametrize(("fmt", "dtype"), [(FP16, np.float16), (FP32, np.float32), (FP64, np.float64)])
@pytest.mark.parametrize("op", [*BINARY, *UNARY])
def test_arithmetic_is_that_of_numpy(op: str, fmt: Any, dtype: type) -> None:
    ours, _ = both(fmt)
    assert isinstance(ours, Float)
    rng = Random(op)
    large = ours.max_finite
    tiny = Fraction(2) ** (ours.emin - ours.p + 1)
    ordinary: list[Value] = [Fraction(1), Fraction(-1), Fraction(3, 2), large, -large, Fraction(2) ** ours.emin, tiny, -tiny]
    ordinary += [ours.round(Fraction(rng.randint(-999, 999), rng.randint(1, 99)) * Fraction(2) ** rng.randint(-14, 14)) for _ in range(14)]
    values = [*SPECIAL, *ordinary]
    with np.errstate(all="ignore"):
        if op in UNARY:
            for a in values:
                assert once(op, fmt, a) == from_numpy(UNARY[op](to_numpy(a, dtype))), a
            return
        for a, b in product(values, values):
            if op in ("min", "max") and {a, b} <= {Fraction(0), "-0"} and a != b:
                assert once(op, fmt, a, b) == ("-0" if op == "min" else Fraction(0))
            else:
                assert once(op, fmt, a, b) == from_numpy(BINARY[op](to_numpy(a, dtype), to_numpy(b, dtype))), (a, b)


@pytest.mark.parametrize("op", FUNCTIONS)
@pytest.mark.parametrize("name", ["fp16", "e4m3", "p = 1", "fp32", "all below one"])
def test_functions_are_correctly_rounded(op: str, name: str) -> None:
    rng = Random(f"{op} {name}")
    for mode in ("nearest_even", "up", "down"):
        fmt = SHAPES[name] | {"rounding": mode}
        ours, theirs = both(fmt)
        arguments = [ours.round(r) for r in rng.sample(reals(ours, rng, 60), 25)] + [ours.round(Fraction(k, 8)) for k in range(-9, 10)]
        held = [x for x in SPECIAL if isinstance(x, Fraction) or ours.round_special(x) == x]
        for x in [*held, *arguments]:
            expected = apply(TheirNode(Op(op), (0,)), [unnamed(x)], theirs)
            assert once(op, fmt, x) == named(expected), (mode, x)


@pytest.mark.parametrize("op", FUNCTIONS)
def test_special_arguments_are_those_of_numpy(op: str) -> None:
    function = getattr(np, {"a" + name: "arc" + name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}.get(op, op))
    with np.errstate(all="ignore"):
        for x in (*SPECIAL, Fraction(1), Fraction(-1), Fraction(-2)):
            theirs = from_numpy(np.float16(function(to_numpy(x, np.float64))))
            assert once(op, FP16, x) == theirs, x


@pytest.mark.parametrize("n", [0, 1, 2, 3, -1, -2, -3, 7])
def test_powers(n: int) -> None:
    with np.errstate(all="ignore"):
        for x in (*SPECIAL, Fraction(3), Fraction(-3), Fraction(1, 2)):
            expected = from_numpy(np.float16(np.float64(to_numpy(x, np.float64)) ** float(n)))
            assert once("pow", FP16, x, payload=n) == expected, (x, n)


@pytest.mark.parametrize("name", definite_formats())
def test_programs_are_those_of_the_oracle(name: str) -> None:
    fmt = definite_formats()[name]
    ours, theirs = both(fmt)
    rng = Random(name)
    for _ in range(40):
        args = [ours.round(r) for r in rng.sample(reals(ours, rng, 30), 3)]
        for op, count in [("add", 2), ("sub", 2), ("mul", 2), ("div", 2), ("fma", 3), ("min", 2), ("max", 2), ("neg", 1), ("abs", 1)]:
            expected = apply(TheirNode(Op(op), tuple(range(count))), [unnamed(a) for a in args[:count]], theirs)
            assert once(op, fmt, *args[:count]) == named(expected), (op, args)
        n = rng.choice([-3, -1, 0, 2, 3])
        assert once("pow", fmt, args[0], payload=n) == named(apply(TheirNode(Op.POW, (0,), n), [unnamed(args[0])], theirs)), (n, args)


def test_exact_programs_decide_their_only_rounding() -> None:
    half, _ = both(FP16)
    nodes = (Node("var", (), "x"), Node("exp", (0,)), Node("log", (1,)), Node("sub", (2, 0)))
    with pytest.raises(LeafFailure, match="could not be decided"):
        run(nodes, Program({}, (Exact(),) * 4, half), {"x": Fraction(1, 3)}, Budget())
    assert run(nodes[:2], Program({}, (Exact(),) * 2, half), {"x": Fraction(1)}, Budget()) == Fraction(1392, 512)


def test_a_wide_enclosure_with_overflow_on_both_sides_proves_no_nan() -> None:
    """(sin x - sin x) 2^200 is zero, though at low precision its enclosure reaches beyond the largest number on both sides."""
    nodes = [["var", "x"], ["sin", 0], ["sub", 1, 1], ["const", str(1 << 200)], ["mul", 2, 3]]
    question, fmts = problem(nodes, {"x": ["1/2", "1"]}, absolute="1"), formats(E4M3, compute={"kind": "exact"})
    with pytest.raises(LeafFailure, match="could not be decided"):
        derived(question, fmts, "witness_error", a_run(x="1/2", precision=4096))
    forged = certificate(problem([["var", "x"], ["exp", 0]], {"x": ["6", "8"]}, absolute="1"), formats(E4M3), witness_error=a_run(x="7"))
    forged["problem"], forged["formats"] = question, fmts
    forged["claims"][0]["evidence"] = a_run(x="1/2", precision=4096)
    assert report(forged).status == "rejected"
