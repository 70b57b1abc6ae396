"""The file of a certificate against rfc8785, json and jsonschema, none of which are ours."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from suffice.encodings.problem import Tolerance
from suffice.errors import InputError
from suffice.hardware_specs.format import CodeFormat, FloatFormat, IntFormat, Overflow
from suffice.proofs import certificate as certificates
from suffice.proofs.certificate import Bound, Certificate, Claim, canonical_bytes, digest, parse, read, write
from suffice.proofs.evidence import KINDS, PairEvidence
from suffice.proofs.formatdata import format_from_json, format_to_json
from suffice.proofs.jsondata import as_number, canonical_json, number_text, parse_json
from suffice.proofs.kernel import check
from suffice.proofs.kernel.limits import MAX_DIGITS

SCHEMA = json.loads((Path(certificates.__file__).parent / "schema.json").read_text())

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(VALUES)
@example({"\ufb33": 1, "\U0001f600": 2, "\u0080": 3, "\r": 4, "1": 5})
@example('\x00\x1f\x7f\u2028\\"\b\f\n\r\t/<>&')
def test_canonical_json_is_rfc_8785(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)
    assert parse_json(canonical_json(value), "here") == value


def test_keys_are_sorted_by_utf_16_and_not_by_code_point() -> None:
    assert canonical_json({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InputError, match="surrogate"):
        canonical_json(["\ud800"])


@given(st.fractions())
@example(Fraction(-1, 3))
@example(Fraction(10**MAX_DIGITS - 1, 10 ** (MAX_DIGITS - 1)))
def test_numbers_come_back(q: Fraction) -> None:
    assert as_number(number_text(q), "here") == q


@pytest.mark.parametrize("text", ["", "-0", "00", "1/1", "2/4", "1/0", "1/-2", "+1", "1.5", " 1", "1\n", "٣", "1e3", "0x1", "1/01", "--1"])
def test_a_number_has_one_spelling(text: str) -> None:
    with pytest.raises(InputError):
        as_number(text, "here")


def test_a_number_with_too_many_digits_is_refused() -> None:
    assert as_number("9" * MAX_DIGITS, "here") == 10**MAX_DIGITS - 1
    for text in ("1" + "0" * MAX_DIGITS, "9" * 10**6, "1/" + "9" * (MAX_DIGITS + 1)):
        with pytest.raises(InputError):
            as_number(text, "here")
    with pytest.raises(InputError, match="digits"):
        number_text(Fraction(1, 10**MAX_DIGITS))


def without_widths(value: Any) -> Any:
    """The data with storage widths set to one value: they are not part of a certificate."""
    if isinstance(value, (FloatFormat, IntFormat)):
        return dataclasses.replace(value, bits=0)
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, CodeFormat)):
        members = {field.name: without_widths(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return type(value), members
    if isinstance(value, tuple):
        return tuple(without_widths(item) for item in value)
    return {key: without_widths(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_samples_come_back_and_validate(samples: dict[str, Certificate], tmp_path: Path) -> None:
    for certificate in samples.values():
        data = canonical_bytes(certificate)
        assert rfc8785.dumps(json.loads(data)) == data
        assert digest(certificate) == "sha256:" + hashlib.sha256(data).hexdigest()
        write(certificate, tmp_path / "certificate.json")
        assert (tmp_path / "certificate.json").read_bytes() == data
        again = read(tmp_path / "certificate.json")
        assert without_widths(again) == without_widths(certificate)
        assert canonical_bytes(again) == data
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(data))


def test_samples_hold_every_kind_of_evidence(samples: dict[str, Certificate]) -> None:
    assert {claim.evidence.kind for certificate in samples.values() for claim in certificate.claims} == set(KINDS)


@pytest.mark.parametrize(
    ("p", "emin", "emax", "infinities", "bits"),
    [(11, -14, 15, True, 16), (24, -126, 127, True, 32), (8, -126, 127, True, 16), (4, -6, 8, False, 8), (3, -14, 15, True, 8)],
)
def test_widths_of_known_formats(p: int, emin: int, emax: int, infinities: bool, bits: int) -> None:
    overflow = Overflow.INFINITY if infinities else Overflow.NAN
    fmt = FloatFormat(p=p, emin=emin, emax=emax, max_finite=Fraction(2) ** emax, bits=0, infinities=infinities, overflow=overflow)
    again = format_from_json(format_to_json(fmt), "here")
    assert isinstance(again, FloatFormat)
    assert again.bits == bits


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inside for found in paths(item, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with one value replaced."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def test_every_value_has_its_type(samples: dict[str, Certificate]) -> None:
    """A float in the place of any value is refused, and so is a key too many or too few."""
    for certificate in samples.values():
        value = json.loads(canonical_bytes(certificate))
        for path in paths(value):
            with pytest.raises(InputError):
                parse(json.dumps(changed(value, path, 1.5)).encode())
            target = value
            for key in path:
                target = target[key]
            if isinstance(target, dict) and not named(path):
                with pytest.raises(InputError):
                    parse(json.dumps(changed(value, path, {**target, "surplus": 1})).encode())
                for key in target:
                    if key != "instances":
                        with pytest.raises(InputError):
                            parse(json.dumps(changed(value, path, {k: v for k, v in target.items() if k != key})).encode())


def named(path: tuple[Any, ...]) -> bool:
    """Whether the keys of the object here are names of inputs."""
    return path[-1:] == ("box",) or path[-1:] == ("point",) or path[-2:-1] == ("points",) or path[-2:] == ("instances", "inputs")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "c.json: not JSON: Expecting value: line 1 column 1 (char 0); give a certificate that suffice wrote"),
        (b"[]", "c.json: an array stands where an object belongs"),
        (b"{}", "c.json: version: null stands where an integer belongs"),
        (b'{"version":2}', "c.json: version 2 is unknown; this release reads version 1"),
        (b'{"version":true}', "c.json: version: true or false stands where an integer belongs"),
        (b'{"version":1}', "c.json: the key 'problem' is missing"),
        (b'{"version":1,"version":1}', "c.json: the key 'version' stands twice in one object"),
        (b'{"version":1.0}', 'c.json: the number 1.0 is not an integer; write rationals as strings like "1/3"'),
        (b'{"version":NaN}', 'c.json: the number NaN is not an integer; write rationals as strings like "1/3"'),
    ],
)
def test_what_cannot_be_read_gets_one_clear_line(data: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.json").write_bytes(data)
    with pytest.raises(InputError) as caught:
        read("c.json")
    assert str(caught.value) == message


@pytest.mark.parametrize("data", [b"\xff", b"[" * 10**6, b'{"a":' * 10**5, b"9" * 10**6, b'"' + b"x" * 10**7 + b'"'])
def test_hostile_bytes_are_refused_quickly(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse(data)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["impossible", "T2", "code"])
def test_evidence_has_its_number_of_points(kind: str, samples: dict[str, Certificate]) -> None:
    value = json.loads(canonical_bytes(samples[kind]))
    point = {"x": "1"}
    for points in ([], [point] * 3, *([] if kind == "impossible" else [[point]])):
        with pytest.raises(InputError, match="points stand where two belong"):
            parse(json.dumps(changed(value, ("claims", 0, "evidence", "points"), points)).encode())


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ([["var", "x"], ["exp", 1]], "an argument is not an earlier node"),
        ([["var", "x"], ["exp", -1]], "an argument is not an earlier node"),
        ([["var", "x"], ["add", 0]], "add takes 2 arguments, not 1"),
        ([["var", "x"], ["pow", 0]], "pow takes 2 arguments, not 1"),
        ([["var", "x"], ["eval", 0]], "'eval' is not one of const"),
        ([["var", "x"], ["pi"], ["exp", 0]], r"expression\[1\]: the node is not used"),
        ([], "the expression is empty"),
        ([[]], "null stands where a string belongs"),
        ([["var", "y"]], "the input y has no interval"),
    ],
)
def test_expressions_are_checked(expression: Any, message: str, samples: dict[str, Certificate]) -> None:
    value = json.loads(canonical_bytes(samples["impossible"]))
    with pytest.raises(InputError, match=message):
        parse(json.dumps(changed(value, ("problem", "expression"), expression)).encode())


def test_an_unwritable_place_leaves_the_old_file(samples: dict[str, Certificate], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="create the folder first"):
        write(samples["impossible"], tmp_path / "missing" / "c.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write(samples["impossible"], tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder"]


FILE_TOO_LARGE = """
import resource, sys
from suffice.encodings.problem import Tolerance
from suffice.errors import InputError
from suffice.proofs.files import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(sys.argv[1], b"n" * 1001)
except InputError as error:
    print(error)
