"""The lemma library: proved and refuted by two solvers, no hypothesis idle, no ground missing, no constant better than claimed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from flint import arb

from suffice.cli.main import main
from suffice.encodings.lemmas.evaluation import all_hold, declared
from suffice.encodings.lemmas.library import (
    NEGATED_CLAIM,
    NEGATED_CONCLUSION,
    Lemma,
    WrongVariant,
    find,
    lemmas,
    read_lemma,
    read_wrong_variant,
    sharpened,
    told,
    without,
    wrong_variants,
)
from suffice.encodings.readers.sexpressions import Group, Item, read_items
from suffice.errors import DisagreementError, InputError
from suffice.prover import lemmas as prover_lemmas
from suffice.prover.lemmas import LemmaProof, Refutation, find_models, prove_lemmas, rational_model
from suffice.prover.results import SolverRun
from suffice.prover.solvers import SOLVERS, ask

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lemmas.md").read_text(encoding="utf-8")
SECONDS = 60.0
ENTRIES: tuple[Lemma | WrongVariant, ...] = (*lemmas(), *wrong_variants())

SMALL = """; lemma: small
; label: T3
; statement: x + y >= 3
; hypothesis first, premise: x >= 1
; hypothesis second, by hand counting: y >= 2
; sharp: share = 101/100
(set-logic QF_NRA)
(declare-const x Real)
(declare-const y Real)
(define-fun share () Real 1.0)
(assert (! (>= x 1.0) :named first))
(assert (! (>= y 2.0) :named second))
(assert (! (not (>= (+ x y) (* share 3.0))) :named negated_conclusion))
(check-sat)
"""


@cache
def everything() -> tuple[tuple[LemmaProof, ...], tuple[Refutation, ...]]:
    return prove_lemmas(timeout=SECONDS)


def test_both_solvers_prove_every_lemma(capsys: pytest.CaptureFixture[str]) -> None:
    proofs, _ = everything()
    with capsys.disabled():
        print("\n" + "\n".join(f"{p.lemma.name:40} {p.runs[0].seconds:6.2f} {p.runs[1].seconds:6.2f}" for p in proofs))
    assert len(proofs) == len(lemmas()) > 60
    assert [[(run.solver, run.answer) for run in p.runs] for p in proofs] == [[("z3", "unsat"), ("cvc5", "unsat")]] * len(proofs)
    assert all(proof.proved for proof in proofs)


def test_both_solvers_refute_every_wrong_variant() -> None:
    _, refutations = everything()
    assert len(refutations) == len(wrong_variants()) > 15
    for entry in refutations:
        assert [(run.solver, run.answer) for run in entry.runs] == [("z3", "sat"), ("cvc5", "sat")]
        assert entry.refuted and entry.counterexample and not set("{}") & set(entry.counterexample), entry.variant.name
        assert all_hold(entry.variant.script, entry.model)


@pytest.mark.parametrize("entry", wrong_variants(), ids=lambda entry: entry.name)
def test_a_model_that_is_spoilt_is_no_counterexample(entry: WrongVariant) -> None:
    """Each is false at the numbers where everything is zero, which none of its hypotheses or claims survives."""
    assert not all_hold(entry.script, dict.fromkeys(declared(entry.script), Fraction()))
    assert not all_hold(entry.script, {})


def test_the_subjects_that_must_be_there() -> None:
    assert {lemma.label for lemma in lemmas()} == {f"C{i}" for i in range(1, 5)} | {f"T{i}" for i in range(1, 9)} | {
        "S1",
        "S2",
        "section 5",
    }
    wanted = {
        "c1_product_is_equality", "c2_powers_swapped", "c2_no_curvature_at_a_kink", "c3_phi_counted_twice", "c4_kappa_times_l_squared",
        "t5_peak_curvature_of_a_sine", "t5_peak_curvature_in_the_plane",
    }  # fmt: skip
    assert wanted <= {variant.name for variant in wrong_variants()}


def test_every_file_is_read_and_every_name_leads_somewhere() -> None:
    folder = ROOT / "encodings" / "lemmas"
    assert [path.stem for path in sorted(folder.glob("*.smt2"))] == [lemma.name for lemma in lemmas()]
    assert [path.stem for path in sorted((folder / "refuted").glob("*.smt2"))] == [variant.name for variant in wrong_variants()]
    names, wrong = {lemma.name for lemma in lemmas()}, {variant.name for variant in wrong_variants()}
    assert {name for lemma in lemmas() for name in lemma.beside} == wrong
    assert {name for variant in wrong_variants() for name in variant.instead} <= names


# --- no hypothesis is idle, no constant too modest


def divisors(item: Item) -> Iterable[Item]:
    """Every divisor in an assertion that is not a literal."""
    if isinstance(item, Group):
        if item.items and getattr(item.items[0], "text", "") == "/" and not is_literal(item.items[2]):
            yield item.items[2]
        for part in item.items:
            yield from divisors(part)


def is_literal(item: Item) -> bool:
    return not isinstance(item, Group) and item.text[0].isdigit()


def defined(script: str) -> str:
    """The script with every divisor kept off zero: a model must not owe anything to what SMT-LIB says of a division by zero."""
    texts = {script[d.offset : d.end] if isinstance(d, Group) else d.text for item in read_items(script) for d in divisors(item)}
    return script.replace("(check-sat)", "".join(f"(assert (not (= {text} 0.0)))\n" for text in sorted(texts)) + "(check-sat)")


def mutants(lemma: Lemma) -> dict[str, str]:
    """The lemma without each hypothesis, without the denial of its conclusion (are the hypotheses consistent?), and sharpened."""
    names = [*(given.name for given in lemma.hypotheses), NEGATED_CONCLUSION]
    sharper = {"sharper": sharpened(lemma)} if lemma.sharp is not None else {}
    scripts = {name: without(lemma.script, name) for name in names} | sharper
    return {f"{lemma.name} {name}": defined(script) for name, script in scripts.items()}


def survivors(chosen: Iterable[Lemma]) -> list[str]:
    """The mutants for which no solver finds numbers that exact arithmetic confirms; the second is asked where the first's do not do."""
    left = {name: script for lemma in chosen for name, script in mutants(lemma).items()}
    for solver in SOLVERS:
        runs = ask(solver, "model", list(left.values()), SECONDS)
        left = {name: left[name] for name, run in zip(left, runs, strict=True) if not rational_model(left[name], [run])}
    return list(left)


