"""Floors of networks against every output number, and planted faults that the comparison of bounds must see."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from suffice.encodings.networks.inputs import balls, box
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.format import FloatFormat
from suffice.hardware_specs.rounding import iterate_numbers, round_exact
from suffice.proofs.kernel.networks import bounds, machine, rounding, sums
from suffice.proofs.networks import LayersEvidence, NetworkFloor, NetworkInput, certify

from .networks import chain, place
from .oracle import NotFiniteError, function, number, run

TINY = mpmath.mpf(10) ** -25


def numbers(fmt: FloatFormat) -> list[Fraction]:
    return list(iterate_numbers(fmt, -fmt.max_finite, fmt.max_finite))


@pytest.mark.parametrize("seed", range(2))
def test_no_output_number_serves_the_inputs_of_a_pair_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counted: Counter[str] = Counter()
    for _ in range(40):
        network = chain(rng, [str(rng.choice(["relu", "tanh", "gelu", "none"])), "none"], [2, 3, 2])
        name = str(rng.choice(["fp8_e4m3", "fp8_e5m2", "float(p=2,emin=-3,emax=3)"]))
        fmt = parse_format(name)
        assert isinstance(fmt, FloatFormat)
        program, inputs = place(network, name), box(-4.0, 4.0, (2,))
        x = rng.uniform(-4, 4, size=2)
        y = x + rng.uniform(-0.1, 0.1, size=2) * np.abs(x)
        given = (x,) if rng.random() < 0.3 else (x, np.clip(y, -4, 4))
        same = len({tuple(round_exact(fmt, Fraction(float(v))) for v in point) for point in given}) == 1
        evidence = NetworkFloor(kind="pair", inputs=tuple(NetworkInput(box=0, values=v) for v in given), output=1)
        if not same:
            with pytest.raises(InputError, match="do not arrive as the same numbers"):
                certify(program, inputs, None, [evidence])
            counted["apart"] += 1
            continue
        claim = certify(program, inputs, None, [evidence]).claims[0]
        exact = [function(network, v)[1] for v in given]
        least = min(max(abs(number(z) - f) for f in exact) for z in numbers(fmt))
        assert abs(number(Fraction(claim.value)) - least) <= least * mpmath.mpf(10) ** -12 + TINY
        assert ("T2" in claim.statement) == (len(given) == 2)
        counted[claim.statement] += 1
    assert counted["apart"] >= 3
    assert counted["T1"] >= 3
    assert counted["T2"] + counted["T1+T2"] >= 3


def test_a_count_is_no_more_than_the_output_numbers_allow() -> None:
    rng = np.random.default_rng(0)
    fmt = parse_format("float(p=1,emin=0,emax=1)")
    assert isinstance(fmt, FloatFormat)
    for _ in range(10):
        network = chain(rng, ["none"], [1, 1])
        ends = (np.array([-40.0]), np.array([40.0]))
        evidence = NetworkFloor(kind="count", inputs=tuple(NetworkInput(box=0, values=v) for v in ends), output=0)
        claim = certify(place(network, "float(p=1,emin=0,emax=1)"), box(-40.0, 40.0, (1,)), None, [evidence]).claims[0]
        found = [function(network, np.array([v]))[0] for v in np.linspace(-40, 40, 161)]
        assert 0 < number(Fraction(claim.value)) <= max(min(abs(number(z) - f) for z in numbers(fmt)) for f in found)


def halved(original):
    def fault(*arguments: object) -> object:
        error = original(*arguments)
        return None if error is None else error // 2

    return fault


def violations(rng: np.random.Generator) -> int:
    """How many runs err by more than a bound."""
    found = 0
    for _ in range(30):
        network = chain(rng, ["relu", "none"], [2, 3, 2])
        program = place(network, str(rng.choice(["fp8_e4m3", "fp16", "fp32"])), compute="fp32")
        inputs = balls(rng.normal(size=(1, 2)), float(rng.choice([0, 0.001])))
        bound = certify(program, inputs, None, [LayersEvidence()]).claims[0].value
        lo, hi = inputs.boxes[0].lo, inputs.boxes[0].hi
        for x in (lo + (hi - lo) * rng.random(2) for _ in range(5)):
            try:
                answer = run(program, x)
            except NotFiniteError:
                continue
            error = max(abs(number(a) - f) for a, f in zip(answer, function(network, x), strict=True))
            found += error > number(Fraction(bound)) + TINY
    return found


def test_the_comparison_finds_no_fault() -> None:
    assert violations(np.random.default_rng(3)) == 0


def no_weights(*arguments: object) -> None:
    """Forgets what rounded constants change."""


def same_ends(fmt, lo: int, hi: int, places: int) -> tuple[int, int]:  # noqa: ARG001
    """Rounds nothing."""
    return lo, hi


@pytest.mark.parametrize("fault", ["half", "weights", "sets"])
def test_the_comparison_finds_a_planted_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault == "weights":
        monkeypatch.setattr(bounds.Analysis, "_weight_errors", no_weights)
    elif fault == "half":
        for module in (rounding, machine, sums):
            monkeypatch.setattr(module, "rounding_error", halved(rounding.rounding_error))
    else:
        monkeypatch.setattr(machine, "round_span", same_ends)
    assert violations(np.random.default_rng(3)) > 0
