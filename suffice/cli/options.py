"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from suffice.proofs.certificate import Verdict


class Target(StrEnum):
    """What a proof is written in."""

    MD = "md"
    HTML = "html"
    TEX = "tex"


ProblemFile = Annotated[
    Path | None, typer.Argument(metavar="PROBLEM", help="A problem file (.toml or .fpcore), in place of --expr.", show_default=False)
]
Formula = Annotated[str | None, typer.Option("--expr", metavar="FORMULA", help="The function, such as 'x^2 - 2*x'.")]
Sides = Annotated[list[str] | None, typer.Option("--var", metavar="NAME=LO:HI", help="An input and its interval; once for each.")]
Eps = Annotated[str | None, typer.Option("--eps", metavar="E", help="|error| <= E; with --relative, E |f|.")]
Relative = Annotated[bool, typer.Option("--relative", help="The tolerance --eps is relative.")]
MeasureRelative = Annotated[bool, typer.Option("--relative", help="Measure relative errors.")]
Absolute = Annotated[str | None, typer.Option("--abs", metavar="A", help="With --rel R: |error| <= A + R |f|.")]
RelativePart = Annotated[str | None, typer.Option("--rel", metavar="R", help="See --abs.")]
Inputs = Annotated[
    str | None,
    typer.Option("--inputs", metavar="real|representable", help="Whether every real of the box counts (default)."),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="CONDITION", help="Only inputs where it holds count, such as 'x <= y'; may be repeated."),
]
Override = Annotated[bool, typer.Option("--override", help="The formats asked about stand also where the problem demands others.")]
Accuracy = Annotated[
    str | None,
    typer.Option("--accuracy", metavar="F=ULPS,...", help="Functions that are not correctly rounded, as in sin=2,exp=1."),
]
FormatNames = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="F", help="A format asked about; repeat, or separate by commas."),
]
Among = Annotated[
    list[str] | None,
    typer.Option("--among", "--format", metavar="F,...", help="The formats to choose from."),
]
InputFormat = Annotated[str | None, typer.Option("--in", metavar="F", help="The format of the inputs, if another.")]
Compute = Annotated[str | None, typer.Option("--compute", metavar="F", help="The format of the operations, if another.")]
OutputFormat = Annotated[str | None, typer.Option("--out", metavar="F", help="The format of the output, if another.")]
Accumulate = Annotated[
    str | None, typer.Option("--accumulate", metavar="F", help="The format of a fold's state, for a file with a family.")
]
ForAll = Annotated[
    bool, typer.Option("--for-all", help="Of a family: one verdict for all declared parameters and sizes, or undecided (status 3).")
]
Resolution = Annotated[
    str | None, typer.Option("--resolution", metavar="R", help="Of a family: tell parameters apart down to this relative distance (1e-3).")
]
RegionPlot = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="Of a family: draw the regions over one or two parameters, as .png or .svg.")
]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="S", help="Seconds for each format.", min=0.001)]
RunAll = Annotated[bool, typer.Option("--all", help="Run every strategy that applies, and show what each established.")]
Save = Annotated[
    Path | None,
    typer.Option(
        "--save", metavar="FILE", help="Write the certificate; for several formats a folder, or the format's name goes before the suffix."
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw the error over the box of one or two inputs, as .png or .svg."),
]
Explain = Annotated[
    bool,
    typer.Option("--explain", help="Rank the operations by their share of the error, list the witness's run, show the floor."),
]
ArchivePlace = Annotated[str | None, typer.Option("--archive", metavar="FILE|URL", help="Add the certificates to an archive.")]
Trace = Annotated[bool, typer.Option("--trace", help="Also print the proof of the answer.")]
Why = Annotated[bool, typer.Option("--why", help="Also say why: minimal cores, and how far each of their numbers may be relaxed.")]
AllCores = Annotated[bool, typer.Option("--all-cores", help="With --why: every minimal core.")]
Cpc = Annotated[bool, typer.Option("--cpc", help="Keep cvc5's own proofs of the SMT-LIB scripts in the certificates.")]
Expect = Annotated[Verdict | None, typer.Option("--expect", help="Exit with status 4 at any other verdict.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
