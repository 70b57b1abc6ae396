"""Bounds and runs of certificates about random networks, against mpmath and rationals, and against the engine."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from suffice.encodings.networks.inputs import InputSet, balls, points
from suffice.encodings.networks.program import NetworkProgram
from suffice.errors import FormatError, InputError
from suffice.hardware_specs.accumulation import Accumulation, Kind, Order, Products
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import Device, accumulation_for, devices
from suffice.proofs.kernel import check
from suffice.proofs.networks import LayersEvidence, NetworkInput, NetworkRun, canonical_bytes, certify
from suffice.prover.networks.analysis import analyse
from suffice.prover.networks.emulation import emulate

from .networks import additions, chain, place, place_codes
from .oracle import NotFiniteError, function, number, run

OPERATIONS = [
    "none", "relu", "leaky_relu", "absolute", "negate", "square", "sqrt", "rsqrt", "log", "exp", "erf", "gelu", "gelu_tanh", "silu", "tanh",
    "sigmoid", "softplus", "softmax", "log_softmax", "layer_norm", "rms_norm", "divide", "multiply", "subtract", "sum", "mean", "max",
    "matmul",
]  # fmt: skip
FORMATS = [
    "fp16", "bf16", "fp8_e4m3", "fp8_e5m2", "fp32", "float(p=5,emin=-9,emax=9)", "float(p=3,emin=-4,emax=6,subnormals=flushed)",
    "float(p=6,emin=-14,emax=15,rounding=toward_zero)", "int8",
]  # fmt: skip
TINY = mpmath.mpf(10) ** -25


def random_program(rng: np.random.Generator) -> NetworkProgram:
    """A chain of one to three layers in any formats."""
    names = [str(name) for name in rng.choice(OPERATIONS, size=rng.integers(1, 4))]
    network = chain(rng, names, [int(width) for width in rng.integers(1, 5, size=len(names) + 1)])
    fmt = str(rng.choice(FORMATS))
    if fmt == "int8":
        return place_codes(network, float(rng.choice([1, 4, 8])))
    compute = str(rng.choice(["fp32", "fp32", "fp16", "bf16"]))
    order, products = Order(str(rng.choice(["any", "sequential"]))), Products(str(rng.choice(["rounded", "fused", "either"])))
    return place(network, fmt, compute=compute, accumulation=additions(parse_format(compute), order, products))


def random_points(rng: np.random.Generator, inputs: InputSet, count: int) -> list[np.ndarray]:
    """Corners and inside points of the first box."""
    lo, hi = inputs.boxes[0].lo, inputs.boxes[0].hi
    shares = [rng.random(lo.shape) if k % 2 else rng.integers(0, 2, lo.shape) for k in range(count)]
    return [np.clip(lo + (hi - lo) * share, lo, hi) for share in shares]


def error_at(program: NetworkProgram, x: np.ndarray) -> mpmath.mpf | None:
    """The error of one run; None where it is not finite."""
    try:
        answer = run(program, x)
    except NotFiniteError:
        return None
    return max(abs(number(a) - f) for a, f in zip(answer, function(program.network, x), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_no_run_errs_by_more_than_a_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counted: Counter[str] = Counter()
    for _ in range(25):
        program = random_program(rng)
        samples = rng.normal(size=(1, program.network.input.size)) * rng.choice([0.1, 1, 3])
        inputs = balls(samples, float(rng.choice([0, 1e-3, 0.05, 0.5, 2])))
        try:
            everywhere = tuple(range(1, len(program.network.nodes)))
            ways = [LayersEvidence(narrowed=everywhere), *(LayersEvidence(method=m) for m in ("reverse", "forward", "sets"))]
            found = [certify(program, inputs, None, [evidence]).claims[0].value for evidence in ways]
        except InputError:
            counted["without a bound"] += 1
            continue
        assert found[0] <= found[1] <= found[2] <= found[3]
        counted["narrowed"] += found[0] < found[1] * Fraction(99, 100)
        for x in random_points(rng, inputs, 8):
            error = error_at(program, x)
            assert error is not None, "a bound excludes overflow"
            assert all(error <= number(bound) + TINY for bound in found)
            counted["near the bound"] += error > number(found[0]) / 4
        counted["bounded"] += 1
    assert counted["bounded"] >= 15
    assert counted["narrowed"] >= 1
    assert counted["near the bound"] >= 15


def test_a_bound_that_is_a_little_less_than_a_run_is_refused() -> None:
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(12):
        program = random_program(rng)
        inputs = points(rng.normal(size=(1, program.network.input.size)))
        try:
            at = NetworkInput(box=0, values=inputs.boxes[0].lo)
            certificate = certify(program, inputs, None, [LayersEvidence(), NetworkRun(input=at)])
        except InputError:
            continue
        data, value = canonical_bytes(certificate), certificate.claims[1].value
        assert check(data).status == "accepted"
        if value:
            less = str(Fraction(value) * Fraction(999, 1000)).encode()
            before, after = data.split(b'"bound":"error_bound"')
            assert check(before + b'"bound":"error_bound"' + _with_value(after, less)).status == "rejected"
            refused += 1
    assert refused >= 5


def _with_value(text: bytes, value: bytes) -> bytes:
    head, _, rest = text.partition(b'"value":"')
    return head + b'"value":"' + value + rest[rest.index(b'"') :]


@pytest.mark.parametrize("seed", range(3))
def test_runs_are_those_of_rationals_and_of_the_engine(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    compared = 0
    for _ in range(25):
        program = random_program(rng)
        x = rng.normal(size=program.network.input.shape) * rng.choice([0.1, 1, 3])
        try:
            claim = certify(program, points(x[None]), None, [NetworkRun(input=NetworkInput(box=0, values=x), precision=160)]).claims[0]
        except InputError:
            continue
        error = error_at(program, x)
        assert error is not None
        assert abs(number(Fraction(claim.value)) - error) <= error * mpmath.mpf(10) ** -17 + TINY
        with np.errstate(all="ignore"):
            emulated = emulate(program, x[None])[0].reshape(-1)
        exact = function(program.network, x)
        assert abs(max(abs(mpmath.mpf(float(a)) - f) for a, f in zip(emulated, exact, strict=True)) - error) <= TINY
        compared += 1
    assert compared >= 15


@pytest.mark.parametrize("device", devices(), ids=lambda device: device.name)
def test_sums_are_run_and_bounded_as_each_device_adds(device: Device) -> None:
    rng = np.random.default_rng(len(device.name))
    for name in ("fp16", "bf16", "fp8_e4m3", "fp32"):
        try:
            accumulation: Accumulation = accumulation_for(device, parse_format(name), parse_format(name))
        except FormatError:
            continue
        if accumulation.kind is Kind.EXACT:
            continue
        network = chain(rng, ["none"], [int(rng.integers(20, 40)), 2])
        program = place(network, name, accumulation=accumulation)
        x = rng.normal(size=network.input.shape) * 2.0 ** rng.integers(-8, 1, size=network.input.shape)
        certificate = certify(program, points(x[None]), None, [LayersEvidence(), NetworkRun(input=NetworkInput(box=0, values=x))])
        bound, witness = (number(Fraction(claim.value)) for claim in certificate.claims)
        error = error_at(program, x)
        assert error is not None
        assert abs(witness - error) <= error * mpmath.mpf(10) ** -17 + TINY
        assert error <= bound + TINY


@pytest.mark.parametrize("seed", range(2))
def test_runs_beyond_the_formats_are_infinite_where_the_engine_says_so(seed: int) -> None:
    rng = np.random.default_rng(200 + seed)
    counted: Counter[bool] = Counter()
    for _ in range(60):
        names = [str(name) for name in rng.choice([name for name in OPERATIONS if name not in ("gelu", "silu", "gelu_tanh")], size=2)]
        network = chain(rng, names, [3, 3, 3])
        program = place(network, str(rng.choice(["fp16", "bf16", "fp8_e4m3", "float(p=4,emin=-6,emax=8,overflow=saturate)"])))
        x = rng.normal(size=3) * 10.0 ** rng.integers(0, 42, size=3)
        try:
            claim = certify(program, points(x[None]), None, [NetworkRun(input=NetworkInput(box=0, values=x))]).claims[0]
        except InputError:
            continue
        emulated = emulate(program, x[None])[0]
        assert (claim.value == "infinite") == (not np.isfinite(emulated).all())
        counted[claim.value == "infinite"] += 1
        if claim.value != "infinite":
            exact = function(network, x)
            error = max(abs(mpmath.mpf(float(a)) - f) for a, f in zip(emulated.reshape(-1), exact, strict=True))
            assert abs(number(Fraction(claim.value)) - error) <= error * mpmath.mpf(10) ** -12 + TINY
    assert min(counted[True], counted[False]) >= 10


def test_bounds_are_those_of_the_engine_within_a_few_percent() -> None:
    rng, ratios = np.random.default_rng(5), []
    for operations in (["relu", "none"], ["gelu", "relu", "none"], ["tanh", "softmax"], ["silu", "sigmoid"], ["relu", "mean"]):
        network = chain(rng, operations, [6, 8, 8, 5][: len(operations) + 1])
        for name in ("fp16", "bf16", "fp8_e4m3"):
            for radius in (0.0, 0.01, 0.25):
                inputs, program = balls(rng.normal(size=(1, 6)), radius), place(network, name)
                bound = certify(program, inputs, None, [LayersEvidence()]).claims[0].value
                ratios.append(float(bound) / analyse(program, inputs).bound)
    assert all(0.5 < ratio < 1.25 for ratio in ratios), ratios
    assert 0.97 < float(np.median(ratios)) < 1.03
