"""Functions of a user's own files, named MODULE:FUNCTION or FILE.py:FUNCTION. Importing such a file runs it: it is the user's own code."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from suffice.encodings.readers.places import shown
from suffice.errors import InputError

_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_LONGEST_REASON = 200


def names_function(text: str) -> bool:
    """Whether a text has the form MODULE:FUNCTION or FILE.py:FUNCTION."""
    place, colon, function = text.rpartition(":")
    return bool(colon) and function.isidentifier() and (place.endswith(".py") or _MODULE.fullmatch(place) is not None)


def call_function(text: str) -> Any:
    """What the named function returns, called without arguments; the current folder counts as one that Python imports from.

    What the code prints goes to stderr. Raises InputError of one line where the file, the module or the function is missing, or where
    it raises.
    """
    place, _, function = text.rpartition(":")
    if not names_function(text):
        raise InputError(f"{shown(text)} names no function", mend="write MODULE:FUNCTION or FILE.py:FUNCTION")
    folders = [str(Path.cwd()), *([str(Path(place).resolve().parent)] if place.endswith(".py") else [])]
    with _importing_from(folders), redirect_stdout(sys.stderr):
        called = getattr(_load(place, text), function, None)
        if not callable(called):
            raise InputError(f"there is no function {function}", where=place, mend="check the name behind the colon")
        try:
            return called()
        except ModuleNotFoundError as error:
            raise _missing(error, text) from error
        except (Exception, SystemExit) as error:
            raise InputError(f"the function raised {_reason(error)}", where=text, mend="call it in Python to see where") from error


def _load(place: str, text: str) -> ModuleType:
    """The module, imported. Raises InputError."""
    try:
        return _load_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise _missing(error, text) from error
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"importing it raised {_reason(error)}", where=place, mend="import it in Python to see where") from error


def _load_file(path: Path) -> ModuleType:
    """A file as a module with a name of its own, once."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="check the path")
    name = f"_suffice_user_{path.stem}_{sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _importing_from(folders: list[str]) -> Iterator[None]:
    """Python also imports from these folders, meanwhile."""
    before = list(sys.path)
    sys.path[:0] = [folder for folder in folders if folder not in before]
    try:
        yield
    finally:
        sys.path[:] = before


def _missing(error: ModuleNotFoundError, text: str) -> InputError:
    name = error.name or ""
    if name.partition(".")[0] == "torch":
        return InputError("torch is not installed", where=text, mend="install suffice[torch]")
    return InputError(f"no module is called {shown(name)}", where=text, mend="install it, or run in the folder that holds it")


def _reason(error: BaseException) -> str:
    """The error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_REASON].rstrip(": ")
