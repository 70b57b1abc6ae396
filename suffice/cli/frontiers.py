"""What `minimum` does where a verdict turns at something else than a named format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.cli.keeping import Keeping, Kept, for_output, keep_named
from suffice.cli.problem_options import QuestionOptions, read_askings
from suffice.cli.progress import progress_bar
from suffice.cli.proving import status_of
from suffice.cli.reporting import Answer, print_answers, print_kept, proofs_of, report
from suffice.cli.statuses import DONE, UNDECIDED
from suffice.cli.tolerance_lists import read_tolerances
from suffice.errors import InputError
from suffice.questions import Asking, Placement

if TYPE_CHECKING:
    from suffice.hardware_specs.format import FloatFormat
    from suffice.proofs.certificate import Certificate
    from suffice.prover.case import Asked
    from suffice.prover.results import Result
    from suffice.tables import Table

Reply = tuple[dict[str, Any], int]
"""The JSON object of one output, and the exit status."""


class Kind(StrEnum):
    """The option that says what is looked for."""

    BITS = "--bits"
    EXPONENTS = "--exponents"
    AGAINST = "--against"
    SMALLEST_EPS = "--smallest-eps"
    LARGEST_BOX = "--largest-box"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was typed beside the question."""

    bits: bool
    exponents: bool
    against: str | None
    smallest_eps: bool
    largest_box: bool
    emin: int | None
    emax: int | None
    max_bits: int | None
    plot: Path | None
    timeout: float | None
    run_all: bool
    trace: bool


def chosen(wanted: Wanted) -> Kind | None:
    """What is looked for, None for a format. Raises InputError for options that do not go together."""
    given = {
        Kind.BITS: wanted.bits and wanted.against is None,
        Kind.EXPONENTS: wanted.exponents,
        Kind.AGAINST: wanted.against is not None,
        Kind.SMALLEST_EPS: wanted.smallest_eps,
        Kind.LARGEST_BOX: wanted.largest_box,
    }
    kinds = [kind for kind, is_given in given.items() if is_given]
    if len(kinds) > 1:
        raise InputError(f"{' and '.join(kinds)} are both given", mend="look for one thing at a time")
    kind = kinds[0] if kinds else None
    belongs: dict[str, tuple[object, tuple[Kind, ...]]] = {
        "--emin": (wanted.emin, (Kind.BITS, Kind.AGAINST, Kind.EXPONENTS)),
        "--emax": (wanted.emax, (Kind.BITS, Kind.AGAINST, Kind.EXPONENTS)),
        "--max-bits": (wanted.max_bits, (Kind.BITS, Kind.AGAINST)),
        "--plot": (wanted.plot, (Kind.AGAINST,)),
    }
    for option, (value, owners) in belongs.items():
        if value is not None and kind not in owners:
            raise InputError(f"{option} is given without {owners[0]}", mend=f"add {' or '.join(owners)}, or leave it out")
    return kind


def answer(
    kind: Kind, question: QuestionOptions, among: Sequence[str], placement: Placement, wanted: Wanted, keeping: Keeping, *, as_json: bool
) -> int:
    """Look for it in every output, print what is found, and give the exit status. Raises SufficeError."""
    if kind in _WITHOUT_TOLERANCE:
        question = _without_tolerance(kind, question)
    command = Command(kind, question, among, placement, wanted, keeping, as_json)
    replies = {asking.output: _HANDLERS[kind](command, asking) for asking in command.askings()}
    if as_json:
        print_answers({output: content for output, (content, _) in replies.items()})
    return max(status for _, status in replies.values())


_WITHOUT_TOLERANCE = (Kind.AGAINST, Kind.SMALLEST_EPS)


def _without_tolerance(kind: Kind, question: QuestionOptions) -> QuestionOptions:
    """The question whose tolerance says only whether errors are relative."""
    typed = question.tolerance
    if any(part is not None for part in (typed.eps, typed.absolute, typed.relative_part)):
        raise InputError(f"a tolerance is given beside {kind}, which looks for one", mend="leave it out; --relative alone may stand")
    return replace(question, tolerance=replace(typed, eps="1")) if typed.relative else question


@dataclass(frozen=True, slots=True)
class Command:
    """All that was typed."""

    kind: Kind
    question: QuestionOptions
    among: Sequence[str]
    placement: Placement
    wanted: Wanted
    keeping: Keeping
    as_json: bool

    def askings(self) -> tuple[Asking, ...]:
        """The question of every output, about the formats named or the candidates. Raises SufficeError."""
        from suffice.prover.significand import check_placed

        if self.kind in (Kind.SMALLEST_EPS, Kind.LARGEST_BOX):
            return self._read(self.among)
        candidates = self.candidates()
        askings = self.about(candidates)
        for asking in askings:
            check_placed(asking.formats[0], candidates[0])
        return askings

    def candidates(self) -> Sequence[FloatFormat]:
        """The formats of all p, or the one whose exponents are narrowed."""
        from suffice.prover.significand import MAX_BITS, significands

        if self.kind is Kind.EXPONENTS:
            return [self.base()]
        return significands(self.base(), MAX_BITS if self.wanted.max_bits is None else self.wanted.max_bits)

    def about(self, formats: Sequence[FloatFormat]) -> tuple[Asking, ...]:
        """The question of every output about these formats."""
        from suffice.hardware_specs.catalogue import format_name

        return self._read([format_name(fmt) for fmt in formats])

    def _read(self, names: Sequence[str]) -> tuple[Asking, ...]:
        return read_askings(self.question, names, self.placement, needs_tolerance=self.kind not in _WITHOUT_TOLERANCE)

    def base(self) -> FloatFormat:
        """The format whose rules and exponents stand. Raises SufficeError."""
        from suffice.frontiers import DEFAULT_BASE, base_format
        from suffice.hardware_specs.catalogue import split_formats

        names = split_formats(",".join(self.among)) if self.among else [DEFAULT_BASE]
        if len(names) > 1:
            raise InputError(f"{' and '.join(names)} are named, and one is needed", where="--format", mend="name the one whose rules stand")
        return base_format(names[0], self.wanted.emin, self.wanted.emax)

    def kept_at(self, asking: Asking) -> Keeping:
        """Where the certificates of one output go."""
        return Keeping(for_output(self.keeping.save, asking.output), self.keeping.archive)


