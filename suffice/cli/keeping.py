"""Where certificates go: files and the archive."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from suffice.errors import InputError

if TYPE_CHECKING:
    from suffice.encodings.problem import Problem
    from suffice.proofs.archive import Receipt
    from suffice.prover.results import Result


@dataclass(frozen=True, slots=True)
class Kept:
    """The file of each format, and the archive's receipts."""

    files: dict[str, Path]
    receipts: tuple[Receipt, ...]
    archive: str | None

    def lines(self) -> list[str]:
        """For people."""
        lines = [f"certificate of {name}: {path}" for name, path in self.files.items()]
        if self.receipts:
            lines += [f"certificate: {receipt.digest}, entry {receipt.index} of {self.archive}" for receipt in self.receipts]
            lines.append(f"head of the archive: {self.receipts[-1].head}")
        return lines


def check_place(save: Path | None) -> None:
    """Complain before the work, not after it. Raises InputError."""
    folder = save.parent if save is not None else Path()
    if not folder.is_dir():
        raise InputError("there is no such folder", where=str(folder), mend="create it first")


def keep(problem: Problem, results: Sequence[Result], save: Path | None, archive: str | None) -> Kept:
    """Write the certificates where the options say. Raises InputError and ArchiveError."""
    files: dict[str, Path] = {}
    if save is not None:
        from suffice.proofs.certificate import write

        files = file_names([result.format for result in results], save)
        for result in results:
            write(result.certificate, files[result.format])
    return Kept(files, _archive(problem, results, archive) if archive is not None else (), archive)


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


def _archive(problem: Problem, results: Sequence[Result], place: str) -> tuple[Receipt, ...]:
    from suffice.proofs.archive import Archive
    from suffice.proofs.certificate import canonical_bytes

    with Archive.open(place) as archive:
        return tuple(
            archive.add(canonical_bytes(result.certificate), label=f"{problem.name or 'f'} in {result.format}: {result.verdict.value}")
            for result in results
        )
