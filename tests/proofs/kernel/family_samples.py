"""Accepted certificates about families: every kind of evidence, every way through the sizes, every verdict."""

from __future__ import annotations

from dataclasses import replace

from suffice.proofs.kernel.families import assumptions_of, derive_region, read_family, read_region, scripts

from .documents import EXACT, FP16, FP32, Json, cover, floating, formats, law, pair
from .random_families import BOUNDS

S, N, X, Y, D = (["var", name] for name in ("s", "n", "x", "y", "D"))
ZERO: Json = [["const", "0"]]
BF16 = floating(8, -126, 127)
TINY = floating(3, -2, 3)


def family(nodes: Json, box: Json, *, absolute: Json = None, relative: Json = None, parameters: Json = None, **more: Json) -> Json:
    """FAMILY."""
    tolerance = {"absolute": absolute or {"": "0"}, "relative": relative or {"": "0"}}
    return {"parameters": parameters or {}, "expression": nodes, "box": box, "tolerance": tolerance, "inputs": "real"} | more


def fold(term: Json, *elements: str, start: Json = None, sizes: Json = None) -> Json:
    """The fold of a family."""
    return {"size": "n", "sizes": sizes or [1, None], "state": "s", "start": start or ZERO, "term": term, "elements": list(elements)}


def side(lo: str, hi: str) -> Json:
    """An interval that no parameter moves."""
    return [{"": lo}, {"": hi}]


def asked(parameters: Json, bound: str, evidence: Json, size: Json = None) -> Json:
    """A region whose claim is still to be derived."""
    found = {"parameters": parameters, "verdict": BOUNDS[bound]}
    found["claim"] = {"bound": bound, "value": "0", "statement": "", "evidence": evidence}
    return found if size is None else found | {"size": size}


def certificate(about: Json, fmts: Json, *regions: Json) -> Json:
    """The certificate that claims of every region what its evidence proves."""
    known = read_family(about, fmts)
    kept, derivations, written = [], [], []
    for region in regions:
        read = read_region(region, known)[0]
        value = derive_region(known, read).value
        read = replace(read, claim=replace(read.claim, value=value))
        found = derive_region(known, read)
        kept.append(read)
        derivations.append(found)
        claim = region["claim"] | {"value": value if isinstance(value, str) else str(value), "statement": found.label}
        written.append(region | {"claim": claim})
    return {
        "version": 1, "family": about, "formats": fmts, "regions": written, "assumptions": list(assumptions_of(known, kept)),
        "smt": scripts(known, kept, derivations),
    }  # fmt: skip


def blocks(*ends: int) -> Json:
    """SIZES on consecutive ranges."""
    return {"by": "blocks", "ends": list(ends)}


def points(of: Json, sizes: Json) -> Json:
    """Evidence of equal steps."""
    return {"kind": "fold_points", "of": of, "sizes": sizes}


def steps(tail: int | None, prefix: Json = None, **point: str) -> Json:
    """A run of a fold."""
    return {"kind": "fold_run", "point": point, "prefix": prefix, "tail": tail, "precision": 128}


def alone(evidence: Json) -> Json:
    """Evidence about one size, whose steps are written out."""
    return {"kind": "member", "of": evidence}


def over(*last: int, term: Json = None, splits: Json = None) -> Json:
    """A cover of a fold."""
    ranges = [[end, splits or [0]] for end in last]
    return {"kind": "fold_cover", "start": [0], "term": term or [0], "blocks": ranges, "pieces": 1, "precision": 128}


def _scaled() -> Json:
    about = family(
        [X, D, ["mul", 0, 1]], {"x": [{"": "0"}, {"": "0", "D": "1"}]}, absolute={"": "1/8", "D": "1/128"}, parameters={"D": ["1", "64"]}
    )
    return certificate(
        about,
        formats(FP16),
        asked({"D": ["1", "8"]}, "error_bound", cover(1, 0, 0)),
        asked({"D": ["60", "64"]}, "floor", law("cell_slope", {"x": "3775/64"}, {"x": "3777/64"})),
        asked({"D": ["64", "64"]}, "floor", pair({"x": "3775/64"}, {"x": "3777/64"})),
        asked({"D": ["60", "30001/500"]}, "witness_error", {"kind": "run", "point": {"x": "1915/32"}, "precision": 128}),
    )


def _dot() -> Json:
    about = family([S], {"x": side("-1", "1"), "y": side("-1", "1")}, absolute={"": "1/100"}, fold=fold([X, Y, ["mul", 0, 1]], "x", "y"))
    corner = ({"x": "2047/2048", "y": "2047/2048"}, {"x": "4095/4096", "y": "4095/4096"})
    origin = {"x": "0", "y": "0"}
    return certificate(
        about,
        formats(FP16) | {"accumulate": FP32},
        asked({}, "error_bound", over(2, 4), [1, 4]),
        asked({}, "floor", points(pair(*corner), {"by": "shift", "at": 60}), [60, None]),
        asked({}, "floor", points(law("cell_slope", *corner), {"by": "zero", "at": 90, "point": origin}), [100, None]),
        asked({}, "floor", points(law("cell_slope", *corner), blocks(64, 70)), [60, 70]),
        asked({}, "witness_error", steps(80, {"steps": 80, "point": corner[0]}, **origin), [80, None]),
    )


