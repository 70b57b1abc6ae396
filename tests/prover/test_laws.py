"""T2 to T6 on cases that are worked out by hand, as the kernel derives them from what the prover proposes."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from suffice.encodings.enclosures.bounds import range_bounds
from suffice.encodings.problem import Problem
from suffice.prover.case import Asked
from suffice.prover.dossier import Dossier
from suffice.prover.laws import Law, along_segments, counting, inside_cell
from tests.prover.asking import asked, case, point, problem

PRECISION = 128
SMALL = "float(p=4,emin=-6,emax=7)"
THREE_BITS = asked("code(bits=3)", source="exact", compute="exact")


def derived(question: Problem, formats: Asked, laws: list[Law]) -> dict[str, tuple[str, Fraction] | None]:
    """Label and value of what each law proves, by its name."""
    result = {}
    for law in laws:
        found = Dossier(case(question, formats)).offer("floor", law.evidence)
        assert found is None or isinstance(found.value, Fraction)
        result[law.name] = None if found is None else (found.label, Fraction(found.value))
    return result


def counted(question: Problem, formats: Asked) -> dict[str, tuple[str, Fraction] | None]:
    opened = case(question, formats)
    return derived(question, formats, counting(opened, range_bounds(question.expression, question.box), PRECISION))


def segments(question: Problem, formats: Asked) -> dict[str, tuple[str, Fraction] | None]:
    return derived(question, formats, along_segments(case(question, formats), PRECISION))


def on_cell(question: Problem, formats: Asked, at: str) -> dict[str, tuple[str, Fraction] | None]:
    return derived(question, formats, inside_cell(case(question, formats), point(x=at), PRECISION))


def test_three_bits_for_the_identity() -> None:
    """R = 1, l = 1, D = 1, N = 8: T3 and T4 both give 1/16; the second derivative is zero."""
    question = problem("x", "1e-9", x=("0", "1"))
    assert counted(question, THREE_BITS) == {"count": ("T3", Fraction(1, 16))}
    assert segments(question, THREE_BITS) == {"slope": ("T4", Fraction(1, 16)), "curvature": None}


def test_three_bits_for_the_square() -> None:
    """On [0, 1]: R = 1, no slope floor, k = 1, so k D^2 / (8 N) = 1/64. On [1, 2]: R = 3, l = 2."""
    assert counted(problem("x*x", "1e-9", x=("0", "1")), THREE_BITS) == {"count": ("T3", Fraction(1, 16))}
    assert segments(problem("x*x", "1e-9", x=("0", "1")), THREE_BITS) == {"slope": None, "curvature": ("T5", Fraction(1, 64))}
    assert counted(problem("x*x", "1e-9", x=("1", "2")), THREE_BITS) == {"count": ("T3", Fraction(3, 16))}
    assert segments(problem("x*x", "1e-9", x=("1", "2")), THREE_BITS)["slope"] == ("T4", Fraction(1, 8))


def test_segments_run_through_the_middle_of_the_box() -> None:
    """x y^2 on [1, 3] x [0, 2]: along x the slope is 1 and D = 2; along y, k = 2 and D = 2."""
    question = problem("x*y^2", "1e-9", x=("1", "3"), y=("0", "2"))
    laws = along_segments(case(question, THREE_BITS), PRECISION)
    assert [law.name for law in laws] == ["slope", "curvature"] * 2
    assert derived(question, THREE_BITS, laws[:1]) == {"slope": ("T4", Fraction(2, 16))}
    assert derived(question, THREE_BITS, laws[3:]) == {"curvature": ("T5", Fraction(2 * 4, 8 * 8))}


def test_the_square_inside_a_cell() -> None:
    """The cell of 11/8 with four bits is [21/16, 23/16]: W = 1/8, l = 21/8, k = 1."""
    found = on_cell(problem("x*x", "1e-9", x=("1", "2")), asked(SMALL, output="exact"), "11/8")
    assert found == {"cell_slope": ("T2", Fraction(21, 128)), "cell_curvature": ("T6", Fraction(1, 512))}


def test_a_cell_at_a_power_of_two_is_narrower_below() -> None:
    """The cell of 1 with four bits is [31/32, 17/16]: W = 3/32, so T6 gives W^2 / 8."""
    found = on_cell(problem("x*x", "1e-9", x=("1/2", "2")), asked(SMALL, output="exact"), "1")
    assert found["cell_curvature"] == ("T6", Fraction(3, 32) ** 2 / 8)
    assert found["cell_slope"] == ("T2", Fraction(31, 16) * Fraction(3, 32) / 2)


def test_the_exponential_inside_a_cell() -> None:
    found = on_cell(problem("exp(x)", "1e-9", x=("1", "2")), asked(SMALL, output="exact"), "11/8")
    least = mpmath.exp(mpmath.mpf(21) / 16)
    for name, label, truth in (("cell_slope", "T2", least / 8 / 2), ("cell_curvature", "T6", least / 2 / 64 / 8)):
        law = found[name]
        assert law is not None
        assert law[0] == label
        value = mpmath.mpf(law[1].numerator) / law[1].denominator
        assert truth * (1 - mpmath.mpf(10) ** -6) <= value <= truth


@pytest.mark.parametrize(
    "question", [problem("x*x", relative="1e-3", x=("1", "2")), problem("x*x", "1", inputs="representable", x=("1", "2"))]
)
def test_what_the_laws_do_not_speak_of(question: Problem) -> None:
    opened = case(question, asked(SMALL))
    assert counting(opened, range_bounds(question.expression, question.box), PRECISION) == []
    assert along_segments(opened, PRECISION) == []
    assert inside_cell(opened, point(x="11/8"), PRECISION) == []


def test_a_kink_ends_slopes_and_curvatures() -> None:
    assert segments(problem("abs(x)", "1e-9", x=("-1", "1")), THREE_BITS) == {"slope": None, "curvature": None}
