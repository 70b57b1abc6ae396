"""A program run in exact arithmetic on one vector of input codes: IEEE 754-2019 as docs/semantics.md fixes it.

Irrational results are enclosed by mpmath at growing precision until both ends of the enclosure round alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isqrt

from mpmath import MPContext
from mpmath.libmp import from_rational

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.hardware_specs.format import FloatFormat, Format, IntFormat, Rounding

from .rounding import ZERO, Value, convert, round_real, to_fraction

ONE = Fraction(1)
ALLOWANCE = 12
"""An mpmath result is taken to be wrong by at most 2^ALLOWANCE units in its last place."""

_MP = MPContext()

ODD = (Op.EXPM1, Op.LOG1P, Op.SIN, Op.TAN, Op.ASIN, Op.ATAN, Op.SINH, Op.TANH, Op.ASINH, Op.ATANH, Op.CBRT)
"""Elementary functions that keep a zero and its sign."""

RATIONAL: dict[tuple[Op, Fraction], Value] = {
    (Op.EXP, ZERO): ONE,
    (Op.COS, ZERO): ONE,
    (Op.COSH, ZERO): ONE,
    (Op.LOG, ONE): ZERO,
    (Op.LOG, ZERO): "-inf",
    (Op.LOG1P, -ONE): "-inf",
    (Op.ACOS, ONE): ZERO,
    (Op.ACOSH, ONE): ZERO,
    (Op.LOG2, ZERO): "-inf",
    (Op.LOG10, ZERO): "-inf",
    (Op.ATANH, ONE): "inf",
    (Op.ATANH, -ONE): "-inf",
}
"""The other rational points at which an elementary function is not irrational (Lindemann), but for those of `_rational`."""

NEGATIVE: dict[str, Value] = {"-0": ZERO, "inf": "-inf", "-inf": "inf", "nan": "nan"}

AT_INFINITY: dict[tuple[Op, str], Value] = {
    (Op.SQRT, "inf"): "inf",
    (Op.EXP, "inf"): "inf",
    (Op.EXP, "-inf"): ZERO,
    (Op.EXPM1, "inf"): "inf",
    (Op.EXPM1, "-inf"): -ONE,
    (Op.LOG, "inf"): "inf",
    (Op.LOG1P, "inf"): "inf",
    (Op.SINH, "inf"): "inf",
    (Op.SINH, "-inf"): "-inf",
    (Op.COSH, "inf"): "inf",
    (Op.COSH, "-inf"): "inf",
    (Op.TANH, "inf"): ONE,
    (Op.TANH, "-inf"): -ONE,
    (Op.EXP2, "inf"): "inf",
    (Op.EXP2, "-inf"): ZERO,
    (Op.LOG2, "inf"): "inf",
    (Op.LOG10, "inf"): "inf",
    (Op.CBRT, "inf"): "inf",
    (Op.CBRT, "-inf"): "-inf",
    (Op.ASINH, "inf"): "inf",
    (Op.ASINH, "-inf"): "-inf",
    (Op.ACOSH, "inf"): "inf",
}


def run_point(expression: Expression, point: Mapping[str, Fraction], source: Format, compute: Format, output: Format) -> Value:
    """The program's answer at a real point."""
    return run_codes(expression, {name: round_real(r, source) for name, r in point.items()}, compute, output)


def run_codes(expression: Expression, codes: Mapping[str, Value], compute: Format, output: Format) -> Value:
    """The program's answer on input codes."""
    values: list[Value] = []
    for node in expression.nodes:
        if node.op is Op.VAR:
            values.append(convert(codes[str(node.payload)], compute))
        else:
            values.append(apply(node, [values[i] for i in node.args], compute))
    return convert(values[-1], output)


def apply(node: Node, args: list[Value], fmt: Format) -> Value:
    """One operation and its rounding."""
    op = node.op
    if op is Op.CONST:
        assert isinstance(node.payload, Fraction)
        return round_real(node.payload, fmt)
    if op in (Op.PI, Op.E):
        return _round_irrational(op, ZERO, fmt)
    if op is Op.POW:
        assert isinstance(node.payload, int)
        return convert(_power(args[0], node.payload), fmt)
    if op in (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.FMA, Op.NEG, Op.ABS, Op.MIN, Op.MAX):
        down = isinstance(fmt, FloatFormat | IntFormat) and fmt.rounding is Rounding.DOWN
        return convert(_arithmetic(op, args, down), fmt)
    return _function(op, args[0], fmt)


