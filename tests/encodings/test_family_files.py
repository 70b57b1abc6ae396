"""Files of families, and their members as ordinary problems."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from suffice.encodings.evaluate import evaluate_float
from suffice.encodings.family import Affine
from suffice.encodings.instances import common_box, covering_problem, equal_steps, hull_box, instance
from suffice.encodings.problem import Interval
from suffice.encodings.readers.affine import read_affine
from suffice.encodings.readers.family_toml import is_family_file, read_family_file, read_family_toml
from suffice.encodings.readers.toml import read_problem_toml
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.run import run
from suffice.prover.case import Asked, make_case

DOT = """
name = "dot"
expr = "s"
eps = "1e-2"
formats = ["fp16"]
accumulate = "fp32"
[box]
x = ["-1", "1"]
y = ["-1", "1"]
[fold]
size = "n"
sizes = [1, "inf"]
state = "s"
start = "0"
term = "x*y"
elements = ["x", "y"]
"""

DECAY = """
expr = "exp(-x) + D"
rel = "e/2 + 1e-3"
formats = ["fp16"]
preconditions = ["x <= D"]
[parameters]
D = ["1", "64"]
e = ["1e-3", "1e-2"]
[box]
x = ["-D", "2*D + 1"]
"""

MEAN = """
expr = "(s + c)/n"
eps = "1e-2"
[box]
"x[2]" = ["0", "1"]
c = ["1", "2"]
[fold]
size = "n"
sizes = [2, 10]
state = "s"
start = "2*c"
term = "x[0] - x[1]"
elements = ["x"]
"""

D = Interval(Fraction(1), Fraction(64))


@pytest.mark.parametrize(
    ("text", "constant", "factor"),
    [("-D", 0, -1), ("2*D + 1", 1, 2), ("3", 3, 0), ("(D - 1)/4", "-1/4", "1/4"), ("D - D", 0, 0), ("1e-1*D", 0, "1/10")],
)
def test_ends_are_affine_in_the_parameters(text: str, constant: int | str, factor: int | str) -> None:
    affine = read_affine(text, {"D": D}, where="box.x")
    assert affine == Affine(Fraction(constant), {"D": Fraction(factor)} if Fraction(factor) else {})


@pytest.mark.parametrize("text", ["D*D", "1/D", "exp(D)", "sqrt(4)", "q", "D^1", "1/(D - D)"])
def test_what_is_not_affine_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"box\.x"):
        read_affine(text, {"D": D}, where="box.x")


def test_the_range_of_an_affine_end_is_that_of_its_corners() -> None:
    affine = Affine(Fraction(1), {"a": Fraction(-2), "b": Fraction(3)})
    box = {"a": Interval(Fraction(-1), Fraction(2)), "b": Interval(Fraction(0), Fraction(5))}
    corners = [affine.at({"a": Fraction(a), "b": Fraction(b)}) for a in (-1, 2) for b in (0, 5)]
    assert affine.over(box) == Interval(min(corners), max(corners)) == Interval(Fraction(-3), Fraction(18))


def test_a_family_is_read() -> None:
    file = read_family_toml(DECAY)
    family = file.family
    assert family.parameters["e"] == Interval(Fraction(1, 1000), Fraction(1, 100))
    assert family.box["x"] == (Affine(Fraction(0), {"D": Fraction(-1)}), Affine(Fraction(1), {"D": Fraction(2)}))
    assert family.relative == Affine(Fraction(1, 1000), {"e": Fraction(1, 2)})
    assert family.absolute == Affine(Fraction(0))
    assert set(family.expression.variables) == {"x", "D"}
    assert (file.accumulate, file.formats) == (None, ("fp16",))


def test_a_fold_is_read() -> None:
    file = read_family_toml(DOT)
    fold = file.family.fold
    assert fold is not None
    assert (fold.size, fold.least, fold.greatest, fold.state, fold.elements) == ("n", 1, None, "s", ("x", "y"))
    assert file.accumulate == "fp32"


WRONG = [
    ('[parameters]\nD = ["1", "64"]', '[parameters]\nD = ["64", "1"]', r"parameters\.D"),
    ('[parameters]\nD = ["1", "64"]', '[parameters]\nD = "1"', "write two ends"),
    ('x = ["-D", "2*D + 1"]', 'x = ["D", "-D"]', "empty for some parameters"),
    ('x = ["-D", "2*D + 1"]', 'x = ["D*D", "9999"]', "no affine term"),
    ('rel = "e/2 + 1e-3"', 'rel = "e/2 - 1e-3"', "negative for some parameters"),
    ('rel = "e/2 + 1e-3"', "", "no tolerance"),
    ('rel = "e/2 + 1e-3"', 'rel = "e"\nabs = "e"', "one tolerance"),
    ('rel = "e/2 + 1e-3"', 'rel = "e"\naccumulate = "fp32"', "accumulate stands without a fold"),
    ("[box]\nx", '[box]\nD = ["0", "1"]\nx', "two things"),
    ('rel = "e/2 + 1e-3"', 'rel = "e"\ntolerance = 1', "unknown key"),
]
WRONG_FOLDS = [
    ('sizes = [1, "inf"]', "sizes = [0, 5]", "not a range"),
    ('sizes = [1, "inf"]', "sizes = [5, 4]", "not a range"),
    ('sizes = [1, "inf"]', "sizes = [1.5, 4]", "not an integer"),
    ('sizes = [1, "inf"]', "", "sizes is missing"),
    ('elements = ["x", "y"]', 'elements = ["x"]', "'y'"),
    ('elements = ["x", "y"]', 'elements = ["x", "z"]', "no input"),
    ('elements = ["x", "y"]', "elements = []", "no elements"),
    ('term = "x*y"', 'term = "x*n"', "'n'"),
    ('term = "x*y"', 'term = "fp32(x*y)"', "cast stands inside a fold"),
    ('start = "0"', 'start = "x"', "'x'"),
    ('expr = "s"', 'expr = "s + x"', "'x'"),
    ('state = "s"', 'state = "x"', "two things"),
    ('eps = "1e-2"', 'eps = "1e-2"\npreconditions = ["x < y"]', "preconditions stand beside a fold"),
    ("[fold]", "[fold]\nsteps = 3", "unknown key"),
]


@pytest.mark.parametrize(("text", "old", "new", "said"), [(DECAY, *wrong) for wrong in WRONG] + [(DOT, *wrong) for wrong in WRONG_FOLDS])
def test_a_wrong_file_is_refused_in_one_line(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    with pytest.raises(InputError, match=said) as caught:
        read_family_toml(text.replace(old, new))
    assert "\n" not in str(caught.value)


def test_a_family_file_is_told_from_a_problem_file(tmp_path: Path) -> None:
    family, problem, broken = (tmp_path / name for name in ("family.toml", "problem.toml", "broken.toml"))
    family.write_text(DECAY)
    problem.write_text('expr = "x"\n[box]\nx = ["0", "1"]\n')
    broken.write_text("[")
    assert is_family_file(family)
    assert not any(map(is_family_file, (problem, broken, tmp_path / "absent.toml", tmp_path / "core.fpcore")))
    assert read_family_file(family) == read_family_toml(DECAY)
    with pytest.raises(InputError, match="makes this a family"):
        read_problem_toml(DECAY)


def test_a_member_has_its_own_box_and_tolerance() -> None:
    family = read_family_toml(DECAY).family
    problem = instance(family, {"D": Fraction(3), "e": Fraction(1, 100)})
    assert problem.box == {"x": Interval(Fraction(-3), Fraction(7))}
    assert problem.tolerance is not None
    assert problem.tolerance.relative == Fraction(6, 1000)
    assert problem.expression.variables == ("x",)
    assert float(evaluate_float(problem.expression, {"x": np.array(1.0)})) == pytest.approx(np.exp(-1) + 3)
    assert bool(evaluate_float(problem.preconditions[0], {"x": np.array(2.9)}))
    assert not bool(evaluate_float(problem.preconditions[0], {"x": np.array(3.1)}))


def test_the_boxes_of_all_members() -> None:
    family = read_family_toml(DECAY).family
    parameters = {"D": Interval(Fraction(2), Fraction(3)), "e": family.parameters["e"]}
    assert common_box(family, parameters)["x"] == Interval(Fraction(-2), Fraction(5))
    assert hull_box(family, parameters)["x"] == Interval(Fraction(-3), Fraction(7))
    problem = covering_problem(family, parameters)
    assert set(problem.box) == {"x", "D"}
    assert problem.tolerance is not None
    assert problem.tolerance.relative == Fraction(3, 2000)
    assert equal_steps(family, parameters, 1).tolerance == instance(family, {"D": Fraction(2), "e": Fraction(1, 100)}).tolerance


def test_a_fold_is_unrolled_to_the_program_that_runs() -> None:
    """Against NumPy's own fp16 and fp32: rounded products in fp16, a sum in fp32, the result in fp16."""
    family = read_family_toml(DOT).family
    fp16, fp32 = parse_format("fp16"), parse_format("fp32")
    problem = instance(family, {}, 5, fp32)
    assert set(problem.box) == {f"{name}_{k}" for name in "xy" for k in range(1, 6)}
    case = make_case(problem, Asked(name="fp16", input=fp16, compute=fp16, output=fp16), [])
    random = np.random.default_rng(0)
    program = case.question.program
    assert program is not None
    differing = 0
    for _ in range(50):
        x, y = (random.uniform(-1, 1, 5).astype(np.float16) for _ in range(2))
        codes: dict[str, Fraction | str] = {
            f"{name}_{k + 1}": Fraction(float(column[k])) for name, column in (("x", x), ("y", y)) for k in range(5)
        }
        state = np.float32(0)
        narrow = np.float16(0)
        for product in x * y:
            state, narrow = np.float32(state + np.float32(product)), np.float16(narrow + product)
        assert run(case.question.nodes, program, codes, Budget()) == Fraction(float(np.float16(state)))
        differing += np.float16(state) != narrow
    assert differing > 5


