"""Whatever the kernel derives about conditionals, preconditions and mixed formats is true in the eyes of the oracle."""

from __future__ import annotations

import operator
from collections import Counter
from fractions import Fraction
from itertools import islice, product
from random import Random
from typing import Any

import pytest

from suffice.proofs.certificate import Formats, formats_to_json
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.kernel.limits import MAX_OPEN_CONDITIONS
from suffice.proofs.kernel.reading import read_nodes
from suffice.proofs.kernel.tape import Tape
from suffice.proofs.kernel.truths import FALSE, OPEN, TRUE, UNDEFINED, decide
from suffice.proofs.problemdata import problem_to_json

from .documents import FP16, Json, a_run, certificate, cover, derived, floating, formats, integers, law, pair, problem
from .judging import Answer
from .random_evidence import Asking, evidence
from .samples import SMALL

from oracle.random_branching import BranchingCase, branching_case  # isort: skip
from oracle.rounding import cells  # isort: skip
from oracle.truth import contradictions  # isort: skip

BOUNDS = ("floor", "floor_upper", "error_bound", "witness_error")


X: Json = ["var", "x"]
ZERO: Json = ["const", "0"]
UNIT = {"x": ["-1", "1"]}
POINTS: list[tuple[int, int]] = [(lo, hi) for lo in range(4) for hi in range(lo, 4)]
REALS: dict[str, Any] = {"lt": operator.lt, "le": operator.le, "eq": operator.eq, "and": operator.and_, "or": operator.or_}


@pytest.mark.parametrize("op", ["lt", "le", "eq"])
def test_comparisons_are_decided_exactly_where_all_numbers_agree(op: str) -> None:
    for a, b in product(POINTS, POINTS):
        found = {REALS[op](x, y) for x in range(2 * a[0], 2 * a[1] + 1) for y in range(2 * b[0], 2 * b[1] + 1)}
        assert decide(op, [a, b]) == (OPEN if len(found) == 2 else TRUE if found == {True} else FALSE), (a, b)


def test_logic_is_decided_by_what_is_defined() -> None:
    of = {FALSE: {False}, TRUE: {True}, OPEN: {False, True}}
    truth = {frozenset(values): name for name, values in of.items()}
    for a, b in product(of, of):
        for op in ("and", "or"):
            assert decide(op, [a, b]) == truth[frozenset(REALS[op](x, y) for x in of[a] for y in of[b])]
        assert decide("not", [a]) == truth[frozenset(not x for x in of[a])]
    for a in (*of, UNDEFINED):
        assert decide("and", [UNDEFINED, a]) == decide("and", [a, UNDEFINED]) == (FALSE if a == FALSE else UNDEFINED)
        assert decide("or", [UNDEFINED, a]) == decide("or", [a, UNDEFINED]) == (TRUE if a == TRUE else UNDEFINED)
    assert decide("not", [UNDEFINED]) == decide("lt", [UNDEFINED, (0, 1)]) == decide("eq", [(0, 1), UNDEFINED]) == UNDEFINED


def jump(at: str, *branches: Json, op: str = "lt", last: Json = ()) -> Json:
    """A constant or the input below `at`, another from there, and one more operation."""
    nodes: Json = [X, ["const", at], [op, 0, 1], *branches, ["if", 2, 3, 4]]
    return [*nodes, *([last] if last else [])]


@pytest.mark.parametrize("op", ["lt", "le"])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_program_may_take_the_other_branch(op: str, swapped: bool) -> None:
    """Reals beside 0 round to 0, and exp of 4 is far from exp of 0: S1 covers it however steep f is after the jump."""
    branches: list[Json] = [["const", "0"], ["const", "4"]]
    nodes = jump("0", *(branches[::-1] if swapped else branches), op=op, last=["exp", 5])
    question, fmts = problem(nodes, UNIT, absolute="1"), formats(floating(3, -2, 7))
    proved = derived(question, fmts, "error_bound", cover(0))
    assert proved.label == "S1"
    assert "branch_5" in {share.name for share in proved.shares}
    runs = [derived(question, fmts, "witness_error", a_run(x=x)).value for x in ("-1/1000", "0", "1/1000")]
    assert max(Fraction(value) for value in runs) > 50
    assert all(Fraction(value) <= Fraction(proved.value) for value in runs)


def test_an_open_condition_leaves_no_slope() -> None:
    nodes = [X, ["const", "0"], ["lt", 0, 1], ["neg", 0], ["if", 2, 3, 0]]
    tape = Tape(read_nodes(nodes), 64, Budget())
    one = 1 << 64
    box = {"x": (-one, one)}
    held = [(-one, one), (0, 0), OPEN, (-one, one), (-one, one)]
    values, jumps = tape.widened(box, held, [0] * 5)
    assert jumps == {4: 2 * one}
    with pytest.raises(LeafFailure, match="may take either branch"):
        tape.slopes(values)
    values[2] = TRUE
    assert tape.slopes(values)[0] == (-one, -one)


