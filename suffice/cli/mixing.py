"""The command mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suffice.cli import options as o
from suffice.cli.keeping import check_place, for_output
from suffice.cli.option_groups import with_groups
from suffice.cli.problem_options import FunctionOptions, PlacementOptions, QuestionOptions, ToleranceOptions, read_askings
from suffice.cli.reporting import print_answers
from suffice.cli.statuses import DONE, UNDECIDED
from suffice.errors import InputError

if TYPE_CHECKING:
    from suffice.encodings.expression import Expression
    from suffice.encodings.problem import Problem
    from suffice.hardware_specs.format import Format
    from suffice.prover.mixed.results import Mixed
    from suffice.questions import Asking

MixFormats = Annotated[
    list[str] | None,
    typer.Option("--formats", "--format", metavar="F,...", help="The formats to choose from; repeat, or separate by commas."),
]
Costs = Annotated[str, typer.Option("--costs", metavar="COSTS", help="Of one value: bits, device:NAME (its order), or fp16=1,fp32=2,...")]
Groups = Annotated[
    str | None, typer.Option("--groups", metavar="FILE|TEXT", help="Terms that get one format: 'NAME: TERM, TERM; NAME: TERM'.")
]
ToFPCore = Annotated[Path | None, typer.Option("--fpcore", metavar="FILE", help="Write the program as FPCore.")]
ToC = Annotated[Path | None, typer.Option("--c", metavar="FILE", help="Write the program as C.")]
SaveBoth = Annotated[
    Path | None,
    typer.Option(
        "--save", metavar="FILE", help="Write the program's certificate; the allocation's goes beside it, as FILE.allocation.json."
    ),
]
Seconds = Annotated[float | None, typer.Option("--timeout", metavar="S", help="Seconds for each output.", min=0.001)]


@with_groups
def mix(
    function: FunctionOptions,
    tolerance: ToleranceOptions,
    formats: MixFormats = None,
    costs: Costs = "bits",
    groups: Groups = None,
    input_format: o.InputFormat = None,
    accuracy: o.Accuracy = None,
    fpcore: ToFPCore = None,
    c: ToC = None,
    timeout: Seconds = None,
    save: SaveBoth = None,
    as_json: o.AsJson = False,
) -> None:
    """A format for every operation, at least cost, such that the error is proved to be within tolerance.

    \b
    suffice mix --expr 'x^2 - 2*x*y + y' --var x=0:1 --var y=0:1 --eps 1e-3 --formats bf16,fp16,fp32
    suffice mix problem.toml --formats fp16,fp32,fp64 --costs device:h100 --fpcore mixed.fpcore --c mixed.c
    suffice mix --expr 'dot(a, b)' --var 'a[4]=-1:1' --var 'b[4]=-1:1' --eps 1e-3 --formats fp16,fp32 --groups 'products: a_0*b_0, a_1*b_1'
    """
    _check_places(save, fpcore, c)
    placement = PlacementOptions(input_format=input_format, accuracy=accuracy).read()
    objects = {}
    done = True
    for asking in read_askings(QuestionOptions(function, tolerance), formats or (), placement):
        if c is not None:
            _check_c(asking)
        mixed = _choose(asking, costs, groups, timeout)
        written = _write(mixed, asking, {"certificate": save, "fpcore": fpcore, "c": c})
        if not as_json:
            _show(mixed, asking.problem, costs, written)
        objects[asking.output] = _object(mixed, asking.problem, costs, written)
        done = done and mixed.result is not None
    if as_json:
        print_answers(objects)
    raise typer.Exit(DONE if done else UNDECIDED)


def _check_places(save: Path | None, fpcore: Path | None, c: Path | None) -> None:
    """Complain before the work about places that are not there, or where one file would take the place of another. Raises InputError."""
    given = [place for place in (save, fpcore, c) if place is not None]
    for place in given:
        check_place(place)
    for program in (fpcore, c):
        if program is not None and (program.is_dir() or given.count(program) > 1):
            what = "a folder" if program.is_dir() else "named for two files"
            raise InputError(f"{program} is {what}", where="--fpcore, --c", mend="name a file for each")


def _choose(asking: Asking, costs: str, groups: str | None, timeout: float | None) -> Mixed:
    """The answer for one output. Raises SufficeError."""
    from suffice.encodings.problem import InputModel
    from suffice.prover.mixed.choose import choose
    from suffice.prover.mixed.grouping import check_formats, costs_by

    formats = _formats_of(asking)
    check_formats(formats)
    sources = {asked.input for asked in asking.formats}
    is_given = asking.problem.inputs is InputModel.REPRESENTABLE or sources != set(formats.values())
    return choose(
        asking.problem,
        formats,
        costs_by(costs, formats),
        named={} if groups is None else _read_groups(groups, asking.problem),
        input_format=next(iter(sources)) if len(sources) == 1 and is_given else None,
        accuracy=asking.formats[0].accuracy,
        timeout=timeout,
    )


def _check_c(asking: Asking) -> None:
    """Complain before the work, not after it. Raises InputError."""
    from suffice.encodings.writers.c import check_c_format

    for fmt in _formats_of(asking).values():
        check_c_format(fmt)


def _formats_of(asking: Asking) -> dict[str, Format]:
    """The formats to choose from. Raises InputError where the file leaves no choice."""
    from suffice.questions import read_format

    for asked in asking.formats:
        if asked.compute != read_format(asked.name) or asked.output != asked.compute:
            raise InputError("the file says what operations are computed in", where="compute", mend="leave compute and output out of it")
    return {asked.name: asked.compute for asked in asking.formats}


def _read_groups(text: str, problem: Problem) -> Mapping[str, Sequence[Expression]]:
    """The terms of every group, from a file or from the option itself. Raises InputError."""
    from suffice.proofs.files import read_bytes
    from suffice.questions import read_formula

    source = Path(text)
    if ":" not in text:
        text = ";".join(read_bytes(source, 1_000_000).decode("utf-8", "replace").splitlines())
    found: dict[str, Sequence[Expression]] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, colon, terms = part.partition(":")
        if not colon or not name.strip() or name.strip() in found:
            raise InputError(f"{part.strip()[:60]!r} is no group", where="--groups", mend="write NAME: TERM, TERM, each name once")
        found[name.strip()] = [read_formula(term, problem.box, {}) for term in _terms(terms)]
    return found


def _terms(text: str) -> list[str]:
    """The parts between commas that stand outside parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _write(mixed: Mixed, asking: Asking, places: Mapping[str, Path | None]) -> dict[str, Path]:
    """Write what is asked for, where there is a program. Raises InputError."""
    from suffice.encodings.writers.c import to_c
    from suffice.proofs import allocation
    from suffice.proofs.certificate import write
    from suffice.proofs.files import write_atomically
    from suffice.prover.mixed.annotated import c_notes, fpcore_of

    wanted = {what: for_output(place, asking.output) for what, place in places.items()}
    files = {what: place for what, place in wanted.items() if place is not None}
    if mixed.program is None or mixed.result is None:
        return {}
    if "fpcore" in files:
        write_atomically(files["fpcore"], fpcore_of(mixed.program).encode())
    if "c" in files:
        program = mixed.program.problem
        write_atomically(files["c"], to_c(program.expression, list(program.box), program.name, c_notes(mixed)).encode())
    if "certificate" in files:
        write(mixed.result.certificate, files["certificate"])
        if mixed.minimality is not None and mixed.minimality.certificate is not None:
            files["allocation"] = files["certificate"].with_name(f"{files['certificate'].stem}.allocation.json")
            allocation.write(mixed.minimality.certificate, files["allocation"])
    return files