def test_the_state_is_rounded_where_the_formula_names_it() -> None:
    """Three halves of fp16's spacing beyond 2048: held in fp32, and rounded to fp16 before it leaves in fp32."""
    family = read_family_toml(DOT.replace('x = ["-1", "1"]', 'x = ["1", "2048"]')).family
    fp16, fp32 = parse_format("fp16"), parse_format("fp32")
    case = make_case(instance(family, {}, 2, fp32), Asked(name="", input=fp16, compute=fp16, output=fp32), [])
    program = case.question.program
    assert program is not None
    codes: dict[str, Fraction | str] = {"x_1": Fraction(2048), "y_1": Fraction(1), "x_2": Fraction(3), "y_2": Fraction(1)}
    assert run(case.question.nodes, program, codes, Budget()) == Fraction(float(np.float16(2051))) == 2052


def test_equal_steps_are_the_unrolled_sum_at_equal_elements() -> None:
    family = read_family_toml(MEAN).family
    whole, equal = instance(family, {}, 6), equal_steps(family, {}, 6)
    random = np.random.default_rng(1)
    for _ in range(20):
        c, a, b = random.uniform(size=3)
        steps = {f"x_{part}_{k}": np.array(value) for part, value in ((0, a), (1, b)) for k in range(1, 7)}
        expected = ((2 * c + sum([a - b] * 6)) + c) / 6
        assert float(evaluate_float(whole.expression, {**steps, "c": np.array(c)})) == pytest.approx(expected)
        point = {"x_0": np.array(a), "x_1": np.array(b), "c": np.array(c)}
        assert float(evaluate_float(equal.expression, point)) == pytest.approx(expected)


