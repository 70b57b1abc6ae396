"""What the kernel refuses in certificates about networks: every reason, every changed field that makes a claim false, hostile files."""

from __future__ import annotations

import base64
import copy
import json
import struct
import time
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import mpmath
import numpy as np
import pytest

from suffice.encodings.networks.inputs import InputSet, balls, box, points
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order
from suffice.hardware_specs.catalogue import parse_format
from suffice.proofs import networks as certificates
from suffice.proofs.documents import document_bytes, parse_document
from suffice.proofs.kernel import Report, check, limits, networks
from suffice.proofs.kernel.checking import canonical
from suffice.proofs.networks import LayersEvidence, NetworkFloor, NetworkInput, NetworkRun, certify, from_json, read, to_json, write
from suffice.proofs.trace import render, trace

from ..documents import floating
from ..mutating import below, change_field
from ..reasons import unreached
from .networks import Builder, additions, chain, operation, place, place_codes
from .oracle import NotFiniteError, function, number, run

Json = Any


@cache
def samples() -> dict[str, Json]:
    """Accepted certificates, as JSON values."""
    rng = np.random.default_rng(7)
    plain = chain(rng, ["relu", "none"], [3, 4, 2])
    gelu, norm = chain(rng, ["gelu", "leaky_relu"], [2, 3, 2]), chain(rng, ["layer_norm"], [3, 3])
    ball, at = balls(np.array([[0.5, -0.25, 0.75]]), 0.125), NetworkInput(box=0, values=np.array([0.5, -0.25, 0.75]))
    evidence = [LayersEvidence(), NetworkRun(input=at)]
    pair = (at, NetworkInput(box=0, values=np.array([0.50390625, -0.2500001, 0.7500001])))
    two, middle = balls(np.array([[0.5, -0.25]]), 0.0625), NetworkInput(box=0, values=np.array([0.5, -0.25]))
    codes = box(-1.0, 1.0, (3,))
    ends = (NetworkInput(box=0, values=np.full(3, -1.0)), NetworkInput(box=0, values=np.full(3, 1.0)))
    groups = Accumulation(kind=Kind.GROUPS, accumulator=_truncating(), group=4, extra_bits=1, smallest_exponents=(-14, -14))
    found = {
        "relu": certify(place(plain, "fp16"), ball, Fraction(1, 10), evidence),
        "e4m3": certify(place(plain, "fp8_e4m3"), ball, Fraction(1, 500), evidence),
        "gelu": certify(place(gelu, "bf16", ulps=2), two, Fraction(1, 10), [LayersEvidence(method="forward"), NetworkRun(input=middle)]),
        "norm": certify(place(norm, "fp16"), points(np.array([[0.5, -0.25, 0.75]])), None, [LayersEvidence(method="sets")]),
        "int8": certify(place_codes(plain, 4.0), ball, Fraction(1), evidence),
        "pair": certify(place(plain, "fp8_e5m2"), ball, Fraction(1, 1000), [NetworkFloor(kind="pair", inputs=pair, output=1)]),
        "point": certify(place(plain, "fp8_e5m2"), ball, Fraction(1, 1000), [NetworkFloor(kind="pair", inputs=(at,), output=0)]),
        "count": certify(place(plain, "float(p=2,emin=0,emax=1)"), codes, Fraction(1), [NetworkFloor(kind="count", inputs=ends, output=1)]),
        "groups": certify(place(plain, "fp16", accumulation=groups), ball, None, evidence),
        "mix": certify(_mix(rng), box(-1.0, 1.0, (2, 2)), Fraction(1), [LayersEvidence()]),
        "narrowed": certify(place(plain, "fp16"), ball, Fraction(1, 10), [LayersEvidence(narrowed=(2, 3)), NetworkRun(input=at)]),
    }  # fmt: skip
    return {name: json.loads(document_bytes(certificate)) for name, certificate in found.items()}


def _truncating() -> Any:
    return parse_format("float(p=24,emin=-126,emax=127,rounding=toward_zero)")


def _mix(rng: np.random.Generator) -> Any:
    """Groups of channels, a gather with a zero, a product, a softmax."""
    b = Builder()
    x = b.add("input", (), (2, 2))
    y = b.linear(x, rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 3)))
    z = b.add("gather", (y,), (2, 4), index=np.array([[0, 1, 2, -1], [3, 4, 5, -1]]))
    w = b.add("constant", (), (4, 2), value=rng.normal(size=(4, 2)))
    operation(b, b.add("matmul", (z, w), (2, 2)), "softmax")
    b.nodes[0] = type(b.nodes[0])(name="x", op=b.nodes[0].op, operands=(), shape=(2, 2))
    return place(b.network(), "fp16", accumulation=additions(parse_format("fp32"), Order.SEQUENTIAL))


