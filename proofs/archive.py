"""An archive of certificates in one SQL database: named by content, added only, chained so that tampering shows.

Entry n carries head_n = sha256(canonical JSON of {head_(n-1), n, digest, label, added}); head_0 is `EMPTY_HEAD`. Whoever
keeps one head elsewhere can later show that no entry up to it was removed, altered or reordered.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from suffice.errors import ArchiveError, InputError
from suffice.proofs.archive_engine import connect, explain
from suffice.proofs.certificate import digest_of
from suffice.proofs.documents import document_bytes, parse_document
from suffice.proofs.files import write_atomically
from suffice.proofs.jsondata import canonical_json

EMPTY_HEAD = f"sha256:{hashlib.sha256(b'suffice archive 1').hexdigest()}"
"""The head of an archive without entries."""

_ATTEMPTS = 50
_DIGEST_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{4,64})")

_METADATA = sa.MetaData()
_ENTRIES = sa.Table(
    "suffice_entries",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(71), nullable=False, unique=True),
    sa.Column("content", sa.LargeBinary(2**24), nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("added", sa.String(40), nullable=False),
    sa.Column("head", sa.String(71), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What `add` promises: the certificate `digest` is durable as entry `index` under the chain's `head`."""

    digest: str
    head: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the archive; `index` counts from 1, `added` is a UTC time (ISO 8601)."""

    index: int
    digest: str
    label: str
    added: str
    head: str


class Archive:
    """An open archive; use it as a context manager, or call `close`. Not shared between processes: each opens its own."""

    __slots__ = ("_engine", "_where")

    def __init__(self, engine: sa.Engine, where: str) -> None:
        self._engine, self._where = engine, where

    @classmethod
    def open(cls, place: str | os.PathLike[str], *, create: bool = True) -> Archive:
        """Open a file of SQLite, or any SQLAlchemy URL; `create` makes a new one where nothing is.

        Raises ArchiveError: no such archive, not an archive, not permitted.
        """
        engine, where = connect(place, create=create)
        archive = cls(engine, where)
        try:
            archive._prepare(create=create)
        except BaseException:
            archive.close()
            raise
        return archive

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def add(self, certificate: bytes, label: str = "") -> Receipt:
        """Add a certificate's canonical bytes, durably before this returns; content that is there already is not added again.

        The receipt's head is that of the whole chain at that moment. Raises ArchiveError, and InputError for bytes that are no
        certificate. The verdict is not judged here: that is the kernel's part.
        """
        if document_bytes(parse_document(certificate)) != certificate:
            raise InputError("the certificate is not canonical JSON", mend="read it and write it again")
        canonical_json(label)
        for _ in range(_ATTEMPTS):
            try:
                return self._add(certificate, label)
            except sa.exc.IntegrityError:
                continue  # another process took this number first, in a database whose transactions do not exclude each other
        raise ArchiveError(f"{_ATTEMPTS} attempts met other writers", where=self._where, mend="try again")

    def entries(self) -> tuple[Entry, ...]:
        """All entries, oldest first. Raises ArchiveError."""
        with self._transaction() as connection:
            return tuple(_entry(row) for row in connection.execute(_LINES))

    def head(self) -> str:
        """The chain's last head: keep it elsewhere, and `check(head)` later. Raises ArchiveError."""
        with self._transaction() as connection:
            return _last(connection)[1]

    def find(self, name: str) -> Entry:
        """The entry of a digest or of a unique beginning of one (4 digits or more). Raises ArchiveError."""
        match = _DIGEST_PREFIX.fullmatch(name)
        if match is None:
            raise ArchiveError(f"{name[:80]!r} is not a digest", where=self._where, mend="give at least 4 hexadecimal digits")
        with self._transaction() as connection:
            wanted = _ENTRIES.c.digest.startswith(f"sha256:{match[1]}")
            found = [_entry(row) for row in connection.execute(_LINES.where(wanted).limit(2))]
        if not found:
            raise ArchiveError(f"no certificate is named {name}", where=self._where, mend="list the entries to see their names")
        if len(found) > 1:
            raise ArchiveError(f"more than one certificate is named {name}...", where=self._where, mend="give more digits")
        return found[0]

    def get(self, name: str) -> bytes:
        """The bytes of a certificate, by digest or a unique beginning of it. Raises ArchiveError, also if they were altered."""
        entry = self.find(name)
        with self._transaction() as connection:
            content: bytes = connection.execute(sa.select(_CONTENT).where(_ENTRIES.c.number == entry.index)).scalar_one()
        if digest_of(content) != entry.digest:
            raise ArchiveError(_altered(entry), where=self._where)
        return content

    def export(self, name: str, path: str | os.PathLike[str]) -> Entry:
        """Write a certificate to a file of its own. Raises ArchiveError and InputError."""
        entry = self.find(name)
        write_atomically(path, self.get(entry.digest))
        return entry

    def check(self, head: str | None = None, *, kernel: bool = False) -> list[str]:
        """Hash everything again and follow the chain; an empty list means that nothing is wrong.

        `head`, as printed by an earlier `add`, must be in the chain: this shows a removed tail. `kernel` also runs the checking
        kernel on every certificate. Raises ArchiveError where the archive cannot be read at all.
        """
        problems: list[str] = []
        entries: list[Entry] = []
        with self._transaction() as connection:
            for row in connection.execute(_LINES.add_columns(_CONTENT)).yield_per(100):
                entry = _entry(row)
                problems += _link_problems(entry, entries[-1] if entries else None)
                if digest_of(row.content) != entry.digest:
                    problems.append(_altered(entry))
                entries.append(entry)
        if head is not None and head.removeprefix("sha256:") not in {known.removeprefix("sha256:") for known in _heads(entries)}:
            problems.append(f"the head {head[:80]} is not in the chain: entries that it covered were removed or altered")
        if kernel:
            problems += [problem for entry in entries for problem in self._kernel_problems(entry)]
        return problems

    def _kernel_problems(self, entry: Entry) -> list[str]:
        """What the checking kernel says of one entry; bytes that were altered are another problem, which `check` names."""
        from suffice.proofs.kernel import check

        try:
            report = check(self.get(entry.digest))
        except ArchiveError:
            return []
        return [] if report.status == "accepted" else [f"entry {entry.index} is {report.status}: {report.reason}"]

    def _add(self, certificate: bytes, label: str) -> Receipt:
        name = digest_of(certificate)
        with self._transaction(write=True) as connection:
            index, head = _last(connection)
            known = connection.execute(sa.select(_ENTRIES.c.number).where(_ENTRIES.c.digest == name)).scalar()
            if known is not None:
                return Receipt(digest=name, head=head, index=known)
            added = datetime.now(UTC).isoformat(timespec="microseconds")
            head = chain(head, index + 1, name, label, added)
            row = {"number": index + 1, "digest": name, "content": certificate, "label": label, "added": added, "head": head}
            connection.execute(sa.insert(_ENTRIES).values(row))
        return Receipt(digest=name, head=head, index=index + 1)

    def _prepare(self, *, create: bool) -> None:
        with self._transaction() as connection:
            tables = set(sa.inspect(connection).get_table_names())
        if _ENTRIES.name in tables:
            return
        if tables or not create:
            raise ArchiveError("this database is not an archive", where=self._where, mend="give the archive's file, or a new one")
        with self._transaction(write=True) as connection:
            _METADATA.create_all(connection)

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[sa.Connection]:
        """One transaction; a writing one excludes other writers from its start. Errors become ArchiveError."""
        try:
            with self._engine.connect().execution_options(suffice_write=write) as connection, connection.begin():
                yield connection
        except sa.exc.IntegrityError:
            raise
        except sa.exc.SQLAlchemyError as error:
            raise explain(error, self._where) from None


