"""Why: minimal cores against enumeration, limits against exact values and two solvers, sentences that are true as rounded."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from suffice import Placement, Problem, prove
from suffice.cli.main import main
from suffice.errors import DisagreementError, FormatError
from suffice.hardware_specs.catalogue import parse_format
from suffice.proofs.certificate import Certificate, Formats, Verdict
from suffice.proofs.kernel import check
from suffice.proofs.kernel.smtlib import Term
from suffice.prover.case import Case
from suffice.prover.cpc import prove_scripts, with_cpc
from suffice.prover.dossier import Dossier
from suffice.prover.elimination import Solution, solve
from suffice.prover.solvers import decide
from suffice.prover.why.cores import MAX_CORES, all_cores, minimal_core, unexplored
from suffice.prover.why.explain import Why, why
from suffice.prover.why.neighbours import neighbours
from suffice.prover.why.relaxations import BEYOND, Relaxation, relax, sites
from suffice.prover.why.scripts import Script, TooHard, find_model, is_model, read_script
from suffice.reasons import why_object, why_section, why_text
from tests.proofs.kernel.samples import handmade
from tests.prover.asking import problem

pytestmark = pytest.mark.usefixtures("without_confirmations")

SCRIPTS = {
    f"{name} {member['claim']}": read_script(member["script"]) for name, document in handmade().items() for member in document["smt"]
}


@cache
def certificate_of(formula: str, side: tuple[str, str], fmt: str, **options: str | bool) -> Certificate:
    """The certificate of a question in one variable."""
    return prove(Problem(formula, {"x": side}, **options), fmt)[fmt].certificate  # type: ignore[arg-type]


@cache
def reasons_of_counting() -> Why:
    """Those of 256 codes on [0, 1], without neighbours."""
    return why(certificate_of("x", ("0", "1"), "int8", eps="1/1000"), ask_neighbours=False)


def limits_of(found: Why) -> dict[str, list[Relaxation]]:
    """The relaxations of the first core, by the names of assertions."""
    return {reason.name: [relaxation for relaxation, _ in reason.relaxations] for reason in found.cores[0] if reason.relaxations}


def small_script(rng: Random) -> Script:
    """A few bounds on two symbols, some of them disjunctions: often several cores."""
    lines = ["(declare-const x Real)", "(declare-const y Real)"]
    for k in range(rng.randint(4, 7)):
        simple = [f"({rng.choice(['<=', '>=', '<', '>'])} {rng.choice(['x', 'y', '(+ x y)'])} {rng.randint(0, 4)}.0)" for _ in "ab"]
        formula = f"(or {simple[0]} {simple[1]})" if rng.random() < 0.25 else simple[0]
        lines.append(f"(assert (! {formula} :named a{k}))")
    return read_script("\n".join([*lines, "(check-sat)"]))


def minimal_by_enumeration(scripts: list[Script]) -> list[set[frozenset[str]]]:
    """The minimal unsatisfiable sets of each script, from a solver's word on every subset."""
    subsets = [
        (k, frozenset(kept))
        for k, script in enumerate(scripts)
        for size in range(len(script.assertions) + 1)
        for kept in combinations(script.assertions, size)
    ]
    answers = decide([scripts[k].only(kept).text() for k, kept in subsets], solvers=["z3"], timeout=60)
    refuted = {subset for subset, (run,) in zip(subsets, answers, strict=True) if run.answer == "unsat"}
    minimal = {(k, kept) for k, kept in refuted if not any((k, kept - {name}) in refuted for name in kept)}
    return [{kept for place, kept in minimal if place == k} for k in range(len(scripts))]


def test_all_cores_against_enumeration() -> None:
    rng = Random(38)
    several = 0
    scripts = [small_script(rng) for _ in range(4)]
    for script, expected in zip(scripts, minimal_by_enumeration(scripts), strict=True):
        found = all_cores(script)
        assert {frozenset(core) for core in found.cores} == expected
        assert found.are_all
        assert found.are_confirmed
        several += len(expected) > 1
    assert several == 2


def test_a_list_of_cores_that_is_cut_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = [f"(assert (! (>= x {k}.0) :named a{k}))\n(assert (! (< x {k}.0) :named b{k}))" for k in range(3)]
    script = read_script("\n".join(["(declare-const x Real)", *bounds, "(check-sat)"]))
    assert len(all_cores(script).cores) == 6
    monkeypatch.setattr("suffice.prover.why.cores.MAX_CORES", 4)
    found = all_cores(script)
    assert (len(found.cores), found.are_all, found.are_confirmed) == (4, False, True)
    assert MAX_CORES > 4