def report(document: Json) -> Report:
    return check(canonical(document))


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("relu", "sufficient by S1"), ("e4m3", "insufficient by W"), ("gelu", "sufficient by S1"), ("norm", "undecided"),
        ("int8", "sufficient by S1"), ("pair", "impossible by T1+T2"), ("point", "impossible by T1"), ("count", "undecided"),
        ("groups", "undecided"), ("mix", "sufficient by S1"), ("narrowed", "sufficient by S1"),
    ],
)  # fmt: skip
def test_certificates_are_accepted_read_and_explained(name: str, summary: str) -> None:
    document = samples()[name]
    found = report(document)
    assert (found.status, found.reason) == ("accepted", "")
    assert found.summary == summary
    data = canonical(document)
    assert document_bytes(parse_document(data)) == data
    shown = trace(parse_document(data))
    for target in ("md", "html", "tex"):
        assert found.verdict.capitalize() in render(shown, target)


def test_documents_have_the_shape_of_the_schema() -> None:
    schema = json.loads((Path(certificates.__file__).parent / "schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for document in samples().values():
        validator.validate(document)
        assert not validator.is_valid({**document, "network": []})


def test_files_are_written_and_read(tmp_path: Path) -> None:
    certificate = from_json(samples()["relu"])
    write(certificate, tmp_path / "c.json")
    assert to_json(read(tmp_path / "c.json")) == samples()["relu"]


def array(*numbers: float) -> str:
    return "float64:" + base64.b64encode(struct.pack(f"<{len(numbers)}d", *numbers)).decode()


def node(document: Json, k: int) -> Json:
    return document["network"]["nodes"][k]


def step(document: Json, k: int) -> Json:
    return document["program"]["steps"][k]


def first(document: Json, k: int = 0) -> Json:
    return document["claims"][k]


def put(*path: Any) -> Callable[[Json], None]:
    """Sets the value at the end of a path of keys."""

    def change(document: Json) -> None:
        *keys, last, value = path
        for key in keys:
            document = document[key]
        document[last] = value

    return change


def fmt(document: Json, k: int) -> Json:
    return document["program"]["formats"][k]


def points_of(document: Json, k: int) -> Json:
    evidence = first(document, k)["evidence"]
    return evidence.get("inputs") or [evidence["input"]]


def at(document: Json, k: int, x: float) -> None:
    """Moves the last input of a claim."""
    points_of(document, k)[-1].update(values=array(x, -0.25, 0.75))


def almost_constant(document: Json, eps: str, method: str) -> None:
    """A norm of three equal numbers."""
    first(document)["evidence"].update(method=method)
    node(document, 1).update(weight=array(*[0.0] * 9))
    node(document, 1).pop("bias", 0)
    step(document, 1).pop("bias", 0)
    node(document, 2).update(parameter=eps)


def added(document: Json, given: Json) -> int:
    """The position of a new format."""
    document["program"]["formats"].append(given)
    return len(document["program"]["formats"]) - 1


def coarse(document: Json, k: int) -> None:
    """Computes a node with one significant bit."""
    step(document, k).update(compute=added(document, floating(1, -10, 10)))


def integer_sums(document: Json, k: int) -> None:
    codes = added(document, {"kind": "int", "qmin": -9, "qmax": 9, "scale": "1", "zero": 0, "rounding": "nearest_even"})
    step(document, k).update(accumulation={"kind": "exact", "accumulator": codes})


def elementwise(document: Json, size: int, boxes: Json, precision: int = 96) -> None:
    """Makes the network a relu of so many numbers."""
    document["network"]["nodes"] = [dict(node(document, 0), shape=[size]), dict(node(document, 2), operands=[0], shape=[size])]
    document["program"] = {"formats": [floating(11, -14, 15)], "steps": [{"compute": 0, "stored": 0}] * 2}
    document["inputs"]["boxes"] = boxes
    document["claims"] = document["claims"][:1]
    first(document)["evidence"].update(method="sets", precision=precision)


def zeros(size: int, *others: float) -> Json:
    """A box of zeros, but for a few upper ends."""
    lo, hi = np.zeros(size), np.zeros(size)
    hi[: len(others)] = others
    return {"name": "", "lo": array(*lo), "hi": array(*hi)}


def overflow(document: Json) -> None:
    """A run from an input beyond fp16, and no other claim."""
    document["claims"] = [first(document, 1)]
    first(document).update(value="infinite")
    points_of(document, 0)[0].update(values=array(7e4, -0.25, 0.75))
    document["inputs"]["boxes"][0].update(hi=array(8e4, 1, 1))


def minus_infinity(document: Json) -> None:
    """A run whose gelu is asked at minus infinity."""
    document["claims"] = [first(document, 1)]
    points_of(document, 0)[0].update(values=array(1e39, -0.25))
    document["inputs"]["boxes"][0].update(hi=array(1e39, 1))
    node(document, 1).update(weight=array(*[-1.0] * 6))


def small_sums(document: Json) -> None:
    """A run alone, whose exact sums have codes from -1 to 1."""
    document["claims"] = [claim for claim in document["claims"] if claim["bound"] == "witness_error"]
    for format in document["program"]["formats"]:
        if format.get("qmax") == 2**31 - 1:
            format.update(qmin=-1, qmax=1)



NODES = ("claims", 0, "evidence", "nodes")
ACC = ("program", "steps", 1, "accumulation")
CASES: list[tuple[str, Callable[[Json], None], str]] = [
    ("relu", put("version", 2), "version 1 only"),
    ("relu", put("tolerance", "-1"), "tolerance is negative"),
    ("relu", put("verdict", "impossible"), "the claims prove sufficient"),
    ("relu", put("assumptions", []), "the assumptions are not those"),
    ("relu", lambda d: d["claims"].reverse(), "claims are in the order"),
    ("relu", put("claims", 0, "value", "-1"), "is negative"),
    ("relu", put("claims", 0, "value", "1/100000"), "does not prove error_bound"),
    ("relu", put("claims", 1, "value", "infinite"), "does not prove witness_error"),
    ("relu", put("claims", 0, "statement", "T0"), "is proved by S1"),
    ("relu", put("claims", 0, "evidence", "kind", "run"), "proved by layers"),
    ("relu", put("claims", 1, "evidence", "kind", "layers"), "proved by a run"),
    ("pair", put("claims", 0, "evidence", "kind", "run"), "proved by a pair or a count"),
    ("relu", put("claims", 1, "evidence", "input", "box", 1), "is no box of the inputs"),
    ("relu", put("claims", 1, "evidence", "input", "values", array(9, 0, 0)), "lies outside its box"),
    ("relu", put("claims", 1, "evidence", "input", "values", array(0.5, -0.25)), "does not hold 3 numbers"),
    ("relu", put("claims", 1, "evidence", "input", "values", "int32:AAAA"), "is not an array of"),
    ("relu", put("claims", 1, "evidence", "input", "values", "float64:" + "*" * 32), "is not base64"),
    ("relu", put("network", "nodes", 1, "bias", "float32:" + "AAAAAAAAAAAAAAAAAAAAAB=="), "is not canonical base64"),
    ("relu", put("claims", 1, "evidence", "input", "values", array(float("nan"), 0, 0)), "not finite"),
    ("relu", put("inputs", "boxes", 0, "hi", array(0, 0, 0)), "is empty"),
    ("relu", put("network", "nodes", 0, "name", "x" * 999), "is not a text of at most"),
    ("relu", put("network", "nodes", 2, "op", "input"), "does not take 1 operands"),
    ("relu", lambda d: node(d, 0).update(op="constant", value=array(0, 0, 0)), "the first node of a network, and no other"),
    ("relu", put("network", "nodes", 2, "operands", [2]), "is not an integer from 0 to 1"),
    ("relu", put("network", "nodes", 2, "shape", [5]), "does not give this shape"),
    ("relu", put("network", "nodes", 1, "weight_shape", [4, 4]), "does not hold 16 numbers"),
    ("relu", put("network", "nodes", 1, "weight_shape", [4_000_000, 4_000_000]), "weight_shape is too large"),
    ("relu", put("network", "nodes", 0, "shape", [10**6, 10**6]), "more than 1000000 elements"),
    ("relu", lambda d: node(d, 2).update(op="leaky_relu", parameter="x"), "is not a number"),
    ("relu", lambda d: (node(d, 2).update(op="sum", shape=[1]), node(d, 3)), "does not give this shape"),
    ("norm", put("network", "nodes", 2, "parameter", "0"), "is not positive"),
    ("mix", put("network", "nodes", 2, "index", "int32:" + base64.b64encode(struct.pack("<8i", *[99] * 8)).decode()), "points outside"),
    ("mix", lambda d: node(d, 4).update(operands=[3, 3]), "the operands of matmul do not fit"),
    ("mix", lambda d: node(d, 4).update(op="add"), "the operands of add differ in shape"),
    ("relu", lambda d: node(d, 3).update(operands=[1]), "a node that is not used"),
    ("relu", put("program", "formats", 0, {"kind": "code", "bits": 8}), "cannot be any code"),
    ("int8", put("program", "formats", 1, "scale", "1/3"), "over a power of two"),
    ("int8", put("program", "formats", 1, "scale", f"1/{2**3000}"), "has more than 2048 bits"),
    ("int8", lambda d: d["program"]["formats"][1].update(scale=None, zero=None), "needs a scale"),
    ("relu", lambda d: d["program"]["formats"].append(d["program"]["formats"][0]), "a format twice"),
    ("relu", lambda d: d["program"]["formats"].append({"kind": "exact"}), "that no step uses"),
    ("relu", lambda d: fmt(d, 1).update(p=300, max_finite=str((2**300 - 1) * 2**4), emax=303), "significand bits"),
    ("relu", lambda d: step(d, 1).pop("weights"), "needs weights"),
    ("relu", put("program", "steps", 2, "weights", 0), "has no use for weights"),
    ("relu", put("program", "steps", 2, "scales", array(1)), "has no use for scales"),
    ("relu", put("program", "steps", 1, "scales", array(1, 1, 1, 1)), "belong to integer codes"),
    ("int8", put("program", "steps", 1, "scales", array(1, 1, 1, -1)), "that is not positive"),
    ("int8", put("program", "steps", 1, "compute", 1), "is a format of integer codes"),
    ("int8", put(*ACC, "accumulator", 0), "not integer codes of scale 1"),
    ("int8", put("program", "steps", 0, "stored", 0), "are not of integer codes"),
    ("int8", lambda d: [f.update(qmax=100) for f in d["program"]["formats"] if f.get("qmax") == 2**31 - 1], "may exceed their accumulator"),
    ("groups", lambda d: step(d, 1)["accumulation"].update(kind="additions"), "that rounds to nearest"),
    ("groups", put(*ACC, "presummed", 3), "does not fit its order"),
    ("groups", put(*ACC, "order", "pairwise"), "is none of groups"),
    ("groups", lambda d: fmt(d, -1).update(p=53, max_finite=str((2**53 - 1) * 2**75)), "beyond fp32"),
    ("relu", lambda d: (d["inputs"].update(model="representable"), at(d, 1, 0.51)), "not representable"),
    ("pair", lambda d: d["inputs"].update(model="representable"), "do not arrive as the same numbers"),
    ("point", lambda d: (d["inputs"].update(model="representable"), at(d, 0, 0.51)), "not representable"),
    ("pair", lambda d: at(d, 0, 0.6), "do not arrive as the same numbers"),
    ("count", lambda d: d["inputs"].update(model="representable"), "a count needs real inputs"),
    ("count", lambda d: (d["inputs"]["boxes"].append(d["inputs"]["boxes"][0]), points_of(d, 0)[1].update(box=1)), "lie in two boxes"),
    ("point", lambda d: step(d, 3).pop("stored"), "stored in a format"),
    ("relu", lambda d: d["inputs"].update(boxes=[dict(d["inputs"]["boxes"][0], lo=array(7e4, 0, 0), hi=array(7e4, 0, 0))]), "may overflow"),
    ("relu", lambda d: node(d, 1).update(bias=array(7e4, 0, 0, 0)), "overflows"),
    ("relu", lambda d: d["inputs"].update(boxes=[dict(d["inputs"]["boxes"][0], name=str(k)) for k in range(10_001)]), "is not an array of"),
    ("relu", lambda d: first(d)["evidence"].update(precision=63), "precision is not an integer"),
    ("norm", lambda d: almost_constant(d, f"1/{2**140}", "sets"), "of a norm is too near zero"),
    ("norm", lambda d: coarse(d, 2), "variance of layer_norm 'layer_norm2' is not bounded away"),
    ("mix", lambda d: coarse(d, 5), "sum of softmax 'softmax5' is not bounded away"),
    ("norm", lambda d: integer_sums(d, 2), "are not of integer codes"),
    ("int8", small_sums, "exceeds its accumulator"),
    ("narrowed", put(*NODES, []), "evidence.nodes is not an array of"),
    ("narrowed", put(*NODES, [0]), "evidence.nodes is not an integer from 1 to 3"),
    ("narrowed", put(*NODES, [4]), "evidence.nodes is not an integer from 1 to 3"),
    ("narrowed", put(*NODES, [True]), "evidence.nodes is not an integer from 1 to 3"),
    ("narrowed", put(*NODES, [3, 3]), "evidence.nodes are not in order, each once"),
    ("narrowed", put(*NODES, [3, 2]), "evidence.nodes are not in order, each once"),
    ("narrowed", put(*NODES, [1] * 100_000), "evidence.nodes is not an array of"),
    ("narrowed", put("claims", 0, "evidence", "ranges", "zonotopes"), "unknown keys: nodes"),
    ("relu", put("claims", 0, "evidence", "ranges", "relaxations"), "unknown keys: nodes"),
    ("relu", put("claims", 0, "evidence", "ranges", "zonotopes"), "evidence.ranges is not one of"),
    ("gelu", lambda d: step(d, 2).update(compute=added(d, {"kind": "exact"})), "needs a format that rounds it"),
    ("relu", overflow, "the claims prove insufficient by W"),
    ("groups", overflow, "through plain additions by index only"),
    ("gelu", minus_infinity, "at minus infinity depends on the library"),
    ("relu", lambda d: elementwise(d, 1_000, [{}] * 1_001), "the inputs have more than 1000000 elements"),
    ("relu", lambda d: elementwise(d, 200_000, [zeros(200_000)], precision=4096), "too large for so many elements"),
    ("relu", lambda d: elementwise(d, 499_000, [zeros(499_000, 5e-324, 1.7e308)]), "too large or too small for so many"),
]  # fmt: skip
"""A sample, a change of it, and the reason for which it is refused then."""


@pytest.mark.parametrize(("name", "change", "reason"), CASES, ids=[f"{name}: {reason}" for name, _, reason in CASES])
def test_a_wrong_certificate_is_refused_for_its_reason(name: str, change: Callable[[Json], None], reason: str) -> None:
    found = report(changed(name, change))
    assert found.status == "rejected"
    assert reason in found.reason


def changed(name: str, change: Callable[[Json], None]) -> Json:
    document = copy.deepcopy(samples()[name])
    change(document)
    return document


UNSEEN = {
    "a number of the run has too many digits": "formats within limits are coarser",
    "a rounding of _ could not be decided": "formats within limits are coarser",
}
"""Reasons that no file brings about, and why."""


def test_every_reason_is_reached() -> None:
    reasons = {report(changed(name, change)).reason for name, change, _ in CASES} | {report(document).reason for document in hostile()}
    assert unreached(networks, reasons, least=50) == set(UNSEEN)


def hostile() -> list[Json]:
    """Documents that ask for much."""
    changes = (
        put("network", "nodes", 0, "shape", [1000] * 16),
        put("network", "nodes", 0, "shape", [10**9]),
        put("network", "nodes", 1, "operands", [0] * 30_000),
    )
    found = [changed("relu", change) for change in changes]
    deep = copy.deepcopy(samples()["relu"])
    deep["network"]["nodes"] = [node(deep, 0)] + [dict(node(deep, 2), operands=[k], shape=[3]) for k in range(19_998)]
    deep["program"]["steps"] = [step(deep, 0)] + [step(deep, 2)] * 19_998
    found += [deep, dict(deep, network={"name": "", "nodes": [node(deep, 0)] * 30_000})]
    wide = copy.deepcopy(samples()["relu"])
    wide["network"]["nodes"] = [dict(node(wide, 0), shape=[900_000]), dict(node(wide, 2), operands=[0], shape=[900_000])]
    wide["program"]["steps"] = [step(wide, 0), step(wide, 2)]
    fine = changed("relu", lambda d: [first(d)["evidence"].update(precision=4096)])
    fine["network"]["nodes"] = [dict(node(fine, 0), shape=[3]), dict(node(fine, 2), operands=[0], shape=[3])]
    spread = changed("relu", put("inputs", "boxes", 0, "lo", array(5e-324, 0, 0)))
    many = changed("mix", put("network", "nodes", 3, "value", array(*[1.0] * 8)))
    return [*found, wide, fine, spread, many, *_narrowed_everywhere()]


def _narrowed_everywhere() -> list[Json]:
    """Long, wide and growing networks whose every range is to be narrowed."""
    found = []
    for size, length, weight in ((1, 8_000, 1.0), (300, 100, 1.0), (1, 30, 1e300)):
        deep = copy.deepcopy(samples()["narrowed"])
        matrix, saturating = array(*[weight] * size), dict(fmt(deep, 0), overflow="saturate")
        linear = dict(node(deep, 1), shape=[size], weight_shape=[size, 1, 1], weight=matrix)
        linear.pop("bias", 0)
        linear["shape"] = [size, 1]
        deep["network"]["nodes"] = [dict(node(deep, 0), shape=[size, 1])] + [dict(linear, operands=[k]) for k in range(length)]
        first_step, next_step = step(deep, 0), step(deep, 1)
        next_step.pop("bias", 0)
        next_step["weights"] = 0
        deep["program"] = {"formats": [saturating, *deep["program"]["formats"][1:]], "steps": [first_step] + [next_step] * length}
        deep["inputs"]["boxes"] = [zeros(size)]
        deep["claims"] = deep["claims"][:1]
        put(*NODES, list(range(1, length + 1)))(deep)
        found.append(deep)
    return found


def test_hostile_documents_end_at_once() -> None:
    for document in hostile():
        data = canonical(document)
        start = time.process_time()
        found = check(data)
        assert time.process_time() - start < 5
        assert found.status in ("accepted", "rejected")
        assert len(found.reason) < 300


def test_a_file_of_many_brackets_is_not_parsed() -> None:
    data = b'{"network":[' + b"[]," * 7_000_000 + b"[]]}"
    assert "brackets and commas" in check(data).reason
    assert len(data) > limits.MAX_BYTES


@pytest.mark.parametrize("name", ["relu", "e4m3", "int8", "pair", "groups", "narrowed"])
def test_a_changed_field_is_rejected_or_still_true(name: str) -> None:
    rng, accepted = Random(name), 0
    original = samples()[name]
    places = [k for k, (container, key) in enumerate(below_all(original)) if not isinstance(container[key], dict | list)]
    for k in places:
        document = copy.deepcopy(original)
        container, key = below_all(document)[k]
        alter(document, container, key, rng)
        if canonical(document) == canonical(original):
            continue
        found = report(document)
        assert "ran out" not in found.reason
        if found.status == "accepted":
            accepted += 1
            assert is_true(document), (k, key)
    assert accepted < len(places) // 2


def below_all(document: Json) -> list[tuple[Json, Json]]:
    return [place for key in document for place in below(document, key)]


def alter(document: Json, container: Json, key: Any, rng: Random) -> None:
    """Changes a field: one number of an array, or as in other certificates."""
    value = container[key]
    if isinstance(value, str) and value.partition(":")[0] in ("float32", "float64", "int32"):
        kind, _, text = value.partition(":")
        data = bytearray(base64.b64decode(text))
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        container[key] = f"{kind}:{base64.b64encode(data).decode()}"
    else:
        change_field(document, container, key, rng)


def is_true(document: Json) -> bool:
    """No point of the boxes contradicts the claims."""
    certificate = from_json(document)
    rng = np.random.default_rng(0)
    errors = [error for x in inputs_of(certificate.inputs, rng) if (error := error_at(certificate.program, x)) is not None]
    for claim in certificate.claims:
        if claim.bound == "error_bound" and max(errors) > number(Fraction(claim.value)) + mpmath.mpf(10) ** -25:
            return False
        if claim.bound == "witness_error" and error_at(certificate.program, claim.evidence.input.values) < number(Fraction(claim.value)):
            return False
    return True


def inputs_of(inputs: InputSet, rng: np.random.Generator) -> list[np.ndarray]:
    if inputs.model is InputModel.REPRESENTABLE:
        return []
    return [b.lo + (b.hi - b.lo) * rng.random(b.lo.shape) for b in inputs.boxes for _ in range(3)]


def error_at(program: Any, x: np.ndarray) -> Any:
    try:
        answer = run(program, x)
    except NotFiniteError:
        return None
    return max(abs(number(a) - f) for a, f in zip(answer, function(program.network, x), strict=True))