def test_without_any_hypothesis_or_with_a_better_constant_a_lemma_is_false() -> None:
    assert sum(len(mutants(lemma)) for lemma in lemmas()) > 350
    assert survivors(lemmas()) == []


def test_an_idle_hypothesis_and_a_modest_constant_are_noticed() -> None:
    idle = SMALL.replace("; sharp", "; hypothesis third, premise: x >= 0\n; sharp").replace(
        "(assert (! (not", "(assert (! (>= x 0.0) :named third))\n(assert (! (not"
    )
    modest = SMALL.replace("share 3.0", "share 2.0")
    contradictory = SMALL.replace("(>= y 2.0)", "(and (>= y 2.0) (< y 2.0))")
    assert survivors([read_lemma("small", SMALL)]) == []
    assert survivors([read_lemma("small", idle)]) == ["small third"]
    assert survivors([read_lemma("small", modest)]) == ["small sharper"]
    assert survivors([read_lemma("small", contradictory)]) == ["small first", "small negated_conclusion", "small sharper"]


def test_lemmas_that_claim_no_sharpness() -> None:
    """Three say what is, not how much; the fourth rounds ln(b/a) down to 2^-p."""
    assert {lemma.name for lemma in lemmas() if lemma.sharp is None} == {
        "s1_sterbenz", "t5_peak_curvature_has_no_constant", "t7_range", "t8_ratio_of_a_cell",
    }  # fmt: skip


# --- every ground is there


def cited(script: str) -> tuple[set[str], set[str], set[str]]:
    """What the header rests on: sections by hand, facts by Arb, lemmas."""
    header = "\n".join(line for line in script.splitlines() if line.startswith(";"))
    lemma = re.findall(r"^; hypothesis \w+, lemma (\w+):", header, re.MULTILINE)
    return set(re.findall(r"by hand ([a-z]+(?:-[a-z]+)*)", header)), set(re.findall(r"by Arb (\w+)", header)), set(lemma)


