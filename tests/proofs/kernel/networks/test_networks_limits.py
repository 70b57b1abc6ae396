"""Where formats end, and where a bound must be larger than it looks: each case beside one in which the smaller bound is right.

Oracles are rationals written out by hand, and mpmath.
"""

from __future__ import annotations

import base64
import struct
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import LeafFailure
from suffice.proofs.kernel.limits import MAX_NETWORK_WORK
from suffice.proofs.kernel.networks.bounds import Analysis
from suffice.proofs.kernel.networks.checking import Claim, assumptions_of, derive
from suffice.proofs.kernel.networks.reading import Question, read_question
from suffice.proofs.kernel.networks.spans import exact
from suffice.proofs.kernel.series import DomainFailure

Json = Any
METHODS = ("reverse", "forward", "sets")


def array(*values: float) -> str:
    return "float64:" + base64.b64encode(struct.pack(f"<{len(values)}d", *values)).decode("ascii")


def floating(p: int, emin: int, emax: int, *, overflow: str = "infinity", rounding: str = "nearest_even", subnormals: str = "kept") -> Json:
    largest = (2**p - 1) * Fraction(2) ** (emax - p + 1)
    return {
        "kind": "float", "p": p, "emin": emin, "emax": emax, "max_finite": str(largest), "infinities": True, "nan": True,
        "negative_zero": True, "subnormals": subnormals, "rounding": rounding, "overflow": overflow,
    }  # fmt: skip


WIDE = floating(24, -126, 127)


def additions(accumulator: int, **changes: Json) -> Json:
    return {
        "kind": "additions", "accumulator": accumulator, "order": "any", "products": "either", "group": 1, "extra_bits": 0, "presummed": 1,
        "flushes_inputs": False, "smallest_exponents": [-126, -126],
    } | changes  # fmt: skip


def node(op: str, operands: list[int], size: int, **attributes: Json) -> Json:
    return {"op": op, "name": op, "layer": "", "operands": operands, "shape": [size], **attributes}


def question(nodes: list[Json], formats: list[Json], steps: list[Json], lo: list[float], hi: list[float] | None = None) -> Question:
    box = {"name": "", "lo": array(*lo), "hi": array(*(hi or lo))}
    network = {"name": "", "nodes": [node("input", [], len(lo)), *nodes]}
    return read_question(network, {"formats": formats, "steps": steps}, {"model": "real", "boxes": [box]}, None)


def bound(asked: Question, method: str = "reverse", precision: int = 96) -> Fraction:
    evidence = {"kind": "layers", "method": method, "precision": precision, "ranges": "intervals"}
    value = derive(asked, Claim("error_bound", Fraction(0), "S1", evidence), Budget(MAX_NETWORK_WORK)).value
    assert isinstance(value, Fraction)
    return value


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["additions", "groups"])
def test_sums_that_may_saturate_have_no_bound(kind: str, method: str) -> None:
    def asked(x: float) -> Question:
        weight = node("linear", [0], 1, weight_shape=[1, 2], weight=array(1.0, 1.0))
        formats = [WIDE, floating(4, -6, 8, overflow="saturate")]  # 480 is the largest number
        step = {"compute": 0, "weights": 0, "accumulation": additions(1, kind=kind, group=2)}
        return question([weight], formats, [{"compute": 0}, step], [x, x])

    with pytest.raises(LeafFailure, match="may overflow its accumulator"):
        bound(asked(300.0), method)  # 600 becomes 480
    assert bound(asked(150.0), method) >= abs(Fraction(300) - 288)  # 300 lies between 288 and 320


@pytest.mark.parametrize("method", METHODS)
def test_a_slope_that_overflows_has_no_bound(method: str) -> None:
    def asked(slope: str) -> Question:
        leaky = node("leaky_relu", [0], 1, parameter=slope)
        return question([leaky], [WIDE, floating(11, -14, 15)], [{"compute": 0}, {"compute": 1}], [-(2.0**-20)])

    with pytest.raises(LeafFailure, match="a constant of 'leaky_relu' overflows"):
        bound(asked("70000"), method)  # the machine multiplies by an infinity
    assert bound(asked("60001"), method) >= Fraction(1, 2**20)  # the nearest number is 60000


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("op", ["layer_norm", "rms_norm"])
def test_squares_that_may_saturate_have_no_bound(op: str, method: str) -> None:
    def asked(x: float) -> Question:
        formats = [WIDE, floating(12, -14, 8, overflow="saturate")]  # numbers below 512
        return question(
            [node(op, [0], 2, parameter="1")], formats, [{"compute": 0}, {"compute": 1, "accumulation": additions(0)}], [x, -x]
        )  # fmt: skip

    with pytest.raises(LeafFailure, match="may overflow"):
        bound(asked(40.0), method)  # 1600 becomes 511.875: 1.77 in place of 1
    assert bound(asked(8.0), method) < Fraction(1, 50)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("overflow", ["infinity", "saturate"])
