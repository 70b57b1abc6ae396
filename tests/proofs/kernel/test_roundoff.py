"""The rounding analysis of S1 against every run of small programs, and both sides of each of its rules."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from suffice.proofs.formatdata import format_from_json

from .documents import Json, floating, integers
from .exhaustion import PRECISION, Programmed, faults, worst

sys.path.insert(0, str(Path(__file__).parents[2]))
from oracle.rounding import round_real, to_fraction  # isort: skip

MODES = ("nearest_even", "nearest_away", "toward_zero", "up", "down")
BINARY = ("add", "sub", "mul", "div", "min", "max")
UNARY = ("neg", "abs", "cast", "sqrt", "pow")


def random_format(rng: Random) -> Json:
    if rng.random() < 0.1:
        scale = rng.choice(["1/16", "3/32", "1/4"])
        return integers(scale, rng.choice([0, 5]), qmin=-32, qmax=31, rounding=rng.choice(MODES))
    emin = rng.randint(-6, 0)
    return floating(
        rng.randint(2, 6),
        emin,
        emin + rng.randint(3, 12),
        rounding=rng.choice(MODES[:2] * 3 + MODES),
        subnormals=rng.choice(["kept", "kept", "flushed"]),
        overflow=rng.choice(["infinity", "saturate"]),
    )


def random_program(seed: int) -> Programmed:
    """Up to eight operations on one or two inputs, formats mixed, constants and comparisons among them."""
    rng = Random(seed)
    palette = [random_format(rng) for _ in range(rng.choice([1, 1, 2, 3]))]
    names = ("x", "y")[: rng.choice([1, 1, 2])]
    nodes: list[Json] = [["var", name] for name in names]
    nodes.append(["const", str(Fraction(rng.randint(-24, 24) or 1, rng.choice([1, 2, 3, 4, 8])))])
    numbers = list(range(len(nodes)))
    truths: list[int] = []
    for _ in range(rng.randint(1, 8)):
        kind = rng.random()
        if kind < 0.5:
            node: Json = [rng.choice(BINARY), rng.choice(numbers), rng.choice(numbers)]
        elif kind < 0.75:
            op = rng.choice(UNARY)
            node = [op, rng.choice(numbers), *([rng.choice([-1, 0, 1, 2, 3])] if op == "pow" else [])]
        elif kind < 0.82:
            node = ["fma", *(rng.choice(numbers) for _ in range(3))]
        elif truths and kind < 0.95:
            node = ["if", rng.choice(truths), rng.choice(numbers), rng.choice(numbers)]
        else:
            nodes.append([rng.choice(["lt", "le", "eq"]), rng.choice(numbers), rng.choice(numbers)])
            truths.append(len(nodes) - 1)
            continue
        nodes.append(node)
        numbers.append(len(nodes) - 1)
    _use_all(rng, nodes, numbers, truths)
    leaf = {}
    for name in names:
        lo = Fraction(rng.randint(-64, 64), rng.choice([1, 4, 16, 24]))
        leaf[name] = (lo, lo + Fraction(rng.randint(0, 24), rng.choice([4, 16, 64]) * len(names) ** 2))
    return Programmed(
        nodes=nodes,
        formats=[rng.choice(palette) for _ in nodes],
        inputs={name: rng.choice(palette) for name in names},
        leaf=leaf,
        representable=rng.random() < 0.3,
    )


def _use_all(rng: Random, nodes: list[Json], numbers: list[int], truths: list[int]) -> None:
    """Go on until the last node uses, on the way, all others."""
    used = {a for node in nodes if node[0] not in ("const", "var") for a in (node[1:2] if node[0] == "pow" else node[1:])}
    loose = [k for k in numbers if k not in used]
    for k in truths:
        if k not in used:
            nodes.append(["if", k, loose.pop(0) if loose else rng.choice(numbers), rng.choice(numbers)])
            loose.append(len(nodes) - 1)
    while len(loose) > 1:
        nodes.append([rng.choice(["add", "sub", "max"]), loose.pop(0), loose.pop(0)])
        loose.append(len(nodes) - 1)


@pytest.mark.parametrize("batch", range(12))
def test_every_run_keeps_to_the_analysis(batch: int) -> None:
    for seed in range(50 * batch, 50 * batch + 50):
        case = random_program(seed)
        assert faults(case) == [], (seed, case)


ROOM = floating(3, -12, 20)
"""Three digits, no subnormals in sight."""
X: Json = ["var", "x"]


def program(nodes: Json, formats: Json | list[Json], source: Json = ROOM, **leaf: tuple[str, str]) -> Programmed:
    """A program in one format or one for each node, on a leaf with ends given as text."""
    steps = formats if isinstance(formats, list) else [formats] * len(nodes)
    ends = {name: (Fraction(lo), Fraction(hi)) for name, (lo, hi) in leaf.items()}
    return Programmed(nodes, steps, dict.fromkeys(leaf, source), ends)


def bound(case: Programmed) -> Fraction:
    """The bound of the last node's error; what the analysis says is true of every run."""
    assert faults(case) == []
    error = case.analysis()[1][-1]
    assert error is not None
    return error


