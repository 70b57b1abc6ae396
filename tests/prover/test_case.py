"""Integer codes with free scale: the program gets scales and zero points that fit; without them only the floor is spoken of."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Interval
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT, IntFormat
from suffice.prover.case import Case, cell_within, make_case, round_down, round_up
from tests.oracle.rounding import round_real
from tests.prover.asking import asked, case, problem

FP32 = parse_format("fp32")
RATIONALS = st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=10**6)


def reaches(fmt: object, lo: Fraction, hi: Fraction) -> bool:
    """Whether nothing between lo and hi is farther than half a step from the codes."""
    assert isinstance(fmt, IntFormat)
    assert fmt.scale is not None
    assert fmt.zero is not None
    half = fmt.scale / 2
    return fmt.scale * (fmt.qmin - fmt.zero) - half <= lo and hi <= fmt.scale * (fmt.qmax - fmt.zero) + half


def instance_of(lo: Fraction, hi: Fraction, name: str = "int8") -> IntFormat:
    """The codes of the input of the identity on [lo, hi]."""
    opened = make_case(problem("x", "1", x=(str(lo), str(hi))), asked(name), [Interval(lo, hi)])
    fmt = opened.inputs["x"]
    assert isinstance(fmt, IntFormat)
    return fmt


@settings(deadline=None)
@given(RATIONALS, RATIONALS)
def test_codes_cover_the_interval_with_a_fine_step(a: Fraction, b: Fraction) -> None:
    lo, hi = sorted((a, b))
    for name, steps in (("int8", 255), ("uint8", 255), ("int4", 15)):
        fmt = instance_of(lo, hi, name)
        assert reaches(fmt, lo, hi)
        assert fmt.scale is not None
        if (hi - lo) * 65536 >= max(abs(lo), abs(hi)) > 0 and lo < hi:
            assert fmt.scale <= (hi - lo) / steps * Fraction(5, 4)
        assert abs(fmt.zero or 0) < 1 << 26


@settings(deadline=None)
@given(RATIONALS, RATIONALS)
def test_zero_is_a_number_where_it_lies_inside(a: Fraction, b: Fraction) -> None:
    fmt = instance_of(-abs(a), abs(b))
    assert round_real(Fraction(0), fmt) == 0
    assert fmt.qmin <= (fmt.zero or 0) <= fmt.qmax or a == b == 0


@settings(deadline=None)
@given(RATIONALS, st.sampled_from(["int8", "uint8", "int4"]))
def test_single_numbers_are_exact(x: Fraction, name: str) -> None:
    assert round_real(x, instance_of(x, x, name)) == x


def test_far_intervals_have_small_zero_points() -> None:
    far = instance_of(Fraction(10**9), Fraction(10**9 + 1))
    assert (far.zero, reaches(far, Fraction(10**9), Fraction(10**9 + 1))) == (-128, True)


def test_constants_inputs_and_the_output_have_codes_of_their_own() -> None:
    opened = case(problem("3*x + 1/8", "1", x=("0", "10")), asked("int8"))
    for node, fmt in zip(opened.problem.expression.nodes, opened.nodes, strict=True):
        if node.op is Op.CONST:
            assert isinstance(node.payload, Fraction)
            assert round_real(node.payload, fmt) == node.payload
        elif node.op is Op.VAR:
            assert fmt == opened.inputs["x"]
            assert reaches(fmt, Fraction(0), Fraction(10))
    assert reaches(opened.output, Fraction(1, 8), Fraction(241, 8))
    assert opened.has_program
    assert opened.formats.input == opened.formats.output == asked("int8").output


def test_constants_that_are_not_dyadic_are_exact() -> None:
    opened = case(problem("x + 1/7", "1", x=("0", "10")), asked("int8"))
    (fmt,) = [fmt for node, fmt in zip(opened.problem.expression.nodes, opened.nodes, strict=True) if node.op is Op.CONST]
    assert round_real(Fraction(1, 7), fmt) == Fraction(1, 7)


def test_formats_with_numbers_need_no_instances() -> None:
    opened = case(problem("x", "1", x=("0", "1")), asked("fp16", compute="fp32", output="bf16"))
    assert opened.formats.instances is None
    assert opened.has_program
    assert (opened.inputs["x"], opened.nodes, opened.output) == (opened.formats.input, (opened.formats.compute,), opened.formats.output)


def test_a_code_leaves_the_program_open() -> None:
    opened = case(problem("x", "1", x=("0", "1")), asked("code(bits=3)", source="fp16", compute="fp16"))
    assert not opened.has_program
    assert (opened.formats.instances, opened.formats.compute) == (None, EXACT)


@pytest.mark.parametrize(
    ("x", "lo", "hi"),
    [("1", "31/32", "17/16"), ("11/8", "21/16", "23/16"), ("21/16", "19/16", "21/16"), ("1/1000", "0", "1/256"), ("2", "31/16", "2")],
)
def test_cells_are_closed_and_cut_to_the_box(x: str, lo: str, hi: str) -> None:
    """Four bits, smallest number 1/128; the tie 21/16 goes to the even 5/4; the box is [0, 2]."""
    fmt = asked("float(p=4,emin=-4,emax=7)").input
    found = cell_within(fmt, Interval(Fraction(0), Fraction(2)), Fraction(x))
    assert found == Interval(Fraction(lo), Fraction(hi))
    assert len({round_real(found.lo + (found.hi - found.lo) * k / 16, fmt) for k in range(1, 16)}) == 1


def test_exact_inputs_have_cells_of_one_point() -> None:
    assert cell_within(EXACT, Interval(Fraction(0), Fraction(1)), Fraction(1, 3)) == Interval(Fraction(1, 3), Fraction(1, 3))


@settings(deadline=None)
@given(st.fractions(min_value=Fraction(1, 10**30), max_value=10**30), st.integers(1, 60))
def test_shortened_numbers_lie_on_the_safe_side(value: Fraction, bits: int) -> None:
    below, above = round_down(value, bits), round_up(value, bits)
    assert below <= value <= above
    assert (above - below) * (1 << bits) <= 4 * value
    assert max(below.numerator.bit_length(), 1) <= bits + 1 or below.denominator == 1


def test_a_case_is_read_by_the_kernel() -> None:
    opened: Case = case(problem("x*x", "1/8", x=("0", "1")), asked("int8"))
    assert opened.question.threshold == Fraction(1, 8)
    assert opened.question.box == {"x": (Fraction(0), Fraction(1))}


def test_an_input_arrives_in_one_format() -> None:
    """A program is given each input once: nodes of one input in two formats are refused, unless the formats asked about override them."""
    twice = Expression((Node(Op.VAR, (), "x"), Node(Op.VAR, (), "x", FP32), Node(Op.ADD, (0, 1))))
    question = replace(problem("x", "1", x=("0", "1")), expression=twice)
    with pytest.raises(InputError, match="the input x stands in 2 formats; use it in one"):
        make_case(question, asked("fp16"), [None] * 3)
    assert make_case(question, replace(asked("fp16"), override=True), [None] * 3).inputs["x"] == asked("fp16").input
    assert make_case(question, asked("fp32"), [None] * 3).inputs["x"] == FP32
