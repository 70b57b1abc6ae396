"""The shipped families: where their verdicts flip, each side confirmed by other means: `python -m benchmarks.families`.

    python -m benchmarks.families [NAME ...] [--timeout S] [--gallery]

For each family of benchmarks/problems/families the regions proved, then members on both sides of every flip, written out as ordinary
problems (a fold unrolled). Where a region says impossible or insufficient, the points of its evidence go to the rules for single problems,
on the member's own question; where it says sufficient, the member is asked about with `suffice.prove`, and runs with random and extreme
elements are tried, emulated by NumPy, against exact sums. --gallery writes the certificates into proofs/gallery.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from suffice.cli.progress import progress_bar
from suffice.encodings.family import Family
from suffice.encodings.instances import instance, substituted
from suffice.encodings.problem import InputModel, Problem, Tolerance
from suffice.errors import SufficeError
from suffice.family_answers import FamilyAnswer, number_text
from suffice.family_questions import FamilyAsking, read_family
from suffice.hardware_specs.format import EXACT, ExactFormat, Format
from suffice.hardware_specs.vectorised import round_array
from suffice.proofs.certificate import Verdict
from suffice.proofs.families import write
from suffice.proofs.kernel.budget import Budget
from suffice.proofs.kernel.checking import Claim, derive
from suffice.proofs.kernel.failures import LeafFailure, Rejection
from suffice.prover.case import Case, make_case
from suffice.prover.emulation import evaluate, run_program
from suffice.prover.families import AskedFamily, ProvedRegion, prove_family
from suffice.prover.families.extents import Extent
from suffice.prover.measures import measure
from suffice.prover.portfolio import prove
from suffice.rendering import to_text
from suffice.tables import NOTHING, Cell, Table

FAMILIES = Path(__file__).parent / "problems" / "families"
GALLERY = Path(__file__).parent.parent / "proofs" / "gallery"

RUNS = 4000
"""Random runs of a member that is said to be sufficient."""

COLUMNS = 64
"""Long runs at once."""

LONGEST_RUN = 70_000
"""Steps of a long run."""

WRITTEN = 100
"""Members with more steps are not written out."""

PROVED_INPUTS = 12
"""Members with more inputs are not asked about with `prove`: only run."""

MEMBER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Member:
    """One value of the parameters, and a size."""

    parameters: dict[str, Fraction]
    size: int | None


def solve(name: str, timeout: float, resolution: Fraction | None = None) -> tuple[FamilyAsking, FamilyAnswer]:
    """The regions of a shipped family."""
    asking = read_family(FAMILIES / f"{name}.toml")
    with progress_bar() as progress:
        proof = prove_family(asking.family, asking.formats, timeout=timeout, resolution=resolution, progress=progress)
    return asking, FamilyAnswer(proof)


def members(extent: Extent) -> Iterator[Member]:
    """The corners of an extent, and the largest size that can be written out; of sizes without end one four times as large."""
    low, high = extent.sizes or (0, 0)
    last = 4 * low if high is None else high
    sizes = sorted({low, max(low, min(last, WRITTEN)), last})
    for corner in product(*(sorted({side.lo, side.hi}) for side in extent.parameters.values())):
        for size in sizes:
            yield Member(dict(zip(extent.parameters, corner, strict=True)), size if extent.sizes else None)


def confirm(family: Family, asked: AskedFamily, region: ProvedRegion, member: Member) -> str:
    """What other means say of a member of a region; a text that begins with "REFUTED" where they disagree."""
    if member.size is not None and member.size > WRITTEN:
        return confirm_long(family, asked, region, member)
    problem = instance(family, member.parameters, member.size, asked.accumulate)
    try:
        case = make_case(problem, asked.asked, [None] * len(problem.expression.nodes))
        if region.verdict is Verdict.SUFFICIENT:
            return confirm_sufficient(problem, asked, case)
        return confirm_refuting(family, region, member, case)
    except SufficeError as error:
        return f"not asked: {error.what}"


def confirm_long(family: Family, asked: AskedFamily, region: ProvedRegion, member: Member) -> str:
    """Members that are not written out: long runs with the elements of the evidence, or with random ones, step by step."""
    fold, size = family.fold, member.size
    assert fold is not None
    assert size is not None
    if region.verdict is Verdict.IMPOSSIBLE or size > LONGEST_RUN:
        return f"not written out (more than {WRITTEN} steps)"
    threshold = float(region_tolerance(family, member).threshold)
    if region.verdict is Verdict.SUFFICIENT:
        random = np.random.default_rng(0)
        worst = long_run(family, asked, member, lambda _: drawn(family, member, random))
        return f"{'REFUTED by a run; ' if worst > threshold else ''}worst of {COLUMNS} long runs {worst / threshold:.3f} of the tolerance"
    prefix = region.evidence["prefix"] or {"steps": 0, "point": region.evidence["point"]}
    others = exact_columns(region.evidence["point"])
    first = others | exact_columns(prefix["point"])
    worst = long_run(family, asked, member, lambda step: first if step <= prefix["steps"] else others)
    return f"{'confirmed' if worst > threshold else 'REFUTED'}: a long run errs {worst:.4g}"


def exact_columns(point: dict[str, str]) -> dict[str, Any]:
    """A point as columns of one row."""
    return {name: np.array([float(Fraction(value))]) for name, value in point.items()}


def region_tolerance(family: Family, member: Member) -> Tolerance:
    """The tolerance of a member."""
    return Tolerance(absolute=family.absolute.at(member.parameters), relative=family.relative.at(member.parameters))


def drawn(family: Family, member: Member, random: np.random.Generator) -> dict[str, Any]:
    """Random elements, half of the columns near the upper ends; inputs that are no elements are the same at every call."""
    columns = {}
    elements = family.fold.elements if family.fold else ()
    for name, (low, high) in family.box.items():
        lo, hi = float(low.at(member.parameters)), float(high.at(member.parameters))
        source = random if name in elements else np.random.default_rng(1)
        spread = np.concatenate([source.random(COLUMNS // 2), 1 - source.random(COLUMNS // 2) / 64])
        columns[name] = lo + (hi - lo) * spread
    return columns


def long_run(family: Family, asked: AskedFamily, member: Member, inputs_of: Callable[[int], dict[str, Any]]) -> float:
    """The largest error of runs of a fold whose step k takes the elements of inputs_of(k); other inputs are those of the last step."""
    fold, size, formats = family.fold, member.size, asked.asked
    assert fold is not None
    assert size is not None
    term, start, value = (substituted(part, member.parameters) for part in (fold.term, fold.start, family.expression))
    state: Any = None
    real: Any = np.longdouble(0)
    for step in range(1, size + 1):
        points = inputs_of(step)
        codes = {name: rounded(formats.input, column) for name, column in points.items()}
        points = codes if family.inputs is InputModel.REPRESENTABLE else points
        if state is None:
            state = run_program(start, (formats.compute,) * len(start.nodes), asked.accumulate, dict(codes))
            real = evaluate(start, dict(points))
        held = run_program(term, (formats.compute,) * len(term.nodes), EXACT, dict(codes))
        exact = evaluate(term, dict(points))
        state = rounded(asked.accumulate, np.atleast_1d(np.asarray(state + held, dtype=np.float64)))
        real = real + exact
    program = substituted(value, {fold.size: Fraction(size)})
    nodes = (formats.compute,) * len(program.nodes)
    answers = run_program(program, nodes, formats.output, {**codes, fold.state: state})
    truth = evaluate(program, {**points, fold.state: np.asarray(real, dtype=np.longdouble)})
    return float(np.nanmax(measure(region_tolerance(family, member), answers, truth)))


def confirm_refuting(family: Family, region: ProvedRegion, member: Member, case: Case) -> str:
    """The points of the evidence on the member's own question, by the rule for a single problem."""
    evidence = member_evidence(family, region.evidence, member)
    bound = region.bound
    try:
        derived = derive(case.question, Claim(bound, Fraction(0), "", evidence), Budget())
    except (LeafFailure, Rejection) as failure:
        return f"REFUTED: {failure}"
    beyond = isinstance(derived.value, str) or derived.value > case.question.threshold
    size = derived.value if isinstance(derived.value, str) else f"{float(derived.value):.4g}"
    return f"{'confirmed' if beyond else 'REFUTED'}: {bound} {size} by {evidence['kind']}"


