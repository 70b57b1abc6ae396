"""Loops and tensors of FPCore: against the same loops in Python, and refusals where the number of iterations is not provable."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from suffice.encodings.evaluate import evaluate_float
from suffice.encodings.operations import Op
from suffice.encodings.readers.fpcore import FPCoreProblem, read_fpcore
from suffice.encodings.writers.text import to_text
from suffice.errors import InputError
from tests.encodings.values import chosen_value


def core(body: str, pre: str = "(<= 1 x 2)", arguments: str = "x") -> FPCoreProblem:
    return read_fpcore(f"(FPCore ({arguments}) :pre {pre} {body})")


def horner(x: Fraction) -> Fraction:
    total = Fraction(0)
    for i in range(5):
        total = total * x + i
    return total


def halving(x: Any) -> Any:
    y, n = x, 0
    while y > Fraction(1, 3):
        y, n = y / 2, n + 1
    return y + n * 10


def leapfrog(x: Fraction) -> Fraction:
    a, b = x, Fraction(1)
    for _ in range(4):
        a, b = b, a + b
    return a * 100 + b


def sequential(x: Fraction) -> Fraction:
    a, b = x, Fraction(1)
    for _ in range(4):
        a = b
        b = a + b
    return a * 100 + b


def until(x: Fraction) -> Fraction:
    t, y = Fraction(0), x
    while t < 1:
        t, y = t + Fraction(1, 10), y * x
    return y


LOOPS: dict[str, Callable[[Fraction], Fraction]] = {
    "(while (< i 5) ([s 0 (+ (* s x) i)] [i 0 (+ i 1)]) s)": horner,
    "(for ([i 5]) ([s 0 (+ (* s x) i)]) s)": horner,
    "(while (>= i 0) ([s 0 (+ (* s x) (- 4 i))] [i 4 (- i 1)]) s)": horner,
    "(while (< i 4) ([a x b] [b 1 (+ a b)] [i 0 (+ i 1)]) (+ (* a 100) b))": leapfrog,
    "(for ([i 4]) ([a x b] [b 1 (+ a b)]) (+ (* a 100) b))": leapfrog,
    "(while* (< i 4) ([a x b] [b 1 (+ a b)] [i 0 (+ i 1)]) (+ (* a 100) b))": sequential,
    "(for* ([i 4]) ([a x b] [b 1 (+ a b)]) (+ (* a 100) b))": sequential,
    "(while (> y 1/3) ([y x (/ y 2)] [n 0 (+ n 1)]) (+ y (* n 10)))": halving,
    "(while (< t 1) ([t 0.0 (+ t 0.1)] [y x (* y x)]) y)": until,
    "(while (and (< i 3) (> (fabs y) 1e-3)) ([y x (/ (- y 1) 2)] [i 0 (+ i 1)]) y)": lambda x: (
        (((x - 1) / 2 - 1) / 2 - 1) / 2 if x != 1 else Fraction(0)
    ),
    "(for ([i 2] [j 3]) ([s x (+ s (* i j))]) s)": lambda x: x + 3,
    "(while FALSE ([y x (/ 1 0)]) y)": lambda x: x,
    "(let ((n 3)) (while (<= k n) ([k 1 (+ k 1)] [p 1 (* p x)]) (let ((k 7)) (* k p))))": lambda x: 7 * x**3,
    "(ref (tensor ([i 2] [j 3]) (+ (* x i) j)) 1 2)": lambda x: x + 2,
    "(ref (tensor* ([i 4]) ([s x (* s s)]) (+ s i)) 2)": lambda x: x**8 + 2,
    "(let ((a (array x (* x x) 3))) (+ (ref a 1) (* (size a 0) (dim a))))": lambda x: x * x + 3,
    "(ref (if (< x 3/2) (array x 1) (array 2 x)) (# (- 2 1)))": lambda x: Fraction(1) if x < Fraction(3, 2) else x,
    "(+ x (digits 3 -2 10))": lambda x: x + Fraction(3, 100),
}


@pytest.mark.parametrize("body", LOOPS)
def test_loops_compute_what_python_computes(body: str) -> None:
    expression = core(body).expression
    for k in range(17):
        x = 1 + Fraction(k, 16)
        assert chosen_value(expression, {"x": x}) == LOOPS[body](x), x


def test_a_loop_whose_end_hangs_on_rounding_goes_on_like_the_program() -> None:
    """0.1 ten times is less than 1 in binary64: the program iterates eleven times, the reals ten times."""
    problem = core("(while (< t 1) ([t 0.0 (+ t 0.1)] [y x (+ y 1)]) y)")
    t, count = 0.0, 0
    while t < 1:
        t, count = t + 0.1, count + 1
    assert count == 11
    assert evaluate_float(problem.expression, {"x": np.array([1.0])}).tolist() == [12.0]
    assert chosen_value(problem.expression, {"x": Fraction(1)}) == 11
    assert any("counts as failed" in note for note in problem.notes)


def test_a_program_that_goes_on_too_long_fails() -> None:
    """1 + 2^-60 is 1 in binary64: the program never ends."""
    problem = core("(while (<= t 1) ([t 1 (+ t 0x1p-60)] [y x (+ y 1)]) y)")
    assert chosen_value(problem.expression, {"x": Fraction(1)}) == 2
    assert np.isnan(evaluate_float(problem.expression, {"x": np.array([1.0])})).all()


def test_counters_leave_no_branches_and_others_do() -> None:
    counted = core("(while (< i 3) ([i 0 (+ i 1)] [y x (* y x)]) y)")
    assert to_text(counted.expression) == "x*x*x*x" and "integer counters" in counted.notes[0]
    assert core("(+ x 1)").notes == ()
    assert any(node.op is Op.IF for node in core("(while (< t 3) ([t 0.5 (+ t 1)] [y x (* y x)]) y)").expression.nodes)


def test_vectors_are_inputs_with_names_of_their_own() -> None:
    pre = "(and " + " ".join(f"(<= {k} (ref A {k}) 9)" for k in range(3)) + " (<= 0 A_0 1) (<= 5 s* 6))"
    problem = core("(for ([i (size A 0)]) ([s 0 (fma (ref A i) A_0 s)]) (+ s s*))", pre, "(A 3) A_0 s*")
    assert list(problem.box) == ["A__0", "A__1", "A__2", "A_0", "s_"]
    assert problem.box["A__2"].lo == 2
    assert to_text(problem.expression) == "fma(A__2, A_0, fma(A__1, A_0, fma(A__0, A_0, 0))) + s_"
    assert problem.notes == ("the argument s* is called s_",)
    matrix = core("(ref M 1 0)", "(and (<= 0 (ref M 0 0) 1) (<= 0 (ref M 0 1) 1) (<= 0 (ref M 1 0) 1) (<= 0 (ref M 1 1) 1))", "(M 2 2)")
    assert to_text(matrix.expression) == "M_1_0"


def test_every_part_of_a_tensor_is_an_output() -> None:
    problem = core("(tensor ([i 2] [j 2]) (* x (+ i (* 2 j))))")
    assert [name for name, _ in problem.components] == ["[0][0]", "[0][1]", "[1][0]", "[1][1]"]
    assert [chosen_value(expression, {"x": Fraction(1)}) for _, expression in problem.components] == [0, 2, 1, 3]


_COUNTER = "give it a counter, as in (< i 10), or a smaller box"
REFUSED = {
    "(while TRUE ([y x (* y y)]) y)": f"the while could not be shown to end within 1000 iterations; {_COUNTER}",
    "(+ 1 (while* (> y 0) ([y x (/ y 2)]) y))": f"the while* could not be shown to end within 1000 iterations; {_COUNTER}",
    "(for ([i x]) ([s 0 (+ s i)]) s)": "the count of an index is no positive integer constant; write a number, or (size A 0)",
    "(tensor ([i 40] [j 40]) x)": "more than 1000 iterations or parts; use fewer",
    "(ref (array x x) 2)": "an index is outside the tensor, or no integer constant; count from 0, and keep within the dimensions",
    "(# (+ x 1))": "an integer depends on the inputs, or is no small integer; use integer constants up to 1024, and + - *",
    "(while (< i 3) ([i 0]) i)": "not a binding; write [name initial update]",
    "(let* ((a (array x x)) (a (array a a)) (a (array a a)) (a (array a a)) (a (array a a)) (a (array a a)) (a (array a a))"
    " (a (array a a)) (a (array a a)) (a (array a a))) a)": "an array of more than 1000 numbers or 8 dimensions; use fewer",
    "(array " * 5000 + "x" + ")" * 5000: "an array of more than 1000 numbers or 8 dimensions; use fewer",
    "(array x (array x x))": "the parts of an array differ in their dimensions; make them alike",
    "(if (< x 1) x (array x))": "the branches of if are of different kinds; make both a number, a truth, or tensors of one shape",
}


@pytest.mark.parametrize("body", REFUSED)
def test_refused(body: str) -> None:
    with pytest.raises(InputError) as caught:
        core(body)
    assert f"{caught.value.what}; {caught.value.mend}" == REFUSED[body]
    assert caught.value.where.startswith("line 1, column")


def test_loops_in_loops_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suffice.encodings.readers.fpcore_body.MAX_TERMS", 20_000)
    with pytest.raises(InputError, match="more than 20000 terms are evaluated; shorten the loops"):
        core("(for ([i 200]) ([s 0 (for ([j 200]) ([t 0 (* x t)]) t)]) s)")


def test_a_precondition_may_have_loops_too() -> None:
    problem = core("x", "(and (<= 1 x 2) (for ([i 2]) ([c TRUE (and c (< (* i x) 3))]) c))")
    assert [to_text(condition) for condition in problem.preconditions] == ["0*x < 3", "1*x < 3"]
    with pytest.raises(InputError, match="could not be shown to end"):
        core("x", "(and (<= 1 x 2) (< (while (< y 9) ([y x (+ y 1)]) y) 20))")


def test_an_end_is_proved_only_where_the_condition_is_false_on_the_whole_box() -> None:
    assert core("(while (> y 1) ([y x (/ y 2)]) y)", "(<= 4 x 1e3)").expression
    with pytest.raises(InputError, match="could not be shown to end"):
        core("(while (> y 1) ([y x (* y (sqrt y))]) y)", "(<= 1/2 x 2)")
