"""The commands prove and bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from suffice.cli import options as o
from suffice.cli.families import FamilyKeeping, FamilyOptions, is_family, prove_family_file, refuse_options
from suffice.cli.keeping import Keeping, check_place, for_output, keep_bounds
from suffice.cli.option_groups import with_groups
from suffice.cli.problem_options import FunctionOptions, PlacementOptions, QuestionOptions, ToleranceOptions, read_askings
from suffice.cli.progress import progress_bar
from suffice.cli.reasons import add_reasons, check_wishes, with_proofs
from suffice.cli.reporting import print_answers, report
from suffice.cli.statuses import DONE, UNDECIDED, UNEXPECTED
from suffice.proofs.certificate import Verdict

if TYPE_CHECKING:
    from suffice.prover.results import Result


@with_groups
def prove(
    function: FunctionOptions,
    tolerance: ToleranceOptions,
    placed: PlacementOptions,
    format: o.FormatNames = None,
    accumulate: o.Accumulate = None,
    for_all: o.ForAll = False,
    resolution: o.Resolution = None,
    plot: o.RegionPlot = None,
    timeout: o.Timeout = None,
    run_all: o.RunAll = False,
    save: o.Save = None,
    archive: o.ArchivePlace = None,
    trace: o.Trace = False,
    why: o.Why = False,
    all_cores: o.AllCores = False,
    cpc: o.Cpc = False,
    expect: o.Expect = None,
    as_json: o.AsJson = False,
) -> None:
    """One verdict per format, each with a certificate.

    \b
    suffice prove --expr 'x^2 - 2*x' --var x=-1:3 --eps 1e-3 --format fp16,fp32
    suffice prove problem.toml --format 'float(p=12,emin=-126,emax=127)' --save certificate.json
    suffice prove --expr 'exp(x)' --var x=0:1 --eps 1e-2 --relative --in fp16 --compute fp32 --out fp16 --format fp16
    suffice prove --expr 'x*x' --var x=0:1 --eps 1e-4 --format fp16 --why --all-cores
    suffice prove family.toml --accumulate fp32 --for-all --plot regions.png
    """
    from suffice.answers import ProofAnswer
    from suffice.prover.portfolio import prove as decide

    check_place(save)
    check_wishes(why=why, all_cores=all_cores)
    placement = placed.read()
    family = FamilyOptions(accumulate=accumulate, for_all=for_all, resolution=resolution, plot=plot)
    if is_family(function.file, family):
        refuse_options(expr=function.expr, var=function.var, inputs=function.inputs, where=function.where)
        refuse_options(eps=tolerance.eps, relative=tolerance.relative, abs=tolerance.absolute, rel=tolerance.relative_part)
        refuse_options(all=run_all, why=why, cpc=cpc)
        kept = FamilyKeeping(save=save, archive=archive, trace=trace, expect=expect, as_json=as_json)
        raise typer.Exit(prove_family_file(function.file, format or (), placement, family, kept, timeout))
    results: list[Result] = []
    objects = {}
    for asking in read_askings(QuestionOptions(function, tolerance), format or (), placement):
        with progress_bar() as progress:
            answer = ProofAnswer(decide(asking.problem, asking.formats, timeout=timeout, run_all=run_all, progress=progress))
        if cpc:
            answer = with_proofs(answer)
        keeping = Keeping(for_output(save, asking.output), archive)
        traced = answer.results if trace else ()
        objects[asking.output] = report(answer, keeping=keeping, traced=traced, findings=run_all, as_json=as_json)
        if why:
            add_reasons(answer.results, objects[asking.output], all_cores=all_cores, as_json=as_json)
        results += answer.results
    if as_json:
        print_answers(objects)
    raise typer.Exit(status_of(results, expect))


@with_groups
def bounds(
    function: FunctionOptions,
    placed: PlacementOptions,
    format: o.FormatNames = None,
    relative: o.MeasureRelative = False,
    timeout: o.Timeout = None,
    explain: o.Explain = False,
    plot: o.Plot = None,
    save: o.Save = None,
    as_json: o.AsJson = False,
) -> None:
    """Range, slopes and curvatures on the box, and the error bracket per format; no tolerance is needed.

    \b
    suffice bounds --expr 'sin(x)/x' --var x=1:3 --format fp32
    suffice bounds problem.toml --format bf16,fp16 --json
    suffice bounds --expr 'sin(x)' --var x=0:3 --format fp16 --plot errors.png
    suffice bounds --expr 'sqrt(x + 1) - sqrt(x)' --var x=1:1000 --format fp32 --explain --save bound.json
    """
    from suffice.answers import BoundsAnswer
    from suffice.cli.json_output import bounds_object
    from suffice.plots import check_picture, draw_errors
    from suffice.prover.brackets import bounds as decide
    from suffice.rendering import show

    question = QuestionOptions(function, ToleranceOptions(eps="1" if relative else None, relative=relative))
    askings = read_askings(question, format or (), placed.read(), needs_tolerance=False)
    pictures = [for_output(plot, asking.output) for asking in askings]
    for asking, picture in zip(askings, pictures, strict=True):
        if picture is not None:
            check_picture(picture, asking.problem)
    check_place(save)
    objects = {}
    for asking, picture in zip(askings, pictures, strict=True):
        with progress_bar() as progress:
            found = decide(asking.problem, asking.formats, timeout=timeout, explain=explain, certify=save is not None, progress=progress)
        answer = BoundsAnswer(found)
        if not as_json:
            show(answer.tables())
        kept = keep_bounds(found, for_output(save, asking.output))
        for name, path in kept.items() if not as_json else ():
            print(f"certificate of {name}: {path}")
        objects[asking.output] = bounds_object(found, kept)
        if picture is not None:
            with progress_bar() as progress:
                draw_errors(picture, found, asking.formats, progress=progress)
    if as_json:
        print_answers(objects)


def status_of(results: Sequence[Result], expect: Verdict | None) -> int:
    """The exit status for these verdicts."""
    if expect is not None:
        return DONE if all(result.verdict == expect for result in results) else UNEXPECTED
    return UNDECIDED if any(result.verdict == Verdict.UNDECIDED for result in results) else DONE
