"""The command minimum: the smallest format, significand, exponent range or tolerance, and the largest box."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from suffice.cli import options as o
from suffice.cli.frontiers import Wanted, answer, chosen
from suffice.cli.keeping import Keeping, check_place, for_output
from suffice.cli.option_groups import with_groups
from suffice.cli.problem_options import FunctionOptions, PlacementOptions, QuestionOptions, ToleranceOptions, read_askings
from suffice.cli.progress import progress_bar
from suffice.cli.proving import status_of
from suffice.cli.reporting import print_answers, report
from suffice.questions import Placement

if TYPE_CHECKING:
    from suffice.prover.results import Result

Bits = Annotated[bool, typer.Option("--bits", help="The smallest significand, with the exponents of --format, or of fp32.")]
Exponents = Annotated[bool, typer.Option("--exponents", help="The smallest exponent range, with the significand of --format, or of fp32.")]
Against = Annotated[
    str | None,
    typer.Option(
        "--against", metavar="eps=A:B", help="The smallest significand for each power of ten from A to B; eps=A:B:N or eps=A,B,..."
    ),
]
SmallestEps = Annotated[bool, typer.Option("--smallest-eps", help="The smallest tolerance for which each --format is proved enough.")]
Box = Annotated[bool, typer.Option("--largest-box", help="The largest box about the same centre on which each --format is proved enough.")]
Emin = Annotated[int | None, typer.Option("--emin", metavar="E", help="With --bits or --exponents: the least exponent.")]
Emax = Annotated[int | None, typer.Option("--emax", metavar="E", help="With --bits or --exponents: the greatest exponent.")]
MaxBits = Annotated[int | None, typer.Option("--max-bits", metavar="P", help="With --bits: the largest significand tried (64).")]
Picture = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="With --against: draw the staircase, as .png or .svg.")]


@with_groups
def minimum(
    function: FunctionOptions,
    tolerance: ToleranceOptions,
    placed: PlacementOptions,
    among: o.Among = None,
    bits: Bits = False,
    exponents: Exponents = False,
    against: Against = None,
    smallest_eps: SmallestEps = False,
    largest_box: Box = False,
    emin: Emin = None,
    emax: Emax = None,
    max_bits: MaxBits = None,
    plot: Picture = None,
    timeout: o.Timeout = None,
    run_all: o.RunAll = False,
    save: o.Save = None,
    archive: o.ArchivePlace = None,
    trace: o.Trace = False,
    as_json: o.AsJson = False,
) -> None:
    """The smallest format that is enough, and the proof for each smaller one. Or where else a verdict turns: bits, exponents, eps, box.

    \b
    suffice minimum problem.toml --among int8,fp8_e4m3,bf16,fp16,fp32
    suffice minimum --expr 'x*x' --var x=0:1 --eps 1e-3 --trace --archive archive.db
    suffice minimum --expr 'exp(x)' --var x=-20:0 --eps 1e-4 --bits
    suffice minimum --expr 'exp(x)' --var x=-20:0 --against eps=1e-2:1e-8 --plot staircase.png
    suffice minimum --expr 'exp(x)' --var x=-20:4 --eps 1e-1 --exponents --format fp16
    suffice minimum --expr 'exp(x)' --var x=-20:0 --smallest-eps --format bf16,fp16
    suffice minimum --expr '1/x' --var x=1:2 --eps 1e-2 --largest-box --format bf16
    """
    check_place(save)
    wanted = Wanted(
        bits=bits, exponents=exponents, against=against, smallest_eps=smallest_eps, largest_box=largest_box,
        emin=emin, emax=emax, max_bits=max_bits, plot=plot, timeout=timeout, run_all=run_all, trace=trace,
    )  # fmt: skip
    question, placement = QuestionOptions(function, tolerance), placed.read()
    kind = chosen(wanted)
    if kind is None:
        raise typer.Exit(_smallest_format(question, among or (), placement, wanted, Keeping(save, archive), as_json=as_json))
    raise typer.Exit(answer(kind, question, among or (), placement, wanted, Keeping(save, archive), as_json=as_json))


def _smallest_format(
    question: QuestionOptions, among: Sequence[str], placement: Placement, wanted: Wanted, keeping: Keeping, *, as_json: bool
) -> int:
    """The formats in the order of their sizes, and the exit status."""
    from suffice.answers import MinimumAnswer
    from suffice.api import LADDER
    from suffice.prover.minimum import minimum as decide
    from suffice.questions import by_size

    results: list[Result] = []
    objects = {}
    for asking in read_askings(question, among, placement, otherwise=LADDER):
        with progress_bar() as progress:
            found = decide(asking.problem, by_size(asking.formats), timeout=wanted.timeout, run_all=wanted.run_all, progress=progress)
        traced = [result for result in found.results if result.format == found.minimum] or found.results[-1:]
        extra = {"minimum": found.minimum, "tight": found.tight}
        kept = Keeping(for_output(keeping.save, asking.output), keeping.archive)
        objects[asking.output] = report(
            MinimumAnswer(found), extra, keeping=kept, traced=traced if wanted.trace else (), findings=wanted.run_all, as_json=as_json
        )
        results += found.results
    if as_json:
        print_answers(objects)
    return status_of(results, None)
