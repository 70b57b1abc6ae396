"""The program chosen: within tolerance on every input code, the same as FPCore, and no cheaper than it may be."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from suffice import Problem
from suffice.encodings.operations import Op
from suffice.encodings.problem import Problem as ProblemData
from suffice.encodings.readers.fpcore import read_fpcore
from suffice.errors import DisagreementError, FormatError, InputError
from suffice.hardware_specs.catalogue import format_name, parse_format
from suffice.hardware_specs.format import EXACT
from suffice.proofs.allocation import canonical_bytes
from suffice.proofs.certificate import Verdict
from suffice.proofs.certificate import canonical_bytes as bytes_of
from suffice.proofs.kernel import check
from suffice.prover.mixed import annotated
from suffice.prover.mixed.annotated import fpcore_of
from suffice.prover.mixed.choose import choose
from suffice.prover.mixed.grouping import check_formats, costs_by, groups_of
from suffice.prover.mixed.program import build_program, evaluated_in
from suffice.prover.mixed.results import Mixed
from suffice.questions import read_file, read_formula

from .running import round_real, run, worst_error

PROBLEMS = Path(__file__).parents[3] / "benchmarks" / "problems"
TINY, SMALL, MIDDLE = "float(p=3,emin=-3,emax=3)", "float(p=5,emin=-6,emax=7)", "float(p=7,emin=-6,emax=7)"


def mix(problem: ProblemData, names: str, costs: str = "bits", **options: Any) -> Mixed:
    formats = {name: parse_format(name) for name in names.split(";")}
    return choose(problem, formats, costs_by(costs, formats), timeout=20.0, **options)


@pytest.mark.parametrize(
    ("formula", "box", "eps"),
    [
        ("x*x - x/3 + 1/2", {"x": ("1/2", "2")}, "1/4"),
        ("(x + 1/3)/(x + 2)", {"x": ("0", "1")}, "1/16"),
        ("max(x, 1/3)*x - abs(x)", {"x": ("-1/2", "1")}, "1/4"),
    ],
)
def test_the_program_is_within_tolerance_on_every_code(formula: str, box: dict[str, tuple[str, str]], eps: str) -> None:
    problem = Problem(formula, box, eps=eps)
    found = mix(problem, f"{TINY};{SMALL};{MIDDLE}")
    assert found.result is not None
    assert found.program is not None
    result = found.result
    assert result.verdict is Verdict.SUFFICIENT
    assert check(bytes_of(result.certificate)).status == "accepted"
    assert result.error_bound is not None
    assert isinstance(result.witness_error, Fraction)
    true = worst_error(problem, found.program.problem.expression)
    assert true <= result.error_bound <= Fraction(eps)
    assert result.witness_error <= result.error_bound
    assert found.cost < max(uniform.cost for uniform in found.uniforms)


def test_a_mixture_saves_and_its_minimum_is_proved() -> None:
    found = mix(Problem("x*x - 2*x*y + y", {"x": (0, 1), "y": (0, 1)}, eps="1e-3"), "bf16;fp16;fp32")
    assert found.minimality is not None
    assert found.minimality.certificate is not None
    assert found.cost <= found.minimality.cost == 176
    assert [run.answer for run in found.minimality.solvers] == ["unsat"]
    report = check(canonical_bytes(found.minimality.certificate))
    assert (report.status, report.verdict) == ("accepted", "cost 176 is the least within the limits")
    assert [uniform.is_enough for uniform in found.uniforms] == [False, False, True]
    assert sum(share.part for share in found.shares) == 1


def test_where_nothing_is_enough_nothing_is_claimed() -> None:
    found = mix(Problem("x*x", {"x": (0, 1)}, eps="1e-9"), "bf16;fp16")
    assert found.result is None
    assert "nothing is proved to be enough: all in fp16" in found.note


def test_casts_stand_where_c_rounds_twice() -> None:
    problem = Problem("x*y + 1", {"x": (0, 1), "y": (0, 1)}, eps="1")
    fp16, fp32, fp64, bf16 = map(parse_format, ("fp16", "fp32", "fp64", "bf16"))
    nodes = build_program(problem, [fp64, fp32, fp32, fp16, fp32]).problem.expression.nodes
    assert [(node.op, node.format) for node in nodes] == [
        (Op.VAR, fp64), (Op.VAR, fp32), (Op.MUL, fp64), (Op.CAST, fp32), (Op.CONST, fp16), (Op.ADD, fp32),
    ]  # fmt: skip
    assert evaluated_in(Op.MUL, bf16, [bf16, fp16]) == fp32
    assert evaluated_in(Op.MUL, fp16, [fp16, fp16]) == fp16
    assert evaluated_in(Op.FMA, fp16, [fp16, fp16, fp16]) == fp32
    assert evaluated_in(Op.EXP, fp16, [fp16]) == fp32
    assert evaluated_in(Op.MAX, fp16, [fp64, fp32]) == fp16
    odd = parse_format("fp16(rounding=up)")
    assert evaluated_in(Op.MUL, odd, [fp64, fp64]) == odd


@pytest.mark.parametrize("name", ["activations/softmax3.toml", "branches/huber_loss.fpcore", "kernels/dot4_fma.toml", "softmax2.toml"])
def test_the_fpcore_reads_as_the_same_program(name: str) -> None:
    problem = read_file(PROBLEMS / name, "fp32").problem
    formats = [parse_format(fmt) for fmt in ("fp16", "bf16", "fp64", "fp8_e4m3", "fp32")]
    groups = groups_of(problem, formats, {})
    chosen = [formats[3]] * len(problem.expression.nodes)
    for g, group in enumerate(groups):
        for k in group.members:
            chosen[k] = formats[g % 5]
    program = build_program(problem, chosen)
    read = read_fpcore(fpcore_of(program))
    demanded = sorted(str(node.format) for node in program.problem.expression.nodes)
    assert sorted(str(node.format) for node in read.expression.nodes) == demanded
    assert read.box == problem.box


def test_a_branch_in_another_format_is_cast_for_an_if_rounds_nothing_in_fpcore() -> None:
    problem = Problem("if x < 1/2 then 1/10 else x", {"x": (0, 1)}, eps="1")
    bf16, fp16 = parse_format("bf16"), parse_format("fp16")
    assert [node.op for node in problem.expression.nodes] == [Op.VAR, Op.CONST, Op.LT, Op.CONST, Op.IF]
    program = build_program(problem, [bf16, bf16, EXACT, fp16, bf16])
    nodes = program.problem.expression.nodes
    assert [(node.op, node.format) for node in nodes[-2:]] == [(Op.CAST, bf16), (Op.IF, bf16)]
    assert run(program.problem.expression, {"x": Fraction(1, 4)})[-1] == round_real(Fraction(1, 10), bf16)
    read = read_fpcore(fpcore_of(program)).expression
    assert run(read, {"x": Fraction(1, 4)})[-1] == round_real(Fraction(1, 10), bf16) != round_real(Fraction(1, 10), fp16)


@pytest.mark.parametrize("formula", ["int8(x)*x", "cast(x, exact) + x*x"])
def test_formats_that_are_no_floats_are_refused_where_the_problem_demands_them(formula: str) -> None:
    with pytest.raises(InputError, match="and mixed formats are floating-point ones"):
        mix(Problem(formula, {"x": (0, 1)}, eps="1"), "fp16;fp32")


def test_an_fpcore_that_reads_otherwise_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem("x*y + 1", {"x": (0, 1), "y": (0, 1)}, eps="1")
    fp16, fp32 = parse_format("fp16"), parse_format("fp32")
    program = build_program(problem, [fp32, fp16, fp16, fp16, fp32])
    assert "binary16" in fpcore_of(program)
    right = annotated.to_fpcore
    monkeypatch.setattr(annotated, "to_fpcore", lambda *given, **more: right(*given, **more).replace("binary16", "binary32"))
    with pytest.raises(DisagreementError, match="reads as another"):
        fpcore_of(program)


def test_named_groups_get_one_format() -> None:
    box = {f"{v}_{k}": (0, 1) for v in "ab" for k in range(2)}
    problem = Problem("a_0*b_0 + a_1*b_1", box, eps="1e-2")
    terms = [read_formula(f"a_{k}*b_{k}", problem.box, {}) for k in range(2)]
    found = mix(problem, "fp16;fp32", named={"products": terms})
    share = next(share for share in found.shares if share.name == "products")
    assert share.members == 2
    with pytest.raises(InputError, match=r"group odd: no operation of the problem is a_0\*a_1"):
        mix(problem, "fp16;fp32", named={"odd": [read_formula("a_0*a_1", problem.box, {})]})


def test_what_the_source_demands_stays() -> None:
    problem = Problem("bf16(x*y) + 1", {"x": (0, 1), "y": (0, 1)}, eps="1e-1")
    found = mix(problem, "fp16;fp32", costs="fp16=1,fp32=2")
    assert {share.name: share.format for share in found.shares}["cast(x*y, bf16)"] == "bf16"


def test_inputs_in_a_format_of_their_own_are_rounded_again() -> None:
    problem = Problem("x*x", {"x": (0, 1)}, eps="1e-2", inputs="representable")
    with pytest.raises(InputError, match="representable inputs have a format; name it with --in"):
        mix(problem, "bf16;fp16")
    found = mix(problem, "bf16;fp16", input_format=parse_format("fp16"))
    assert found.result is not None
    assert format_name(found.result.formats.of_input("x")) == "fp16"


def test_costs() -> None:
    formats = {name: parse_format(name) for name in ("fp16", "bf16", "fp32")}
    assert list(costs_by("bits", formats).values()) == [16, 16, 32]
    assert list(costs_by("device:h100", formats).values()) == [5, 4, 7]
    assert list(costs_by("fp16=1, bf16=1/2,fp32=2", formats).values()) == [1, Fraction(1, 2), 2]
    for text, reason in {
        "fp16=1,bf16=1": "fp32 has no cost",
        "fp16=1,bf16=1,fp32=1,fp8_e4m3=2": "fp8_e4m3 is none of the formats",
        "cheap": "is not NAME=COST",
        "fp16=-1,bf16=1,fp32=1": "is negative",
        "device:v100": "bf16 is not in the order of device:v100",
    }.items():
        with pytest.raises(InputError, match=reason):
            costs_by(text, formats)
    with pytest.raises(FormatError, match="unknown device"):
        costs_by("device:abacus", formats)
    with pytest.raises(InputError, match="int8 is no floating-point format"):
        check_formats({"int8": parse_format("int8")})