def chain(previous: str, index: int, digest: str, label: str, added: str) -> str:
    """head_n from head_(n-1) and what entry n says."""
    line = canonical_json({"previous": previous, "index": index, "digest": digest, "label": label, "added": added})
    return f"sha256:{hashlib.sha256(line).hexdigest()}"


_LINES = sa.select(*(column for column in _ENTRIES.c if column.name != "content")).order_by(_ENTRIES.c.number)
_CONTENT = sa.cast(_ENTRIES.c.content, sa.LargeBinary).label("content")


def _entry(row: Any) -> Entry:
    """The line of a row; what an alien hand left there in another type becomes text, and breaks the chain."""
    return Entry(index=row.number, digest=str(row.digest), label=str(row.label), added=str(row.added), head=str(row.head))


def _last(connection: sa.Connection) -> tuple[int, str]:
    """Number and head of the newest entry."""
    row = connection.execute(_LINES.order_by(None).order_by(_ENTRIES.c.number.desc()).limit(1)).first()
    return (0, EMPTY_HEAD) if row is None else (row.number, row.head)


def _heads(entries: list[Entry]) -> set[str]:
    return {EMPTY_HEAD, *(entry.head for entry in entries)}


def _altered(entry: Entry) -> str:
    return f"entry {entry.index} was altered: its bytes are not those of {entry.digest[:80]}"


def _link_problems(entry: Entry, before: Entry | None) -> list[str]:
    """Whether an entry follows the one before it."""
    number, head = (before.index, before.head) if before else (0, EMPTY_HEAD)
    if entry.index != number + 1:
        return [f"entry {number + 1} is missing: entry {entry.index} follows"]
    if chain(head, entry.index, entry.digest, entry.label, entry.added) != entry.head:
        return [f"entry {entry.index} breaks the chain: it, or what stood before it, was altered, removed or reordered"]
    return []