def _show(mixed: Mixed, problem: Problem, costs: str, written: Mapping[str, Path]) -> None:
    from suffice.mixed_tables import mixed_tables
    from suffice.rendering import show

    show(mixed_tables(mixed, problem, costs))
    for what, path in written.items():
        print(f"{what}: {path}")


def _object(mixed: Mixed, problem: Problem, costs: str, written: Mapping[str, Path]) -> dict[str, Any]:
    from suffice.cli.json_output import exact, problem_object, result_object, solver_object
    from suffice.hardware_specs.catalogue import format_name
    from suffice.proofs.decimals import decimal_nearest

    model = mixed.minimality
    return {
        "problem": problem_object(problem),
        "costs": costs,
        "cost": exact(mixed.cost) if mixed.result else None,
        "operations": [
            {
                "operation": share.name,
                "members": share.members,
                "format": share.format,
                "cost": exact(share.cost),
                "part_decimal": decimal_nearest(share.part, 6),
            }
            for share in mixed.shares
        ],
        "uniform": [
            {
                "format": format_name(uniform.format),
                "cost": exact(uniform.cost),
                "error_bound": None if uniform.error_bound is None else exact(uniform.error_bound),
                "enough": uniform.is_enough,
            }
            for uniform in mixed.uniforms
        ],
        "model": None
        if model is None
        else {
            "cost": exact(model.cost),
            "least": model.certificate is not None,
            "rows": model.rows,
            "solvers": [solver_object(run) for run in model.solvers],
            "seconds": model.seconds,
        },
        "result": None if mixed.result is None else result_object(mixed.result),
        "files": {what: str(path) for what, path in written.items()},
        "note": mixed.note,
        "seconds": mixed.seconds,
    }
