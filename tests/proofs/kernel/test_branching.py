"""Whatever the kernel derives about conditionals, preconditions and mixed formats is true in the eyes of the oracle."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import islice
from random import Random

import pytest

from suffice.proofs.certificate import Formats, formats_to_json
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.proofs.problemdata import problem_to_json

from .documents import Json, certificate
from .judging import Answer
from .random_evidence import Asking, evidence

from oracle.random_branching import BranchingCase, branching_case  # isort: skip
from oracle.rounding import cells  # isort: skip
from oracle.truth import contradictions  # isort: skip

BOUNDS = ("floor", "floor_upper", "error_bound", "witness_error")


def documents(case: BranchingCase) -> tuple[Json, Json]:
    """PROBLEM and FORMATS."""
    formats = Formats(
        input=case.source, compute=case.compute, output=case.output, inputs=case.inputs, operations=case.operations, accuracy=case.accuracy
    )  # fmt: skip
    return problem_to_json(case.problem), formats_to_json(formats)


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


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_derived_bounds_are_true(first: int) -> None:
    derived: Counter[str] = Counter()
    for case in map(branching_case, range(first, first + 50)):
        question, formats = documents(case)
        for bound, given in islice(evidence(asking(case)), 14):
            try:
                document = certificate(question, formats, **{bound: given})
            except (Rejection, LeafFailure):
                continue
            value = document["claims"][0]["value"]
            values = dict.fromkeys(BOUNDS) | {bound: value if value == "infinite" else Fraction(value)}
            assert contradictions(case.truth, Answer(document["verdict"], document["possible"], **values)) == [], (case.seed, bound, given)
            derived[f"{bound} {document['claims'][0]['statement']}"] += 1
    print(derived)
    assert min(sum(n for name, n in derived.items() if name.startswith(f"{bound} ")) for bound in BOUNDS) >= 10
