"""The problems that are measured: every .toml and .fpcore file below some folders but families, each core of a file that holds several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from suffice.encodings.readers.family_toml import is_family_file
from suffice.encodings.readers.sexpressions import Atom, Group, read_items
from suffice.errors import SufficeError

PROBLEMS = Path(__file__).parent / "problems"
SUFFIXES = (".toml", ".fpcore")


@dataclass(frozen=True, slots=True)
class BenchCase:
    """A problem under the name that a peer's table knows it by; `text` is that of a file with nothing else in it."""

    name: str
    suffix: str
    text: str


def find_cases(places: Iterable[Path]) -> list[BenchCase]:
    """Those of every file or folder named, in order of their paths. Raises OSError for a place that is not there."""
    return [case for place in places for path in _files(place) for case in cases_of(path)]


def _files(place: Path) -> list[Path]:
    if not place.exists():
        raise FileNotFoundError(f"{place} is not there")
    return sorted(path for path in place.rglob("*") if path.suffix in SUFFIXES and not is_family_file(path)) if place.is_dir() else [place]


def cases_of(path: Path) -> list[BenchCase]:
    """One for a file with one problem; for a file of several cores, one for each, named by its :name or its place."""
    text = path.read_text(encoding="utf-8")
    whole = [BenchCase(path.stem, path.suffix, text)]
    if path.suffix != ".fpcore":
        return whole
    try:
        cores = [item for item in read_items(text) if isinstance(item, Group)]
    except SufficeError:
        return whole
    if len(cores) < 2:
        return whole
    return [BenchCase(f"{path.stem}/{_name(core) or k}", path.suffix, text[core.offset : core.end]) for k, core in enumerate(cores)]


def _name(core: Group) -> str:
    """The :name of a core, else the symbol after FPCore, else nothing."""
    for key, value in zip(core.items, core.items[1:], strict=False):
        if isinstance(key, Atom) and key.text == ":name" and isinstance(value, Atom):
            return value.text
    second = core.items[1] if len(core.items) > 1 else None
    return second.text if isinstance(second, Atom) else ""