def _mean() -> Json:
    about = family(
        [S, N, ["div", 0, 1]], {"x": [{"": "0"}, {"": "0", "D": "1"}]}, absolute={"": "0", "D": "1/50"}, parameters={"D": ["1", "2"]},
        fold=fold([X], "x"),
    )  # fmt: skip
    return certificate(
        about,
        formats(BF16) | {"accumulate": BF16},
        asked({"D": ["1", "3/2"]}, "witness_error", steps(300, x="1"), [300, None]),
        asked({"D": ["1", "3/2"]}, "error_bound", over(1, 2, 3), [1, 3]),
        asked({"D": ["2", "2"]}, "witness_error", steps(None, x="1"), [400, 402]),
    )


def _coarse_mean() -> Json:
    about = family([S, N, ["div", 0, 1]], {"x": side("1", "2")}, absolute={"": "1/20"}, fold=fold([X], "x"))
    return certificate(
        about,
        formats(TINY) | {"accumulate": FP32},
        asked({}, "floor", points(pair({"x": "9/8"}), {"by": "mean"}), [1, None]),
        asked({}, "floor", points(law("cell_slope", {"x": "9/8"}, {"x": "11/8"}), {"by": "mean"}), [2, 9]),
    )


def _softmax() -> Json:
    about = family(
        [["var", "z"], ["exp", 0], S, ["add", 1, 2], ["div", 1, 3]], {"x": side("-4", "4"), "z": side("-4", "4")}, absolute={"": "1/600"},
        fold=fold([X, ["exp", 0]], "x"),
    )  # fmt: skip
    ends = ({"x": "-4", "z": "4"}, {"x": "4", "z": "-4"})
    return certificate(
        about,
        {"input": FP16, "compute": EXACT, "output": {"kind": "code", "bits": 8}, "accumulate": EXACT},
        asked({}, "floor", points(law("count", *ends, pieces=1), blocks(16, 64)), [1, 64]),
    )


def _relative() -> Json:
    about = family(
        [X, ["neg", 0], ["exp", 1]], {"x": [{"": "0"}, {"": "0", "D": "1"}]}, relative={"": "1/50"},
        parameters={"D": ["1/8", "64"]},
    )  # fmt: skip
    return certificate(
        about,
        formats(FP16),
        asked({"D": ["1/8", "2"]}, "error_bound", cover(1, 0, 0)),
        asked({"D": ["20", "64"]}, "floor", pair({"x": "18"})),
    )


def _members() -> Json:
    """The mean of three and of two, with an input and a parameter of their own: each verdict by evidence about single sizes."""
    about = family(
        [S, ["var", "z"], ["add", 0, 1], N, ["div", 2, 3]], {"x": [{"": "0"}, {"": "0", "D": "1"}], "z": side("1", "3/2")},
        absolute={"": "3/4", "D": "-1/4"}, parameters={"D": ["1", "2"]}, fold=fold([X, D, ["mul", 0, 1]], "x", start=[["var", "z"]]),
    )  # fmt: skip
    coarse = floating(2, -2, 3)
    low, high = {"x_1": "5/8", "x_2": "5/8", "z": "1"}, {"x_1": "7/8", "x_2": "7/8", "z": "5/4"}
    inside = {"x_1": "13/16", "x_2": "27/32", "z": "5/4"}
    return certificate(
        about,
        {"input": coarse, "compute": FP16, "output": FP16, "accumulate": BF16},
        asked({"D": ["1", "1"]}, "error_bound", alone(cover(1, 0, 2, 0, 0)), [2, 2]),
        asked({"D": ["1", "17/16"]}, "error_bound", alone(cover(0)), [3, 3]),
        asked({"D": ["2", "2"]}, "floor", alone(pair(low, high)), [2, 2]),
        asked({"D": ["7/4", "2"]}, "floor", alone(law("cell_slope", low, high)), [2, 2]),
        asked({"D": ["2", "2"]}, "witness_error", alone({"kind": "run", "point": inside, "precision": 128}), [2, 2]),
    )


def _steps() -> Json:
    """s -> s/2 + x, one step of it sufficient, three not."""
    own = {"step": [S, ["const", "1/2"], ["mul", 0, 1], X, ["add", 2, 3]]}
    halving = {key: item for key, item in fold([X], "x", sizes=[1, 3]).items() if key != "term"} | own
    point = {f"x_{step}": "15/16" for step in (1, 2, 3)}
    about = family([S], {"x": side("0", "1")}, absolute={"": "3/32"}, fold=halving)
    return certificate(
        about,
        formats(TINY) | {"accumulate": TINY},
        asked({}, "error_bound", alone(cover(0)), [1, 1]),
        asked({}, "witness_error", alone({"kind": "run", "point": point, "precision": 128}), [3, 3]),
    )


SAMPLES: dict[str, Json] = {
    "scaled": _scaled(), "dot": _dot(), "mean": _mean(), "coarse mean": _coarse_mean(), "softmax": _softmax(), "relative": _relative(),
    "members": _members(), "steps": _steps(),
}  # fmt: skip