def test_softmax_needs_a_format_that_holds_one(overflow: str, method: str) -> None:
    def asked(emax: int) -> Question:
        formats = [WIDE, floating(11, -14, emax, overflow=overflow)]
        steps: list[Json] = [{"compute": 0}, {"compute": 1, "accumulation": additions(0)}]
        return question([node("softmax", [0], 4)], formats, steps, [0.0, 0.25, 0.125, 0.0])

    with pytest.raises(LeafFailure, match="may overflow"):
        bound(asked(-1), method)  # exp(0) = 1 is beyond 0.9995
    assert bound(asked(2), method) < Fraction(1, 100)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("op", "x", "result"), [("sqrt", 4.0, 2), ("exp", 0.0, 1), ("rsqrt", 0.25, 2), ("sqrt", 4.0 - 2.0**-20, 2)])
def test_ulps_of_a_power_of_two_are_those_above_it(op: str, x: float, result: int, method: str) -> None:
    """Within one ulp of the rounded result 2 lies 2 + 2^(2 - p); half a spacing just below 2 is a quarter of that."""

    def asked(ulps: int) -> Question:
        step = {"compute": 1, **({"ulps": ulps} if ulps else {})}
        return question([node(op, [0], 1)], [WIDE, floating(8, -14, 15)], [{"compute": 0}, step], [x])

    spacing = result * Fraction(1, 2**7)
    distance = result - Fraction(2) if x in (4.0, 0.25) or op == "exp" else Fraction(2) - _upward(mpmath.sqrt(x))
    distance = max(distance, Fraction(0)) if op != "exp" else Fraction(0)
    for ulps in (1, 3):
        assert bound(asked(ulps), method) >= ulps * spacing + distance
    assert bound(asked(0), method) < spacing / 2


def _upward(value: mpmath.mpf) -> Fraction:
    return Fraction(int(mpmath.ceil(value * 2**40)), 2**40)


@pytest.mark.parametrize("method", METHODS)
def test_terms_of_a_mean_are_rounded_where_the_accumulator_does_not_hold_them(method: str) -> None:
    def asked(stored: bool) -> Question:
        formats = [WIDE, floating(8, -14, 15)]
        first = {"compute": 0, **({"stored": 1} if stored else {})}
        steps: list[Json] = [first, {"compute": 1, "accumulation": additions(1)}]
        return question([node("layer_norm", [0], 3, parameter="1")], formats, steps, [0.5, 1.0, -1.25])

    assert bound(asked(False), method) > bound(asked(True), method)


@pytest.mark.parametrize("precision", [64, 65, 80, 96, 128])
def test_ends_of_log_softmax_are_rounded_outward(precision: int) -> None:
    """Numbers whose exponentials are far from units of the precision; a quarter of the cases fail where e_i is rounded the other way."""
    for row in ([1.5, 3.75, 0.0], [0.0, 0.625, 2.0], [-1.0, 0.25], [3.0, 2.875, 2.75, -1.5]):
        formats = [WIDE]
        steps: list[Json] = [{"compute": 0}, {"compute": 0, "accumulation": additions(0)}]
        asked = question([node("log_softmax", [0], len(row))], formats, steps, row)
        found = Analysis(asked.nodes, asked.program, precision, runs=False).ranges(exact(asked.boxes[0].lo, precision))[-1]
        with mpmath.workprec(400):
            total = mpmath.log(sum(mpmath.exp(x) for x in row))
            for x, lo, hi in zip(row, found.lo, found.hi, strict=True):
                assert lo <= (x - total) * 2**precision <= hi
                assert hi - lo <= 8


def witness(asked: Question, *x: float) -> Fraction | str:
    evidence = {"kind": "run", "input": {"box": 0, "values": array(*x)}, "precision": 256}
    return derive(asked, Claim("witness_error", Fraction(0), "W", evidence), Budget(MAX_NETWORK_WORK)).value


HALF = floating(11, -14, 15)


@pytest.mark.parametrize("op", ["none", "sqrt", "tanh", "erf", "gelu", "silu", "gelu_tanh"])
def test_zeros_keep_their_sign_where_runs_divide_by_them(op: str) -> None:
    """1 / -0 is -inf and its relu 0, which is right; 1 / +0 is +inf."""
    inner = [node("constant", [], 1, value=array(1.0))] + ([] if op == "none" else [node(op, [0], 1)])
    quotient = len(inner) + 1
    nodes = [*inner, node("divide", [1, 0 if op == "none" else 2], 1), node("relu", [quotient], 1)]
    steps: list[Json] = [{"compute": 0, "stored": 0}, {"compute": 0, "weights": 0}, *({"compute": 0} for _ in nodes[1:])]
    asked = question(nodes, [HALF], steps, [-1.0], [1.0])
    assert witness(asked, 1e-30) == "infinite"
    if op == "sqrt":
        with pytest.raises(DomainFailure):
            witness(asked, -1e-30)
    else:
        assert witness(asked, -1e-30) == 0