@pytest.mark.parametrize(("real", "held", "open_"), [((1, 2), (1, 2), False), ((1, 2), (0, 2), True), ((0, 2), (1, 2), True)])
def test_a_condition_is_decided_where_reals_and_runs_decide_it_alike(real: tuple[int, int], held: tuple[int, int], open_: bool) -> None:
    """x < 1/2 fails for all reals and for all values held, or for some of them: then the branch jumps."""
    nodes = [X, ["const", "1/2"], ["lt", 0, 1], ["neg", 0], ["if", 2, 3, 0]]
    tape = Tape(read_nodes(nodes), 64, Budget())
    one = 1 << 64
    x, code = ((lo * one, hi * one) for lo, hi in (real, held))
    truth = OPEN if held[0] == 0 else FALSE
    _, jumps = tape.widened({"x": x}, [code, (one // 2, one // 2), truth, code, code], [one] * 5)
    assert bool(jumps) is open_


def test_more_conditions_than_may_be_open_need_smaller_leaves() -> None:
    nodes: list[Json] = [X]
    root = 0
    for k in range(MAX_OPEN_CONDITIONS + 1):
        nodes += [["const", f"{k}/1000" if k else "0"], ["lt", 0, len(nodes)], ["neg", root], ["if", len(nodes) + 1, len(nodes) + 2, root]]
        root = len(nodes) - 1
    question = problem(_lowest_terms(nodes), UNIT, absolute="1")
    with pytest.raises(LeafFailure, match="conditions are open on one leaf"):
        derived(question, formats(floating(11, -14, 15)), "error_bound", cover(0))


def _lowest_terms(nodes: Json) -> Json:
    return [["const", str(Fraction(node[1]))] if node[0] == "const" else node for node in nodes]


def test_a_jump_is_no_range_to_count() -> None:
    """0 below, 10 from there: two numbers are enough, though the ends of the segment are 10 apart."""
    question = problem(jump("0", ["const", "0"], ["const", "10"]), UNIT, absolute="1")
    two_codes = formats({"kind": "exact"}, output={"kind": "code", "bits": 1})
    for kind in ("count", "slope"):
        with pytest.raises(LeafFailure, match="may take either branch"):
            derived(question, two_codes, "floor", law(kind, {"x": "-1"}, {"x": "1"}, pieces=64))


def test_a_jump_at_the_end_of_a_cell_is_not_in_the_cell() -> None:
    """21/16 rounds to 5/4; f is 100 up to there and 0 beyond, so that the cell of 11/8 has the one value 0."""
    question = problem(jump("21/16", ["const", "100"], ["const", "0"], op="le"), {"x": ["1", "2"]}, absolute="1")
    exact_output = formats(SMALL, output={"kind": "exact"})
    with pytest.raises(LeafFailure, match="need not be limits"):
        derived(question, exact_output, "floor", pair({"x": "21/16"}, {"x": "23/16"}))
    inside = problem(jump("11/8", ["const", "100"], ["const", "0"], op="le"), {"x": ["1", "2"]}, absolute="1")
    assert derived(inside, exact_output, "floor", pair({"x": "11/8"}, {"x": "45/32"})).value == 50


def test_points_that_do_not_count_are_no_path() -> None:
    """x itself outside (1/4, 3/4): 2 numbers cover both parts within 1/16 each, while the range between the ends has the length 1."""
    outside = [X, ["const", "1/4"], ["le", 0, 1], ["const", "3/4"], ["le", 3, 0], ["or", 2, 4]]
    question = problem([X], {"x": ["0", "1"]}, absolute="1") | {"preconditions": [outside]}
    two_codes = formats({"kind": "exact"}, output={"kind": "code", "bits": 1})
    for kind in ("count", "slope"):
        with pytest.raises(Rejection, match="between the points"):
            derived(question, two_codes, "floor", law(kind, {"x": "0"}, {"x": "1"}, pieces=64))
    assert derived(question, two_codes, "floor", law("count", {"x": "0"}, {"x": "1/4"})).value == Fraction(1, 16)
    limits = problem([X], {"x": ["1", "2"]}, absolute="1") | {"preconditions": [[X, ["const", "21/16"], ["eq", 0, 1]]]}
    with pytest.raises(Rejection, match="hold at a point"):
        derived(limits, formats(SMALL), "floor", pair({"x": "21/16"}, {"x": "23/16"}))


def test_nan_takes_the_second_branch() -> None:
    """sqrt(-1) < 0 is false in the program; the function is not defined there, so nothing is said."""
    nodes = [X, ["sqrt", 0], ZERO, ["lt", 1, 2], ["const", "1"], ["if", 3, 4, 2]]
    with pytest.raises(LeafFailure, match="sqrt"):
        derived(problem(nodes, UNIT, absolute="1"), formats(FP16), "witness_error", a_run(x="-1"))
    below: Json = [X, ZERO, ["lt", 0, 1]]
    guarded = [*below, ["sqrt", 0], ZERO, ["lt", 3, 4], ["or", 2, 5], ["const", "1"], ["if", 6, 7, 1]]
    assert derived(problem(guarded, UNIT, absolute="1"), formats(FP16), "witness_error", a_run(x="-1")).value == 0


def test_an_undefined_branch_counts_where_it_may_be_taken() -> None:
    root = [X, ["const", "1/2"], ["lt", 0, 1], ["sqrt", 0], ["neg", 0], ["if", 2, 4, 3]]
    for bound in ("error_bound", "floor_upper"):
        assert derived(problem(root, {"x": ["-1", "0"]}, absolute="1"), formats(FP16), bound, cover(0)).label in ("S1", "S2")
        with pytest.raises(LeafFailure, match=r"sqrt|either branch"):
            derived(problem(root, UNIT, absolute="1"), formats(FP16), bound, cover(0))
    taken = [X, ["const", "-1/2"], ["lt", 0, 1], ["neg", 0], ["sqrt", 0], ["if", 2, 3, 4]]
    for lo, hi in (("-1/4", "-1/8"), ("-1/4", "1")):
        with pytest.raises(LeafFailure, match="sqrt"):
            derived(problem(taken, {"x": [lo, hi]}, absolute="1"), formats(FP16), "error_bound", cover(0))


def test_an_inaccurate_function_is_not_judged_by_one_run() -> None:
    """A leaf in one cell: with a stated accuracy every library counts, so that the bound grows by the ulps."""
    question = problem([X, ["exp", 0]], {"x": ["1", "33/32"]}, absolute="1")
    rounded, loose = (derived(question, formats(SMALL, **given), "error_bound", cover(0)) for given in ({}, {"accuracy": {"exp": "3"}}))
    assert (rounded.label, loose.label) == ("T0", "S1")
    assert Fraction(loose.value) >= Fraction(3, 4)


def test_an_input_in_two_formats_counts_twice() -> None:
    """x in one format minus x in another: f is 0, and its slope too."""
    nodes = [X, X, ["sub", 0, 1]]
    question = problem(nodes, {"x": ["1", "2"]}, absolute="1")
    mixed = formats(FP16, operations=[[floating(3, -6, 7), [1]]])
    assert Fraction(derived(question, mixed, "error_bound", cover(0)).value) >= Fraction(1, 8)
    assert derived(question, formats(FP16, output={"kind": "exact"}), "floor_upper", cover(1, 0, 0)).value == 0
    added = problem([X, X, ["add", 0, 1]], {"x": ["1", "2"]}, absolute="1")
    assert derived(added, formats(SMALL, output={"kind": "exact"}), "floor_upper", cover(0)).value == 2 * Fraction(1, 16)
    with pytest.raises(LeafFailure, match="one sign"):
        derived(question, formats({"kind": "exact"}, output=integers()), "floor", law("slope", {"x": "1"}, {"x": "2"}))


def documents(case: BranchingCase) -> tuple[Json, Json]:
    """PROBLEM and FORMATS."""
    asked = Formats(
        input=case.source, compute=case.compute, output=case.output, inputs=case.inputs, operations=case.operations, accuracy=case.accuracy
    )  # fmt: skip
    return problem_to_json(case.problem), formats_to_json(asked)


def asking(case: BranchingCase) -> Asking:
    """The cells of each input, and where they and the constants of the problem end."""
    box = case.problem.box
    found = {name: cells(case.inputs.get(name, case.source), box[name].lo, box[name].hi) for name in sorted(box)}  # type: ignore[arg-type]
    expressions = (case.problem.expression, *case.problem.preconditions)
    marks = {node.payload for expression in expressions for node in expression.nodes if isinstance(node.payload, Fraction)}
    ends = {
        name: sorted({e for parts in of.values() for part in parts for e in (part.lo, part.hi)}
                     | {mark for mark in marks if box[name].lo < mark < box[name].hi})
        for name, of in found.items()
    }  # fmt: skip
    return Asking(case, Random(case.seed), found, ends)  # type: ignore[arg-type]


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_derived_bounds_are_true(first: int) -> None:
    labels: Counter[str] = Counter()
    for case in map(branching_case, range(first, first + 30)):
        question, asked = documents(case)
        for bound, given in islice(evidence(asking(case)), 14):
            try:
                document = certificate(question, asked, **{bound: given})
            except (Rejection, LeafFailure):
                continue
            value = document["claims"][0]["value"]
            values = dict.fromkeys(BOUNDS) | {bound: value if value == "infinite" else Fraction(value)}
            assert contradictions(case.truth, Answer(document["verdict"], document["possible"], **values)) == [], (case.seed, bound, given)
            labels[f"{bound} {document['claims'][0]['statement']}"] += 1
    assert min(sum(n for name, n in labels.items() if name.startswith(f"{bound} ")) for bound in BOUNDS) >= 10