write_atomically(sys.argv[1] + ".small", b"n" * 1000)
"""


def test_a_write_that_fails_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "c.json"
    target.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", FILE_TOO_LARGE, str(target)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{target}: cannot be written: File too large; free space or choose another place\n"
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.json", "c.json.small"]


def test_permissions_are_kept(samples: dict[str, Certificate], tmp_path: Path) -> None:
    target = tmp_path / "c.json"
    write(samples["impossible"], target)
    mask = os.umask(0)
    os.umask(mask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~mask
    target.chmod(0o640)
    write(samples["sufficient"], target)
    assert target.stat().st_mode & 0o777 == 0o640
    assert read(target).verdict == "sufficient"


def test_importing_proofs_loads_nothing_else() -> None:
    code = """
import sys
before = set(sys.modules)
import suffice.proofs
loaded = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
assert loaded == {"suffice"}, loaded
assert "suffice.proofs.certificate" not in sys.modules
for name in suffice.proofs.__all__:
    assert name in dir(suffice.proofs) and getattr(suffice.proofs, name)
assert "sqlalchemy" in sys.modules
try:
    suffice.proofs.nothing
except AttributeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "module 'suffice.proofs' has no attribute 'nothing'\n"


def test_the_kernel_reads_what_is_written(samples: dict[str, Certificate]) -> None:
    """x^2 at 1e-4 in fp16, where x^2 lies between two numbers: accepted at the exact value, rejected above it."""
    point = {"x": Fraction(1025, 1024)}
    exact = Fraction(1025**2, 1024**2)
    gap = exact - Fraction(1026, 1024)
    claim = Claim(bound=Bound.FLOOR, value=gap, statement="T1", evidence=PairEvidence(points=(point,), precision=128))
    certificate = dataclasses.replace(samples["impossible"], claims=(claim,), statement="T1", smt=())
    problem = dataclasses.replace(certificate.problem, tolerance=Tolerance(absolute=gap / 2))
    certificate = dataclasses.replace(certificate, problem=problem)
    report = check(canonical_bytes(certificate))
    assert (report.status, report.reason) == ("accepted", "")
    too_much = dataclasses.replace(certificate, claims=(dataclasses.replace(claim, value=gap + Fraction(1, 10**9)),))
    assert check(canonical_bytes(too_much)).status == "rejected"