def test_what_is_unexplored() -> None:
    everything = frozenset("abc")
    assert unexplored(everything, [], []) == everything
    assert unexplored(everything, [everything], []) not in (None, everything)
    assert unexplored(everything, [frozenset("ab")], [frozenset("ac"), frozenset("bc")]) is None
    assert unexplored(everything, [frozenset()], []) is None


@pytest.mark.parametrize("name", ["curvature 0", "cell slope of two 0", "relative cover 0"])
def test_every_member_of_the_kernels_scripts_is_needed(name: str) -> None:
    script = SCRIPTS[name]
    found = minimal_core(script)
    assert found.cores == (tuple(script.assertions),)
    assert found.are_confirmed


def test_models_are_put_in() -> None:
    script = read_script(
        "(declare-const n Int)(declare-const x Real)(assert (! (= n 3) :named n))(assert (! (=> (= n 3) (> x 1.0)) :named x))"
    )
    model = find_model(script)
    assert model is not None
    assert is_model(script, model)
    assert not is_model(script, model | {"x": Fraction(1)})
    assert not is_model(script, model | {"n": Fraction(5, 2)})
    without = script.only(["x"]).having("n", ("and", (">", "n", "2"), ("<", "n", "4")))
    model = find_model(without)
    assert model is not None
    assert model["n"] == 3
    assert model["x"] > 1
    assert find_model(script.having("y", ("<=", "x", "1.0"))) is None
    for odd in ("(assert (! (> (* x x) 1.0) :named a))", "(assert (! (distinct x 1.0) :named a))"):
        with pytest.raises(TooHard):
            find_model(read_script(f"(declare-const x Real){odd}"))
    with pytest.raises(TooHard, match="no integers where it needs some"):
        find_model(read_script("(declare-const n Int)(assert (! (= (* 2.0 n) 1.0) :named a))"))


def all_relaxations(*names: str) -> Iterator[tuple[Script, Relaxation]]:
    for name in names:
        script = SCRIPTS[name]
        for relaxation in relax(script, [site for member, formula in script.assertions.items() for site in sites(member, formula)]):
            yield script, relaxation


