"""Farkas multipliers and proofs in CPC beside scripts: those that refute are accepted, every change of one is rejected."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest

from suffice.proofs.kernel import limits
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import Rejection
from suffice.proofs.kernel.farkas import NotLinear, check_farkas, constraint, linear, read_assertions
from suffice.proofs.kernel.refutations import check_cpc, without_refutations
from suffice.proofs.kernel.script import term
from suffice.proofs.kernel.smtlib import read_terms
from suffice.prover.elimination import Refutation, Solution, range_of, solve
from suffice.prover.multipliers import find_multipliers, linear_assertions, read_off, with_multipliers
from suffice.prover.solvers import decide

from .documents import Json, report
from .samples import handmade, pool

WITH = {
    name: document | {"smt": with_multipliers(without_refutations(document["smt"]))}
    for name, document in (handmade() | pool()).items()
    if document["smt"]
}
"""Certificates with multipliers for every script."""

CHECKED = {name: document for name, document in WITH.items() if name in handmade()}
"""Those whose evidence is quickly checked."""

SLOPE = WITH["slope"]
RELATIVE = next(document for document in WITH.values() if "enclosure_size" in document["smt"][0]["script"])

PROOF = "(\n(assume @p0 false)\n(step @p1 false :rule refl :premises (@p0))\n)\n"


def test_every_script_of_every_statement_has_multipliers() -> None:
    assert len(WITH) > 15
    assert all("farkas" in item for document in WITH.values() for item in document["smt"])
    for document in CHECKED.values():
        found = report(document)
        assert (found.status, found.refuted) == ("accepted", len(document["smt"]))


def test_a_certificate_without_them_stays_valid() -> None:
    for document in CHECKED.values():
        found = report(document | {"smt": without_refutations(document["smt"])})
        assert (found.status, found.refuted) == ("accepted", 0)


def test_both_ways_to_find_them_agree() -> None:
    """Read off, or by elimination: a script none of whose assertions is idle has one set of multipliers, but for a factor."""
    for document in WITH.values():
        for item in document["smt"]:
            known = linear_assertions(item["script"])
            read, solved = read_off(known), solve(known)
            assert read is not None
            assert isinstance(solved, Refutation)
            ratios = {solved.multipliers[name] / value for name, value in read.items()}
            assert len(ratios) == 1
            assert solved.multipliers.keys() == read.keys()


def is_refuted(script: str, multipliers: dict[str, Fraction]) -> bool:
    """Whether the kernel takes the multipliers."""
    try:
        check_farkas(script, {name: str(value) for name, value in multipliers.items()}, Budget())
    except Rejection:
        return False
    return True


@pytest.mark.parametrize("factor", ["0", "-1", "999999/1000000", "2"])
def test_no_single_multiplier_may_be_another(factor: str) -> None:
    for script, multipliers in given():
        for name, value in multipliers.items():
            assert not is_refuted(script, multipliers | {name: value * Fraction(factor)})


def test_none_may_be_missing_and_all_may_grow_together() -> None:
    for script, multipliers in given():
        for left in multipliers:
            assert not is_refuted(script, {name: value for name, value in multipliers.items() if name != left})
        assert is_refuted(script, {name: value * 7 / 3 for name, value in multipliers.items()})


def given() -> list[tuple[str, dict[str, Fraction]]]:
    """The first script of each certificate with its multipliers."""
    members = [document["smt"][0] for document in WITH.values()]
    return [(item["script"], {name: Fraction(value) for name, value in item["farkas"].items()}) for item in members]


def with_farkas(change: Callable[[Json], None]) -> Json:
    document = copy.deepcopy(SLOPE)
    change(document["smt"][0]["farkas"])
    return document


def with_member(**members: Json) -> Json:
    return SLOPE | {"smt": [SLOPE["smt"][0] | members]}


REFUSED: list[tuple[Json, str]] = [
    (with_member(farkas={}), "the multipliers of a script are not an object with members"),
    (with_member(farkas=[["tolerance", "1"]]), "the multipliers of a script are not an object with members"),
    (with_member(farkas=None), "the multipliers of a script are not an object with members"),
    (with_farkas(lambda given: given.update(nothing="1")), "a multiplier belongs to no assertion: 'nothing'"),
    (with_farkas(lambda given: given.update(slope="1")), "a multiplier belongs to no assertion: 'slope'"),
    (with_farkas(lambda given: given.update(tolerance="-1")), "the multiplier of tolerance has the wrong sign"),
    (with_farkas(lambda given: given.update(hardware_bits="0")), "the multiplier of hardware_bits has the wrong sign"),
    (with_farkas(lambda given: given.update(tolerance=1)), "the multiplier of tolerance is not a number written"),
    (with_farkas(lambda given: given.update(tolerance="2/2")), "the multiplier of tolerance is not in lowest terms"),
    (with_farkas(lambda given: given.update(hardware_bits="1")), "the multiplied assertions do not add up to a number"),
    (with_farkas(lambda given: given.pop("tolerance")), "the multiplied assertions do not add up to a number"),
    (with_member(farkas={"hardware_bits": "1"}), "the multiplied assertions do not add up to a number"),
    (with_member(cpc=""), f"a proof in CPC is not a text of at most {limits.MAX_CPC_CHARACTERS} characters"),
    (with_member(cpc=1), "a proof in CPC is not a text of at most"),
    (with_member(cpc="(" * (limits.MAX_CPC_CHARACTERS + 1)), "a proof in CPC is not a text of at most"),
    (with_member(cpc="(" * 1000), f"an SMT-LIB text is nested more than {limits.MAX_SCRIPT_DEPTH} deep"),
    (with_member(cpc=PROOF + ")"), "an SMT-LIB text has parentheses that do not match"),
    (with_member(cpc="(" + PROOF), "an SMT-LIB text has parentheses that do not match"),
    (with_member(cpc=PROOF.replace("false", "|false", 1)), "an SMT-LIB text has a quotation that does not end"),
    (with_member(cpc=PROOF.replace("assume", "include")), "a proof in CPC has a command that is no step of a proof"),
    (with_member(cpc=PROOF.replace("assume", "declare-rule")), "a proof in CPC has a command that is no step of a proof"),
    (with_member(cpc="unsat\n" + PROOF), "a proof in CPC has a command that is no step of a proof"),
    (with_member(cpc="proof"), "a proof in CPC has a command that is no step of a proof"),
    (with_member(cpc=PROOF.replace("refl", "trust")), "a proof in CPC has a step that asks for trust, or names no rule: 'trust'"),
    (with_member(cpc=PROOF.replace("refl", "trust_theory_rewrite")), "a proof in CPC has a step that asks for trust"),
    (with_member(cpc=PROOF.replace(":rule refl", ":rule ; refl\n|trust|")), "a proof in CPC has a step that asks for trust"),
    (with_member(cpc=PROOF.replace(":rule refl", "")), "a proof in CPC has a step that asks for trust, or names no rule"),
    (with_member(cpc=PROOF.replace(":rule refl", ":rule refl :rule trust")), "a proof in CPC has a step that asks for trust"),
    (with_member(cpc=PROOF.replace("refl", "(refl)")), "a proof in CPC has a step that asks for trust, or names no rule"),
    (with_member(proof=PROOF), "the SMT-LIB scripts are not those of the claims"),
    (with_member(script=SLOPE["smt"][0]["script"] + "\n"), "the SMT-LIB scripts are not those of the claims"),
]


@pytest.mark.parametrize(("document", "reason"), REFUSED)
def test_wrong_refutations_reject_the_certificate(document: Json, reason: str) -> None:
    found = report(document)
    assert found.status == "rejected"
    assert reason in found.reason


def test_a_proof_in_cpc_is_kept_and_proves_nothing() -> None:
    found = report(SLOPE | {"smt": [SLOPE["smt"][0] | {"cpc": PROOF}]})
    assert (found.status, found.refuted) == ("accepted", 1)
    check_cpc(PROOF.replace("@p0 false", "@trust (trust :rule trust)"))


def test_multipliers_of_another_tolerance_are_no_contradiction() -> None:
    """The same sum, with a tolerance that the floor does not exceed."""
    script, multipliers = SLOPE["smt"][0]["script"], SLOPE["smt"][0]["farkas"]
    check_farkas(script, multipliers, Budget())
    line = next(line for line in script.splitlines() if line.endswith(":named tolerance))"))
    with pytest.raises(Rejection, match="the multiplied assertions add up to no contradiction"):
        check_farkas(script.replace(line, "(assert (! (<= floor 1000.0) :named tolerance))"), multipliers, Budget())


@pytest.mark.parametrize(("relation", "is_refuted"), [("(<= x 1.0)", False), ("(< x 1.0)", True), ("(<= x (/ 9.0 10.0))", True)])
def test_both_sides_of_strictness(relation: str, is_refuted: bool) -> None:
    script = f"(declare-const x Real)\n(assert (! (>= x 1.0) :named a))\n(assert (! {relation} :named b))\n(check-sat)\n"
    assert isinstance(solve(linear_assertions(script)), Refutation) == is_refuted
    if is_refuted:
        check_farkas(script, {"a": "1", "b": "1"}, Budget())
    else:
        with pytest.raises(Rejection, match="the multiplied assertions add up to no contradiction"):
            check_farkas(script, {"a": "1", "b": "1"}, Budget())


def test_an_implication_counts_only_where_its_condition_is_asserted() -> None:
    lines = ["(assert (! (= p 11) :named p))", "(assert (! (=> (= p 11) (>= x 2.0)) :named law))", "(assert (! (< x 2.0) :named t))"]
    check_farkas("\n".join(lines), {"law": "1", "t": "1"}, Budget())
    for other in (lines[1:], ["(assert (! (= p 12) :named p))", *lines[1:]], ["(assert (! (= 11 p) :named p))", *lines[1:]]):
        with pytest.raises(Rejection, match="the assertion law has a multiplier and is not linear"):
            check_farkas("\n".join(other), {"law": "1", "t": "1"}, Budget())


@pytest.mark.parametrize("text", [
    "(assert (> x 1.0))", "(assert (! (> x 1.0) :named a))(assert (! (> x 1.0) :named a))", "(define-fun x () Real 1.0)", "x", "()",
    "(assert (! (> x 1.0) :named a :pattern b))", "(declare-const x Bool)", "(set-option :produce-models true)", "(pop)",
])  # fmt: skip
def test_other_commands_are_not_read(text: str) -> None:
    with pytest.raises(Rejection, match="a command beside declarations and assertions with names of their own"):
        read_assertions(text)


@pytest.mark.parametrize(("text", "coefficients"), [
    ("(+ x (* 2.0 y) (- 3.5))", {"x": 1, "y": 2, "": Fraction(-7, 2)}),
    ("(- x (/ y 4.0) x)", {"y": Fraction(-1, 4)}),
    ("(* x (- (/ 1.0 3.0)))", {"x": Fraction(-1, 3)}),
    ("(* (+ 1 1) (- x 2))", {"x": 2, "": -4}),
    ("(- 0.0)", {}),
])  # fmt: skip
def test_linear_terms(text: str, coefficients: dict[str, Fraction]) -> None:
    assert linear(read_terms(text)[0]) == coefficients


@pytest.mark.parametrize("text", [
    "(* x y)", "(/ 1.0 x)", "(/ x 0.0)", "(* x)", "(+)", "(-)", "(abs x)", "|x|", "1.", "-1", "1e3", "0x1", "(* x 1.0 2.0)", "\"x\"",
])  # fmt: skip
def test_what_is_not_linear(text: str) -> None:
    with pytest.raises(NotLinear):
        linear(read_terms(text)[0])
    with pytest.raises(NotLinear):
        constraint(("or", ("<=", "x", "1.0")), set())


def test_hostile_multipliers_end() -> None:
    """Denominators without common factors add up to numbers that are too long to go on with."""
    shares = 900
    script = "\n".join(f"(assert (! (>= x {k}.0) :named a{k}))" for k in range(shares))
    multipliers = {f"a{k}": f"1/{10**3999 + 2 * k + 1}" for k in range(shares)}
    with pytest.raises(Rejection, match="checking needs more work than the kernel's limit"):
        check_farkas(script, multipliers, Budget(limits.MAX_WORK // 10))


def random_system(rng: Random) -> str:
    """A few comparisons of a few symbols, with small coefficients: refuted about half the time."""
    lines = []
    for k in range(rng.randint(3, 9)):
        parts = [f"(* {term(Fraction(rng.randint(-4, 4), rng.randint(1, 3)))} {symbol})" for symbol in "xyzw" if rng.random() < 0.6]
        left = f"(+ 0.0 0.0 {' '.join(parts)})"
        relation = rng.choices(["<=", "<", ">=", ">", "="], [4, 2, 4, 2, 1])[0]
        lines.append(f"(assert (! ({relation} {left} {term(Fraction(rng.randint(-6, 6)))}) :named a{k}))")
    return "".join(f"(declare-const {symbol} Real)\n" for symbol in "xyzw") + "\n".join(lines) + "\n(check-sat)\n"


def holds(form: dict[str, Fraction], relation: str, values: dict[str, Fraction]) -> bool:
    """A comparison at a point."""
    value = sum((factor * (values[name] if name else 1) for name, factor in form.items()), Fraction(0))
    return {">=": value >= 0, ">": value > 0, "=": value == 0}[relation]


def test_random_systems_against_two_solvers() -> None:
    """Where the solvers say unsat the kernel accepts the multipliers; where they say sat the solution satisfies every assertion."""
    rng = Random(4)
    scripts = [random_system(rng) for _ in range(250)]
    refuted = 0
    for script, runs in zip(scripts, decide(scripts), strict=True):
        known = linear_assertions(script)
        found = solve(known)
        assert {run.answer for run in runs} == {"unsat" if isinstance(found, Refutation) else "sat"}
        if isinstance(found, Solution):
            assert all(holds(each.form, each.relation, found.values) for each in known.values())
            assert find_multipliers(script) is None
            continue
        refuted += 1
        check_farkas(script, {name: str(value) for name, value in found.multipliers.items()}, Budget())
        name = rng.choice(sorted(found.multipliers))
        with pytest.raises(Rejection):
            check_farkas(script, {key: str(-value) for key, value in found.multipliers.items() if key == name}, Budget())
    assert 60 < refuted < 190


def test_ranges_of_a_symbol_against_two_solvers() -> None:
    """At its ends and beyond them, as the solvers say."""
    rng = Random(9)
    questions: list[tuple[str, bool]] = []
    while len(questions) < 160:
        script = random_system(rng)
        found = range_of("x", list(linear_assertions(script).values()))
        if found is None:
            questions.append((script, False))
            continue
        for end, excluded, out in ((found.low, found.low_excluded, -1), (found.high, found.high_excluded, 1)):
            if end is not None:
                for place, allowed in ((end, not excluded), (end + Fraction(out, 1000), False)):
                    fixed = f"(assert (! (= x {term(place)}) :named fixed))\n(check-sat)"
                    questions.append((script.replace("(check-sat)", fixed), allowed))
    answers = decide([script for script, _ in questions])
    assert [{run.answer for run in runs} for runs in answers] == [{"sat" if allowed else "unsat"} for _, allowed in questions]
    assert sum(allowed for _, allowed in questions) > 20