def _bits(command: Command, asking: Asking) -> Reply:
    from suffice.cli.frontier_json import scan_object
    from suffice.frontier_answers import SignificandAnswer
    from suffice.prover.significand import scan_significands

    wanted = command.wanted
    with progress_bar() as progress:
        scan = scan_significands(asking.problem, asking.formats, timeout=wanted.timeout, run_all=wanted.run_all, progress=progress)
    return _reported(command, asking, SignificandAnswer(scan), {"bits": scan_object(scan)}, scan.results[-1:])


def _exponents(command: Command, asking: Asking) -> Reply:
    from suffice.cli.frontier_json import exponents_object
    from suffice.frontier_answers import ExponentAnswer
    from suffice.prover.significand import scan_exponents

    def ask(formats: Sequence[FloatFormat]) -> Sequence[Asked]:
        return next(other.formats for other in command.about(formats) if other.output == asking.output)

    wanted = command.wanted
    with progress_bar() as progress:
        found = scan_exponents(asking.problem, command.base(), ask, timeout=wanted.timeout, run_all=wanted.run_all, progress=progress)
    return _reported(command, asking, ExponentAnswer(found), {"exponents": exponents_object(found)}, found.joint[-1:])


def _reported(command: Command, asking: Asking, found: Answer, extra: dict[str, Any], traced: Sequence[Result]) -> Reply:
    """Print an answer of one result for each format."""
    wanted = command.wanted
    content = report(
        found, extra, keeping=command.kept_at(asking), traced=traced if wanted.trace else (), findings=wanted.run_all,
        as_json=command.as_json,
    )  # fmt: skip
    return content, status_of(found.results, None)


def _against(command: Command, asking: Asking) -> Reply:
    from suffice.cli.frontier_json import staircase_certificates, staircase_object
    from suffice.frontier_tables import staircase_table
    from suffice.frontiers import check_tolerances
    from suffice.plots import check_picture_file
    from suffice.prover.staircase import staircase
    from suffice.staircase_plots import draw_staircase

    wanted = command.wanted
    picture = for_output(wanted.plot, asking.output)
    if picture is not None:
        check_picture_file(picture)
    thresholds = check_tolerances(read_tolerances(wanted.against or ""))
    with progress_bar() as progress:
        found = staircase(asking.problem, thresholds, asking.formats, timeout=wanted.timeout, progress=progress)
    kept = _kept(command, asking, [staircase_table(found)], staircase_certificates(found))
    if picture is not None:
        draw_staircase(picture, found)
    is_open = any(scan.undecided for scan in found.scans)
    return staircase_object(found, kept), UNDECIDED if is_open else DONE


def _smallest_eps(command: Command, asking: Asking) -> Reply:
    from suffice.cli.frontier_json import tolerance_certificates, tolerances_object
    from suffice.frontier_tables import tolerance_table
    from suffice.prover.tolerances import smallest_tolerances

    with progress_bar() as progress:
        found = smallest_tolerances(asking.problem, asking.formats, timeout=command.wanted.timeout, progress=progress)
    kept = _kept(command, asking, [tolerance_table(found)], tolerance_certificates(found))
    is_open = any(result.sufficient is None and not result.always_fails for result in found.results)
    return tolerances_object(found, kept), UNDECIDED if is_open else DONE


def _largest_box(command: Command, asking: Asking) -> Reply:
    from suffice.cli.frontier_json import box_certificates, boxes_object
    from suffice.frontier_tables import box_table
    from suffice.prover.boxes import largest_boxes

    with progress_bar() as progress:
        found = largest_boxes(asking.problem, asking.formats, timeout=command.wanted.timeout, progress=progress)
    tables = [box_table(asking.problem, result) for result in found.results]
    kept = _kept(command, asking, tables, box_certificates(found))
    is_open = any(result.largest is None and result.smallest_failing is None for result in found.results)
    return boxes_object(found, kept), UNDECIDED if is_open else DONE


def _kept(command: Command, asking: Asking, tables: Sequence[Table], certificates: dict[str, Certificate]) -> Kept:
    """Show the tables, then keep the certificates, and print them where that is asked."""
    from suffice.rendering import show

    if not command.as_json:
        show(tables)
    kept = keep_named(asking.problem, certificates, command.kept_at(asking))
    if not command.as_json:
        print_kept(kept, proofs_of(certificates) if command.wanted.trace else {})
    return kept


_HANDLERS: dict[Kind, Callable[[Command, Asking], Reply]] = {
    Kind.BITS: _bits,
    Kind.EXPONENTS: _exponents,
    Kind.AGAINST: _against,
    Kind.SMALLEST_EPS: _smallest_eps,
    Kind.LARGEST_BOX: _largest_box,
}