def missing_grounds(entries: Iterable[Lemma | WrongVariant]) -> list[str]:
    sections = set(re.findall(r"^### (\S+)$", PAGE, re.MULTILINE))
    names = {lemma.name for lemma in lemmas()}
    lost: list[str] = []
    for entry in entries:
        hand, by_arb, lemma = cited(entry.script)
        lost += [f"{entry.name}: {name}" for name in sorted((hand - sections) | (by_arb - ARB_FACTS.keys()) | (lemma - names))]
    return lost


def test_every_ground_is_proved_somewhere() -> None:
    assert missing_grounds(ENTRIES) == []
    hand = {name for entry in ENTRIES for name in cited(entry.script)[0]}
    by_arb = {name for entry in ENTRIES for name in cited(entry.script)[1]}
    assert hand == set(re.findall(r"^### (\S+)$", PAGE, re.MULTILINE))
    assert by_arb | ALONE == ARB_FACTS.keys() == set(re.findall(r"^\| (\w+) \|.*\|.*\|$", PAGE.partition("## By Arb")[2], re.M)) - {"name"}


@pytest.mark.parametrize("ground", ["by hand nowhere", "by Arb nothing", "lemma none"])
def test_a_ground_that_is_missing_is_noticed(ground: str) -> None:
    lemma = read_lemma("small", SMALL.replace("by hand counting", ground))
    assert missing_grounds([lemma]) == [f"small: {ground.split()[-1]}"]


def test_lemmas_do_not_rest_on_each_other_in_a_circle() -> None:
    rests_on = {lemma.name: cited(lemma.script)[2] for lemma in lemmas()}
    while free := [name for name, others in rests_on.items() if not others & rests_on.keys()]:
        for name in free:
            del rests_on[name]
    assert rests_on == {}


def test_whole_numbers_are_no_hidden_hypothesis() -> None:
    """What only the sort Int says stands in words too."""
    for entry in ENTRIES:
        if "Int" in declared(entry.script).values():
            assert re.search("whole number", entry.script), entry.name


# --- by Arb: facts on boxes


def positive_between(low: Fraction, high: Fraction, difference: Callable[[arb], arb], pieces: int = 4_000) -> bool:
    """Whether Arb encloses the difference above zero on boxes that cover [low, high], cut where they are too wide."""
    boxes = [(low, high)]
    for _ in range(pieces):
        if not boxes:
            return True
        a, b = boxes.pop()
        ball = (arb(a.numerator) / a.denominator).union(arb(b.numerator) / b.denominator)
        if not difference(ball) > 0:
            middle = (a + b) / 2
            boxes += [(a, middle), (middle, b)]
    return False


def logistic(x: arb) -> arb:
    return 1 / (1 + (-x).exp())


def logistic_slope(x: arb) -> arb:
    return 1 / (2 * (x / 2).cosh()) ** 2


def bell(x: arb) -> arb:
    return (-x * x / 2).exp() / (2 * arb.pi()).sqrt()


def silu_slope(x: arb) -> arb:
    """About the middle of the box: SiLU'(m) + SiLU''(X) (X - m)."""
    middle = arb(x.mid())
    second = logistic_slope(x) * (2 - x * (x / 2).tanh())
    return logistic(middle) + middle * logistic_slope(middle) + second * (x - middle)


def gelu_slope(x: arb) -> arb:
    """About the middle of the box: GELU'(m) + GELU''(X) (X - m)."""
    middle = arb(x.mid())
    distribution = (1 + (middle / arb(2).sqrt()).erf()) / 2
    return distribution + middle * bell(middle) + bell(x) * (2 - x * x) * (x - middle)


