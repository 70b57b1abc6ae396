"""Valid certificates of every kind of evidence: written by hand here, and found by the prover for random questions in pool/."""

from __future__ import annotations

import json
from pathlib import Path

from .documents import E2M1, E4M3, EXACT, FP16, FP32, Json, a_run, certificate, cover, floating, formats, integers, law, pair, problem

POOL = Path(__file__).parent / "pool"

SQUARE: Json = [["var", "x"], ["pow", 0, 2]]
EXP: Json = [["var", "x"], ["exp", 0]]
PRODUCT: Json = [["var", "x"], ["var", "y"], ["mul", 0, 1]]
SOFTMAX: Json = [["var", "x"], ["exp", 0], ["var", "y"], ["exp", 2], ["add", 1, 3], ["div", 1, 4]]

ONE_TO_TWO = {"x": ["1", "2"]}
ENDS = ({"x": "1"}, {"x": "2"})
CELL = ({"x": "21/16"}, {"x": "23/16"})
"""The ends of the cell of 11/8 with p = 4, where 1 to 2 has eight cells."""

SMALL = floating(4, -6, 7)
HALF: Json = [["var", "x"], ["const", "3/2"], ["lt", 0, 1]]
STEP: Json = [*HALF, ["neg", 0], ["if", 2, 3, 0]]
"""-x below 3/2, x from there."""

ROOTS: Json = [*HALF, ["const", "2"], ["sub", 3, 0], ["sqrt", 4], ["const", "1"], ["sub", 0, 6], ["sqrt", 7], ["if", 2, 5, 8]]
"""sqrt(2 - x) below 3/2, sqrt(x - 1) from there: on [0, 3] each is undefined somewhere where the other is taken."""

INSTANCE = integers("1/128", -128)
WIDE = integers("1/32", -128)


def pool() -> dict[str, Json]:
    """Certificates of random questions, with claims of every bound."""
    return {path.stem: json.loads(path.read_bytes()) for path in sorted(POOL.glob("*.json"))}


def handmade() -> dict[str, Json]:
    """One certificate for each kind of evidence, and each kind of format in each of its places."""
    return plain() | branching()


def plain() -> dict[str, Json]:
    """Those of continuous functions in three formats."""
    return laws() | covers() | integer_programs()


def laws() -> dict[str, Json]:
    """Floors by counting, slopes and curvatures."""
    code = formats(EXACT, output={"kind": "code", "bits": 6})
    steep = problem(SQUARE, ONE_TO_TWO, absolute="1/100")
    return {
        "count": certificate(problem(SQUARE, ONE_TO_TWO, absolute="1/50"), code, floor=law("count", *ENDS)),
        "slope": certificate(problem(SQUARE, ONE_TO_TWO, absolute="1/80"), code, floor=law("slope", *ENDS)),
        "curvature": certificate(
            problem(SQUARE, {"x": ["-1", "2"]}, absolute="1/60"), code, floor=law("curvature", {"x": "-1"}, {"x": "2"})
        ),
        "count of codes with free scale": certificate(
            problem(EXP, {"x": ["0", "1"]}, absolute="1/400"), formats(EXACT, output=integers()), floor=law("count", {"x": "0"}, {"x": "1"})
        ),
        "cell slope": certificate(steep, formats(SMALL), floor=law("cell_slope", *CELL)),
        "cell slope of two": certificate(
            problem(PRODUCT, {"x": ["1", "2"], "y": ["1", "2"]}, absolute="1/100"), formats(SMALL),
            floor=law("cell_slope", *({"x": point["x"], "y": point["x"]} for point in CELL)),
        ),
        "cell curvature": certificate(
            problem([["var", "x"], ["const", "11/8"], ["sub", 0, 1], ["pow", 2, 2]], ONE_TO_TWO, absolute="1/2000"),
            formats(SMALL, compute=EXACT, output=EXACT), floor=law("cell_curvature", *CELL),
        ),
        "pair into a code": certificate(steep, formats(SMALL, compute=EXACT, output={"kind": "code", "bits": 4}), floor=pair(*CELL)),
        "range": certificate(problem(EXP, {"x": ["6", "8"]}, absolute="100"), formats(E4M3), floor=pair({"x": "7"})),
        "relative": certificate(problem(SQUARE, ONE_TO_TWO, relative="1/1000"), formats(SMALL), floor=pair(*CELL)),
        "one representable": certificate(
            problem(SQUARE, ONE_TO_TWO, absolute="1/100", inputs="representable"), formats(SMALL), floor=pair({"x": "11/8"})
        ),
    }  # fmt: skip