def is_attained(case: Programmed) -> bool:
    """Whether a run has the error that bounds the last node, which is not 0."""
    return 0 < worst(case)[-1] <= bound(case) <= worst(case)[-1] + Fraction(1, 2**60)


@pytest.mark.parametrize(("by", "is_exact"), [("1", True), ("3/4", True), ("5/8", False), ("-1/4", False)])
def test_rule_2_by_granule(by: str, is_exact: bool) -> None:
    """x in [1, 2] is a multiple of 1/4: differences up to 2 are exact, of a multiple of 1/4 to a multiple of 1/4."""
    case = program([X, ["const", by], ["sub", 0, 1]], ROOM, x=("1", "2"))
    assert is_attained(case) is not is_exact
    assert (bound(case) == 0) is is_exact


@pytest.mark.parametrize(("emin", "is_exact"), [(-2, True), (-1, False)])
def test_rule_2_ends_at_the_least_spacing(emin: int, is_exact: bool) -> None:
    """x / 4 with x in [1, 2] is a multiple of 1/16; the least spacing is 2^(emin - 2)."""
    case = program([X, ["const", "1/4"], ["mul", 0, 1]], [ROOM, ROOM, floating(3, emin, 6)], x=("1", "2"))
    assert (bound(case) == 0) is is_exact
    assert is_attained(case) is not is_exact


@pytest.mark.parametrize(
    ("node", "is_exact"), [(["mul", 0, 1], True), (["div", 0, 1], True), (["mul", 0, 2], False), (["add", 0, 0], True)]
)  # fmt: skip
def test_rule_2_by_digits(node: Json, is_exact: bool) -> None:
    """Powers of two scale exactly over many binades, where the granule alone says nothing."""
    constants: list[Json] = [["const", "-8"], ["const", "3"]]
    nodes = [X, *constants, node, ["min", 1, 2], ["max", 3, 4]]
    case = program(nodes, ROOM, x=("1/3", "50"))
    assert faults(case) == []
    errors = case.analysis()[1]
    assert (errors[3] == 0) is is_exact
    assert (worst(case)[3] == 0) is is_exact


def test_rule_2_with_flushed_subnormals() -> None:
    """x - 1 is a multiple of 1/8 or of 1/4, and flushed below 1/4; from 1/4 on it is not."""
    flushed = floating(3, -2, 6, subnormals="flushed")
    fine, steps = floating(4, -12, 20), [ROOM, ROOM, flushed]
    assert is_attained(program([X, ["const", "1"], ["sub", 0, 1]], [fine, ROOM, flushed], fine, x=("1", "9/8")))
    assert bound(program([X, ["const", "1"], ["sub", 0, 1]], steps, x=("1", "3/2"))) == 0
    assert bound(program([X, ["const", "3/4"], ["sub", 0, 1]], [fine, ROOM, flushed], fine, x=("1", "9/8"))) == 0


@pytest.mark.parametrize(
    ("mode", "op", "is_held"),
    [
        ("nearest_even", "add", True), ("nearest_away", "sub", True), ("nearest_even", "fma", True),
        ("up", "add", False), ("down", "sub", False), ("toward_zero", "sub", False), ("up", "fma", False),
    ],
)  # fmt: skip
def test_rule_4_in_nearest_modes_alone(mode: str, op: str, is_held: bool) -> None:
    """x + y with x in the format has an error of at most |y| in nearest modes; in directed ones of nearly a spacing."""
    nodes = [X, ["var", "y"], ["const", "1"], ["fma", 1, 2, 0] if op == "fma" else [op, 0, 1], ["max", 3, 2]]
    case = program(nodes, ROOM | {"rounding": mode}, x=("16", "20"), y=("1/100", "1/50"))
    assert faults(case) == []
    error = case.analysis()[1][3]
    assert error is not None
    assert (error <= Fraction(1, 32)) is is_held
    assert (worst(case)[3] <= Fraction(1, 32)) is is_held


def test_rule_4_needs_an_operand_that_is_held_and_subnormals() -> None:
    """17 is not held in three digits; 1 is held where 1 - 1/4 is flushed."""
    flushed = floating(3, 0, 6, subnormals="flushed")
    wide = floating(6, -12, 20)
    unheld = program([X, ["const", "1/64"], ["add", 0, 1]], [wide, wide, ROOM], wide, x=("17", "17"))
    below = program([X, ["const", "-1/4"], ["add", 0, 1]], [flushed, ROOM, flushed], flushed, x=("1", "1"))
    for case in (unheld, below):
        assert worst(case)[-1] > Fraction(1, 4)
        assert bound(case) >= worst(case)[-1]