F = Fraction
ARB_FACTS: dict[str, Callable[[], bool]] = {
    "half_pi": lambda: bool(arb.pi() / 2 < 2),
    "bell_height": lambda: bool(bell(arb(0)) < arb("0.398943")),
    "logarithm": lambda: positive_between(F(5, 4), F(64), lambda y: y.log() - 2 * (1 - 2 / (y + 1))),
    "hyperbola": lambda: positive_between(F(1, 4), F(64), lambda x: 1 / (4 + x * x) - logistic_slope(x)),
    "bell": lambda: positive_between(F(1, 4), F(64), lambda x: 2 / (2 + x * x) - (-x * x / 2).exp()),
    "silu_slope": lambda: positive_between(F(-16), F(16), lambda x: arb("1.09984") - abs(silu_slope(x))),
    "gelu_slope": lambda: positive_between(F(-16), F(16), lambda x: arb("1.12891") - abs(gelu_slope(x))),
}
ALONE = {"silu_slope", "gelu_slope"}
"""Constants of layers that rest on Arb with no lemma between."""


@pytest.mark.parametrize("name", ARB_FACTS)
def test_arb_encloses_the_fact(name: str) -> None:
    assert ARB_FACTS[name]()


def test_arb_does_not_enclose_what_is_false() -> None:
    assert not positive_between(F(5, 4), F(64), lambda y: 2 * (1 - 2 / (y + 1)) - y.log())
    assert not positive_between(F(-16), F(16), lambda x: arb("1.09983") - abs(silu_slope(x)))
    assert not positive_between(F(-16), F(16), lambda x: arb("1.12890") - abs(gelu_slope(x)))


# --- by hand: the formulas, differentiated by SymPy


def test_the_derivatives_that_are_taken_by_hand() -> None:
    import sympy as sp

    x = sp.Symbol("x", real=True)
    s, t, phi = 1 / (1 + sp.exp(-x)), sp.tanh(x), sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    q = s * (1 - s)
    pairs = [
        (sp.diff(s, x), q), (sp.diff(s, x, 2), q * (1 - 2 * s)), (sp.diff(t, x), 1 - t**2), (sp.diff(t, x, 2), -2 * t * (1 - t**2)),
        (sp.diff(x * s, x, 2), q * (2 - x * sp.tanh(x / 2))), (sp.diff(x * (1 + sp.erf(x / sp.sqrt(2))) / 2, x, 2), phi * (2 - x**2)),
        (q, 1 / (4 * sp.cosh(x / 2) ** 2)),
    ]  # fmt: skip
    for at in (sp.Rational(-7, 3), sp.Rational(1, 5), sp.Rational(9, 4)):
        assert all(abs((derivative - formula).subs(x, at).evalf(50)) < 1e-40 for derivative, formula in pairs)


def test_the_second_derivative_of_layer_norm() -> None:
    """`square` is R^5 |D^2 F(w, w)|^2, and the constant is half the root of its bound."""
    import sympy as sp

    t = sp.Symbol("t")
    y, w = sp.Matrix([sp.Rational(2, 3), sp.Rational(-1, 7), sp.Rational(1, 2)]), sp.Matrix([2, -3, 6]) / 7
    moved = y + t * w
    second = sp.diff(moved / sp.sqrt(moved.dot(moved) + 1), t, 2).subs(t, 0)
    size, b = y.dot(y), y.dot(w) ** 2
    r = 1 + size
    square = 8 * b * r**2 - 12 * b**2 * r + size * r**2 - 6 * b * size * r + 9 * b**2 * size
    assert sp.simplify(second.dot(second) * r**5 - square) == 0
    assert sp.simplify(sp.sqrt(sp.Rational(2304, 3125)) / 2 - 24 / (25 * sp.sqrt(5))) == 0


def test_the_second_derivative_of_softmax() -> None:
    """J w with w_i = (v_i - m)^2, and the variance that bounds its square."""
    import sympy as sp

    t = sp.Symbol("t")
    x, v = [sp.Rational(1, 3), sp.Rational(-2), sp.Rational(3, 4)], [sp.Rational(2, 7), sp.Rational(6, 7), sp.Rational(-3, 7)]
    powers = [sp.exp(a + t * b) for a, b in zip(x, v, strict=True)]
    moved = [power / sp.Add(*powers) for power in powers]
    p = [part.subs(t, 0).evalf(50) for part in moved]
    m = sum(a * b for a, b in zip(p, v, strict=True))
    w = [(b - m) ** 2 for b in v]
    mean = sum(a * b for a, b in zip(p, w, strict=True))
    second = [part.diff(t, 2).subs(t, 0).evalf(50) for part in moved]
    assert all(abs(d - a * (b - mean)) < 1e-40 for d, a, b in zip(second, p, w, strict=True))
    assert sum(d**2 for d in second) <= sum(a * (b - mean) ** 2 for a, b in zip(p, w, strict=True)) / 2 <= mean * (2 - mean) / 2