def test_limits_are_the_turning_points() -> None:
    """A thousandth short of each the solvers refute the script with the number replaced, a thousandth beyond they do not."""
    scripts, kinds = [], set()
    for script, found in all_relaxations("slope 0", "cell slope of two 0", "relative cover 0"):
        assert found.is_proved
        kinds.add(found.site.assertion.partition("_")[0])
        if found.is_endless:
            continue
        for factor in (-1, 1):
            place = found.limit + found.site.direction * factor * abs(found.limit) / 1000
            formula = script.assertions[found.site.assertion]
            scripts.append(script.having(found.site.assertion, _put(formula, found.site.path, place)).text())
    answers = decide(scripts)
    assert [{run.answer for run in runs} for runs in answers] == [{"unsat"}, {"sat"}] * (len(scripts) // 2)
    assert kinds == {"hardware", "slope", "enclosure", "statement", "tolerance"}


def _put(formula: Term, path: tuple[int, ...], number: Fraction) -> Term:
    if not path:
        size: Term = ("/", f"{abs(number.numerator)}.0", f"{number.denominator}.0")
        return ("-", size) if number < 0 else size
    assert isinstance(formula, tuple)
    return (*formula[: path[0]], _put(formula[path[0]], path[1:], number), *formula[path[0] + 1 :])


def test_a_wrong_limit_is_not_called_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found elsewhere, too near or too far: one of the two sides is refused."""
    from suffice.prover.why import relaxations

    real = relaxations._find
    for shift in (Fraction(99, 100), Fraction(101, 100)):
        monkeypatch.setattr(
            relaxations,
            "_find",
            lambda script, site, shift=shift: (f := real(script, site)) and dataclasses.replace(f, limit=f.limit * shift),
        )
        assert {each.is_proved for _, each in all_relaxations("relative cover 0") if not each.is_endless and each.limit > 0} == {False}


def test_a_gap_between_outputs() -> None:
    """x in one binade of p = 4, output gaps 1/8: the floor 1/16 is the tolerance that would do."""
    found = why(certificate_of("x", ("1", "2"), "float(p=4,emin=-6,emax=7)", eps="1/100"), every_core=True)
    assert (found.verdict, found.source, found.are_minimal, found.are_confirmed, found.are_all) == (
        Verdict.IMPOSSIBLE, "evidence", True, True, True,
    )  # fmt: skip
    (tolerance,) = limits_of(found)["tolerance"]
    assert (tolerance.limit, tolerance.is_reached, tolerance.is_proved) == (Fraction(1, 16), True, True)
    assert "a tolerance of 1/16 would do, as far as this argument goes; every smaller one is still impossible by it" in why_text(found)
    first, last = found.neighbours[0], found.neighbours[-1]
    assert (first.bits, first.verdict) == (1, Verdict.IMPOSSIBLE)
    assert last.verdict is not Verdict.IMPOSSIBLE
    assert all(near.digest.startswith("sha256:") for near in found.neighbours)


def test_a_count_of_codes() -> None:
    """R / (2 N) with R = 1 and N = 256 exceeds 1/1000 up to N = 499."""
    found = why(certificate_of("x", ("0", "1"), "int8", eps="1/1000"))
    assert (found.source, found.statement) == ("certificate", "T3")
    assert limits_of(found)["tolerance"][0].limit == Fraction(1, 512)
    assert limits_of(found)["enclosure_range"][0].limit == Fraction(512, 1000)
    text = why_text(found)
    assert "from these together the verdict follows, without any one of them it would not" in text
    assert "because int8 has 256 codes" in text
    assert "with 500 codes or more the argument fails; with 499 or fewer it holds" in text
    assert found.neighbours[0].format == "int(bits=9)"


def test_codes_of_the_inputs_are_named_where_they_are_fewer() -> None:
    """From int8 to fp32 it is not the 24 bits of the output that limit the answers."""
    question = Problem("x", {"x": ("0", "1")}, eps="1/1000")
    certificate = prove(question, "fp32", placement=Placement(input="int8"))["fp32"].certificate
    text = why_text(why(certificate, ask_neighbours=False))
    assert "because fp32 has 24 significand bits, and the inputs have only 256 codes, so that there are no more answers" in text


def test_the_cell_is_named_where_inputs_have_several_formats() -> None:
    """The points differ in y alone, which is in fp8: the 24 bits of x have no part in that."""
    wide = parse_format("fp32")
    formats = Formats(input=wide, compute=wide, output=wide, inputs={"y": parse_format("fp8_e4m3")})
    dossier = Dossier(Case(problem=problem("x + y", "1/1000", x=("0", "1"), y=("1", "2")), formats=formats))
    points = [{"x": "0", "y": "17/16"}, {"x": "0", "y": "19/16"}]
    assert dossier.offer("floor", {"kind": "cell_slope", "points": points, "pieces": 1, "precision": 64})
    text = why_text(why(dossier.certificate(), ask_neighbours=False))
    assert "because fp32 has 24 significand bits, and both points lie in one cell of fp8_e4m3" in text


def test_what_a_program_can_bear() -> None:
    certificate = certificate_of("x*x", ("0", "1"), "fp16", eps="1e-2")
    found = why(certificate)
    claim = next(claim for claim in certificate.claims if claim.bound.value == "error_bound")
    (tolerance,) = limits_of(found)["tolerance"]
    assert isinstance(claim.value, Fraction)
    assert tolerance.limit <= claim.value < tolerance.limit * Fraction(1001, 1000)
    assert (tolerance.is_reached, tolerance.is_proved) == (False, True)
    assert {near.bits < 0 for near in found.neighbours} == {True}
    assert found.neighbours[-1].verdict is not Verdict.SUFFICIENT
    assert "because fp16 has 11 significand bits" in why_text(found)


@pytest.mark.parametrize(("formula", "side", "fmt", "options", "statement"), [
    ("x*x", ("0", "1"), "fp16", {"eps": "1e-3", "relative": True}, "T8"),
    ("x*x", ("1", "300"), "fp16", {"eps": "1"}, "T7"),
    ("x*x - x*x*x/3", ("1/2", "1"), "fp16", {"eps": "6e-4"}, "W"),
    ("x + 2", ("0", "1"), "fp16", {"absolute": "1e-5", "relative": "1e-5"}, "T1"),
    ("x*x", ("1", "2"), "float(p=4,emin=-6,emax=7)", {"eps": "1"}, "T0"),
])  # fmt: skip
def test_evidence_without_a_script(formula: str, side: tuple[str, str], fmt: str, options: dict[str, str | bool], statement: str) -> None:
    found = why(certificate_of(formula, side, fmt, **options), ask_neighbours=False)
    assert found.source in ("evidence", "certificate")
    assert found.are_minimal
    assert found.are_confirmed
    assert found.cores[0][-1].because
    assert all(relaxation.is_proved for reasons in limits_of(found).values() for relaxation in reasons)
    assert any(name.startswith("tolerance") for name in limits_of(found))
    is_mixed = {"absolute", "relative"} <= options.keys()
    assert ("beside the other part" in why_text(found)) == is_mixed
    assert statement in found.statement or found.verdict is Verdict.SUFFICIENT


def test_what_has_no_script_says_why() -> None:
    """Codes of unknown scale leave a program open; one whose run ends in NaN fails at every tolerance."""
    for formula, side, verdict, note in (
        ("int8(x)*2", ("-1", "1"), Verdict.UNDECIDED, "nothing decides"),
        ("exp(x) - exp(x)", ("0", "12"), Verdict.INSUFFICIENT, "the program's run at that input ends in NaN or an infinity"),
    ):
        found = why(certificate_of(formula, side, "fp16", eps="1/10"), ask_neighbours=False)
        assert (found.verdict, found.cores) == (verdict, ())
        assert found.notes[0].startswith(note)


def test_rounded_sentences_stay_true() -> None:
    """A decimal in a sentence lies on the side where what is said holds."""
    found = why(certificate_of("exp(x)", ("0", "4"), "int8", eps="1e-2"), ask_neighbours=False)
    (tolerance,) = limits_of(found)["tolerance"]
    sentence = next(
        text for reason in found.cores[0] for relaxation, texts in reason.relaxations for text in texts if relaxation is tolerance
    )
    words = sentence.replace(",", "").split()
    would_do, below = (Fraction(words[words.index(word) + 1]) for word in ("of", "below"))
    assert below < tolerance.limit < would_do
    assert would_do - below < tolerance.limit / 10**4


def test_a_neighbour_keeps_the_formats_of_single_operations() -> None:
    certificate = prove(Problem("fp32(x*x) + x", {"x": ("0", "1")}, eps="1e-5"), "fp16")["fp16"].certificate
    assert certificate.formats.operations
    (near, *_) = neighbours(certificate, 1, 10.0)
    asked = prove(Problem("fp32(x*x) + x", {"x": ("0", "1")}, eps="1e-5"), near.format)[near.format]
    assert (near.verdict, near.digest) == (asked.verdict, asked.digest)


def test_a_disagreement_beside_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A neighbour that cannot be asked is left out; two computations that contradict each other are not."""
    from suffice.prover.why import neighbours as asking

    certificate = certificate_of("x", ("0", "1"), "int8", eps="1/1000")
    for raised in (FormatError("too wide"), DisagreementError("two numbers")):

        def failing(*_: object, raised: Exception = raised, **__: object) -> None:
            raise raised

        monkeypatch.setattr(asking, "prove", failing)
        if isinstance(raised, FormatError):
            assert asking.neighbours(certificate, 1, 1.0) == []
        else:
            with pytest.raises(DisagreementError):
                asking.neighbours(certificate, 1, 1.0)


DEFAULT_NEEDS_TRUST = """(set-logic QF_NRA)
(declare-const x Real)
(declare-const y Real)
(assert (! (= (* x x) 2.0) :named root_of_two))
(assert (! (= (* y y) 3.0) :named root_of_three))
(assert (! (> x 0.0) :named x_is_positive))
(assert (! (> y 0.0) :named y_is_positive))
(assert (! (> (* x y) 2.5) :named too_large))
(check-sat)
"""


def test_a_proof_that_asks_for_trust_is_refused() -> None:
    """The default method for products asks for it, the one that is used does not."""
    (freely,) = prove_scripts([DEFAULT_NEEDS_TRUST], task="prove freely")
    assert (freely.text, freely.refused) == ("", "a proof in CPC has a step that asks for trust, or names no rule: 'trust'")
    (proved,) = prove_scripts([DEFAULT_NEEDS_TRUST])
    assert proved.refused == ""
    assert "trust" not in proved.text
    (wrong,) = prove_scripts(["(set-logic ALL)\n(declare-const x Real)\n(assert (! (> x 0.0) :named positive))\n(check-sat)\n"])
    assert (wrong.text, wrong.refused) == ("", "cvc5 says sat")


def test_scripts_of_certificates_have_proofs_without_trust() -> None:
    proofs = prove_scripts([script.text() for script in SCRIPTS.values()])
    assert [proof.refused for proof in proofs] == [""] * len(SCRIPTS)
    assert all(proof.text.count("(step ") > 0 and "trust" not in proof.text for proof in proofs)


def test_a_certificate_with_proofs_is_accepted() -> None:
    from suffice.proofs.certificate import canonical_bytes, parse

    certificate, refused = with_cpc(certificate_of("x", ("0", "1"), "int8", eps="1/1000"))
    data = canonical_bytes(certificate)
    assert refused == []
    assert parse(data) == certificate
    assert (check(data).status, check(data).refuted) == ("accepted", 1)
    spoiled = data.replace(b":rule ", b":rule trust_", 1)
    assert check(spoiled).reason.startswith("a proof in CPC has a step that asks for trust")


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.json"
    asked = ["prove", "--expr", "x", "--var", "x=0:1", "--eps", "1/1000", "--format", "int8"]
    assert main([*asked, "--why", "--cpc", "--save", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "Why impossible, by T3 (counting):" in printed
    assert "a tolerance of 1/512 would do" in printed
    assert b'"cpc"' in file.read_bytes()
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr().out.endswith("accepted: impossible by T3, farkas checked\n")
    assert main(["explain", str(file), "--why", "--all-cores", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["why"]["all"] is True
    assert {"from": "1/1000", "to": "1/512"}.items() <= shown["why"]["cores"][0][-1]["relaxations"][0].items()
    assert "## Why" in shown["trace"]
    assert main([*asked, "--all-cores"]) == 2
    assert "--all-cores says how --why is to be answered; add --why" in capsys.readouterr().err


def test_the_same_in_a_trace_and_in_json() -> None:
    found = reasons_of_counting()
    texts = [step.text for step in why_section(found).steps]
    assert "Because the tolerance is 1/1000." in texts
    assert why_object(found)["cores"][0][0]["name"] == "hardware_codes"
    assert Fraction(1, 10**9) > BEYOND
    assert isinstance(solve({}), Solution)


def test_a_trace_says_what_stands_beside_a_script() -> None:
    from suffice.proofs.trace import render, trace

    certificate, _ = with_cpc(certificate_of("x", ("0", "1"), "int8", eps="1/1000"))
    bare = dataclasses.replace(certificate, smt=tuple(dataclasses.replace(member, farkas={}, cpc="") for member in certificate.smt))
    for told in ("multipliers for 3 assertions that add up to a contradiction", "in CPC of which none asks for trust"):
        assert told in render(trace(certificate))
        assert told not in render(trace(bare))


def test_of_many_members_those_that_others_depend_on_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of codes has no multiplier of its own; without it nothing follows from the rest."""
    monkeypatch.setattr("suffice.prover.why.explain.MAX_MINIMISED", 0)
    found = why(certificate_of("x", ("0", "1"), "int8", eps="1/1000"), ask_neighbours=False)
    assert (found.are_minimal, found.cores[0][0].name) == (False, "hardware_codes")
    assert find_model(read_script(found.script).only(reason.name for reason in found.cores[0])) is None
    assert limits_of(found)["tolerance"][0].is_proved


def test_a_question_that_cannot_be_written_has_no_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """x rounded to fp16 and then to bf16: annotated at its node it would skip the second rounding, which is another question."""
    certificate = certificate_of("x*x", ("0", "1"), "bf16", eps="1e-1")
    formats = dataclasses.replace(certificate.formats, inputs={"x": parse_format("fp16")})
    twice = dataclasses.replace(certificate, formats=formats)
    once = dataclasses.replace(certificate, formats=dataclasses.replace(formats, operations={0: parse_format("fp16")}))
    asked: list[object] = []

    def asking(problem: object, *_: object, **__: object) -> None:
        asked.append(problem)
        raise FormatError("not answered here")

    monkeypatch.setattr("suffice.prover.why.neighbours.prove", asking)
    assert (neighbours(twice, 1, 5.0), asked) == ([], [])
    assert (neighbours(once, 1, 5.0), len(asked)) == ([], 2)