@pytest.mark.parametrize(
    ("mode", "lo", "hi", "expected"),
    [
        ("nearest_even", "9/10", "65/64", "1/16"), ("nearest_even", "9/10", "11/10", "1/10"), ("nearest_even", "9/10", "29/25", "1/8"),
        ("toward_zero", "9/10", "6/5", "1/5"), ("toward_zero", "9/10", "5/4", "1/4"), ("up", "-6/5", "-9/10", "1/5"),
        ("nearest_even", "9/10", "1", "1/16"), ("toward_zero", "9/10", "1", "1/8"), ("up", "9/10", "65/64", "1/4"),
    ],
)  # fmt: skip
def test_rule_5_beside_a_power_of_two(mode: str, lo: str, hi: str, expected: str) -> None:
    """With three digits the spacing is 1/8 below 1 and 1/4 above; what rounds to 1 from above moves by what it exceeds 1."""
    case = program([X], ROOM, ROOM | {"rounding": mode}, x=(lo, hi))
    assert faults(case) == []
    assert abs(bound(case) - Fraction(expected)) <= Fraction(1, 2**60)


@pytest.mark.parametrize("op", ["mul", "sub", "div", "fma"])
def test_rule_1_on_one_operand(op: str) -> None:
    """a a is not negative, a - a is 0, a / a is 1."""
    leaf = {"x": ("1/3", "3/2") if op == "div" else ("-1", "3/2")}
    nodes = [X, ["const", "0"], ["fma", 0, 0, 1] if op == "fma" else [op, 0, 0], ["max", 1, 2]]
    case = program(nodes, ROOM, **leaf)
    assert faults(case) == []
    held = case.analysis()[0][2]
    assert held.lo == (1 << PRECISION if op == "div" else 0)
    assert (held.hi == held.lo) is (op in ("sub", "div"))


def spacing(fmt: Json, x: Fraction) -> Fraction:
    """2^(max(e, emin) - p + 1) with 2^e <= |x| < 2^(e+1)."""
    e = next((e for e in range(40, fmt["emin"], -1) if abs(x) >= Fraction(2) ** e), fmt["emin"])
    return Fraction(2) ** (e - fmt["p"] + 1)


@pytest.mark.parametrize("ulps", ["1/2", "1", "5/2"])
@pytest.mark.parametrize(("lo", "hi"), [("1", "2"), ("1/3", "50"), ("-2", "9/4"), ("1/200", "1/16")])
@pytest.mark.parametrize(("subnormals", "mode"), [("kept", "nearest_even"), ("flushed", "nearest_even"), ("kept", "up")])
def test_rule_8_covers_every_implementation(subnormals: str, mode: str, lo: str, hi: str, ulps: str) -> None:
    """x^2, a rational whose exponent is known, by any number of the format that keeps the accuracy."""
    fmt = floating(3, -8, 20, subnormals=subnormals, rounding=mode)
    case = replace(program([X, ["pow", 0, 2]], fmt, fmt, x=(lo, hi)), accuracy={"pow": Fraction(ulps)})
    held, errors = case.analysis()
    claim, error = held[1], errors[1]
    assert error is not None
    assert faults(case) == []
    farthest = Fraction(0)
    for trace in case.runs():
        exact = trace[1][1]
        assert exact is not None
        unit = spacing(fmt, exact)
        for k in range(-64, 65):
            number = to_fraction(round_real(exact + unit * Fraction(ulps) * k / 64, format_from_json(fmt, "format")))
            assert number is not None
            if abs(number - exact) <= unit * Fraction(ulps) or number == to_fraction(trace[1][0]):
                farthest = max(farthest, abs(number - exact))
                assert claim.lo <= number * 2**PRECISION <= claim.hi
                assert (number / Fraction(2) ** claim.granule).denominator == 1
    assert farthest <= error <= 4 * Fraction(ulps) * farthest + Fraction(2) ** (fmt["emin"] + 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("divisor", "part"), [("3", 3), ("-5", 5), ("6", 3), ("7/4", 7), ("20", 5), ("4", None)])
def test_rule_10_of_quotients(mode: str, divisor: str, part: int | None) -> None:
    """x in [1, 2] is a multiple of 1/4 (three digits), as is the spacing of the quotient by 1: thirds, fifths, ... keep away from ties."""
    fine = floating(3, -12, 20, rounding=mode)
    case = program([X, ["const", divisor], ["div", 0, 1]], [ROOM, ROOM, fine], x=("1", "2"))
    if part is None:
        assert bound(case) == 0
        return
    largest = 2 / abs(Fraction(divisor))
    spacing_there = spacing(fine, largest if largest != spacing(fine, largest) * 4 else largest / 2)
    usual = spacing_there / 2 if mode.startswith("nearest") else spacing_there
    assert usual / 4 < worst(case)[-1] <= bound(case) <= usual * (part - 1) / part + Fraction(1, 2**60)


def test_rule_10_needs_a_coarse_dividend_and_subnormals() -> None:
    """With more digits in the dividend than in the quotient, or flushed results, a quotient by 3 comes as near to a tie as any other."""
    rich = floating(6, -12, 20)
    case = program([X, ["const", "3"], ["div", 0, 1]], [rich, rich, ROOM], rich, x=("1", "2"))
    assert worst(case)[-1] > Fraction(1, 16) * 2 / 3
    assert bound(case) == Fraction(1, 16)
    flushed = floating(3, 0, 20, subnormals="flushed")
    case = program([X, ["const", "3"], ["div", 0, 1]], [ROOM, ROOM, flushed], x=("1", "2"))
    assert worst(case)[-1] > Fraction(1, 16)
