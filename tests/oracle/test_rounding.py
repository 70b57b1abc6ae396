"""The oracle's rounding, numbers, cells and runs, against gfloat, NumPy, Arb and their own definitions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, product
from random import Random

import gfloat
import numpy as np
import pytest
from flint import arb, ctx, fmpq
from gfloat import formats as published

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import OPERATIONS, Op
from suffice.hardware_specs.format import FloatFormat, IntFormat, Overflow, Rounding, Subnormals

from . import runs
from .enclosures import SMOOTH
from .fastruns import from_float, is_supported, run_all, to_float
from .rounding import SPECIAL, Value, cells, convert, neighbours, numbers, round_real
from .runs import apply, run_codes


def _float(p: int, emin: int, max_finite: float, overflow: Overflow = Overflow.INFINITY) -> FloatFormat:
    return FloatFormat(
        p=p,
        emin=emin,
        emax=math.frexp(max_finite)[1] - 1,
        max_finite=Fraction(max_finite),
        infinities=overflow is Overflow.INFINITY,
        overflow=overflow,
    )


FORMATS = {
    "binary16": (_float(11, -14, 65504.0), False),
    "bfloat16": (_float(8, -126, float.fromhex("0x1.fep127")), False),
    "ocp_e5m2": (_float(3, -14, 57344.0), False),
    "ocp_e4m3": (_float(4, -6, 448.0, Overflow.NAN), False),
    "ocp_e3m2": (_float(3, -2, 28.0, Overflow.SATURATE), True),
    "ocp_e2m3": (_float(4, 0, 7.5, Overflow.SATURATE), True),
    "ocp_e2m1": (_float(2, 0, 6.0, Overflow.SATURATE), True),
}

MODES = {
    Rounding.NEAREST_EVEN: gfloat.RoundMode.TiesToEven,
    Rounding.NEAREST_AWAY: gfloat.RoundMode.TiesToAway,
    Rounding.TOWARD_ZERO: gfloat.RoundMode.TowardZero,
    Rounding.UP: gfloat.RoundMode.TowardPositive,
    Rounding.DOWN: gfloat.RoundMode.TowardNegative,
}


def _moded(fmt: FloatFormat, mode: Rounding) -> FloatFormat:
    return FloatFormat(
        p=fmt.p, emin=fmt.emin, emax=fmt.emax, max_finite=fmt.max_finite, infinities=fmt.infinities, overflow=fmt.overflow, rounding=mode
    )


@pytest.mark.parametrize("name", FORMATS)
def test_numbers_are_those_gfloat_decodes(name: str) -> None:
    fmt, info = FORMATS[name][0], getattr(published, f"format_info_{name}")
    decoded = {Fraction(v) for code in range(1 << info.bits) if math.isfinite(v := gfloat.decode_float(info, code).fval)}
    assert numbers(fmt, -fmt.max_finite, fmt.max_finite) == sorted(decoded)


@pytest.mark.parametrize(("name", "mode"), list(product(FORMATS, MODES)))
def test_rounding_is_that_of_gfloat(name: str, mode: Rounding) -> None:
    (fmt, saturates), info = FORMATS[name], getattr(published, f"format_info_{name}")
    fmt = _moded(fmt, mode)
    finite = numbers(fmt, -2 * fmt.max_finite, 2 * fmt.max_finite)
    step = max(1, len(finite) // 300)
    chosen = [*finite[::step], *finite[-3:], *finite[:3], *neighbours(fmt, Fraction(1, 10**60)), -neighbours(fmt, Fraction(1, 10**60))[1]]
    points = {x * f for x in chosen for f in (Fraction(1), Fraction(1025, 1024), Fraction(4097, 4096))}
    points |= {(a + b) / 2 for a, b in zip(finite[::step], finite[1::step], strict=False)}
    points |= {fmt.max_finite * s * Fraction(k, 64) for k in range(60, 140) for s in (1, -1)}
    for point in points:
        x = float(point)
        got, want = round_real(Fraction(x), fmt), gfloat.round_float(info, x, MODES[mode], sat=saturates)
        assert got == from_float(want), (x, got, want)


VARIATIONS = [
    FloatFormat(
        p=p,
        emin=emin,
        emax=emax,
        max_finite=top,
        infinities=overflow is Overflow.INFINITY,
        negative_zero=negative_zero,
        subnormals=subnormals,
        rounding=mode,
        overflow=overflow,
    )
    for (p, emin, emax, top), overflow, negative_zero, subnormals, mode in product(
        [(3, -3, 3, Fraction(12)), (1, -2, 3, Fraction(8))], Overflow, (True, False), Subnormals, Rounding
    )
] + [IntFormat(qmin=-8, qmax=7, scale=Fraction(3, 7), zero=zero, rounding=mode) for zero in (0, 3, -20) for mode in Rounding]


@pytest.mark.parametrize("fmt", VARIATIONS)
def test_cells_partition_the_box_and_hold_what_rounds_to_their_code(fmt: FloatFormat | IntFormat) -> None:
    lo, hi = Fraction(-31), Fraction(61, 2)
    found = cells(fmt, lo, hi)
    pieces = sorted((p for parts in found.values() for p in parts), key=lambda p: (p.lo, p.hi))
    assert pieces[0].lo == lo and pieces[-1].hi == hi and pieces[0].lo_closed and pieces[-1].hi_closed
    for a, b in pairwise(pieces):
        assert a.hi == b.lo and a.hi_closed != b.lo_closed
    places = {Fraction(k, 112) for k in range(-31 * 112, 61 * 56 + 1)} | {s * Fraction(1, 10**k) for k in range(1, 9) for s in (1, -1)}
    for place in places:
        code = round_real(place, fmt)
        held = [p for p in found[code] if p.lo <= place <= p.hi and (p.lo < place or p.lo_closed) and (place < p.hi or p.hi_closed)]
        assert len(held) == 1, (place, code)


def test_neighbours_are_found_by_search_too() -> None:
    for fmt in VARIATIONS:
        finite = numbers(fmt, Fraction(-100), Fraction(100))
        for k in range(-130, 131):
            r = Fraction(k, 9)
            wanted = {max([v for v in finite if v <= r], default=finite[0]), min([v for v in finite if v >= r], default=finite[-1])}
            assert set(neighbours(fmt, r)) == wanted, (fmt, r)


def test_arithmetic_on_all_special_and_many_other_values_is_that_of_numpy() -> None:
    fmt, rng = FORMATS["binary16"][0], Random(1)
    patterns = [0, 1, 0x3FF, 0x400, 0x3C00, 0x3C01, 0x7BFF, 0x7C00, 0x7E00, *(rng.getrandbits(15) for _ in range(40))]
    patterns = [p & 0x7FFF if p & 0x7FFF <= 0x7C00 else 0x7E00 for p in patterns]
    halves = np.array([p | sign for p in patterns for sign in (0, 0x8000)], dtype=np.uint16).view(np.float16)
    operations = {Op.ADD: np.add, Op.SUB: np.subtract, Op.MUL: np.multiply, Op.DIV: np.divide}
    with np.errstate(all="ignore"):
        for (op, ufunc), a, b in product(operations.items(), halves, halves):
            got = apply(Node(op, (0, 1)), [from_float(float(a)), from_float(float(b))], fmt)
            assert got == from_float(float(ufunc(a, b))), (op, a, b)
        for a in halves:
            assert apply(Node(Op.SQRT, (0,)), [from_float(float(a))], fmt) == from_float(float(np.sqrt(a)))


@pytest.mark.parametrize("mode", Rounding)
def test_the_sign_of_an_exact_zero_sum(mode: Rounding) -> None:
    fmt, one, zero = _moded(FORMATS["binary16"][0], mode), Fraction(1), Fraction(0)
    cancelled: Value = "-0" if mode is Rounding.DOWN else zero
    assert apply(Node(Op.SUB, (0, 1)), [one, one], fmt) == cancelled
    assert apply(Node(Op.ADD, (0, 1)), ["-0", zero], fmt) == cancelled
    assert apply(Node(Op.FMA, (0, 1, 2)), [one, one, -one], fmt) == cancelled
    assert apply(Node(Op.ADD, (0, 1)), [zero, zero], fmt) == zero
    assert apply(Node(Op.ADD, (0, 1)), ["-0", "-0"], fmt) == "-0"


SPECIAL_RESULTS: list[tuple[Op, Value, Value]] = [
    (Op.EXP, "-inf", Fraction(0)),
    (Op.EXP, "inf", "inf"),
    (Op.LOG, Fraction(0), "-inf"),
    (Op.LOG, "-0", "-inf"),
    (Op.LOG, Fraction(-1), "nan"),
    (Op.LOG, Fraction(1), Fraction(0)),
    (Op.LOG1P, Fraction(-1), "-inf"),
    (Op.EXPM1, "-inf", Fraction(-1)),
    (Op.EXPM1, "-0", "-0"),
    (Op.TANH, "inf", Fraction(1)),
    (Op.TANH, "-inf", Fraction(-1)),
    (Op.ATAN, "inf", Fraction(1608, 1024)),
    (Op.ATAN, "-inf", Fraction(-1608, 1024)),
    (Op.SINH, "-inf", "-inf"),
    (Op.COSH, "-inf", "inf"),
    (Op.SQRT, "-0", "-0"),
    (Op.SQRT, Fraction(-1), "nan"),
    (Op.ACOS, Fraction(1), Fraction(0)),
    (Op.ASIN, Fraction(2), "nan"),
    (Op.SIN, "inf", "nan"),
    (Op.COS, "nan", "nan"),
    (Op.TAN, "-0", "-0"),
    (Op.EXP, Fraction(60000), "inf"),
    (Op.EXP, Fraction(-60000), Fraction(0)),
]


@pytest.mark.parametrize(("op", "x", "y"), SPECIAL_RESULTS)
def test_elementary_functions_at_special_values(op: Op, x: Value, y: Value) -> None:
    assert apply(Node(op, (0,)), [x], FORMATS["binary16"][0]) == y


def test_elementary_functions_lie_in_arbs_balls() -> None:
    rng = Random(2)
    ctx.prec = 400
    others = (Op.EXP, Op.COS, Op.COSH, Op.LOG, Op.ACOS, Op.EXP2, Op.LOG2, Op.LOG10, Op.ACOSH)
    formulas: dict[Op, Callable[[arb], arb]] = {
        Op.EXP2: lambda x: arb(2) ** x,
        Op.LOG2: lambda x: x.log() / arb(2).log(),
        Op.LOG10: lambda x: x.log() / arb(10).log(),
        Op.CBRT: lambda x: x.root(3) if x > 0 else -(-x).root(3),
    }
    for op, _ in product((*runs.ODD, *others), range(60)):
        x = Fraction(rng.choice([1, -1]) * (rng.getrandbits(11) + 1)) * Fraction(2) ** rng.randint(-40, 4)
        x = rng.choice([x, Fraction(rng.randint(1, 1000), 997), 1 - abs(x) / 2**14])
        if op in (Op.ASIN, Op.ACOS, Op.ATANH):
            x = 1 / x if abs(x) > 1 else x
        x = abs(x) if op in (Op.LOG, Op.LOG1P, Op.LOG2, Op.LOG10) else 1 + abs(x) if op is Op.ACOSH else x
        if x == 0 or (op, x) in runs.RATIONAL or runs._rational(op, x) is not None:
            continue
        lo, hi = runs._enclose(op, x, 1, 96)
        argument = arb(fmpq(x.numerator, x.denominator))
        truth = formulas[op](argument) if op in formulas else getattr(argument, op.value)()
        assert arb(fmpq(lo.numerator, lo.denominator)) < truth < arb(fmpq(hi.numerator, hi.denominator)), (op, x)
        assert hi - lo <= abs(hi) * Fraction(1, 2**80)


def _values(rng: Random, fmt: FloatFormat | IntFormat) -> list[Value]:
    sizes = [Fraction(rng.choice([1, -1]) * rng.getrandbits(6)) * Fraction(2) ** rng.randint(-9, 1) for _ in range(40)]
    usual = [Fraction(v) for v in (0, 1, -1, 2, 1000, -1000)]
    values: list[Value] = [*SPECIAL, *sizes, *usual]
    rng.shuffle(values)
    return [convert(v, fmt) for v in values]


@pytest.mark.parametrize("op", SMOOTH)
def test_fast_runs_agree_with_exact_runs(op: Op) -> None:
    rng, sure = Random(3), 0
    arity = OPERATIONS[op].arity
    node = Node(op, tuple(range(arity)), 3 if op is Op.POW else None)
    expression = Expression((*(Node(Op.VAR, (), f"v{i}") for i in range(arity)), node))
    dyadic = [IntFormat(qmin=-128, qmax=127, scale=Fraction(3, 64), zero=5, rounding=mode) for mode in Rounding]
    for fmt in [f for f in VARIATIONS if is_supported(f)] + [_moded(FORMATS["binary16"][0], mode) for mode in Rounding] + dyadic:
        columns = [_values(rng, fmt) for _ in range(arity)]
        answers, unsure = run_all(expression, {f"v{i}": np.array([to_float(v) for v in c]) for i, c in enumerate(columns)}, fmt, fmt)
        for k, answer in enumerate(answers):
            if not unsure[k]:
                sure += 1
                want = run_codes(expression, {f"v{i}": column[k] for i, column in enumerate(columns)}, fmt, fmt)
                assert from_float(float(answer)) == want, (fmt, [column[k] for column in columns])
    assert sure > 1000
