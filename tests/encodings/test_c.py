"""C compiled and run against the oracle, bit for bit; and what is refused."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from suffice import Problem
from suffice.encodings.expression import Expression, Node
from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem as ProblemData
from suffice.encodings.writers.c import to_c
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import EXACT, Format
from suffice.prover.case import is_truth
from suffice.prover.mixed.program import build_program

sys.path.insert(0, str(Path(__file__).parents[1]))
from oracle.rounding import Value, convert, round_real
from prover.mixed.running import run

GCC = shutil.which("gcc")
needs_gcc = pytest.mark.skipif(GCC is None, reason="needs gcc")

FORMATS = [
    parse_format(name)
    for name in (
        "fp16", "fp32", "fp64", "bf16", "tf32", "fp8_e4m3", "fp8_e5m2", "fp16(overflow=saturate)", "fp32(subnormals=flushed)",
        "float(p=5,emin=-6,emax=7,negative_zero=false)",
    )
]  # fmt: skip

FORMULAS = [
    "x*y - z/3",
    "(x + y)*(x - z) + 0.1",
    "sqrt(abs(x)) - x^2*y",
    "fma(x, y, z) - max(x, min(y, z))",
    "if x < y and not (z <= 1/8) then x*z else -y/z",
    "x/(y*y + z*z) + pi - 1/x",
    "abs(x - y)^(-1)*1e-3 + e",
]


def assigned(problem: ProblemData, formats: Sequence[Format], rng: Random) -> Expression:
    """The formula with formats at random, as a program of C."""
    chosen: list[Format] = [EXACT if is_truth(node) else rng.choice(formats) for node in problem.expression.nodes]
    return build_program(problem, chosen).problem.expression


def driver(count: int, kinds: Sequence[str], result: str) -> str:
    """A function of arrays of doubles around `program`."""
    given = ", ".join(f"({kind})in[{len(kinds)}*k + {i}]" for i, kind in enumerate(kinds))
    return f"void all(const double *in, double *out) {{ for (int k = 0; k < {count}; k++) out[k] = (double)({result})program({given}); }}\n"


def compiled(text: str, folder: Path, *options: str) -> ctypes.CDLL:
    """The library. It is linked without the options, since -ffast-math at that step makes it flush subnormals in all of this process."""
    assert GCC is not None
    number = len(list(folder.iterdir()))  # a library is loaded once by its name
    source, parts, library = (folder / f"p{number}{suffix}" for suffix in (".c", ".o", ".so"))
    source.write_text(text)
    flags = ["-std=c11", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-fPIC", *options]
    for command in ([*flags, "-c", str(source), "-o", str(parts)], ["-shared", str(parts), "-o", str(library), "-lm"]):
        made = subprocess.run([GCC, *command], capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
    return ctypes.CDLL(str(library))


def bits(value: Value | float) -> bytes:
    """A double's bits; all NaN alike."""
    number = (
        float(value) if not isinstance(value, str) else {"-0": -0.0, "inf": float("inf"), "-inf": float("-inf")}.get(value, float("nan"))
    )
    return b"nan" if number != number else struct.pack("<d", number)


def codes(rng: Random, formats: Sequence[Format], count: int) -> list[list[Value]]:
    """Numbers of the formats: of all sizes, small ones, ties and specials."""
    found = []
    for _ in range(count):
        point: list[Value] = []
        for fmt in formats:
            size = Fraction(2) ** rng.choice([rng.randint(-3, 3), rng.randint(-30, 18), rng.randint(-140, 40)])
            real = rng.choice([-1, 1]) * size * Fraction(rng.choice([rng.randint(1, 1 << 20), rng.randint(1, 9), 1 << 20]), 1 << 20)
            value = round_real(real, fmt)
            point.append(rng.choice(["inf", "-0", "nan", Fraction(0), convert("-inf", fmt)]) if rng.random() < 0.03 else value)
        found.append([convert(value, fmt) for value, fmt in zip(point, formats, strict=True)])
    return found


def mismatches(problem: ProblemData, program: Expression, text: str, folder: Path, rng: Random, count: int) -> list[tuple[object, ...]]:
    """The inputs on which C and the oracle differ."""
    names = list(problem.box)
    formats = {str(node.payload): node.format or EXACT for node in program.nodes if node.op is Op.VAR}
    points = codes(rng, [formats[name] for name in names], count)
    kinds = text.split("program(")[1].split(")")[0].split(", ")
    library = compiled(text + driver(count, [kind.rsplit(" ", 1)[0] for kind in kinds], "double"), folder)
    flat = [struct.unpack("<d", bits(v) if bits(v) != b"nan" else struct.pack("<d", float("nan")))[0] for point in points for v in point]
    out = (ctypes.c_double * count)()
    library.all((ctypes.c_double * len(flat))(*flat), out)
    wanted = [run(program, dict(zip(names, point, strict=True)))[-1] for point in points]
    return [(point, want, got) for point, want, got in zip(points, wanted, out, strict=True) if bits(want) != bits(got)]


@needs_gcc
@pytest.mark.parametrize("formula", FORMULAS)
def test_c_computes_what_the_program_says(formula: str, tmp_path: Path) -> None:
    rng = Random(formula)
    names = [name for name in "xyz" if name in formula.replace("max", "").replace("exp", "")]
    problem = Problem(formula, dict.fromkeys(names, (1, 2)), eps="1")
    for trial in range(4):
        program = assigned(problem, FORMATS[: 3 if trial == 0 else None], rng)
        text = to_c(program, names)
        assert mismatches(problem, program, text, tmp_path, rng, 250) == [], text


