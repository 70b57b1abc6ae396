"""Arrays from files (.npy, .npz, .csv) or from a user's own function, as exact float64 numbers."""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.readers.user_code import call_function, names_function
from suffice.errors import InputError

Array = NDArray[np.float64]

MAX_FILE_BYTES = 1 << 30
"""Largest file, or unpacked array of one, that is read."""

_NPZ = re.compile(r"(.*\.npz)(?::([A-Za-z_][A-Za-z0-9_]*))?", re.IGNORECASE)
_SUFFIXES = ".npy, .npz (or FILE.npz:NAME), .csv, or MODULE:FUNCTION"


def read_array(place: str) -> Array:
    """The array of a file, or the one that MODULE:FUNCTION returns. Raises InputError: missing, unreadable, not finite, not real."""
    if (packed := _NPZ.fullmatch(place)) is not None:
        return exact_float64(_read_npz(Path(packed[1]), packed[2]), place)
    if names_function(place):
        return exact_float64(call_function(place), place)
    path = Path(place)
    match path.suffix.lower():
        case ".npy":
            return exact_float64(_read_npy(path), place)
        case ".csv":
            return exact_float64(_read_csv(path), place)
    raise InputError("no array is read from this", where=place, mend=f"name {_SUFFIXES}")


def exact_float64(value: Any, where: str) -> Array:
    """An array or tensor of real numbers as float64, unchanged. Raises InputError where a number is not finite or not a float64 number."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = (value.double() if value.is_floating_point() else value).numpy()
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError("it is no array", where=where, mend="give an array of numbers") from None
    if array.dtype.kind not in "biuf":
        raise InputError(f"an array of {array.dtype} holds no real numbers", where=where, mend="give floating-point numbers")
    with np.errstate(over="ignore", invalid="ignore"):
        doubles = array.astype(np.float64)
        same = np.array_equal(doubles.astype(array.dtype), array)
    if not np.isfinite(doubles).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(doubles))[0])
        raise InputError(f"element {bad} is {doubles[bad]}", where=where, mend="give finite numbers")
    if not same:
        raise InputError(f"numbers of {array.dtype} are no float64 numbers", where=where, mend="give an array of float64")
    return doubles


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="check the path")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(f"the file has more than {MAX_FILE_BYTES} bytes", where=str(path), mend="give a smaller one")
    return path


def _read_npy(path: Path) -> Any:
    try:
        return np.load(_checked(path), allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, OverflowError) as error:
        raise InputError(f"it is no array: {_reason(error)}", where=str(path), mend="write it by numpy.save") from None


def _read_npz(path: Path, name: str | None) -> Any:
    try:
        with zipfile.ZipFile(_checked(path)) as archive:
            if any(entry.file_size > MAX_FILE_BYTES for entry in archive.infolist()):
                raise InputError(f"an array has more than {MAX_FILE_BYTES} bytes", where=str(path), mend="give a smaller one")
        with np.load(path, allow_pickle=False) as stored:
            if name is None and len(stored.files) != 1:
                names = ", ".join(stored.files[:10])
                raise InputError(f"it holds {len(stored.files)} arrays: {names}", where=str(path), mend="name one, as in file.npz:NAME")
            if name is not None and name not in stored.files:
                raise InputError(f"it holds no array {name}", where=str(path), mend=f"it holds {', '.join(stored.files[:10])}")
            return stored[name or stored.files[0]]
    except (OSError, ValueError, EOFError, MemoryError, OverflowError, zipfile.BadZipFile) as error:
        raise InputError(f"it holds no array: {_reason(error)}", where=str(path), mend="write it by numpy.savez") from None


def _read_csv(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an empty file: an empty array says enough
            return np.loadtxt(_checked(path), delimiter=",", ndmin=2, comments=None, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(
            f"it is no table of numbers: {_reason(error)}", where=str(path), mend="write a line of numbers with commas for each sample"
        ) from None


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())[:150] or type(error).__name__
    return "its bytes are none that numpy.save writes" if "pickle" in text else text
