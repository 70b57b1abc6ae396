"""What is accepted and what it says; every reason to reject a certificate about a family, each with a certificate that meets it alone."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

from suffice.proofs import certificate as certificates
from suffice.proofs.families import canonical_bytes, parse
from suffice.proofs.kernel import families
from suffice.proofs.kernel.__main__ import main

from .documents import EXACT, FP16, FP32, Json, canonical, cover, floating, formats, integers, law, pair, report
from .family_samples import SAMPLES, S, X, alone, asked, blocks, certificate, family, fold, over, points, side, steps
from .reasons import unreached

N = ["var", "n"]
SUM = family([S], {"x": side("0", "1")}, absolute={"": "1/8"}, fold=fold([X], "x"))
WHOLE = SAMPLES["steps"]["family"]
MEAN = SUM | {"expression": [S, N, ["div", 0, 1]]}
COARSE = floating(3, -2, 3)
ALL = formats(COARSE) | {"accumulate": COARSE}


def bare(about: Json, fmts: Json, *regions: Json) -> Json:
    """A certificate with claims of nothing."""
    return {"version": 1, "family": about, "formats": fmts, "regions": list(regions), "assumptions": [], "smt": []}


def of(evidence: Json, sizes: Json = (2, 2), bound: str = "floor", about: Json = SUM, fmts: Json = ALL, **parameters: Json) -> Json:
    """A certificate of one region of a sum."""
    return bare(about, fmts, asked(parameters, bound, evidence, list(sizes)))


def run_of(tail: int | None, sizes: Json = (2, None), about: Json = SUM, fmts: Json = ALL, prefix: Json = None, **point: str) -> Json:
    """A certificate of one run."""
    return of(steps(tail, prefix, **(point or {"x": "1"})), sizes, "witness_error", about, fmts)


CORNERS = ({"x": "5/8"}, {"x": "6/8"})
ZERO = {"by": "zero", "at": 1, "point": {"x": "0"}}
WIDE = family([X], {"x": [{"": "0", "D": "1"}, {"": "1", "D": "1"}]}, absolute={"": "1"}, parameters={"D": ["0", "4"]})
USED = family([X, ["var", "D"], ["mul", 0, 1]], {"x": side("0", "1")}, absolute={"": "1"}, parameters={"D": ["1", "2"]})
RUN = {"kind": "run", "point": {"x": "1"}, "precision": 64}
SATURATING = formats(floating(3, -2, 3, infinities=False, overflow="saturate"))
TOP = {"x": side("0", "100")}

REFUSED: list[tuple[str, Json]] = [
    ("the relative tolerance is 0 for some", bare(
        USED | {"tolerance": {"absolute": {"": "0"}, "relative": {"": "-1", "D": "1"}}}, formats(FP16),
        asked({"D": ["1", "2"]}, "error_bound", cover(0)),
    )),
    ("the intervals of x have no point in common", bare(WIDE, formats(FP16), asked({"D": ["0", "4"]}, "floor", pair({"x": "1"})))),
    ("this bound needs the instances", bare(
        USED, formats(integers()), asked({"D": ["1", "2"]}, "error_bound", cover(0))
    )),
    ("a run needs the instances", bare(USED, formats(integers()), asked({"D": ["1", "1"]}, "witness_error", RUN))),
    ("the parameter D does not round to one number", bare(USED, formats(FP16), asked({"D": ["1", "2"]}, "witness_error", RUN))),
    ("this kernel reads version 1 only", SAMPLES["dot"] | {"version": 2}),
    ("the assumptions are not those", SAMPLES["relative"] | {"assumptions": []}),
    ("the SMT-LIB scripts are not those", SAMPLES["dot"] | {"smt": []}),
    ("floor of a fold is proved by a fold_points", of(pair({"x": "1"}))),
    ("error_bound of a fold is proved by a fold_cover", of(cover(0), bound="error_bound")),
    ("witness_error is proved by a run", bare(USED, formats(FP16), asked({"D": ["1", "1"]}, "witness_error", pair({"x": "1"})))),
    ("a fold_cover follows at most 200000 steps", of(over(200_001), (1, 200_001), "error_bound")),
    ("evidence.sizes.by is not", of(points(pair({"x": "1"}), {"by": "guess"}))),
    ("evidence.blocks do not reach all sizes", of(over(2), (1, None), "error_bound")),
    ("evidence.sizes.ends end before the region does", of(points(pair({"x": "1"}), blocks(2)), (2, 3))),
    ("steps where the term is 0 change the value", of(points(pair({"x": "1"}), ZERO), about=MEAN)),
    ("the point where the term is 0 lies outside", of(points(pair({"x": "1"}), ZERO | {"point": {"x": "-1"}}))),
    ("the point where the term is 0 is not representable", of(
        points(pair({"x": "1"}), ZERO | {"point": {"x": "1/3"}}), about=SUM | {"inputs": "representable"}
    )),
    ("the term was not shown to be 0", of(points(pair({"x": "1"}), ZERO | {"point": {"x": "1"}}))),
    ("steps that add a number leave only absolute errors", of(points(pair(*CORNERS), {"by": "shift", "at": 1}), about=MEAN)),
    ("steps that add a number leave only absolute errors", of(
        points(pair(*CORNERS), {"by": "shift", "at": 1}), about=SUM | {"tolerance": {"absolute": {"": "0"}, "relative": {"": "1/8"}}}
    )),
    ("T1 is no statement about differences", of(points(pair({"x": "1/3"}), {"by": "shift", "at": 1}))),
    ("a run follows all sizes only with a tail", run_of(None)),
    ("a fold_run looks at no more than 200000 sizes", run_of(None, (1, 300_000))),
    ("the point is not representable", run_of(None, (2, 2), SUM | {"inputs": "representable"}, x="1/3")),
    ("a fold_run follows at most 200000 steps", run_of(300_000, (300_000, None), fmts=formats(FP32) | {"accumulate": EXACT})),
    ("the state still moves where the tail begins", run_of(3)),
    ("a tail needs an expression that is the state", run_of(40, (40, None), SUM | {"expression": [S, ["neg", 0]]})),
    ("the sign of the term was not shown", bare(
        SUM | {"parameters": {"D": ["-1/99", "1/99"]}, "fold": fold([X, ["var", "D"], ["mul", 0, 1]], "x")},
        formats(floating(3, -2, 3, negative_zero=False)) | {"accumulate": COARSE},
        asked({"D": ["-1/99", "1/99"]}, "witness_error", steps(4, x="1"), [4, None]),
    )),
    ("the size does not round to a positive number", run_of(
        1, (1, None), MEAN, formats(COARSE, compute=floating(2, 2, 4, subnormals="flushed")) | {"accumulate": COARSE}, x="0"
    )),
    ("the mean overflows where the tail begins", run_of(
        1, (1, None), MEAN | {"box": TOP}, formats(FP16, output=COARSE) | {"accumulate": floating(2, -2, 6, overflow="saturate")}, x="100"
    )),
    ("the answers beyond the tail were not bounded", run_of(
        1, (1, None), MEAN | {"box": TOP}, formats(FP16, output=SATURATING["output"]) | {"accumulate": COARSE}, x="100"
    )),
    ("formats.accumulate stands exactly where", bare(SUM, formats(FP16), asked({}, "floor", points(pair({"x": "1"}), ZERO), [1, 1]))),
    ("formats.accumulate stands exactly where", SAMPLES["scaled"] | {"formats": ALL}),
    ("the verdict of a region needs a claim of error_bound", bare(
        SUM, ALL, asked({}, "floor", {}, [1, 1]) | {"verdict": "sufficient"}
    )),
    ("region.parameters does not name", bare(USED, formats(FP16), asked({}, "floor", {}))),
    ("region.parameters.D goes beyond", bare(USED, formats(FP16), asked({"D": ["1/2", "2"]}, "floor", {}))),
    ("region.size goes beyond", of({}, (1, 9), about=SUM | {"fold": fold([X], "x", sizes=[1, 8])})),
    ("region.size goes beyond", of({}, (1, None), about=SUM | {"fold": fold([X], "x", sizes=[1, 8])})),
    ("region.size goes beyond", of({}, (1, 2), about=SUM | {"fold": fold([X], "x", sizes=[2, 8])})),
    ("family.parameters is not an object", SAMPLES["dot"] | {"family": SAMPLES["dot"]["family"] | {"parameters": []}}),
    ("family.parameters has more than 16 names", bare(SUM | {"parameters": {f"p{k}": ["0", "1"] for k in range(17)}}, ALL)),
    ("family.parameters.D is empty", bare(SUM | {"parameters": {"D": ["1", "0"]}}, ALL)),
    ("tolerance has a coefficient that is 0", bare(USED | {"tolerance": {"absolute": {"": "1", "D": "0"}, "relative": {"": "0"}}}, ALL)),
    ("tolerance has more than 2048 bits", bare(USED | {"tolerance": {"absolute": {"": "9" * 700}, "relative": {"": "0"}}}, ALL)),
    ("family.box is not an object", bare(SUM | {"box": {"1": side("0", "1")}}, ALL)),
    ("the family has more than 256 inputs", bare(SUM | {"box": {f"x{k}": side("0", "1") for k in range(257)}}, ALL)),
    ("box.x is empty for some parameters", bare(USED | {"box": {"x": [{"": "1"}, {"": "0", "D": "2/3"}]}}, ALL)),
    ("the tolerance of a family is absolute or relative", bare(USED | {"tolerance": {"absolute": {"": "1"}, "relative": {"": "1"}}}, ALL)),
    ("the tolerance is negative for some parameters", bare(
        USED | {"tolerance": {"absolute": {"": "1", "D": "-2/3"}, "relative": {"": "0"}}}, ALL
    )),
    ("formats.accumulate leaves its numbers open", bare(SUM, ALL | {"accumulate": integers()})),
    ("fold.elements are not different inputs", bare(SUM | {"fold": fold([X], "x", "x")}, ALL)),
    ("fold.elements are not different inputs", bare(SUM | {"fold": fold([X], "y")}, ALL)),
    ("fold.state is not a name", bare(SUM | {"fold": fold([X], "x") | {"state": "2"}}, ALL)),
    ("a name stands for two of", bare(SUM | {"fold": fold([X], "x") | {"size": "x"}}, ALL)),
    ("expression uses the name q", bare(SUM | {"expression": [["var", "q"]]}, ALL)),
    ("expression uses the name x", bare(SUM | {"expression": [X]}, ALL)),
    ("fold.start uses the name x", bare(SUM | {"fold": fold([X], "x", start=[X])}, ALL)),
    ("fold.term uses the name s", bare(SUM | {"fold": fold([X, S, ["add", 0, 1]], "x")}, ALL)),
    ("preconditions uses the name x", bare(SUM | {"preconditions": [[X, ["const", "0"], ["lt", 0, 1]]]}, ALL)),
    ("the state or the size stands elsewhere", of(points(pair({"x": "1"}), {"by": "mean"}))),
    ("the state or the size stands elsewhere", of(
        points(pair({"x": "1"}), {"by": "mean"}), about=SUM | {"expression": [S, N, ["div", 0, 1], ["add", 2, 0]]}
    )),
    ("floor of a fold is proved by a fold_points or a member", of({"kind": "members"})),
    ("steps are not sums is proved size by size", of(over(2), (2, 2), "error_bound", WHOLE)),
    ("steps are not sums is proved size by size", of(points(pair({"x": "1/3"}), blocks(2)), about=WHOLE)),
    ("steps are not sums is proved size by size", run_of(None, (2, 2), WHOLE)),
    ("fold.step uses the name n", bare(WHOLE | {"fold": WHOLE["fold"] | {"step": [N]}}, ALL)),
    ("does not have the keys|fold", bare(WHOLE | {"fold": WHOLE["fold"] | {"term": [X]}}, ALL)),
    ("a member has one size", of(alone(pair({"x_1": "1", "x_2": "1"})), (2, 3))),
    ("a member has one size", of(alone(pair({"x_1": "1", "x_2": "1"})), (2, None))),
    ("a member has more than 20000 nodes", of(alone(pair({"x_1": "1"})), (9_999, 9_999))),
    ("a member has more than 20000 nodes", of(alone(pair({})), (1 << 53, 1 << 53), about=SUM | {"fold": fold([["const", "1"]])})),
    ("a member has more than 256 inputs", of(alone(pair({"x_1": "1"})), (257, 257))),
    ("an element of a step has the name of another", of(
        alone(pair({"x_1": "1"})), about=SUM | {"box": SUM["box"] | {"x_2": side("0", "1")}}
    )),
    ("an element of a step has the name of another", of(
        alone(pair({"x_1": "1"})), about=SUM | {"parameters": {"x_1": ["0", "1"]}}, x_1=["0", "1"]
    )),
    ("does not have the keys|evidence", of(alone(pair({"x_1": "1"})) | {"sizes": blocks(2)})),
    ("witness_error is proved by a run", of(alone(pair({"x_1": "1", "x_2": "1"})), bound="witness_error")),
    ("error_bound is proved by a cover", of(alone(alone(cover(0))), bound="error_bound")),
    ("point", of(alone(pair({"x": "1"})))),
    ("the node of the fold may overflow|may overflow", of(over(9), (1, 9), "error_bound", SUM | {"box": TOP})),
]  # fmt: skip

CHANGES: list[tuple[str, Callable[[Json], None], str]] = [
    ("dot", lambda d: d["regions"][2]["claim"].update(value="1"), "the evidence does not prove floor = 1"),
    ("dot", lambda d: d["regions"][1]["claim"].update(statement="T1"), "floor is proved by T2, not by 'T1'"),
    ("dot", lambda d: d["regions"][1]["claim"].update(value="1/100"), "floor = 1/100 does not decide"),
    ("dot", lambda d: d["regions"][0]["claim"].update(value="1/99"), "error_bound = 1/99 does not decide"),
    ("dot", lambda d: d["regions"][0]["claim"].update(value="-1"), "the value of error_bound is negative"),
    ("dot", lambda d: d["regions"][1].update(size=[59, None]), "evidence.sizes.at is not an integer from 1 to 59"),
    ("dot", lambda d: d["regions"][3].update(size=[60, 71]), "end before the region does"),
    ("dot", lambda d: d["regions"][4].update(size=[79, None]), "evidence.prefix.steps is not an integer from 1 to 79"),
    (
        "mean",
        lambda d: d["regions"][0].update(parameters={"D": ["1", "2"]}) or d["regions"][0]["claim"].update(value="1/50"),
        "does not decide",
    ),
    ("scaled", lambda d: d["regions"][3].update(parameters={"D": ["60", "61"]}), "does not round to one number"),
    ("members", lambda d: d["regions"][2].update(size=[3, 3]), "x_3"),
    ("members", lambda d: d["regions"][1].update(size=[2, 2]), "the evidence does not prove error_bound"),
    ("members", lambda d: d["regions"][4].update(size=[1, 1]), "x_2"),
]

UNSEEN = {"the family has more than _ nodes": "tried with hostile files"}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_accepted_and_survive_reading(name: str) -> None:
    assert report(SAMPLES[name]).status == "accepted"
    assert canonical_bytes(parse(canonical(SAMPLES[name]))) == canonical(SAMPLES[name])


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_have_the_shape_of_the_schema(name: str) -> None:
    schema = json.loads((Path(certificates.__file__).parent / "schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(SAMPLES[name])
    for change in ({"regions": []}, {"note": "x"}, {"formats": SAMPLES[name]["formats"] | {"accumulate": "fp32"}}):
        assert not validator.is_valid(SAMPLES[name] | change)


def test_the_line_names_every_region(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.json"
    file.write_bytes(canonical(SAMPLES["mean"]))
    assert main([str(file)]) == 0
    assert capsys.readouterr().out == (
        f"{file}: accepted: family: n >= 300, D in [1, 3/2] insufficient by W; n in [1, 3], D in [1, 3/2] sufficient by S1; "
        "n in [400, 402], D = 2 insufficient by W\n"
    )


def test_many_regions_make_a_short_line() -> None:
    document = copy.deepcopy(SAMPLES["coarse mean"])
    document["regions"] = [document["regions"][0]] * 12
    document["smt"] = []
    found = report(document)
    assert found.summary.endswith("; and 4 more regions")
    assert len(found.regions) == 12


@pytest.mark.parametrize(("reason", "document"), REFUSED, ids=[f"{k} {reason[:30]}" for k, (reason, _) in enumerate(REFUSED)])
def test_refused(reason: str, document: Json) -> None:
    found = report(document)
    assert found.status == "rejected"
    assert re.search(reason, found.reason), found.reason


@pytest.mark.parametrize(("name", "change", "reason"), CHANGES)
def test_a_changed_certificate_is_refused(name: str, change: Callable[[Json], None], reason: str) -> None:
    document = copy.deepcopy(SAMPLES[name])
    change(document)
    assert reason in report(document).reason


def test_every_reason_is_reached() -> None:
    documents = [document for _, document in REFUSED]
    for name, change, _ in CHANGES:
        documents.append(copy.deepcopy(SAMPLES[name]))
        change(documents[-1])
    reasons = {report(document).reason for document in documents}
    assert unreached(families, reasons, least=40) == set(UNSEEN)


@pytest.mark.parametrize("factor", ["1/2", "999/1000", "1001/1000", "2"])
def test_both_sides_of_every_claim(factor: str) -> None:
    """A weaker claim is accepted as long as it decides, a stronger one never."""
    for document in SAMPLES.values():
        for k, region in enumerate(document["regions"]):
            changed = copy.deepcopy(document)
            value = Fraction(region["claim"]["value"]) * Fraction(factor)
            changed["regions"][k]["claim"]["value"] = str(value)
            is_weaker = (region["claim"]["bound"] == "error_bound") == (Fraction(factor) > 1)
            found = report(changed)
            if not is_weaker:
                assert "does not prove" in found.reason or " is proved by " in found.reason or "no statement" in found.reason
            elif found.status == "rejected":
                assert "does not decide" in found.reason
            else:
                assert found.status == "accepted"


def test_a_law_of_one_size_needs_a_reason_to_hold_for_others() -> None:
    """The mean of n numbers near 1 has a floor of its own at every size; that of size 1 is none of size 2 without F5."""
    about = family([S, N, ["div", 0, 1]], {"x": side("1", "2")}, absolute={"": "1/20"}, fold=fold([X], "x"))
    document = certificate(about, ALL, asked({}, "floor", points(pair({"x": "9/8"}), {"by": "mean"}), [1, None]))
    assert report(document).status == "accepted"
    document["regions"][0]["claim"]["evidence"]["sizes"] = {"by": "shift", "at": 1}
    assert "only absolute errors of the state" in report(document).reason


def test_laws_of_relative_errors_are_pairs() -> None:
    about = family([X], {"x": [{"": "1"}, {"": "1", "D": "1"}]}, relative={"": "1/64"}, parameters={"D": ["1", "2"]})
    evidence = law("cell_slope", {"x": "9/8"}, {"x": "11/8"})
    assert "absolute tolerances" in report(bare(about, formats(COARSE), asked({"D": ["1", "2"]}, "floor", evidence))).reason
