"""The problem files say what they claim to: each formula against a library function, or against the same function written otherwise."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

from benchmarks.cases import PROBLEMS, cases_of, find_cases
from suffice.encodings.evaluate import evaluate_float
from suffice.encodings.problem import Problem
from suffice.encodings.readers.family_toml import is_family_file
from suffice.encodings.readers.toml import read_problem_file

FILES = {path.stem: path for path in sorted(PROBLEMS.rglob("*")) if path.suffix in (".toml", ".fpcore") and not is_family_file(path)}
Values = dict[str, float]


def problem(name: str) -> Problem:
    return read_problem_file(FILES[name]).problem


def at(name: str, point: Values) -> float:
    return float(evaluate_float(problem(name).expression, {key: np.asarray(value) for key, value in point.items()}))


def test_there_are_many_and_no_two_share_a_name() -> None:
    assert len(FILES) >= 57
    assert len(FILES) == len(find_cases([PROBLEMS]))


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read(name: str) -> None:
    given = problem(name)
    assert given.name == name
    assert given.description.endswith(".") or FILES[name].suffix == ".fpcore"
    assert set(given.expression.variables) == set(given.box)
    assert ":description" in FILES[name].read_text(encoding="utf-8") or given.description


def matrix(v: Values, names: str) -> np.ndarray:
    side = math.isqrt(len(names))
    return np.array([v[name] for name in names]).reshape(side, side)


def heron(v: Values) -> float:
    """By the angle between a and b."""
    return v["a"] * v["b"] * math.sin(math.acos((v["a"] ** 2 + v["b"] ** 2 - v["c"] ** 2) / (2 * v["a"] * v["b"]))) / 2


def on_sphere(latitude: float, longitude: float) -> np.ndarray:
    return np.array([math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude), math.sin(latitude)])


def azimuth(v: Values) -> float:
    """East over north of the second point as seen from the first."""
    there = on_sphere(v["q"], v["d"])
    north = np.array([-math.sin(v["p"]), 0.0, math.cos(v["p"])])
    return float(there[1] / (there @ north))


def standard(v: Values) -> float:
    values = np.array([v["x"], v["y"], v["z"]])
    return float((values[0] - values.mean()) / math.sqrt(values.var() + 1e-5))


def smaller_root(v: Values) -> float:
    return float(max(np.roots([v["a"], v["b"], v["c"]])))


def pendulum(v: Values) -> float:
    """By the complete elliptic integral."""
    return float(4 * mpmath.sqrt(v["l"] / 9.80665) * mpmath.ellipk(mpmath.sin(v["t"] / 2) ** 2))


def sequence(v: Values) -> list[float]:
    return [v[name] for name in sorted(v)]


def dot(v: Values) -> float:
    return sum(v[f"a{k}"] * v[f"b{k}"] for k in range(len(v) // 2))


def area(v: Values) -> float:
    return float(np.cross([v["a"] - v["e"], v["b"] - v["f"], 0], [v["c"] - v["e"], v["d"] - v["f"], 0])[2])


def annuity(v: Values) -> float:
    return 1 / sum((1 + v["r"]) ** -k for k in range(1, 61))


def complex_product(v: Values) -> float:
    return (complex(v["a"], v["b"]) * complex(v["c"], v["d"])).real


def complex_quotient(v: Values) -> float:
    return (complex(v["a"], v["b"]) / complex(v["c"], v["d"])).real


def quaternion(v: Values) -> float:
    """By complex 2 x 2 matrices."""
    first, second = (
        np.array([[complex(p, q), complex(r, s)], [complex(-r, s), complex(p, -q)]])
        for p, q, r, s in (tuple(v[name] for name in "abcd"), tuple(v[name] for name in "efgh"))
    )
    return float(np.trace(first @ second).real / 2)


def softmax(v: Values) -> float:
    return 1 / sum(math.exp(other - v["x"]) for other in v.values())


SAME: dict[str, Callable[[Values], float]] = {
    "hypot": lambda v: math.hypot(v["x"], v["y"]),
    "vector_norm3": lambda v: math.hypot(v["x"], v["y"], v["z"]),
    "polar_angle": lambda v: math.atan2(v["y"], v["x"]),
    "spherical_to_cartesian": lambda v: v["r"] * (math.sin(v["t"] + v["p"]) + math.sin(v["t"] - v["p"])) / 2,
    "rotation": lambda v: (complex(v["x"], v["y"]) * complex(math.cos(v["t"]), math.sin(v["t"]))).real,
    "heron": heron, "heron_kahan": heron, "heron_degenerate": heron,
    "azimuth": azimuth,
    "haversine": lambda v: math.acos(float(on_sphere(v["p"], 0) @ on_sphere(v["q"], v["d"]))),
    "orient2d": area,
    "cross_product": lambda v: float(np.cross([0, v["b"], v["c"]], [0, v["e"], v["f"]])[0]),
    "quaternion_scalar": quaternion,
    "triangle_angle": lambda v: (v["a"] / v["b"] + v["b"] / v["a"] - v["c"] / v["a"] * (v["c"] / v["b"])) / 2,
    "law_of_cosines": lambda v: abs(v["a"] - v["b"] * complex(math.cos(v["c"]), math.sin(v["c"]))),
    "one_minus_cos": lambda v: (math.tan(v["x"] / 2) * math.sin(v["x"])) / v["x"] ** 2,
    "one_minus_cos_stable": lambda v: (math.tan(v["x"] / 2) * math.sin(v["x"])) / v["x"] ** 2,
    "sqrt_difference": lambda v: math.sqrt(v["x"]) * math.expm1(math.log1p(1 / v["x"]) / 2),
    "sqrt_difference_stable": lambda v: math.sqrt(v["x"]) * math.expm1(math.log1p(1 / v["x"]) / 2),
    "expm1_naive": lambda v: math.expm1(v["x"]),
    "exp_quotient": lambda v: math.expm1(v["x"]) / v["x"],
    "exp_quotient_log": lambda v: math.expm1(v["x"]) / v["x"],
    "log1p_naive": lambda v: math.log1p(v["x"]),
    "log_difference": lambda v: math.log1p(1 / v["x"]),
    "quadratic_root": smaller_root, "quadratic_root_stable": smaller_root,
    "reciprocal_difference": lambda v: float(1 / Fraction(v["x"]) - 1 / (Fraction(v["x"]) + 1)),
    "reciprocal_difference_stable": lambda v: float(1 / Fraction(v["x"]) - 1 / (Fraction(v["x"]) + 1)),
    "sine_difference": lambda v: 2 * math.cos(v["x"] + v["d"] / 2) * math.sin(v["d"] / 2),
    "variance_two_pass": lambda v: statistics.variance(v.values()),
    "variance_moments": lambda v: statistics.variance(v.values()),
    "dot4": dot, "dot4_fma": dot, "dot8": dot,
    "sum8_pairwise": lambda v: math.fsum(v.values()),
    "sum8_sequential": lambda v: math.fsum(v.values()),
    "complex_multiply": complex_product, "complex_divide": complex_quotient, "complex_divide_smith": complex_quotient,
    "determinant2": lambda v: float(np.linalg.det(matrix(v, "abcd"))),
    "determinant2_fma": lambda v: float(np.linalg.det(matrix(v, "abcd"))),
    "determinant3": lambda v: float(np.linalg.det(matrix(v, "abcdefghi"))),
    "cramer2": lambda v: float(np.linalg.solve(matrix(v, "abcd"), [v["p"], v["q"]])[0]),
    "cholesky2": lambda v: float(np.linalg.cholesky(matrix(v, "abbc"))[1, 1]),
    "lerp": lambda v: float(np.interp(v["t"], [0, 1], [v["a"], v["b"]])),
    "bilinear": lambda v: float(np.array([1 - v["v"], v["v"]]) @ matrix(v, "abcd") @ np.array([1 - v["u"], v["u"]])),
    "annuity": annuity,
    "compound_interest": lambda v: math.exp(12 * math.log1p(v["r"])),
    "black_scholes_d1": lambda v: math.log(v["s"] / v["k"] * math.exp(0.05 * v["t"])) / (v["v"] * math.sqrt(v["t"]))
    + v["v"] * math.sqrt(v["t"]) / 2,
    "tanh": lambda v: math.tanh(v["x"]), "tanh_exp": lambda v: math.tanh(v["x"]),
    "softplus": lambda v: float(np.logaddexp(0, v["x"])),
    "mish": lambda v: v["x"] * math.tanh(float(np.logaddexp(0, v["x"]))),
    "gelu_sigmoid": lambda v: v["x"] * (1 + math.tanh(0.851 * v["x"])) / 2,
    "sigmoid": lambda v: (1 + math.tanh(v["x"] / 2)) / 2,
    "silu": lambda v: v["x"] * (1 + math.tanh(v["x"] / 2)) / 2,
    "softmax2": softmax, "softmax3": softmax, "softmax3_shifted": softmax,
    "logsumexp": lambda v: float(np.logaddexp(v["x"], v["y"])), "logsumexp_shifted": lambda v: float(np.logaddexp(v["x"], v["y"])),
    "layer_norm3": standard,
    "rms_norm3": lambda v: v["x"] / math.sqrt(float(np.mean(np.square(sequence(v)))) + 1e-5),
    "cross_entropy": lambda v: float(np.logaddexp(0, v["y"] - v["x"])),
    "chebyshev_10": lambda v: math.cos(10 * math.acos(v["x"])),
    "legendre_5": lambda v: float(np.polynomial.legendre.legval(v["x"], [0, 0, 0, 0, 0, 1])),
    "wilkinson_5": lambda v: math.prod(v["x"] - k for k in range(1, 6)),
    "hill_equation": lambda v: 1 / (1 + (v["k"] / v["s"]) ** 4),
    "michaelis_menten": lambda v: v["v"] / (1 + v["k"] / v["s"]),
    "parallel_resistors": lambda v: statistics.harmonic_mean([v["r"], v["s"]]) / 2,
    "thin_lens": lambda v: v["f"] * v["d"] / (v["d"] - v["f"]),
    "lorentz_factor": lambda v: math.cosh(math.atanh(v["b"])),
    "lennard_jones": lambda v: (2 * v["r"] ** -6 - 1) ** 2 - 1,
    "verhulst": lambda v: 4 / (1 / v["x"] + 1 / 1.11),
    "predator_prey": lambda v: 4 / (v["x"] ** -2 + 1.11**-2),
    "carbon_gas": lambda v: (3.5e7 + 4.01e5 / v["V"] ** 2) * (v["V"] - 0.0427) - 1.3806503e-23 * 3e5,
    "elu": lambda v: v["x"] if v["x"] > 0 else math.expm1(v["x"]),
    "huber_loss": lambda v: min(abs(v["x"]), 1) * (abs(v["x"]) - min(abs(v["x"]), 1) / 2),
    "sigmoid_stable": lambda v: (1 + math.tanh(v["x"] / 2)) / 2,
}  # fmt: skip
"""Each to nearly the last place of float64, relative to the largest value."""


@pytest.mark.parametrize("name", SAME)
def test_formulas(name: str) -> None:
    random = np.random.default_rng(1)
    box = problem(name).box
    points = [{key: float(random.uniform(float(side.lo), float(side.hi))) for key, side in box.items()} for _ in range(20)]
    expected = [SAME[name](point) for point in points]
    scale = max(map(abs, expected))
    assert scale > 0
    assert [at(name, point) for point in points] == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale)


def test_rump_by_exact_rationals() -> None:
    """Float arithmetic loses every digit of it: the expression itself is evaluated exactly."""
    values: list[Fraction] = []
    point = {"a": Fraction(77617), "b": Fraction(33096)}
    for node in problem("rump").expression.nodes:
        x, y = ([values[k] for k in node.args] + [Fraction(0)] * 2)[:2]
        exact = {"add": x + y, "sub": x - y, "mul": x * y, "div": x / y if y else x}
        payload = node.payload
        values.append(
            payload if isinstance(payload, Fraction) else point[payload] if isinstance(payload, str)
            else x**payload if isinstance(payload, int) else exact[node.op.value]
        )  # fmt: skip
    assert values[-1] == Fraction(-54767, 66192)


NEAR: dict[str, tuple[Callable[[Values], float], float]] = {
    "sine_taylor": (lambda v: math.sin(v["x"]), 1.5**9 / math.factorial(9)),
    "sine_horner": (lambda v: math.sin(v["x"]), 1.5**9 / math.factorial(9)),
    "sqrt_taylor": (lambda v: math.sqrt(1 + v["x"]), 7 / 256),
    "log1p_taylor": (lambda v: math.log1p(v["x"]), 2 * 0.5**7 / 7),
    "atan_taylor": (lambda v: math.atan(v["x"]), 0.5**13 / 13),
    "exp_pade": (lambda v: math.exp(v["x"]), 3e-5),
    "exp_horner": (lambda v: math.exp(v["x"]), 1e-7),
    "horner_cubic": (lambda v: math.exp(v["x"]), 0.06),
    "newton_reciprocal": (lambda v: 1 / v["a"], 3e-5),
    "newton_sqrt": (lambda v: math.sqrt(v["a"]), 3e-6),
    "tanh_pade": (lambda v: math.tanh(v["x"]), 1e-3),
    "pendulum_period": (pendulum, 0.03),
}
"""Approximations, with what their series leave out."""


@pytest.mark.parametrize("name", NEAR)
def test_approximations(name: str) -> None:
    function, error = NEAR[name]
    sides = [np.linspace(float(side.lo), float(side.hi), 9) for side in problem(name).box.values()]
    points = [
        dict(zip(problem(name).box, map(float, values), strict=True)) for values in zip(*map(np.ravel, np.meshgrid(*sides)), strict=True)
    ]
    gaps = [abs(at(name, point) - function(point)) for point in points]
    assert error / 50 < max(gaps) <= error


@pytest.mark.parametrize(
    ("name", "point", "value", "tolerance"),
    [
        ("himmelblau", {"x": 3.0, "y": 2.0}, 0.0, 0.0),
        ("himmelblau", {"x": -2.805118, "y": 3.131312}, 0.0, 1e-10),
        ("rosenbrock", {"x": 1.0, "y": 1.0}, 0.0, 0.0),
        ("beale", {"x": 3.0, "y": 0.5}, 0.0, 0.0),
        ("rastrigin", {"x": 0.0, "y": 0.0}, 0.0, 0.0),
        ("camel_back", {"x": 0.0898, "y": -0.7126}, -1.031628453, 1e-7),
        ("hartman", {"x": 0.114614, "y": 0.555649, "z": 0.852547}, -3.86278, 1e-5),
        ("doppler", {"u": 0.0, "v": 331.4, "T": 0.0}, -1.0, 1e-15),
        ("luma", {"r": 1.0, "g": 1.0, "b": 1.0}, 1.0, 1e-15),
        ("kepler_equation", {"u": math.pi, "e": 0.5}, math.pi, 1e-15),
    ],
)  # fmt: skip
def test_known_values(name: str, point: Values, value: float, tolerance: float) -> None:
    assert at(name, point) == pytest.approx(value, rel=0, abs=tolerance)


def test_blending_functions_are_the_basis_of_splines() -> None:
    for u in np.linspace(0, 1, 9):
        total = sum(at(f"bspline_{k}", {"u": float(u)}) for k in range(3)) + u**3 / 6
        assert total == pytest.approx(1, rel=1e-15)


def test_files_of_several_cores_are_taken_apart(tmp_path: Path) -> None:
    path = tmp_path / "two.fpcore"
    path.write_text('; both\n(FPCore (x) :name "one" :pre (<= 0 x 1) x)\n(FPCore second (x) :pre (<= 0 x 1) (* x x))\n')
    first, second = cases_of(path)
    assert (first.name, second.name) == ("two/one", "two/second")
    assert first.text == '(FPCore (x) :name "one" :pre (<= 0 x 1) x)'
    with pytest.raises(FileNotFoundError):
        find_cases([tmp_path / "nothing"])