def _arithmetic(op: Op, args: list[Value], down: bool) -> Value:
    if "nan" in args:
        return "nan"
    a = args[0]
    if op is Op.NEG:
        return _negate(a)
    if op is Op.ABS:
        return _negate(a) if _sign(a) < 0 else a
    b = args[1]
    if op is Op.MIN:
        return a if _key(a) <= _key(b) else b
    if op is Op.MAX:
        return a if _key(a) >= _key(b) else b
    if op is Op.ADD:
        return _add(a, b, down)
    if op is Op.SUB:
        return _add(a, _negate(b), down)
    if op is Op.MUL:
        return _multiply(a, b)
    if op is Op.DIV:
        return _divide(a, b)
    product = _multiply(a, b)
    return "nan" if product == "nan" else _add(product, args[2], down)


def _sign(a: Value) -> int:
    """+1 or -1: the sign bit."""
    if isinstance(a, Fraction):
        return -1 if a < 0 else 1
    return 1 if a == "inf" else -1


def _signed(size: Value, sign: int) -> Value:
    return _negate(size) if sign < 0 else size


def _negate(a: Value) -> Value:
    if isinstance(a, Fraction):
        return "-0" if a == 0 else -a
    return NEGATIVE[a]


def _key(a: Value) -> tuple[int, Fraction, int]:
    """The order of minimum and maximum: -0 < +0."""
    number = to_fraction(a)
    if number is None:
        return (_sign(a), ZERO, 0)
    return (0, number, _sign(a))


def _add(a: Value, b: Value, down: bool) -> Value:
    x, y = to_fraction(a), to_fraction(b)
    if x is None or y is None:
        if x is None and y is None and a != b:
            return "nan"
        return a if x is None else b
    if x + y != 0:
        return x + y
    if x == 0 and _sign(a) == _sign(b):
        return a
    return "-0" if down else ZERO


def _multiply(a: Value, b: Value) -> Value:
    sign, x, y = _sign(a) * _sign(b), to_fraction(a), to_fraction(b)
    if x is None or y is None:
        return "nan" if 0 in (x, y) else _signed("inf", sign)
    return _signed(abs(x * y), sign)


def _divide(a: Value, b: Value) -> Value:
    sign, x, y = _sign(a) * _sign(b), to_fraction(a), to_fraction(b)
    if x is None:
        return "nan" if y is None else _signed("inf", sign)
    if y is None:
        return _signed(ZERO, sign)
    if y == 0:
        return "nan" if x == 0 else _signed("inf", sign)
    return _signed(abs(x / y), sign)


def _power(a: Value, n: int) -> Value:
    if n == 0:
        return ONE
    if a == "nan":
        return "nan"
    sign, x = (_sign(a) if n % 2 else 1), to_fraction(a)
    if x is None:
        return _signed("inf" if n > 0 else ZERO, sign)
    if x == 0:
        return _signed(ZERO if n > 0 else "inf", sign)
    return x**n


def _function(op: Op, a: Value, fmt: Format) -> Value:
    x = to_fraction(a)
    if a == "nan":
        return "nan"
    if x is None:
        if op is Op.ATAN:
            return _round_irrational(op, x, fmt, sign=_sign(a))
        return convert(AT_INFINITY.get((op, str(a)), "nan"), fmt)
    if x == 0 and (op in ODD or op is Op.SQRT):
        return convert(a, fmt)
    if (op, x) in RATIONAL:
        return convert(RATIONAL[op, x], fmt)
    if (
        (op in (Op.SQRT, Op.LOG) and x < 0)
        or (op is Op.LOG1P and x < -1)
        or (op in (Op.ASIN, Op.ACOS, Op.ATANH) and abs(x) > 1)
        or (op in (Op.LOG2, Op.LOG10) and x < 0)
        or (op is Op.ACOSH and x < 1)
    ):  # fmt: skip
        return "nan"
    rational = _rational(op, x)
    if rational is not None:
        return round_real(rational, fmt)
    if op is Op.SQRT:
        root = Fraction(isqrt(x.numerator), isqrt(x.denominator))
        if root * root == x:
            return round_real(root, fmt)
    return _round_irrational(op, x, fmt)