def test_a_fold_too_long_to_be_written_out_is_refused() -> None:
    with pytest.raises(InputError, match="not written out"):
        instance(read_family_toml(DOT).family, {}, 100_000)


DEPTH = MEAN.replace('term = "x[0] - x[1]"', 'step = "tanh(s/2 + x[0] - x[1])"')


def test_whole_steps_are_unrolled_to_the_program_that_runs() -> None:
    """The state is held in fp32, rounded to fp16 where a step names it, and the step's fp16 value is exact in fp32."""
    text = DOT.replace('term = "x*y"', 'step = "s*x + y"').replace('[1, "inf"]', "[1, 16]")
    family = read_family_toml(text).family
    fp16, fp32 = parse_format("fp16"), parse_format("fp32")
    case = make_case(instance(family, {}, 5, fp32), Asked(name="", input=fp16, compute=fp16, output=fp16), [])
    swapped = make_case(instance(family, {}, 5, fp16), Asked(name="", input=fp16, compute=fp32, output=fp32), [])
    assert case.question.program is not None
    assert swapped.question.program is not None
    random, differing = np.random.default_rng(2), 0
    for _ in range(50):
        x, y = (random.uniform(-1, 1, 5).astype(np.float16) for _ in range(2))
        codes: dict[str, Fraction | str] = {
            f"{name}_{k + 1}": Fraction(float(column[k])) for name, column in (("x", x), ("y", y)) for k in range(5)
        }
        narrow = held = np.float16(0)
        for a, b in zip(x, y, strict=True):
            narrow = np.float16(np.float16(narrow * a) + b)
            held = np.float16(np.float32(np.float32(np.float32(held) * np.float32(a)) + np.float32(b)))
        assert run(case.question.nodes, case.question.program, codes, Budget()) == Fraction(float(narrow))
        assert run(swapped.question.nodes, swapped.question.program, codes, Budget()) == Fraction(float(held))
        differing += narrow != held
    assert differing > 5


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("step =", 'term = "x"\nstep =', "fold: the fold has both a term and a step"),
        ('step = "tanh(s/2 + x[0] - x[1])"', "", "fold: the fold has neither a term nor a step"),
        ("s/2 + ", "", "fold.step: the step does not use the state s"),
        ("s/2 + ", "s/n + ", "fold.step"),
        ("s/2 + ", "s/2 + c + ", "fold.step"),
        ("tanh(s/2 +", "bf16(s/2 +", "fold.step: a cast stands inside a fold"),
        ("[2, 10]", "[2, 17]", "fold.sizes: a step is no sum, and is proved size by size"),
        ("[2, 10]", '[2, "inf"]', "fold.sizes: a step is no sum, and is proved size by size"),
    ],
)
def test_a_mistake_in_a_step_is_one_line(before: str, after: str, said: str) -> None:
    assert before in DEPTH
    with pytest.raises(InputError) as caught:
        read_family_toml(DEPTH.replace(before, after))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_step_uses_the_state() -> None:
    fold = read_family_toml(DEPTH).family.fold
    assert fold is not None
    assert fold.is_step
    assert "s" in fold.term.variables
    with pytest.raises(InputError, match=r"fold\.term"):
        read_family_toml(MEAN.replace('"x[0] - x[1]"', '"s + x[0]"'))
