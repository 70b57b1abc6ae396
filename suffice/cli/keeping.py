"""Where certificates go: files and the archive."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.errors import InputError

if TYPE_CHECKING:
    from suffice.encodings.problem import Problem
    from suffice.proofs.archive import Receipt
    from suffice.proofs.certificate import Certificate
    from suffice.prover.results import Bounds, Result


@dataclass(frozen=True, slots=True)
class Kept:
    """The file and the archive's receipt of each format."""

    files: dict[str, Path]
    receipts: dict[str, Receipt]
    archive: str | None

    @property
    def head(self) -> str:
        """The head of the archive's chain after the last one."""
        return list(self.receipts.values())[-1].head

    def lines(self) -> list[str]:
        """For people."""
        lines = [f"certificate of {name}: {path}" for name, path in self.files.items()]
        if self.receipts:
            lines += [f"certificate of {name}: entry {r.index} of {self.archive}, {r.digest}" for name, r in self.receipts.items()]
            lines.append(f"head of the archive: {self.head}")
        return lines

    def noted(self, name: str, entry: dict[str, Any], proofs: Mapping[str, str]) -> dict[str, Any]:
        """A format's entry for --json, with its file and its proof where there are any."""
        file = {"file": str(self.files[name])} if name in self.files else {}
        return entry | file | ({"trace": proofs[name]} if name in proofs else {})

    def archived(self) -> dict[str, Any]:
        """For --json: the archive and its head, where certificates were added."""
        return {"archive": {"place": self.archive, "head": self.head}} if self.receipts else {}


@dataclass(frozen=True, slots=True)
class Keeping:
    """What --save and --archive say."""

    save: Path | None
    archive: str | None


def for_output(save: Path | None, output: str) -> Path | None:
    """FILE with the output's name before its suffix; in a folder, a file name that begins with it."""
    if save is None or not output:
        return save
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", output).strip("_")
    return save / f"{plain}.json" if save.is_dir() else save.with_name(f"{save.stem}.{plain}{save.suffix}")


def check_place(save: Path | None) -> None:
    """Complain before the work, not after it. Raises InputError."""
    folder = save.parent if save is not None else Path()
    if not folder.is_dir():
        raise InputError("there is no such folder", where=str(folder), mend="create it first")


def keep(problem: Problem, results: Sequence[Result], keeping: Keeping) -> Kept:
    """Write the certificates where the options say. Raises InputError and ArchiveError."""
    return keep_named(problem, {result.format: result.certificate for result in results}, keeping)


def keep_named(problem: Problem, certificates: Mapping[str, Certificate], keeping: Keeping) -> Kept:
    """The same for certificates under names of any kind. Raises InputError and ArchiveError."""
    files: dict[str, Path] = {}
    if keeping.save is not None and certificates:
        from suffice.proofs.certificate import write

        files = file_names(list(certificates), keeping.save)
        for name, certificate in certificates.items():
            write(certificate, files[name])
    receipts = {} if keeping.archive is None else _archive(problem, certificates, keeping.archive)
    return Kept(files, receipts, keeping.archive)


def keep_bounds(bounds: Bounds, save: Path | None) -> dict[str, Path]:
    """Write the certificates of the error bounds that have one. Raises InputError."""
    if save is None:
        return {}
    from suffice.proofs.certificate import write

    certified = {result.format: result.certificate for result in bounds.results if result.certificate is not None}
    files = file_names(list(certified), save)
    for name, certificate in certified.items():
        write(certificate, files[name])
    return files


def file_names(formats: Sequence[str], save: Path) -> dict[str, Path]:
    """FILE for one format; for several FOLDER/format.json if FILE is a folder, else the format's name before FILE's suffix."""
    if len(formats) == 1 and not save.is_dir():
        return {formats[0]: save}
    names: dict[str, Path] = {}
    for name in formats:
        plain = re.sub(r"[^A-Za-z0-9_=.+-]+", "_", name).strip("_")[:100]
        path = save / f"{plain}.json" if save.is_dir() else save.with_name(f"{save.stem}.{plain}{save.suffix}")
        while path in names.values():
            path = path.with_name(f"{path.stem}_{path.suffix}")
        names[name] = path
    return names


def _archive(problem: Problem, certificates: Mapping[str, Certificate], place: str) -> dict[str, Receipt]:
    from suffice.proofs.archive import Archive
    from suffice.proofs.certificate import canonical_bytes
    from suffice.tables import formula_text

    shown = problem.name or formula_text(problem)
    with Archive.open(place) as archive:
        return {
            name: archive.add(canonical_bytes(certificate), f"{shown} in {name}: {certificate.verdict.value}")
            for name, certificate in certificates.items()
        }