def _rational(op: Op, x: Fraction) -> Fraction | None:
    """The rational values of exp2, of logarithms and of cube roots, by trying all that are near enough."""
    if op is Op.EXP2:
        return Fraction(2) ** int(x) if x.denominator == 1 and abs(x) < 1 << 12 else None
    if op in (Op.LOG2, Op.LOG10):
        base = 2 if op is Op.LOG2 else 10
        return next((Fraction(k) for k in range(-400, 401) if Fraction(base) ** k == x), None)
    if op is Op.CBRT:
        with _MP.workprec(2000):
            root = Fraction(*(int(_MP.nint(_MP.cbrt(n))) for n in (abs(x.numerator), x.denominator)))
        return (root if x > 0 else -root) if root**3 == abs(x) else None
    return None


def _horizon(fmt: Format) -> int:
    """An H such that any two distinct numbers among -1, 0, 1 and the places where rounding jumps differ by more than 2^-H, and all of
    those places are below 2^H: beyond 2^H, and within 2^-H of -1, 0 and 1, on one side, rounding is constant."""
    if isinstance(fmt, FloatFormat):
        return max(abs(fmt.emin), abs(fmt.emax)) + fmt.p + 8
    if isinstance(fmt, IntFormat) and fmt.scale is not None and fmt.zero is not None:
        reach = fmt.scale.numerator * (abs(fmt.qmin) + abs(fmt.qmax) + abs(fmt.zero) + 4)
        return reach.bit_length() + fmt.scale.denominator.bit_length() + 8
    raise NotImplementedError("an irrational result in a format without rounding")


def _round_irrational(op: Op, x: Fraction | None, fmt: Format, sign: int = 1) -> Value:
    """Round an irrational result; x None stands for an infinite argument of atan, of the sign given.

    Arguments of functions that grow or settle exponentially are first clamped to +-H (see `_horizon`), where the result has
    passed the last place at which rounding jumps.
    """
    horizon = _horizon(fmt)
    if x is not None and op in (Op.EXP, Op.EXPM1, Op.EXP2, Op.SINH, Op.COSH, Op.TANH):
        x = min(max(x, Fraction(-horizon)), Fraction(horizon))
    precision = 96
    while precision <= 40 * horizon + 4096:
        lo, hi = _enclose(op, x, sign, precision)
        below, above = round_real(lo, fmt), round_real(hi, fmt)
        if below == above and not (below == "nan" and lo < 0 < hi):
            return below
        precision *= 2
    raise ArithmeticError(f"{op} at {x} cannot be rounded")


def _enclose(op: Op, x: Fraction | None, sign: int, precision: int) -> tuple[Fraction, Fraction]:
    """An enclosure: results at the argument rounded down and up at a higher precision, widened by the allowance.

    Between those arguments a function is monotone, or so near to an extremum that it moves by far less than the allowance.
    """
    _MP.prec = precision
    if op is Op.PI or x is None:
        results = [_fraction(+_MP.pi) / (1 if x is not None else 2 * sign)]
    elif op is Op.E:
        results = [_fraction(+_MP.e)]
    else:
        function = FORMULAS.get(op) or getattr(_MP, op.value)
        results = []
        for direction in "fc":
            _MP.prec = 2 * precision
            argument = _MP.make_mpf(from_rational(x.numerator, x.denominator, 2 * precision, direction))
            _MP.prec = precision
            results.append(_fraction(function(argument)))
    slack = max(abs(r) for r in results) * Fraction(1, 1 << (precision - ALLOWANCE))
    return min(results) - slack, max(results) + slack


FORMULAS: dict[Op, Callable[..., object]] = {
    Op.EXP2: lambda x: _MP.mpf(2) ** x,
    Op.LOG2: lambda x: _MP.log(x, 2),
    Op.CBRT: lambda x: _MP.sign(x) * _MP.cbrt(abs(x)),
}
"""Functions that mpmath has not, or has for some arguments only."""


def _fraction(number: object) -> Fraction:
    sign, significand, exponent, _ = number._mpf_  # type: ignore[attr-defined]
    size = int(significand) * Fraction(2) ** int(exponent)
    return -size if sign else size
