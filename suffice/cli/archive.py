"""The commands of the archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from suffice.cli.options import AsJson
from suffice.cli.statuses import DONE, REJECTED

if TYPE_CHECKING:
    from suffice.proofs.archive import Entry

archive_app = typer.Typer(
    name="archive", help="Keep certificates where removed or altered ones show.", no_args_is_help=False, rich_markup_mode=None
)

Place = Annotated[str, typer.Option("--archive", metavar="FILE|URL", help="An SQLite file, or any SQLAlchemy URL.")]
Digest = Annotated[str, typer.Argument(metavar="DIGEST", help="A certificate's name, or the beginning of it.", show_default=False)]

DEFAULT_PLACE = "archive.db"


@archive_app.command()
def add(
    files: Annotated[list[Path], typer.Argument(metavar="CERT...", help="Certificates.", show_default=False)],
    archive: Place = DEFAULT_PLACE,
    label: Annotated[str, typer.Option("--label", help="A text for people.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add certificates that the kernel accepts, and print the head of the chain: keep it elsewhere.

    \b
    suffice archive add certificate.json --archive archive.db --label 'softmax in fp32'
    """
    from suffice.cli.json_output import print_object
    from suffice.proofs.archive import Archive
    from suffice.proofs.files import read_bytes
    from suffice.proofs.kernel import check as check_bytes
    from suffice.proofs.kernel.limits import MAX_NETWORK_BYTES

    contents = [(file, read_bytes(file, MAX_NETWORK_BYTES)) for file in files]
    entries: list[dict[str, Any]] = []
    with Archive.open(archive) as opened:
        for file, data in contents:
            report = check_bytes(data)
            entry: dict[str, Any] = {"file": str(file), "status": report.status, "reason": report.reason}
            if report.status != "rejected":
                receipt = opened.add(data, label)
                entry |= {"digest": receipt.digest, "index": receipt.index}
            entries.append(entry)
        head = opened.head()
    if as_json:
        print_object({"files": entries, "head": head})
    else:
        for entry in entries:
            print(
                f"{entry['file']}: "
                + (f"{entry['digest']}, entry {entry['index']}" if "digest" in entry else f"rejected: {entry['reason']}")
            )
        print(f"head: {head}")
    raise typer.Exit(REJECTED if any(entry["status"] == "rejected" for entry in entries) else DONE)


@archive_app.command(name="list")
def list_entries(archive: Place = DEFAULT_PLACE, as_json: AsJson = False) -> None:
    """All entries, oldest first.

    \b
    suffice archive list --archive archive.db
    """
    from suffice.cli.json_output import print_object
    from suffice.proofs.archive import Archive
    from suffice.tables import printable

    with Archive.open(archive, create=False) as opened:
        entries, head = opened.entries(), opened.head()
    if as_json:
        print_object({"entries": [_entry_object(entry) for entry in entries], "head": head})
    else:
        print(
            "\n".join([*(f"{entry.index}  {entry.digest}  {entry.added}  {printable(entry.label)}" for entry in entries), f"head: {head}"])
        )


@archive_app.command()
def show(digest: Digest, archive: Place = DEFAULT_PLACE, as_json: AsJson = False) -> None:
    """One certificate: its entry, and what the kernel says of it now.

    \b
    suffice archive show 3fa4 --archive archive.db
    """
    from suffice.cli.json_output import print_object
    from suffice.proofs.archive import Archive
    from suffice.proofs.kernel import check as check_bytes
    from suffice.tables import printable

    with Archive.open(archive, create=False) as opened:
        entry = opened.find(digest)
        report = check_bytes(opened.get(entry.digest))
    if as_json:
        found = {"status": report.status, "reason": report.reason, "verdict": report.verdict, "statement": report.statement}
        print_object({**_entry_object(entry), **found, "possible": report.possible, "assumptions": list(report.assumptions)})
    else:
        said = report.reason or report.summary
        print(f"{entry.index}  {entry.digest}\nadded: {entry.added}\nlabel: {printable(entry.label)}\n{report.status}: {said}")
        print("\n".join(f"assumed: {assumption}" for assumption in report.assumptions))
    raise typer.Exit(REJECTED if report.status == "rejected" else DONE)


@archive_app.command()
def check(
    archive: Place = DEFAULT_PLACE,
    head: Annotated[
        str | None, typer.Option("--head", metavar="HASH", help="A head that an earlier add printed: shows a removed tail.")
    ] = None,
    kernel: Annotated[bool, typer.Option("--kernel", help="Also re-check every certificate with the kernel.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hash everything again and follow the chain.

    \b
    suffice archive check --archive archive.db --head sha256:... --kernel
    """
    from suffice.cli.json_output import print_object
    from suffice.proofs.archive import Archive

    with Archive.open(archive, create=False) as opened:
        problems, entries, last = opened.check(head, kernel=kernel), len(opened.entries()), opened.head()
    if as_json:
        print_object({"entries": entries, "problems": problems, "head": last})
    else:
        print("\n".join([*problems, f"{entries} entries, {len(problems) or 'no'} problems", f"head: {last}"]))
    raise typer.Exit(REJECTED if problems else DONE)


@archive_app.command()
def export(
    digest: Digest,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.", show_default=False)],
    archive: Place = DEFAULT_PLACE,
    as_json: AsJson = False,
) -> None:
    """Write a certificate to a file of its own.

    \b
    suffice archive export 3fa4 certificate.json --archive archive.db
    """
    from suffice.cli.json_output import print_object
    from suffice.proofs.archive import Archive

    with Archive.open(archive, create=False) as opened:
        entry = opened.export(digest, file)
    if as_json:
        print_object({**_entry_object(entry), "file": str(file)})
    else:
        print(f"{entry.digest}: {file}")


def _entry_object(entry: Entry) -> dict[str, Any]:
    return {"index": entry.index, "digest": entry.digest, "label": entry.label, "added": entry.added, "head": entry.head}
