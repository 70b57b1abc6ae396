"""Files that are either the old one or the whole new one, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from suffice.errors import InputError


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace the file by `data`: temporary file beside it, fsync, rename, fsync of the folder.

    Raises InputError of one line (no such folder, not permitted, disk full, a device) and then leaves the old file as it was.
    """
    target = Path(path)
    check_ordinary(target)
    try:
        _replace(target, data)
    except OSError as error:
        mend = "free space or choose another place" if target.parent.is_dir() else "create the folder first"
        raise InputError(f"cannot be written: {error.strerror or error}", where=str(target), mend=mend) from None


def check_ordinary(path: Path) -> None:
    """A rename over a device or pipe would put a file in its place: they are no places to write to. Raises InputError."""
    with contextlib.suppress(OSError):
        if path.exists() and not path.is_file() and not path.is_dir():
            raise InputError("it is no ordinary file", where=str(path), mend="name a file")


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """The bytes of a file of at most `limit` bytes. Raises InputError."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=os.fspath(path), mend="check the path") from None
    if len(data) > limit:
        raise InputError(f"the file has more than {limit} bytes", where=os.fspath(path), mend="give a smaller one")
    return data


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _mode(target))
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _mode(target: Path) -> int:
    """The old file's permissions, else those that open() would give a new one."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can open folders."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