def member_evidence(family: Family, evidence: dict[str, Any], member: Member) -> dict[str, Any]:
    """A region's evidence as that of one member: with a fold, points give elements for every step."""
    fold, size = family.fold, member.size
    if fold is None or size is None:
        return evidence
    if evidence["kind"] == "member":
        return dict(evidence["of"])

    def spread(first: dict[str, str], others: dict[str, str], steps: int) -> dict[str, str]:
        outside = {name: value for name, value in others.items() if name not in fold.elements and name in family.box}
        used = outside if any(name in family.expression.variables or name in fold.start.variables for name in outside) else {}
        return used | {f"{x}_{k}": (first if k <= steps else others)[x] for x in fold.elements for k in range(1, size + 1)}

    if evidence["kind"] == "fold_run":
        prefix = evidence["prefix"] or {"steps": 0, "point": evidence["point"]}
        return {"kind": "run", "point": spread(prefix["point"], evidence["point"], prefix["steps"]), "precision": evidence["precision"]}
    inner, how = evidence["of"], evidence["sizes"]
    steps, padding = how.get("at", size), how.get("point", {})
    points = [spread(point, {**point, **padding}, steps) for point in inner["points"]]
    return {**inner, "points": points}


def confirm_sufficient(problem: Problem, asked: AskedFamily, case: Case) -> str:
    """`prove` where the member is small, and the largest error of many runs."""
    said = "not proved again"
    if len(problem.box) <= PROVED_INPUTS:
        result = prove(problem, [asked.asked], timeout=MEMBER_SECONDS).results[0]
        said = f"{'REFUTED' if result.verdict in (Verdict.IMPOSSIBLE, Verdict.INSUFFICIENT) else 'prove'}: {result.verdict.value}"
    worst = worst_run(problem, case)
    threshold = float(case.question.threshold)
    return f"{'REFUTED by a run; ' if worst > threshold else ''}{said}; worst of {RUNS} runs {worst / threshold:.3f} of the tolerance"