def test_constants_keep_the_sign_of_zero() -> None:
    def asked(value: float) -> Question:
        nodes = [node("constant", [], 1, value=array(value)), node("divide", [0, 1], 1), node("relu", [2], 1)]
        return question(nodes, [HALF], [{"compute": 0}, {"compute": 0, "weights": 0}, {"compute": 0}, {"compute": 0}], [1.0])

    assert witness(asked(1e-30), 1.0) == "infinite"
    assert witness(asked(-1e-30), 1.0) == 0


@pytest.mark.parametrize(
    ("slope", "x", "is_finite"), [("-1/1000000000", -3.0, False), ("1/1000000000", -3.0, True), ("-1/2", -1e-30, True)]
)
def test_slopes_keep_the_sign_of_zero_and_leave_zeros_alone(slope: str, x: float, is_finite: bool) -> None:
    """-3 fl(slope) is a zero with a sign, by which 1 is divided; -0 is not below zero, and passes."""
    nodes = [node("leaky_relu", [0], 1, parameter=slope), node("constant", [], 1, value=array(1.0))]
    nodes += [node("divide", [2, 1], 1), node("relu", [3], 1)]
    steps: list[Json] = [{"compute": 0, "stored": 0}, {"compute": 0}, {"compute": 0, "weights": 0}, {"compute": 0}, {"compute": 0}]
    found = witness(question(nodes, [HALF], steps, [x]), x)
    assert (found != "infinite") == is_finite


def codes(low: int, high: int) -> Json:
    return {"kind": "int", "qmin": low, "qmax": high, "scale": "1", "zero": 0, "rounding": "nearest_even"}


def exact_sum(accumulator: Json, stored: Json, x: list[float]) -> Question:
    linear = node("linear", [0], 1, weight_shape=[1, 3], weight=array(1.0, 1.0, 1.0))
    formats = [HALF, codes(-127, 127), accumulator, *([stored] if stored not in (HALF, codes(-127, 127)) else [])]
    steps: list[Json] = [{"compute": 0, "stored": formats.index(stored)}]
    steps.append({"compute": 0, "weights": 1, "accumulation": {"kind": "exact", "accumulator": 2}})
    return question([linear], formats, steps, x)


def test_runs_refuse_exact_sums_that_the_accumulator_does_not_hold() -> None:
    for accumulator in (codes(-8, 7), codes(-15, 14), codes(-(2**31), 2**31 - 1)):
        asked = exact_sum(accumulator, codes(-127, 127), [5.0, 5.0, 5.0])
        if accumulator["qmax"] < 15:
            with pytest.raises(LeafFailure, match="exceeds its accumulator"):
                witness(asked, 5.0, 5.0, 5.0)
        else:
            assert witness(asked, 5.0, 5.0, 5.0) == 0
    with pytest.raises(LeafFailure, match="not of integer codes"):
        witness(exact_sum(codes(-(2**31), 2**31 - 1), HALF, [5.0, 5.0, 5.0]), 5.0, 5.0, 5.0)


def test_nan_passes_through_exact_sums() -> None:
    nodes = [node("constant", [], 1, value=array(1e-30)), node("divide", [0, 1], 1)]
    nodes.append(node("linear", [2], 1, weight_shape=[1, 1], weight=array(1.0)))
    steps: list[Json] = [{"compute": 0}, {"compute": 0, "weights": 0}, {"compute": 0, "stored": 1}]
    steps.append({"compute": 0, "weights": 1, "accumulation": {"kind": "exact", "accumulator": 2}})
    asked = question(nodes, [HALF, codes(-127, 127), codes(-(2**31), 2**31 - 1)], steps, [0.0], [1.0])
    assert witness(asked, 0.0) == "infinite"  # 0 / 0
    found = witness(asked, 1.0)  # 1 / 0 becomes the largest code, 127
    assert isinstance(found, Fraction)
    assert found > Fraction(10) ** 29


@pytest.mark.parametrize(
    ("order", "products", "count"), [("any", "either", 2), ("any", "rounded", 1), ("sequential", "either", 1), ("sequential", "fused", 0)]
)
def test_a_run_names_what_it_chose(order: str, products: str, count: int) -> None:
    step = {"compute": 0, "weights": 0, "accumulation": additions(0, order=order, products=products)}
    asked = question([node("linear", [0], 1, weight_shape=[1, 1], weight=array(3.0))], [HALF], [{"compute": 0}, step], [1.0])
    run = Claim("witness_error", Fraction(0), "W", None)
    assert len(assumptions_of(asked, [run])) == count
    assert assumptions_of(asked, [Claim("error_bound", Fraction(0), "S1", None)]) == ()