def covers() -> dict[str, Json]:
    """Bounds over the whole box, and runs."""
    halves, ends_of_cells = cover(1, 0, 1, 0, 0, pieces=3), cover([1, "5/4"], 0, [1, "7/4"], 0, [1, "5/2"], 0, 0)
    plain = problem(SQUARE, ONE_TO_TWO, absolute="1/2")
    both = {"x": ["1", "3/2"], "y": ["1/2", "1"]}
    return {
        "rounded program": certificate(plain, formats(SMALL), error_bound=halves, witness_error=a_run(x="25/16")),
        "best algorithm": certificate(plain, formats(SMALL), floor=pair(*CELL), floor_upper=halves, witness_error=a_run(x="25/16")),
        "narrow compute": certificate(plain, formats(FP16, compute=SMALL), floor_upper=halves, error_bound=halves),
        "wide compute": certificate(plain, formats(SMALL, compute=FP32), error_bound=halves, witness_error=a_run(x="25/16")),
        "exact compute": certificate(plain, formats(SMALL, compute=EXACT), error_bound=halves, witness_error=a_run(x="25/16")),
        "exact output": certificate(plain, formats(SMALL, output=EXACT), floor_upper=halves, error_bound=halves),
        "relative cover": certificate(problem(SQUARE, ONE_TO_TWO, relative="1/2"), formats(SMALL), floor_upper=halves, error_bound=halves),
        "mixed tolerance": certificate(
            problem(SQUARE, ONE_TO_TWO, absolute="1/4", relative="1/16"), formats(SMALL), error_bound=halves, witness_error=a_run(x="25/16")
        ),
        "representable": certificate(
            problem(SQUARE, ONE_TO_TWO, absolute="1/4", inputs="representable"), formats(SMALL), floor_upper=halves, error_bound=halves
        ),
        "cells": certificate(
            problem(SQUARE, {"x": ["1", "3"]}, absolute="1"), formats(E2M1),
            floor_upper=ends_of_cells, error_bound=ends_of_cells,
        ),
        "infinite run": certificate(problem(EXP, {"x": ["6", "8"]}, absolute="100"), formats(E4M3), witness_error=a_run(x="7")),
        "softmax": certificate(
            problem(SOFTMAX, both, absolute="1/4"), formats(SMALL),
            error_bound=cover(1, 0, 2, 0, 0), witness_error=a_run(x="9/8", y="15/16"),
        ),
        "downward": certificate(
            problem(SQUARE, {"x": ["-2", "2"]}, absolute="2"), formats(SMALL | {"rounding": "down", "subnormals": "flushed"}),
            error_bound=cover(1, 0, 0), witness_error=a_run(x="-25/16"),
        ),
    }  # fmt: skip


def integer_programs() -> dict[str, Json]:
    """Programs in integer codes: scales chosen by the asker, and instances of free ones."""
    question = problem(SQUARE, {"x": ["0", "2"]}, absolute="1/8")
    free = formats(integers(), instances={"inputs": {"x": INSTANCE}, "nodes": [INSTANCE, WIDE], "output": WIDE})
    quarters = cover(1, 1, 0, 0, 1, 0, 0)
    return {
        "codes": certificate(question, formats(integers("1/32", -120)), error_bound=quarters, witness_error=a_run(x="65/64")),
        "instances": certificate(question, free, floor=law("count", {"x": "0"}, {"x": "2"}), floor_upper=quarters, error_bound=quarters),
        "instances run": certificate(question, free, witness_error=a_run(x="129/256")),
    }


def branching() -> dict[str, Json]:
    """Conditionals, preconditions, formats of single inputs and operations, and functions that are not correctly rounded."""
    step = problem(STEP, ONE_TO_TWO, absolute="1/2")
    cells = cover(*(token for k in range(17, 32, 2) for token in ([1, f"{k}/16"], 0)), 0)
    below: Json = {"preconditions": [HALF]}
    between: Json = {"preconditions": [HALF, [["var", "x"], ["const", "9/8"], ["lt", 0, 1], ["not", 2]]]}
    parts = problem(PRODUCT, {"x": ["1", "2"], "y": ["1", "2"]}, absolute="1/2")
    mixed = formats(SMALL, inputs={"y": E2M1}, operations=[[FP16, [1, 2]]])
    cast: Json = [["var", "x"], ["cast", 0], ["sub", 0, 1]]
    return {
        "a step in cells": certificate(step, formats(SMALL), floor_upper=cells, error_bound=cells, witness_error=a_run(x="23/16")),
        "branches apart": certificate(
            problem(ROOTS, {"x": ["0", "3"]}, absolute="1/4"), formats(SMALL), floor=pair({"x": "5/2"}),
            floor_upper=cover(*(token for k in range(21, 29, 2) for token in ([1, f"{k}/16"], 0)), 0, pieces=8),
        ),
        "a counted branch": certificate(
            problem(STEP, ONE_TO_TWO, absolute="1/100"), formats(EXACT, output={"kind": "code", "bits": 3}),
            floor=law("slope", {"x": "1"}, {"x": "23/16"}),
        ),
        "a precondition": certificate(
            problem(SQUARE, ONE_TO_TWO, absolute="1/2") | below, formats(SMALL),
            floor=pair(*CELL), floor_upper=cover(1, 0, 0), error_bound=cover(1, 0, 0), witness_error=a_run(x="21/16"),
        ),
        "two preconditions": certificate(
            problem(SQUARE, ONE_TO_TWO, absolute="1/100") | between, formats(EXACT, output={"kind": "code", "bits": 3}),
            floor=law("count", {"x": "9/8"}, {"x": "23/16"}),
        ),
        "mixed formats": certificate(parts, mixed, error_bound=cover(1, 0, 0), witness_error=a_run(x="17/16", y="5/4")),
        "a cast": certificate(
            problem(cast, ONE_TO_TWO, absolute="1/8"), formats(FP16, operations=[[SMALL, [1]]]),
            error_bound=cover(0), witness_error=a_run(x="33/32"),
        ),
        "two ulps": certificate(
            problem(EXP, ONE_TO_TWO, absolute="2"), formats(SMALL, accuracy={"exp": "2"}),
            error_bound=cover(1, 0, 0), witness_error=a_run(x="25/16"),
        ),
    }  # fmt: skip