def worst_run(problem: Problem, case: Case) -> float:
    """The largest error of runs with uniform elements, and elements at the ends of their intervals."""
    random = np.random.default_rng(0)
    points = {}
    for name, side in problem.box.items():
        lo, hi = float(side.lo), float(side.hi)
        inside = random.uniform(lo, hi, RUNS // 2)
        near = np.where(random.random(RUNS // 2) < 0.5, lo, hi) + (hi - lo) * np.exp2(-random.uniform(4, 14, RUNS // 2)) * random.choice(
            [-1, 1]
        )
        points[name] = np.clip(np.concatenate([inside, near]), lo, hi)
    codes = {name: np.asarray(rounded(case.inputs[name], column)) for name, column in points.items()}
    if problem.inputs.value == "representable":
        points = codes
    kept = np.ones(RUNS, dtype=bool)
    for condition in problem.preconditions:
        kept &= np.asarray(evaluate(condition, dict(points)), dtype=bool)
    answers = run_program(problem.expression, case.nodes, case.output, dict(codes))
    assert problem.tolerance is not None
    errors = measure(problem.tolerance, answers, evaluate(problem.expression, dict(points)))
    return float(np.max(np.where(kept & ~np.isnan(errors), errors, 0.0)))


def rounded(fmt: Format, column: Any) -> Any:
    """A column of points as the codes that arrive."""
    return column if isinstance(fmt, ExactFormat) else round_array(fmt, column)


def flip_table(asking: FamilyAsking, answer: FamilyAnswer) -> Table:
    """The members at the corners of all regions, with what other means say."""
    rows = []
    for asked, result in zip(asking.formats, answer.results, strict=True):
        for region in result.regions[:12]:
            for member in members(region.extent):
                said = confirm(asking.family, asked, region, member)
                rows.append(
                    (
                        Cell(result.format),
                        Cell(member_text(asking.family, member)),
                        Cell(f"{region.verdict} by {region.statement}"),
                        Cell(said),
                    )
                )
    return Table("Members at the ends of regions", ("format", "member", "region says", "other means say"), tuple(rows))


def gap_table(asking: FamilyAsking, answer: FamilyAnswer) -> Table | None:
    """What `prove` says of the members at the ends of gaps, which no region covers."""
    rows = []
    for asked, result in zip(asking.formats, answer.results, strict=True):
        for gap in result.gaps[:4]:
            rows += [
                (Cell(result.format), Cell(member_text(asking.family, member)), Cell(ask_member(asking.family, asked, member)))
                for member in members(gap)
            ]
    return Table("Members in gaps", ("format", "member", "suffice prove says"), tuple(rows)) if rows else None


def ask_member(family: Family, asked: AskedFamily, member: Member) -> str:
    """The verdict for one member by the ordinary prover."""
    if member.size is not None and member.size > WRITTEN // 2:
        return NOTHING
    problem = instance(family, member.parameters, member.size, asked.accumulate)
    try:
        result = prove(problem, [asked.asked], timeout=MEMBER_SECONDS).results[0]
    except SufficeError as error:
        return f"not asked: {error.what}"
    return f"{result.verdict.value} {result.statement}".rstrip()


def member_text(family: Family, member: Member) -> str:
    """The member in words."""
    parts = [f"{name} = {number_text(value)}" for name, value in member.parameters.items()]
    return ", ".join([*parts, *([f"{family.fold.size} = {member.size}"] if family.fold and member.size else [])])


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; status 1 if other means refute a region."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--timeout", type=float, default=240.0)
    parser.add_argument("--gallery", action="store_true")
    options = parser.parse_args(arguments)
    refuted = 0
    for name in options.names or sorted(path.stem for path in FAMILIES.glob("*.toml")):
        start = time.monotonic()
        asking, answer = solve(name, options.timeout)
        tables = [*answer.tables(), flip_table(asking, answer), *([gap] if (gap := gap_table(asking, answer)) else [])]
        print(to_text(tables))
        print(f"\n{name}: {time.monotonic() - start:.1f} s\n", flush=True)
        refuted += sum("REFUTED" in cell.text for table in tables for row in table.rows for cell in row)
        for result in answer.results if options.gallery else ():
            if result.certificate is not None:
                write(result.certificate, GALLERY / f"family-{name.replace('_', '-')}.json")
    print(f"{refuted or 'no'} members of regions refuted by other means")
    return 1 if refuted else 0


if __name__ == "__main__":
    sys.exit(main())