# --- the page, the reader, the judge


def table_names(heading: str) -> list[str]:
    return re.findall(r"^\| ([a-z]\w+_\w+) \|", PAGE.partition(heading)[2].partition("\n## ")[0], re.MULTILINE)


def test_the_page_lists_what_the_library_holds() -> None:
    from benchmarks.lemmas import plain

    assert table_names("## Proved") == [lemma.name for lemma in lemmas()]
    assert table_names("## Refuted") == [variant.name for variant in wrong_variants()]
    texts = [lemma.statement for lemma in lemmas()] + [variant.claim for variant in wrong_variants()]
    assert [text for text in texts if f" | {plain(text)} | " not in PAGE] == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("lemma: small", "lemma: large", "the header names another lemma"),
        ("; label: T3\n", "", "the header has no line label"),
        ("; label: T3", "; label: T3\n; label: T4", "two lines label"),
        ("; label: T3", "; T3", "cannot read the header line '; T3'"),
        (", premise:", ", of course:", "first stands on no ground"),
        ("; hypothesis first, premise: x >= 1\n", "", "header and assertions name different hypotheses"),
        ("(assert (! (>= x 1.0) :named first))\n", "", "header and assertions name different hypotheses"),
        ("(check-sat)", "(assert (> y 3.0))\n(check-sat)", "an assertion has no name"),
        ("(define-fun share () Real 1.0)\n", "", "a sharp lemma defines its share"),
        ("(declare-const y Real)", "(declare-const y Real)\n(declare-const second Real)", "a name stands for two things"),
    ],
)
def test_a_file_that_is_wrong_is_refused(old: str, new: str, what: str) -> None:
    assert SMALL.count(old)
    assert read_lemma("small", SMALL).name == "small"
    with pytest.raises(InputError, match=re.escape(what)):
        read_lemma("small", SMALL.replace(old, new, 1))


def test_a_wrong_variant_must_deny_its_claim() -> None:
    script = wrong_variants()[0].script
    with pytest.raises(InputError, match="header and assertions name different hypotheses"):
        read_wrong_variant(wrong_variants()[0].name, script.replace(NEGATED_CLAIM, NEGATED_CONCLUSION))
    with pytest.raises(InputError, match="no assertion has this name"):
        without(script, "absent")


@pytest.mark.parametrize(
    ("assertion", "x", "holds"),
    [
        ("(<= (- 1.0) x 1.0)", "1/2", True),
        ("(<= (- 1.0) x 1.0)", "3/2", False),
        ("(= (* x x) 2.0)", "1414/1000", False),
        ("(= (/ 1.0 x) 2.0)", "1/2", True),
        ("(= (/ 1.0 x) 0.0)", "0", False),
        ("(=> (> x 0.0) (> x 1.0))", "-1", True),
        ("(=> (> x 0.0) (> x 1.0))", "1/2", False),
        ("(= (ite (>= x 0.0) x (- x)) 0.25)", "-1/4", True),
        ("(or (< x 0.0) (> x 1.0))", "1", False),
        ("(not (and true (= (- x 1.0 2.0) (+ x (- 3.0)))))", "7", False),
        ("(= (to_real n) x)", "3", True),
        ("(= (to_real n) x)", "7/2", False),
    ],
)
def test_assertions_are_judged_exactly(assertion: str, x: str, holds: bool) -> None:
    script = f"(declare-const x Real)(declare-const n Int)(assert (! {assertion} :named it))(check-sat)"
    assert all_hold(script, {"x": Fraction(x), "n": Fraction(3)}) is holds
    assert all_hold(script, {"x": Fraction(x), "n": Fraction(7, 2)}) is False


