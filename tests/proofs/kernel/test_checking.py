"""Each reason for a rejection, reached by its own smallest change of a valid certificate."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction

import pytest

from suffice.proofs import kernel
from suffice.proofs.kernel import check, limits

from .allocations import WRONG, changed, waiting
from .documents import E2M1, E4M3, EXACT, FP16, FP32, Json, a_run, canonical, cover, floating, formats, integers, law, pair, problem, report
from .reasons import unreached
from .samples import CELL, EXP, HALF, ONE_TO_TWO, PRODUCT, SMALL, SQUARE, STEP, handmade
from .test_farkas import REFUSED as REFUSED_REFUTATIONS

SAMPLES = handmade()
NINES = "9" * limits.MAX_DIGITS
CODE = {"kind": "code", "bits": 6}
Change = Callable[[Json], None]


def put(*path: Json) -> Change:
    """Set the field at a path: the last item is its new value."""

    def change(document: Json) -> None:
        target = document
        for key in path[:-2]:
            target = target[key]
        target[path[-2]] = path[-1]

    return change


def drop(*path: Json) -> Change:
    """Delete the field at a path."""

    def change(document: Json) -> None:
        target = document
        for key in path[:-1]:
            target = target[key]
        del target[path[-1]]

    return change


def evidence(claim: int, given: Json) -> Change:
    """Set the evidence of a claim."""
    return put("claims", claim, "evidence", given)


def claim_of(bound: str, given: Json) -> Json:
    return {"bound": bound, "value": "0", "statement": "", "evidence": given}


def asked(nodes: Json, box: Json, fmts: Json, given: Json, *, bound: str = "", **tolerance: str) -> Json:
    """A document with one claim, whose evidence is refused before its value is looked at."""
    question = problem(nodes, box, **(tolerance or {"absolute": "1"}))
    usual = {"cover": "error_bound", "run": "witness_error"}.get(given["kind"], "floor")
    return SAMPLES["slope"] | {"problem": question, "formats": fmts, "claims": [claim_of(bound or usual, given)], "smt": []}


X: Json = ["var", "x"]
ALONE = "rounded program"
"""Claims: an error bound with the cover [1, 0, 1, 0, 0], and a run."""

CHANGES: list[tuple[str, Change, str]] = [
    (ALONE, put("version", 2), "this kernel reads version 1 only"),
    (ALONE, put("version", True), "this kernel reads version 1 only"),
    (ALONE, put("verdict", "undecided"), "the claims prove sufficient by S1, possible: True; the file says otherwise"),
    (ALONE, put("statement", "T0"), "the claims prove sufficient by S1"),
    (ALONE, put("possible", False), "the claims prove sufficient by S1"),
    (ALONE, put("possible", 1), "possible is not true or false"),
    (ALONE, put("assumptions", []), "the assumptions are not those"),
    (ALONE, put("smt", []), "the SMT-LIB scripts are not those"),
    (ALONE, put("smt", 0, "claim", False), "the SMT-LIB scripts are not those"),
    (ALONE, put("claims", 0, "value", "-1"), "the value of error_bound is negative"),
    (ALONE, put("claims", 0, "value", "infinite"), "the value of error_bound is not a number"),
    (ALONE, put("claims", 0, "value", "48/128"), "is not in lowest terms"),
    (ALONE, put("claims", 0, "value", "1/1"), "is not in lowest terms"),
    (ALONE, put("claims", 0, "value", "-0"), "is not a number written as"),
    (ALONE, put("claims", 0, "value", 1), "is not a number written as"),
    (ALONE, put("claims", 0, "value", "9" + NINES), f"has more than {limits.MAX_DIGITS} digits"),
    (ALONE, put("claims", 0, "value", "1/5"), "the evidence does not prove error_bound = 1/5"),
    (ALONE, put("claims", 1, "value", "50/256"), "is not in lowest terms"),
    (ALONE, put("claims", 1, "value", "25/128"), "the evidence does not prove witness_error = 25/128"),
    (ALONE, put("claims", 1, "value", "infinite"), "the evidence does not prove witness_error = infinite"),
    (ALONE, put("claims", 0, "statement", "S2"), "error_bound is proved by S1, not by 'S2'"),
    (ALONE, put("claims", 0, "bound", "ceiling"), "claim.bound is not one of"),
    (ALONE, lambda d: d["claims"].reverse(), "claims are in the order"),
    (ALONE, lambda d: d["claims"].append(d["claims"][1]), "claims are in the order"),
    (ALONE, put("claims", 5), "claims is not an array"),
    (ALONE, put("claims", 0, "evidence", "kind", "run"), "error_bound is proved by a cover"),
    (ALONE, put("claims", 1, "evidence", "kind", "cover"), "witness_error is proved by a run"),
    ("slope", put("claims", 0, "evidence", "kind", "run"), "floor is proved by a pair"),
    ("slope", put("claims", 0, "evidence", "kind", ["slope"]), "floor is proved by a pair"),
    (ALONE, put("claims", 0, "evidence", "precision", 63), "precision is not an integer from 64 to 4096"),
    (ALONE, put("claims", 0, "evidence", "pieces", 0), "pieces is not an integer from 1 to 4096"),
    (ALONE, put("claims", 0, "evidence", "splits", [1, 0, 1, 0, 0, 0]), "goes on after its last leaf"),
    (ALONE, put("claims", 0, "evidence", "splits", [1, 0, 1, 0]), "ends before the box is covered"),
    (ALONE, put("claims", 0, "evidence", "splits", [2, 0, 0]), "a cut is not an integer from 1 to 1"),
    (ALONE, put("claims", 0, "evidence", "splits", [False]), "a cut is not an integer"),
    (ALONE, put("claims", 0, "evidence", "splits", [[1, "3"], 0, 0]), "cuts outside its part"),
    (ALONE, put("claims", 0, "evidence", "splits", [[1, "2/4"], 0, 0]), "the place of a cut is not in lowest terms"),
    (ALONE, put("claims", 0, "evidence", "splits", []), "cover.splits is not an array"),
    (ALONE, put("claims", 0, "evidence", "splits", [1] * 4097), "leaves more than 4096 parts waiting"),
    (ALONE, put("claims", 1, "evidence", "point", "x", "3"), "a point lies outside the box in x"),
    (ALONE, put("claims", 1, "evidence", "point", {}), "point has missing or unknown keys: x"),
    (ALONE, put("claims", 1, "evidence", "point", "\u20ac\n", "3"), r"unknown keys: '\u20ac\n'"),
    (ALONE, put("claims", 1, "evidence", "point", 3), "point is not an object"),
    (ALONE, drop("problem", "inputs"), "problem has missing or unknown keys: inputs"),
    (ALONE, put("problem", "inputs", "rational"), "problem.inputs is not one of real, representable"),
    (ALONE, put("problem", "tolerance", "absolute", "-1"), "the tolerance is negative"),
    (ALONE, put("problem", "box", {}), "the input x has no interval"),
    (ALONE, put("problem", "box", []), "problem.box is not an object"),
    (ALONE, put("problem", "box", "x", ["2", "1"]), "box.x is empty"),
    (ALONE, put("problem", "box", {f"x{k}": ["0", "1"] for k in range(257)} | ONE_TO_TWO), "more than 256 inputs"),
    (ALONE, put("problem", "expression", [["var", "x"], ["pow", 0, 2], ["pow", 0, 3]]), "a node that is not used"),
    (ALONE, put("problem", "expression", [["var", "2x"]]), "expression[0] is not a name of an input"),
    (ALONE, put("problem", "expression", [["var", "x"], ["erf", 0]]), "expression[1] is not a node of version 1"),
    (ALONE, put("problem", "expression", [["var", "x"], ["add", 0]]), "expression[1] is not a node of version 1"),
    (ALONE, put("problem", "expression", [["var", "x"], ["neg", 1]]), "an argument of expression[1] is not an integer from 0 to 0"),
    (ALONE, put("problem", "expression", [["var", "x"], ["pow", 0, 1001]]), "expression[1] is not an integer from -1000 to 1000"),
    (ALONE, put("problem", "expression", []), "expression is not an array of 1 to 200000 items"),
    (ALONE, put("formats", "input", "kind", "posit"), "formats.input.kind is not float, int, code or exact"),
    (ALONE, put("formats", "input", CODE), "formats.input cannot be any code"),
    (ALONE, put("formats", "output", CODE), "an output of any code is computed in exact"),
    (ALONE, put("formats", "instances", {}), "formats.instances stands only beside"),
    (ALONE, put("formats", "output", SMALL | {"p": 0}), "formats.output.p is not an integer from 1 to 4096"),
    (ALONE, put("formats", "output", SMALL | {"emax": 8}), "emin, emax and max_finite contradict each other"),
    (ALONE, put("formats", "output", SMALL | {"max_finite": "241"}), "max_finite is not a number of the format"),
    (ALONE, put("formats", "output", SMALL | {"infinities": False}), "overflow gives a value that the format does not have"),
    (ALONE, put("formats", "output", SMALL | {"nan": False, "overflow": "nan"}), "overflow gives a value that the format does not have"),
    (ALONE, put("formats", "output", SMALL | {"nan": 1}), "formats.output.nan is not true or false"),
    ("codes", put("formats", "input", integers("0", 0)), "formats.input.scale is not positive"),
    ("codes", put("formats", "input", integers("1", None)), "formats.input.zero is not an integer"),
    ("codes", put("formats", "input", integers("1", 0, qmax=-128)), "formats.input.qmax is not an integer"),
    ("instances", drop("formats", "instances"), "this bound needs the instances of the formats with free scale"),
    ("instances run", drop("formats", "instances"), "a run needs the instances of the formats with free scale"),
    ("instances", put("formats", "instances", "output", integers("1", 0, qmax=126)), "instances.output is not an instance"),
    ("instances", put("formats", "instances", "output", integers()), "instances.output is not an instance"),
    ("instances", put("formats", "instances", "nodes", []), "instances.nodes is not an array of 2 to 2 items"),
    ("cell slope", put("claims", 0, "evidence", "points", [{"x": "21/16"}, {"x": "3/2"}]), "the corners do not lie in one cell of x"),
    ("pair into a code", put("claims", 0, "evidence", "points", [{"x": "21/16"}, {"x": "3/2"}]), "do not lie in the closure of one cell"),
    ("pair into a code", put("claims", 0, "evidence", "points", [CELL[0], CELL[0]]), "the two points of a pair are equal"),
    ("pair into a code", put("claims", 0, "evidence", "points", []), "points is not an array of 1 to 2 items"),
    ("one representable", put("claims", 0, "evidence", "points", [*CELL]), "two different points never share their codes"),
    ("one representable", put("claims", 0, "evidence", "points", [{"x": "21/16"}]), "the point is not representable"),
    ("one representable", put("formats", "input", integers()), "representable inputs need integer codes with a given scale"),
    ("slope", put("problem", "inputs", "representable"), "with representable inputs laws of range, slope and curvature prove nothing"),
    ("slope", put("problem", "tolerance", "relative", "1/9"), "this law is about absolute tolerances"),
    ("slope", put("claims", 0, "evidence", "points", [{"x": "1"}, {"x": "1"}]), "differ in exactly one input"),
    ("slope", put("formats", "output", EXACT), "counting needs an input or an output format"),
    ("curvature", put("problem", "expression", [["var", "x"], ["pow", 0, 3]]), "the derivative does not keep one sign"),
    ("curvature", put("problem", "expression", [["var", "x"], ["abs", 0]]), "abs may have its kink inside the box"),
    ("a step in cells", put("problem", "expression", 4, ["if", 0, 3, 0]), "expression[4] takes a number for true or false"),
    ("a step in cells", put("problem", "expression", 3, ["neg", 2]), "expression[3] takes a number for true or false"),
    ("a step in cells", put("problem", "expression", [*HALF]), "the value of expression is not a number"),
    ("a precondition", put("problem", "preconditions", [[["var", "x"]]]), "the value of preconditions[0] is not true or false"),
    ("a precondition", put("problem", "preconditions", []), "problem.preconditions is not an array of 1 to"),
    ("a precondition", put("problem", "preconditions", 0, 0, ["var", "y"]), "the input y has no interval"),
    (
        "a precondition",
        put("problem", "preconditions", [[X, *(["neg", k] for k in range(limits.MAX_NODES - 3)), ["lt", 0, limits.MAX_NODES - 3]]]),
        f"the problem has more than {limits.MAX_NODES} nodes",
    ),
    ("a precondition", put("problem", "preconditions", 0, 1, ["const", "1"]), "the preconditions were not shown to hold at a point"),
    ("two preconditions", put("claims", 0, "evidence", "points", 1, "x", "3/2"), "were not shown to hold between the points"),
    ("mixed formats", put("formats", "inputs", {}), "formats.inputs names no input, or gives one the format of all"),
    ("mixed formats", put("formats", "inputs", "x", SMALL), "formats.inputs names no input, or gives one the format of all"),
    ("mixed formats", put("formats", "inputs", "z", E2M1), "formats.inputs has missing or unknown keys: z"),
    ("mixed formats", put("formats", "inputs", "y", CODE), "formats.inputs.y cannot be any code"),
    ("mixed formats", put("formats", "operations", []), "formats.operations is not an array"),
    ("mixed formats", put("formats", "operations", 0, 1, [2, 1]), "formats.operations[0] names a node twice, or not in order"),
    ("mixed formats", put("formats", "operations", 0, 1, [1, 1]), "formats.operations[0] names a node twice, or not in order"),
    ("mixed formats", put("formats", "operations", [[FP16, [1]], [FP32, [1]]]), "formats.operations[1] names a node twice"),
    ("mixed formats", put("formats", "operations", 0, 1, [3]), "formats.operations[0] is not an integer from 0 to 2"),
    ("mixed formats", put("formats", "operations", [[FP16, [2]], [FP32, [1]]]), "formats.operations has a format twice"),
    ("mixed formats", put("formats", "operations", [[FP16, [1]], [FP16, [2]]]), "formats.operations has a format twice"),
    ("mixed formats", put("formats", "operations", 0, 0, SMALL), "formats.operations has a format twice, formats.compute"),
    ("a step in cells", put("formats", "operations", [[FP16, [2]]]), "formats.operations[0] gives a format to what is true or false"),
    ("a counted branch", put("formats", "operations", [[FP16, [0]]]), "an output of any code is computed in exact"),
    ("two ulps", put("formats", "accuracy", {}), "formats.accuracy names no function, or an error that is not from 1/2 to"),
    ("two ulps", put("formats", "accuracy", "exp", "1/3"), "formats.accuracy names no function, or an error that is not from 1/2 to"),
    ("two ulps", put("formats", "accuracy", "sin", "2"), "formats.accuracy has missing or unknown keys: sin"),
    ("two ulps", drop("formats", "accuracy"), "the assumptions are not those"),
]  # fmt: skip

UNIT, FAR = {"x": ["0", "1"]}, {"x": ["6", "8"]}
ENDS = ({"x": "0"}, {"x": "1"})
HUGE = floating(4096, -30_000, 13_000)
ROOT: Json = [X, ["sqrt", 0]]
ONCE = cover(0)

HOLE = [X, ["const", "21/16"], ["sub", 0, 1], ["const", "23/16"], ["sub", 0, 3], ["mul", 2, 4], ["sqrt", 5]]
"""Defined at the two ends of a cell and nowhere between."""



def _doubled(times: int) -> Json:
    """2^50000 times x, times one again and again."""
    nodes: Json = [X, ["const", "2"], ["pow", 1, 500], ["pow", 2, 100], ["mul", 0, 3]]
    return [*nodes, *(["neg", k] for k in range(4, times))]


NOWHERE = problem(SQUARE, ONE_TO_TWO, absolute="1") | {"preconditions": [[X, ["const", "1"], ["lt", 0, 1]]]}

def _stairs(*places: str) -> Json:
    """x, with its sign changed at each place."""
    nodes: Json = [["var", "x"]]
    value = 0
    for place in places:
        at = len(nodes)
        nodes += [["const", place], ["lt", 0, at], ["neg", value], ["if", at + 1, at + 2, value]]
        value = at + 3
    return nodes


REFUSED: list[tuple[Json, str]] = [
    (asked(HOLE, {"x": ["21/16", "23/16"]}, formats(SMALL), pair(*CELL)), "f was not shown to be defined and continuous between the two"),
    (asked(SQUARE, ONE_TO_TWO, formats(SMALL), ONCE) | {"problem": NOWHERE}, "the preconditions hold nowhere on the cover"),
    (asked(STEP, ONE_TO_TWO, formats(SMALL), ONCE, bound="floor_upper"), "node 4 (if) may take either branch"),
    (asked(_stairs("5/4", "11/8", "3/2", "13/8"), ONE_TO_TWO, formats(SMALL), ONCE), "more than 3 conditions are open on one leaf"),
    (
        asked([X, ["exp", 0], *(["neg", k] for k in range(1, 40_000))], FAR, formats(SMALL), cover(0, precision=4096)),
        "the precision is too large for so many nodes",
    ),
    (
        asked(_doubled(70_000), {"x": ["0", "1"]}, formats(FP16), cover(0)) | {"claims": [claim_of("floor", pair({"x": "1/2"}))]},
        "the numbers that checking holds at once are too large",
    ),
    (asked(EXP, FAR, formats(E4M3), ONCE), "node 1 (exp) may overflow"),
    (asked(EXP, FAR, formats(E4M3, compute=FP32), ONCE), "the output may overflow"),
    (asked(EXP, {"x": ["6", "600"]}, formats(E4M3), ONCE), "the input x may overflow"),
    (asked(EXP, FAR, formats(E4M3), ONCE, bound="floor_upper"), "f leaves the range of the output format"),
    (asked(EXP, {"x": ["7", "7"]}, formats(E4M3), ONCE), "the program ends in an infinity or NaN"),
    (asked([X, ["const", "1000"], ["add", 0, 1]], FAR, formats(E4M3), ONCE), "the constant of node 1 overflows"),
    (asked(SQUARE, {"x": ["-1", "1"]}, formats(FP16), ONCE, relative="1"), "f is not bounded away from zero"),
    (asked(SQUARE, {"x": ["-1/9", "1/9"]}, formats(floating(1, 0, 3)), ONCE, relative="1"), "f is not bounded away"),
    (asked([X, ["const", "1"], ["add", 0, 1]], {"x": ["-1", "-1"]}, formats(SMALL), ONCE, relative="1"), "error_bound is proved by T0"),
    (asked(ROOT, {"x": ["-1", "1"]}, formats(FP16), ONCE), "sqrt: sqrt of a negative number"),
    (asked(ROOT, UNIT, formats(FP16), ONCE, bound="floor_upper"), "the slope of sqrt: division by an interval that holds zero"),
    (asked(ROOT, UNIT, formats(EXACT, output=CODE), law("slope", *ENDS)), "the curvature of sqrt"),
    (asked([X, ["log", 0]], UNIT, formats(FP16), ONCE), "log: log of a number that is not positive"),
    (asked([X, ["pow", 0, -1]], UNIT, formats(FP16), ONCE), "pow: a negative power of an interval that holds zero"),
    (asked([X, ["tan", 0]], {"x": ["1", "2"]}, formats(FP16), ONCE), "tan: tan of an interval that holds a pole"),
    (asked([X, ["asin", 0]], {"x": ["0", "2"]}, formats(FP16), ONCE), "asin: asin of a number beyond 1"),
    (asked([X, ["acos", 0]], {"x": ["0", "2"]}, formats(FP16), ONCE), "acos: acos of a number beyond 1"),
    (asked(EXP, {"x": ["0", "60000"]}, formats(FP16), ONCE), "exp: the result of exp is too large"),
    (asked(SQUARE, {"x": ["0", "999"]}, formats(E4M3, compute=EXACT), a_run(x="999")), "run on finite inputs only"),
    (asked(EXP, UNIT, formats(EXACT), a_run(x="1")), "a rounding could not be decided"),
    (asked(SQUARE, ONE_TO_TWO, formats(SMALL), a_run(x="21/16"), absolute="1", inputs="representable"), "the point is not representable"),
    (asked([X, ["pow", 0, 999]], ONE_TO_TWO, formats(HUGE, input=EXACT), a_run(x="4/3")), "a power of the run has too many digits"),
    (asked(EXP, UNIT, formats(FP16), cover(*[1, 0] * 150_000, 0, precision=4096)), "more work than the kernel's limit"),
    (
        asked(SQUARE, {"x": [f"1/{NINES}", f"2/{NINES[:-1]}7"]}, formats(FP16), cover(*[1, 0] * 9000, 0)),
        f"numbers of more than {limits.MAX_END_BITS} bits",
    ),
    (asked(PRODUCT, ONE_TO_TWO | {"y": ["1", "2"]}, formats(SMALL), law("slope", *({"x": k, "y": k} for k in "12"))), "exactly one input"),
    (
        asked([X, ["pow", 0, 60], ["pow", 1, 500]], ONE_TO_TWO, formats(EXACT, output=CODE), law("count", {"x": "1"}, {"x": "2"}))
        | {"claims": [claim_of("floor", law("count", {"x": "1"}, {"x": "2"})) | {"value": "2", "statement": "T3"}]}
        | {"verdict": "impossible", "statement": "T3"},
        f"a number of an SMT-LIB script has more than {limits.MAX_SCRIPT_DIGITS} digits",
    ),
]

FILES: list[tuple[bytes, str]] = [
    (b" " * (limits.MAX_BYTES + 1), f"the file has {limits.MAX_BYTES + 1} bytes, more than"),
    (b'["network"' + b',"aaaaaaaaaaaaaa"' * (limits.MAX_SEPARATORS + 1), f"bytes and {limits.MAX_SEPARATORS} brackets and commas"),
    (b"\xff", "the file is not UTF-8"),
    (b"[" * 100_000, "the file is nested too deeply"),
    (b"{", "the file is not JSON"),
    (b"1.5", "1.5 is not an exact number"),
    (b"NaN", "NaN is not an exact number"),
    (b"{" + b",".join(b'"%d":0' % k for k in range(limits.MAX_KEYS + 1)) + b"}", f"an object has more than {limits.MAX_KEYS} keys"),
    (b"1" * 31, "an integer of 31 digits"),
    (b'{"a":1,"a":1}', "an object has a key twice among 'a', 'a'"),
    (b"[]", "the certificate is not an object"),
    (b"{}", "the certificate has missing or unknown keys"),
    (canonical(SAMPLES[ALONE]) + b"\n", "the file is not canonical JSON"),
    (canonical(SAMPLES[ALONE]).replace(b'"version":1', b'"version":-0').replace(b":-0", b": 1"), "the file is not canonical JSON"),
]


@pytest.mark.parametrize(("name", "change", "reason"), CHANGES, ids=[f"{k}: {reason[:40]}" for k, (_, _, reason) in enumerate(CHANGES)])
def test_a_change_is_rejected_for_its_own_reason(name: str, change: Change, reason: str) -> None:
    document = copy.deepcopy(SAMPLES[name])
    assert report(document).status == "accepted"
    change(document)
    found = report(document)
    assert found.status == "rejected"
    assert reason in found.reason
    assert found.reason.isprintable()
    assert found.verdict == ""


@pytest.mark.parametrize(("document", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_evidence_that_proves_nothing_is_refused(document: Json, reason: str) -> None:
    found = report(document)
    assert found.status == "rejected"
    assert reason in found.reason


@pytest.mark.parametrize(("data", "reason"), FILES, ids=[reason for _, reason in FILES])
def test_files_that_are_no_certificate(data: bytes, reason: str) -> None:
    found = check(data)
    assert found.status == "rejected"
    assert reason in found.reason


UNSEEN = {
    "the slope of node _ (if), which may take either branch": "answered by cutting the cell",
    "f is not monotone": "answered by cutting the cell",
    "the slopes of f are not bounded": "answered by cutting the cell",
    "a run through an elementary function needs a format that rounds it": "programs of exact operations run apart",
    "a number of the run has too many digits": "numbers of formats within limits are shorter",
    "a rounding could not be decided: _": "formats within limits are coarser",
    "an SMT-LIB script has a command beside declarations and assertions with names of their own": "the kernel writes the scripts",
    "the assertion _ has a multiplier and is not linear": "the kernel writes the scripts",
    "the multiplied assertions add up to no contradiction": "the kernel's scripts have one set of multipliers, but for a factor",
}
"""Reasons that no file brings about, and why."""


def test_every_reason_is_reached() -> None:
    """The messages in the kernel's source, against those that the cases above bring about."""
    documents = [*(document for document, _ in [*REFUSED, *REFUSED_REFUTATIONS]), *(changed(change) for change, _ in WRONG), waiting()]
    for name, change, _ in CHANGES:
        documents.append(copy.deepcopy(SAMPLES[name]))
        change(documents[-1])
    reasons = {check(data).reason for data in [*map(canonical, documents), *(data for data, _ in FILES)]}
    assert unreached(kernel, reasons, least=60) == set(UNSEEN)


def test_an_accepted_report_says_what_was_derived() -> None:
    found = report(SAMPLES["narrow compute"])
    assert set(found.derivations) == {"floor_upper", "error_bound"}
    assert found.derivations["error_bound"].leaves == 3
    assert found.assumptions == ("correctly rounded in every format of the program: pow",)


@pytest.mark.parametrize("factor", ["1/2", "999/1000", "1", "1001/1000", "2"])
def test_both_sides_of_every_claim(factor: str) -> None:
    """Weaker claims than the evidence supports are accepted, stronger ones are not."""
    for name in ("slope", "curvature", "relative", "best algorithm", "narrow compute", "instances"):
        for k, claim in enumerate(SAMPLES[name]["claims"]):
            document = copy.deepcopy(SAMPLES[name])
            document["claims"][k]["value"] = str(Fraction(claim["value"]) * Fraction(factor))
            is_lower = claim["bound"] in ("floor", "witness_error")
            stronger = Fraction(factor) > 1 if is_lower else Fraction(factor) < 1
            reason = report(document).reason
            assert reason.startswith("the evidence does not prove") == stronger, (name, claim["bound"])
