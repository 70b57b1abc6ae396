"""How an archive reaches its database: engines of SQLAlchemy, SQLite's pragmas, and errors in one line."""

from __future__ import annotations

import os
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

import sqlalchemy as sa

from suffice.errors import ArchiveError

_LOCK_SECONDS = 60
"""How long a writer waits for another one."""

_REASONS = (
    ("file is not a database", "this file is not an archive", "give the archive's file"),
    ("malformed", "the file is damaged", "restore it from a copy"),
    ("locked", "another process holds the archive", "try again when it is done"),
    ("readonly", "the archive is read-only", "copy it or change its permissions"),
    ("disk is full", "the disk is full; nothing was added", "free space and add again"),
    ("disk i/o error", "the disk failed or is full; nothing was added", "free space and add again"),
    ("unable to open", "the file cannot be opened", "check the folder and its permissions"),
)


def connect(place: str | os.PathLike[str], *, create: bool) -> tuple[sa.Engine, str]:
    """An engine for a path or a URL, and the place's name without its password.

    Raises ArchiveError.
    """
    text = os.fspath(place)
    try:
        url = sa.make_url(text) if "://" in text else sa.URL.create("sqlite", database=text)
        where = text if "://" not in text else url.render_as_string(hide_password=True)
        is_sqlite = url.get_backend_name() == "sqlite"
        engine = sa.create_engine(url, connect_args={"timeout": _LOCK_SECONDS} if is_sqlite else {})
    except (sa.exc.ArgumentError, ImportError, ValueError) as error:
        raise ArchiveError(f"the archive's URL cannot be used: {_first_line(error)}", mend="give a file, or a SQLAlchemy URL") from None
    if is_sqlite:
        if not create and _is_path(url.database) and not Path(url.database or "").is_file():
            raise ArchiveError("there is no such archive", where=where, mend="add a certificate to make one")
        sa.event.listen(engine, "connect", _configure)
        sa.event.listen(engine, "begin", _begin)
    return engine, where


def _is_path(database: str | None) -> bool:
    """Whether SQLite reads the name as that of a file, not as memory or a URI."""
    return bool(database) and database != ":memory:" and not str(database).startswith("file:")


def explain(error: sa.exc.SQLAlchemyError, where: str) -> ArchiveError:
    """One line about a database's error."""
    line = _first_line(getattr(error, "orig", None) or error)
    for sign, what, mend in _REASONS:
        if sign in line.lower():
            return ArchiveError(what, where=where, mend=mend)
    return ArchiveError(f"the database says: {line}", where=where)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _configure(connection: SqliteConnection, _record: Any) -> None:
    """Durable commits: the journal and its removal reach the disk before a commit returns. Transactions are begun by `_begin`."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = EXTRA")


def _begin(connection: sa.Connection) -> None:
    """BEGIN IMMEDIATE for writers, so that numbers are given out one at a time."""
    write = connection.get_execution_options().get("suffice_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
