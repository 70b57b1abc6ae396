"""The options of the command torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from suffice.cli.keeping import check_place
from suffice.encodings.readers.places import shown
from suffice.errors import InputError
from suffice.plots import check_picture_file
from suffice.proofs.files import check_ordinary

_INPUTS = (
    "The inputs asked about: 'box(0,1)', 'balls(FILE.npy, radius=0.01, within=0:1, first=10)' or 'points(FILE.npy, first=100)'. "
    "FILE: .npy, .npz (FILE.npz:NAME), .csv, or MODULE:FUNCTION giving an array; its first axis counts samples."
)
_CONFIG = "Write the formats of all layers for suffice.torch.apply, where some are proved sufficient."

InputsText = Annotated[str, typer.Option("--inputs", metavar="SPEC", help=_INPUTS)]
ExampleShape = Annotated[
    str | None, typer.Option("--example-shape", metavar="1,64", help="The shape that the module takes, its batch axis first, of length 1.")
]
Arrival = Annotated[
    str, typer.Option("--arrival", metavar="real|representable", help="Whether every real of the set counts, rounded first (default).")
]
Eps = Annotated[str | None, typer.Option("--eps", metavar="E", help="|error| <= E on every output; bounds alone where it is left out.")]
Formats = Annotated[
    list[str] | None,
    typer.Option("--format", metavar="F", help="A format; repeat, or separate by commas (int8,fp8_e4m3,bf16,fp16,fp32)."),
]
Devices = Annotated[
    list[str] | None, typer.Option("--device", metavar="D", help="How sums are added (generic); repeat, or separate by commas.")
]
InputFormat = Annotated[str | None, typer.Option("--in", metavar="F", help="The format of the input, if another.")]
OutputFormat = Annotated[str | None, typer.Option("--out", metavar="F", help="The format of the output, if another.")]
Assign = Annotated[bool, typer.Option("--assign", help="Also choose the cheapest proved format for each layer, among those of --format.")]
SearchSeconds = Annotated[
    float, typer.Option("--search", metavar="S", help="Seconds of search for bad inputs, for each format.", min=0.001)
]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", help="Work on so many results at once, each in a process of its own.", min=1)]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="S", help="After so many seconds in all begin no further search.", min=0.001)
]
Config = Annotated[Path | None, typer.Option("--config", metavar="OUT.json", help=_CONFIG)]
Save = Annotated[
    Path | None,
    typer.Option(
        "--save", metavar="FILE", help="Write the certificate; for several formats a folder, or the format's name goes before the suffix."
    ),
]
Archive = Annotated[str | None, typer.Option("--archive", metavar="FILE|URL", help="Add the certificates to an archive.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a report with tables and pictures, one file.")]
Plot = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw errors, budget and amplification by layer (.png, .svg).")]

_MOST_AXES = 8
_LONGEST_AXIS = 9
"""Digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """The inputs of the model, as typed."""

    inputs: InputsText
    example_shape: ExampleShape = None
    arrival: Arrival = "real"

    def shape(self) -> tuple[int, ...] | None:
        """The shape typed. Raises InputError."""
        if self.example_shape is None:
            return None
        parts = [part.strip() for part in self.example_shape.split(",")]
        if len(parts) > _MOST_AXES or not all(part.isdecimal() and len(part) <= _LONGEST_AXIS and int(part) > 0 for part in parts):
            raise InputError(f"--example-shape {shown(self.example_shape)} is no shape", mend="write --example-shape 1,64")
        return tuple(map(int, parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOptions:
    """The tolerance and the ways to compute, as typed."""

    eps: Eps = None
    format: Formats = None
    device: Devices = None
    input_format: InputFormat = None
    output_format: OutputFormat = None
    assign: Assign = False
    search_seconds: SearchSeconds = 10.0
    jobs: Jobs = 1
    timeout: Timeout = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """What is written, as typed."""

    config: Config = None
    save: Save = None
    archive: Archive = None
    html: Html = None
    plot: Plot = None

    def check(self) -> None:
        """Complain before the work, not after it. Raises InputError."""
        for place in (self.config, self.save, self.html, self.plot):
            check_place(place)
        for place in (self.config, self.html, self.plot):
            if place is not None and place.is_dir():
                raise InputError("it is a folder", where=str(place), mend="name a file in it")
        places = [place for place in (self.config, self.save, self.html, self.plot) if place is not None]
        for place in places:
            check_ordinary(place)
            if sum(place.resolve() == other.resolve() and not place.is_dir() for other in places) > 1:
                raise InputError("two options write to it", where=str(place), mend="name a file for each")
        if self.plot is not None:
            check_picture_file(self.plot)
