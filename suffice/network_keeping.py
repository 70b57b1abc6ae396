"""Where the certificates of an answer about a model go: files and the archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from suffice.cli.keeping import Kept, file_names
from suffice.network_answers import ASSIGNED, ModelAnswer

if TYPE_CHECKING:
    from suffice.proofs.archive import Receipt
    from suffice.proofs.networks import NetworkCertificate


def keep_model(answer: ModelAnswer, save: Path | None, archive: str | None) -> Kept:
    """Write every certificate to a file of its own, and add it to the archive. Raises InputError and ArchiveError."""
    certificates = {
        label: result.certificate for label, result in zip(answer.labels, answer.results, strict=True) if result.certificate is not None
    }
    files: dict[str, Path] = {}
    if save is not None:
        from suffice.proofs.networks import write

        named = file_names(answer.labels, save)
        files = {label: named[label] for label in certificates}
        for label, path in files.items():
            write(certificates[label], path)
        files |= _write_allocation(answer, files)
    return Kept(files, {} if archive is None else _archived(answer, certificates, archive), archive)


def _write_allocation(answer: ModelAnswer, files: dict[str, Path]) -> dict[str, Path]:
    """The certificate that no choice of the model is cheaper, beside that of the assignment."""
    from suffice.proofs import allocation

    least = answer.assigned.minimality if answer.assigned is not None else None
    if least is None or least.certificate is None or ASSIGNED not in files:
        return {}
    path = files[ASSIGNED].with_name(f"{files[ASSIGNED].stem}.allocation.json")
    allocation.write(least.certificate, path)
    return {"allocation": path}


def _archived(answer: ModelAnswer, certificates: dict[str, NetworkCertificate], place: str) -> dict[str, Receipt]:
    from suffice.proofs.archive import Archive
    from suffice.proofs.networks import canonical_bytes

    with Archive.open(place) as archive:
        return {
            label: archive.add(canonical_bytes(certificate), f"{answer.network.name} in {label}: {answer[label].verdict.value}")
            for label, certificate in certificates.items()
        }