@needs_gcc
def test_a_rounding_that_is_left_out_is_seen(tmp_path: Path) -> None:
    problem = Problem("x*y + x", {"x": (1, 2), "y": (1, 2)}, eps="1")
    bf16 = parse_format("bf16")
    program = build_program(problem, [bf16] * 4).problem.expression
    text = to_c(program, ["x", "y"])
    assert mismatches(problem, program, text, tmp_path, Random(1), 300) == []
    assert mismatches(problem, program, text.replace("0x1.fep+127, INFINITY", "0x1.fep+127, 0"), tmp_path, Random(1), 300)
    wrong = text.replace(", 8, -126", ", 9, -126", 1)
    assert mismatches(problem, program, wrong, tmp_path, Random(1), 300)


@needs_gcc
def test_fp16_through_float_is_rounded_once(tmp_path: Path) -> None:
    """On operands at random from all of fp16, subnormals included."""
    for sign in "+-*/":
        problem = Problem(f"x {sign} y", {"x": (1, 2), "y": (1, 2)}, eps="1")
        program = build_program(problem, [parse_format("fp16")] * 3).problem.expression
        assert mismatches(problem, program, to_c(program, ["x", "y"]), tmp_path, Random(sign), 2000) == []


@needs_gcc
def test_names_that_c_reserves_and_functions_compile(tmp_path: Path) -> None:
    problem = Problem(
        "exp(double) + sin(minimum)*hypot(t, if_) + log1p(t)", dict.fromkeys(("double", "minimum", "t", "if_"), (1, 2)), eps="1"
    )
    fp16 = parse_format("fp16")
    program = build_program(problem, [fp16] * len(problem.expression.nodes)).problem.expression
    text = to_c(program, list(problem.box), name="float", notes=["a comment */ that tries to end"])
    compiled(text, tmp_path)
    assert "expf((float)double_)" in text
    assert "* / that" in text


@needs_gcc
def test_notes_from_outside_stay_in_their_comment(tmp_path: Path) -> None:
    """A backslash at the end of a line would join the star and the slash around it."""
    program = build_program(Problem("x", {"x": (1, 2)}, eps="1"), [parse_format("fp32")]).problem.expression
    notes = ["a*\\\n/ int told_from_outside; /*", "b*??/\n/ c", "d\u2028*/ e", "f\\"]
    text = to_c(program, ["x"], notes=notes)
    assert "told_from_outside" in text
    assert text.index("*/") > text.index("-ffp-contract=off")
    compiled(text, tmp_path, "-Wno-comment")


@needs_gcc
@pytest.mark.parametrize("option", ["-ffast-math", "-funsafe-math-optimizations", "-freciprocal-math", "-ffinite-math-only"])
def test_options_that_change_what_operations_mean_stop_the_compiler(option: str, tmp_path: Path) -> None:
    """With -funsafe-math-optimizations (x + y) - x is y."""
    problem = Problem("(x + y) - x", {"x": (1, 2), "y": (1, 2)}, eps="1")
    program = build_program(problem, [parse_format("fp32")] * 4).problem.expression
    text = to_c(program, ["x", "y"])
    assert mismatches(problem, program, text, tmp_path, Random(2), 100) == []
    with pytest.raises(AssertionError, match="without -ffast-math and what it stands for"):
        compiled(text, tmp_path, option)
    unguarded = text.replace("#error", "#warning")
    if option in ("-ffast-math", "-funsafe-math-optimizations"):
        library = compiled(unguarded + driver(1, ["float", "float"], "double"), tmp_path, option, "-Wno-cpp")
        out = (ctypes.c_double * 1)()
        library.all((ctypes.c_double * 2)(1.0, 2.0**-40), out)
        assert out[0] == 2.0**-40 != run(program, {"x": Fraction(1), "y": Fraction(1, 2**40)})[-1]


def test_what_c_cannot_say_is_refused() -> None:
    fp16, fp32, fp64 = (parse_format(name) for name in ("fp16", "fp32", "fp64"))
    x, wide = Node(Op.VAR, (), "x", fp64), parse_format("float(p=60,emin=-1000,emax=1000)")
    with pytest.raises(InputError, match="C has no mul in fp32 of fp64, fp64 with one rounding; compute it in a type of C that holds all"):
        to_c(Expression((x, Node(Op.MUL, (0, 0), None, fp32))), ["x"])
    with pytest.raises(InputError, match="no type of C holds values of float"):
        to_c(Expression((Node(Op.VAR, (), "x", wide),)), ["x"])
    with pytest.raises(InputError, match="no type of C holds values of fp16"):
        to_c(Expression((Node(Op.VAR, (), "x", parse_format("fp16(rounding=up)")),)), ["x"])
    with pytest.raises(InputError, match="no type of C holds values of no format"):
        to_c(Expression((Node(Op.VAR, (), "x"),)), ["x"])
    half = Node(Op.VAR, (), "x", fp16)
    with pytest.raises(InputError, match="C has no exp in fp16; compute it in fp32, and cast"):
        to_c(Expression((half, Node(Op.EXP, (0,), None, fp16))), ["x"])
    with pytest.raises(InputError, match="comes in several formats"):
        to_c(Expression((x, half, Node(Op.ADD, (0, 1), None, fp64))), ["x"])
