"""Legitimate questions at the edges of what a certificate holds: an answer or one clear line, never a fault."""

from __future__ import annotations

from fractions import Fraction

import pytest

import suffice
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.format import FloatFormat, Overflow


def test_a_code_wider_than_certificates_hold_is_refused() -> None:
    assert suffice.prove("x", "code(bits=64)", box={"x": (0, 1)}, eps="1e-3").results[0].verdict == "undecided"
    with pytest.raises(InputError, match="bits"):
        suffice.prove("x", "code(bits=65)", box={"x": (0, 1)}, eps="1e-3")


def test_a_name_longer_than_certificates_hold_is_refused() -> None:
    assert suffice.prove("a" * 64, "fp16", box={"a" * 64: (0, 1)}, eps="1e-3").results[0].verdict == "sufficient"
    with pytest.raises(InputError, match="name"):
        suffice.prove("a" * 65, "fp16", box={"a" * 65: (0, 1)}, eps="1e-3")


@pytest.mark.parametrize("nan", [True, False])
def test_what_overflows_to_nan_has_one(nan: bool) -> None:
    def make() -> FloatFormat:
        return FloatFormat(p=4, emin=-6, emax=8, max_finite=Fraction(448), infinities=False, nan=nan, overflow=Overflow.NAN)

    if nan:
        assert make().overflow is Overflow.NAN
    else:
        with pytest.raises(FormatError, match="without NaN"):
            make()


def test_bounds_beside_both_tolerances_are_absolute_errors() -> None:
    """x on [1, 2] in E4M3 errs by half the spacing 1/8, whatever is tolerated."""
    problem = suffice.Problem("x", {"x": (1, 2)}, absolute="1e-3", relative="1e-2")
    assert suffice.bounds(problem, "fp8_e4m3").results[0].error_bound == Fraction(1, 16)


def test_bounds_beside_a_relative_tolerance_are_relative_errors() -> None:
    problem = suffice.Problem("x", {"x": (1, 2)}, relative="1e-2")
    assert suffice.bounds(problem, "fp8_e4m3").results[0].error_bound == Fraction(1, 17)


@pytest.mark.parametrize(
    ("tolerance", "heading"),
    [
        ({"absolute": "1e-3"}, "this program's error  "),
        ({"relative": "1e-2"}, "this program's relative error  "),
        ({"absolute": "1e-3", "relative": "1e-2"}, "this program's error - 0.01 |f|  "),
    ],
)
def test_headings_say_what_is_measured(tolerance: dict[str, str], heading: str) -> None:
    assert heading in str(suffice.prove(suffice.Problem("x", {"x": (1, 2)}, **tolerance), "fp8_e4m3"))


HUGE = Fraction(10) ** 400


@pytest.mark.parametrize(
    ("expression", "box", "fmt", "verdict"),
    [
        ("1/x", {"x": (1, HUGE)}, "fp16", "sufficient"),
        ("x*y", {"x": (0, HUGE), "y": (0, 1)}, "fp64", "impossible"),
        ("x*1e-400", {"x": (0, 1)}, "int8", "sufficient"),
        ("x*1e400", {"x": (0, 1)}, "int8", "impossible"),
        ("expm1(y - x)", {"x": (-600, 1), "y": (0, 600)}, "fp16", "impossible"),
    ],
)
def test_numbers_beyond_float64_are_numbers(expression: str, box: dict[str, tuple[int, int]], fmt: str, verdict: str) -> None:
    assert suffice.prove(expression, fmt, box=box, eps=1).results[0].verdict == verdict


def test_a_relative_part_beyond_float64_is_a_number() -> None:
    problem = suffice.Problem("x", {"x": (1, 2)}, absolute="1e-9", relative=HUGE)
    assert suffice.prove(problem, "fp16").results[0].verdict == "sufficient"


def test_slopes_beyond_float64_choose_cuts() -> None:
    problem = suffice.Problem("expm1(y - x)", {"x": (-600, 1), "y": (0, 600)}, relative=1)
    assert suffice.prove(problem, "fp16", timeout=2).results[0].verdict == "insufficient"


@pytest.mark.parametrize("expression", ["1 - tanh(x)", "tanh(x)*abs(tanh(x)) + 1 - 1e-300"])
def test_cancellation_is_no_disagreement(expression: str) -> None:
    """At 50 and at 80 digits mpmath takes tanh x for 1."""
    assert suffice.prove(expression, "fp16", box={"x": (180, 200)}, eps=1).results[0].verdict in ("sufficient", "impossible")


@pytest.mark.parametrize(
    ("expression", "box", "eps", "verdict"),
    [
        ("exp(expm1(x))", (-2, 12), 1, "impossible"),
        ("exp(exp(x))", (0, 9), 1, "impossible"),
        ("exp(-exp(x))", (9, 10), 1, "sufficient"),
        ("exp(-exp(x))", (9, 10), 0, "undecided"),
    ],
)
def test_errors_longer_than_certificates_hold_are_shortened(expression: str, box: tuple[int, int], eps: int, verdict: str) -> None:
    assert suffice.prove(expression, "fp16", box={"x": box}, eps=eps, timeout=5).results[0].verdict == verdict


@pytest.mark.parametrize("largest", ["1e6", "1e10", "1e20"])
def test_values_too_small_to_write_out(largest: str) -> None:
    assert suffice.prove("exp(-x)", "bf16", box={"x": ("1e5", largest)}, eps="1e-3").results[0].verdict == "sufficient"
