"""Random families in small formats, and random evidence about random regions of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from suffice.proofs.formatdata import format_from_json

from .documents import Json, floating

sys.path.insert(0, str(Path(__file__).parents[2]))
from oracle.rounding import Piece, cells

ROUNDINGS = ("nearest_even", "nearest_even", "nearest_even", "nearest_away", "toward_zero", "up", "down")
BOUNDS = {"floor": "impossible", "error_bound": "sufficient", "witness_error": "insufficient"}

X, Y, D, S, N, Z = (["var", name] for name in ("x", "y", "D", "s", "n", "z"))

SINGLE: list[Json] = [
    [X, D, ["mul", 0, 1]],
    [X, D, ["add", 0, 1]],
    [X],
    [X, ["pow", 0, 2]],
    [X, ["const", "1"], D, ["add", 1, 2], ["div", 0, 3]],
    [X, D, ["sub", 0, 1], ["abs", 2]],
    [X, D, ["min", 0, 1]],
    [X, ["pow", 0, 2], D, ["add", 1, 2], ["sqrt", 3]],
    [X, D, ["mul", 0, 1], ["exp", 2]],
    [D, ["pow", 0, 2], X, ["sub", 2, 1]],
    [X, D, ["lt", 0, 1], D, ["if", 2, 0, 3]],
]
"""Functions of an input and a parameter."""

TERMS: list[Json] = [
    [X],
    [X],
    [X, ["pow", 0, 2]],
    [X, D, ["mul", 0, 1]],
    [X, ["abs", 0]],
    [X, ["const", "1/2"], ["add", 0, 1]],
    [X, D, ["sub", 0, 1]],
]

STARTS: list[Json] = [[["const", "0"]], [["const", "0"]], [["const", "3/4"]], [Z], [D], [["const", "1"]]]

VALUES: list[Json] = [
    [S],
    [S],
    [S, N, ["div", 0, 1]],
    [S, N, ["div", 0, 1]],
    [S, D, ["mul", 0, 1]],
    [S, Z, ["sub", 0, 1]],
    [S, N, ["div", 0, 1], ["abs", 2]],
    [S, N, ["sub", 0, 1]],
    [S, ["pow", 0, 2]],
    [["const", "4"], S, ["pow", 1, 2], ["add", 0, 2], S, ["div", 4, 3]],
]

SIDES: list[tuple[Json, Json]] = [
    ({"": "0"}, {"": "0", "D": "1"}),
    ({"": "0", "D": "-1"}, {"": "0", "D": "1"}),
    ({"": "-1"}, {"": "3/2"}),
    ({"": "0", "D": "1"}, {"": "1", "D": "1"}),
    ({"": "1"}, {"": "1", "D": "1/2"}),
    ({"": "-1/3"}, {"": "1/3", "D": "1/4"}),
]


@dataclass(frozen=True, slots=True)
class Case:
    """A family with formats, and the parameters and sizes of the region asked about."""

    family: Json
    formats: Json
    part: dict[str, tuple[Fraction, Fraction]]
    sizes: tuple[int, int | None] | None
    rng: Random


def shape(rng: Random) -> Json:
    """A small float format."""
    p, low = rng.randint(1, 4), rng.choice([-2, -1, 0])
    overflow = rng.choice(["infinity", "infinity", "saturate", "nan"])
    fmt = floating(p, low, low + rng.randint(2, 4), rounding=rng.choice(ROUNDINGS), overflow=overflow)
    return fmt | {"subnormals": rng.choice(["kept", "kept", "flushed"]), "negative_zero": rng.random() < 0.7}


def _formats(rng: Random) -> Json:
    first = shape(rng)
    wide = floating(6, -4, 6, rounding=first["rounding"])
    return {key: rng.choice([first, first, shape(rng), wide if key != "input" else first]) for key in ("input", "compute", "output")}


def _tolerance(rng: Random) -> Json:
    form = rng.choice([{"": "1"}, {"": "1/4", "D": "1/8"}, {"": "1", "D": "-1/16"}])
    return {"absolute": {"": "0"}, "relative": form} if rng.random() < 0.25 else {"absolute": form, "relative": {"": "0"}}


def _part(rng: Random) -> dict[str, tuple[Fraction, Fraction]]:
    ends = sorted(Fraction(rng.randint(0, 24), 8) for _ in range(2))
    near = (ends[0], ends[0] + Fraction(rng.randint(0, 2), 64))
    return {"D": rng.choice([(ends[0], ends[0]), near, near, (ends[0], ends[1])])}


def single(seed: int) -> Case:
    """A family without a fold."""
    rng = Random(seed)
    nodes = rng.choice(SINGLE)
    family = {
        "parameters": {"D": ["0", "4"]}, "expression": nodes, "box": {"x": list(rng.choice(SIDES))}, "tolerance": _tolerance(rng),
        "inputs": rng.choice(["real", "real", "real", "representable"]),
    }  # fmt: skip
    if rng.random() < 0.2:
        family["preconditions"] = [rng.choice([[X, D, ["le", 0, 1]], [["const", "1/4"], X, ["le", 0, 1]]])]
    return Case(family, _formats(rng), _part(rng), None, rng)


def folded(seed: int) -> Case:
    """A family with a fold."""
    rng = Random(seed)
    term, start, nodes = rng.choice(TERMS), rng.choice(STARTS), rng.choice(VALUES)
    box = {"x": list(rng.choice(SIDES))}
    if Z in (*start, *nodes):
        box["z"] = list(rng.choice(SIDES[2:]))
    family = {
        "parameters": {"D": ["0", "4"]}, "expression": nodes, "box": box, "tolerance": _tolerance(rng),
        "inputs": rng.choice(["real", "real", "real", "representable"]),
        "fold": {"size": "n", "sizes": [1, None], "state": "s", "start": start, "term": term, "elements": ["x"]},
    }  # fmt: skip
    formats = _formats(rng)
    formats["accumulate"] = rng.choice([formats["compute"], shape(rng), floating(6, -4, 8)])
    least = rng.randint(1, 3)
    return Case(family, formats, _part(rng), (least, rng.choice([least, rng.randint(least, 3), None])), rng)


def region(case: Case, bound: str, evidence: Json, value: str = "0", label: str = "") -> Json:
    """REGION."""
    found: Json = {
        "parameters": {name: [str(lo), str(hi)] for name, (lo, hi) in case.part.items()}, "verdict": BOUNDS[bound],
        "claim": {"bound": bound, "value": value, "statement": label, "evidence": evidence},
    }  # fmt: skip
    return found if case.sizes is None else found | {"size": list(case.sizes)}


def evidence(case: Case) -> Iterator[tuple[str, Json]]:
    """Bounds with evidence, without end."""
    while True:
        yield from (_of_fold(case) if case.sizes else _plain(case))


def _plain(case: Case) -> Iterator[tuple[str, Json]]:
    rng = case.rng
    yield "error_bound", {"kind": "cover", "splits": _cuts(case, 2, rng.randint(0, 5)), "pieces": rng.choice([1, 2]), "precision": 80}
    yield "witness_error", {"kind": "run", "point": _point(case), "precision": 80}
    yield "floor", _floor(case)
    yield "floor", _floor(case)


def _of_fold(case: Case) -> Iterator[tuple[str, Json]]:
    rng = case.rng
    assert case.sizes is not None
    least, greatest = case.sizes
    last = greatest or least + rng.randint(0, 1)
    if greatest:
        ends = list(range(least, greatest + 1)) if rng.random() < 0.7 else [greatest]
        blocks = [[end, _cuts(case, 1, rng.randint(0, 2))] for end in ends]
        yield "error_bound", {"kind": "fold_cover", "start": [0], "term": _cuts(case, 1, 3), "blocks": blocks, "pieces": 1, "precision": 80}
    tail = rng.choice([None, rng.randint(least, 12)]) if greatest is None else rng.choice([None, rng.randint(least, greatest)])
    first = {"steps": rng.randint(1, least), "point": {"x": _point(case)["x"]}}
    prefix = first if rng.random() < 0.5 else None
    yield "witness_error", {"kind": "fold_run", "point": _point(case), "prefix": prefix, "tail": tail, "precision": 80}
    for by in ("blocks", "mean", "zero", "shift"):
        sizes: Json = {"by": by}
        if by == "blocks":
            sizes["ends"] = list(range(least, last + 1)) if rng.random() < 0.7 else [last]
        if by in ("zero", "shift"):
            sizes["at"] = rng.choice([least, least, rng.randint(1, least)])
        if by == "zero":
            sizes["point"] = {"x": rng.choice(["0", "0", "-1/2", str(case.part["D"][0])])}
        yield "floor", {"kind": "fold_points", "of": _floor(case), "sizes": sizes}


def _sides(case: Case) -> dict[str, tuple[Fraction, Fraction]]:
    """What all members have in common of each input; where there is nothing, something else."""
    lo, hi = case.part["D"]
    found = {}
    for name, (low, high) in case.family["box"].items():
        a = max(_at(low, lo), _at(low, hi))
        b = min(_at(high, lo), _at(high, hi))
        found[name] = (a, max(a, b))
    return found


def _at(form: Json, t: Fraction) -> Fraction:
    return Fraction(form[""]) + Fraction(form.get("D", "0")) * t


def _pieces(case: Case, name: str) -> list[Piece]:
    fmt: Any = format_from_json(case.formats["input"], "input")
    return _all_pieces(fmt, *_sides(case)[name])


@cache
def _all_pieces(fmt: Any, lo: Fraction, hi: Fraction) -> list[Piece]:
    return [piece for pieces in cells(fmt, lo, hi).values() for piece in pieces]


def _point(case: Case) -> dict[str, str]:
    rng = case.rng
    found = {}
    for name, (lo, hi) in _sides(case).items():
        piece = rng.choice(_pieces(case, name))
        middle = (piece.lo + piece.hi) / 2
        found[name] = str(rng.choice([lo, hi, piece.lo, piece.hi, middle, middle, min(max(Fraction(0), lo), hi)]))
    return found


def _floor(case: Case) -> Json:
    """Ordinary evidence for a floor."""
    rng = case.rng
    kind = rng.choice(["pair", "pair", "pair", "count", "slope", "curvature", "cell_slope", "cell_slope", "cell_curvature"])
    points = [_point(case), _point(case)]
    if kind.startswith("cell") or kind == "pair":
        for name in points[0]:
            piece = rng.choice(_pieces(case, name))
            points[0][name], points[1][name] = str(piece.lo), str(piece.hi)
    if kind == "pair" and (rng.random() < 0.4 or case.family["inputs"] == "representable"):
        points = [_point(case)]
    if kind in ("slope", "curvature", "cell_curvature"):
        moved = rng.choice(sorted(points[0]))
        points[1] = points[0] | {moved: points[1][moved]}
    found: Json = {"kind": kind, "points": points, "precision": 80}
    return found if kind == "pair" else found | {"pieces": rng.choice([1, 4])}


def _cuts(case: Case, names: int, depth: int) -> list[Json]:
    if depth == 0 or case.rng.random() < 0.2:
        return [0]
    return [case.rng.randint(1, names), *_cuts(case, names, depth - 1), *_cuts(case, names, depth - 1)]