@pytest.mark.parametrize(
    "script",
    [
        "(assert (> y 1.0))", "(assert (sin 1.0))", "(assert 1.0)", "(assert (> true 1.0))", "(pop 1)", "x", "(assert (> 1e5 0.0))",
        "((x) 1)", "(define-fun f ((x Real)) Real x)", "(assert (<= 1.0))",
    ],
)  # fmt: skip
def test_what_the_judge_does_not_know_it_refuses(script: str) -> None:
    with pytest.raises(InputError, match="SMT-LIB script"):
        all_hold(script, {})


# --- the command


def test_a_counterexample_is_written_so_that_it_can_be_read() -> None:
    variant = replace(wrong_variants()[0], counterexample="{a}^2 + {b} x/{a} - x/{b}")
    assert told(variant, {"a": Fraction(-1, 2), "b": Fraction(3)}) == "(-1/2)^2 + 3 x/(-1/2) - x/3"


def test_a_lemma_comes_with_its_wrong_variants() -> None:
    chosen, beside = find(["c1_lipschitz_composition", "t4_peak_slope"])
    assert [lemma.name for lemma in chosen] == ["c1_lipschitz_composition"]
    assert [variant.name for variant in beside] == ["c1_product_is_equality", "t4_peak_slope"]


def test_the_command_prints_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lemmas", "t3_bits"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"t3_bits +T3 +b >= log2.* proved\n", printed)
    assert re.search(r"t3_radius_for_diameter .* refuted +f\(X\) = \[0, ", printed)
    assert main(["lemmas", "t3_radius_for_diameter", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["lemmas"] == []
    (wrong,) = answer["wrong"]
    assert wrong["outcome"] == "refuted"
    assert Fraction(wrong["model"]["E"]) < Fraction(wrong["model"]["R"])
    assert main(["lemmas", "t99"]) == 2
    assert "no lemma is called t99" in capsys.readouterr().err


def test_where_solvers_do_not_know_nothing_is_proved(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def unknown(solver: str, _task: str, scripts: list[str], seconds: float) -> list[SolverRun]:
        return [SolverRun(solver=solver, version="", answer="unknown", seconds=seconds) for _ in scripts]

    monkeypatch.setattr(prover_lemmas, "ask", unknown)
    assert main(["lemmas", "t3_bits", "--timeout", "7"]) == 3
    printed = capsys.readouterr().out
    assert printed.count("undecided") == 2
    assert "7.000" in printed
    assert not re.search("proved|refuted", printed)


def test_one_solver_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_z3(solver: str, *rest: object) -> list[SolverRun]:
        runs = ask(solver, *rest)  # type: ignore[arg-type]
        return runs if solver == "z3" else [replace(run, answer="unknown", model=()) for run in runs]

    monkeypatch.setattr(prover_lemmas, "ask", only_z3)
    proofs, refutations = prove_lemmas(["t3_bits"])
    assert [proofs[0].runs[0].answer, refutations[0].runs[0].answer] == ["unsat", "sat"]
    assert (proofs[0].proved, refutations[0].refuted, bool(refutations[0].model)) == (False, False, True)


def test_models_that_are_not_confirmed_refute_nothing() -> None:
    (runs,) = find_models([wrong_variants()[0].script], SECONDS)
    spoilt = tuple(replace(run, model=tuple((name, "root") for name, _ in run.model)) for run in runs)
    assert Refutation(wrong_variants()[0], runs, rational_model(wrong_variants()[0].script, runs)).refuted
    assert not Refutation(wrong_variants()[0], spoilt, rational_model(wrong_variants()[0].script, spoilt)).refuted


def test_a_false_lemma_and_a_true_wrong_variant_are_disagreements(monkeypatch: pytest.MonkeyPatch) -> None:
    lemma = read_lemma("small", SMALL)
    monkeypatch.setattr(prover_lemmas, "find", lambda _names: ((replace(lemma, script=sharpened(lemma)),), ()))
    with pytest.raises(DisagreementError, match="small: z3 answers sat"):
        prove_lemmas()
    true = replace(wrong_variants()[0], script=SMALL)
    monkeypatch.setattr(prover_lemmas, "find", lambda _names: ((), (true,)))
    with pytest.raises(DisagreementError, match="c1_product_is_equality: z3 answers unsat"):
        prove_lemmas()
