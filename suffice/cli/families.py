"""`suffice prove` for a file that holds a family: the regions of parameters and sizes where each verdict is proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from suffice.cli.keeping import Kept, file_names
from suffice.cli.statuses import DONE, UNDECIDED, UNEXPECTED
from suffice.errors import InputError
from suffice.proofs.certificate import Verdict

if TYPE_CHECKING:
    from suffice.family_answers import FamilyAnswer
    from suffice.proofs.archive import Receipt
    from suffice.prover.families import FamilyResult, ProvedRegion
    from suffice.prover.families.extents import Extent
    from suffice.questions import Placement

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyOptions:
    """What only a family takes. `for_all`: one verdict for the whole declared range is asked for."""

    accumulate: str | None
    for_all: bool
    resolution: str | None
    plot: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyKeeping:
    """What is done with the answer."""

    save: Path | None
    archive: str | None
    trace: bool
    expect: Verdict | None
    as_json: bool


def is_family(file: Path | None, options: FamilyOptions) -> TypeGuard[Path]:
    """Whether the file holds a family. Raises InputError for options that only families have, beside another problem."""
    from suffice.encodings.readers.family_toml import is_family_file

    if file is not None and is_family_file(file):
        return True
    given = {"accumulate": options.accumulate, "for-all": options.for_all, "resolution": options.resolution, "plot": options.plot}
    for name, value in given.items():
        if value:
            mend = "name a file with parameters or a fold" + ("; suffice bounds --plot draws errors" if name == "plot" else "")
            raise InputError(f"--{name} is about families", mend=mend)
    return False


def refuse_options(**given: object) -> None:
    """Raise InputError for an option that a family file answers itself."""
    for name, value in given.items():
        if value:
            raise InputError(f"--{name} stands beside a family file", mend="leave it out; what a family is stands in its file")


def prove_family_file(
    file: Path, formats: Sequence[str], placement: Placement, options: FamilyOptions, keeping: FamilyKeeping, timeout: float | None
) -> int:
    """Prove, print and keep; the exit status. Raises SufficeError."""
    from suffice.cli.progress import progress_bar
    from suffice.family_answers import FamilyAnswer
    from suffice.family_plots import check_family_picture, draw_regions
    from suffice.family_questions import read_family
    from suffice.prover.families import prove_family
    from suffice.questions import read_exact

    asking = read_family(file, ",".join(formats) or None, placement, options.accumulate)
    if options.plot is not None:
        check_family_picture(options.plot, asking.family)
    resolution = None if options.resolution is None else read_exact(options.resolution, "--resolution")
    with progress_bar() as progress:
        proof = prove_family(asking.family, asking.formats, timeout=timeout, resolution=resolution, progress=progress)
    answer = FamilyAnswer(proof)
    if options.plot is not None:
        draw_regions(options.plot, proof)
    _report(answer, keeping, for_all=options.for_all)
    return _status(answer, keeping.expect, for_all=options.for_all)


def _report(answer: FamilyAnswer, options: FamilyKeeping, *, for_all: bool) -> None:
    from suffice.cli.json_output import print_object
    from suffice.rendering import show

    if not options.as_json:
        show(answer.tables())
        if for_all:
            print("\n" + "\n".join(_for_all_line(result) for result in answer.results))
    kept = _keep(answer, options)
    proofs = _proofs(answer.results) if options.trace else {}
    if options.as_json:
        print_object(family_object(answer, kept, proofs))
        return
    for text in ("\n".join(kept.lines()), *proofs.values()):
        if text:
            print(f"\n{text}".rstrip())


def _for_all_line(result: FamilyResult) -> str:
    return f"{result.format}: for all declared parameters and sizes: {result.verdict.value}"


def _status(answer: FamilyAnswer, expect: Verdict | None, *, for_all: bool) -> int:
    """Undecided where nothing was proved; with --for-all, where no verdict holds for the whole range."""
    verdicts = [result.verdict for result in answer.results]
    if expect is not None:
        return DONE if all(verdict is expect for verdict in verdicts) else UNEXPECTED
    if for_all:
        return UNDECIDED if Verdict.UNDECIDED in verdicts else DONE
    return DONE if all(result.regions for result in answer.results) else UNDECIDED


def _proofs(results: Sequence[FamilyResult]) -> dict[str, str]:
    from suffice.proofs.trace import render, trace

    return {result.format: render(trace(result.certificate)) for result in results if result.certificate is not None}


def _keep(answer: FamilyAnswer, options: FamilyKeeping) -> Kept:
    """Write the certificates where the options say; a format of which nothing was proved has none."""
    from suffice.proofs.families import write

    certified = {result.format: result.certificate for result in answer.results if result.certificate is not None}
    files: dict[str, Path] = {}
    if options.save is not None:
        files = file_names([result.format for result in answer.results], options.save)
        files = {name: path for name, path in files.items() if name in certified}
        for name, path in files.items():
            write(certified[name], path)
    receipts = {} if options.archive is None else _archive(answer, options.archive)
    return Kept(files, receipts, options.archive)


def _archive(answer: FamilyAnswer, place: str) -> dict[str, Receipt]:
    from suffice.family_answers import family_headline
    from suffice.proofs.archive import Archive
    from suffice.proofs.families import canonical_bytes

    shown = answer.family.name or family_headline(answer.family)
    with Archive.open(place) as archive:
        return {
            result.format: archive.add(canonical_bytes(result.certificate), f"{shown} in {result.format}: family")
            for result in answer.results
            if result.certificate is not None
        }


def family_object(answer: FamilyAnswer, kept: Kept, proofs: dict[str, str]) -> Object:
    """The answer as JSON: numbers are exact texts, only seconds and sizes are JSON numbers."""
    from suffice.proofs.families import family_to_json

    family = answer.family
    results = [kept.noted(result.format, _result_object(result), proofs) for result in answer.results]
    described = {"name": family.name, "description": family.description}
    return {"family": {**described, **_as_dict(family_to_json(family))}, "results": results, **kept.archived()}


def _as_dict(value: Any) -> Object:
    assert isinstance(value, dict)
    return value


def _result_object(result: FamilyResult) -> Object:
    from suffice.cli.json_output import exact, solver_object

    return {
        "format": result.format,
        "verdict": result.verdict.value,
        "regions": [_region_object(region) for region in result.regions],
        "gaps": [_extent_object(gap, exact) for gap in result.gaps],
        "flip_exact": result.flip_exact,
        "resolution": exact(result.resolution),
        "assumptions": list(result.assumptions),
        "solvers": [solver_object(run) for run in result.solvers],
        "note": result.note,
        "seconds": result.seconds,
        "certificate": result.digest,
    }


def _region_object(region: ProvedRegion) -> Object:
    from suffice.cli.json_output import exact
    from suffice.proofs.decimals import decimal_above, decimal_below

    value = region.value
    decimal = decimal_above if region.bound == "error_bound" else decimal_below
    texts = (value, value) if isinstance(value, str) else (exact(value), decimal(value, 6))
    return {
        **_extent_object(region.extent, exact),
        "verdict": region.verdict.value,
        "statement": region.statement,
        region.bound: texts[0],
        f"{region.bound}_decimal": texts[1],
        "seconds": region.seconds,
    }


def _extent_object(extent: Extent, exact: Callable[[Any], str]) -> Object:
    sides = {name: [exact(side.lo), exact(side.hi)] for name, side in extent.parameters.items()}
    return {"parameters": sides} | ({"size": list(extent.sizes)} if extent.sizes is not None else {})
