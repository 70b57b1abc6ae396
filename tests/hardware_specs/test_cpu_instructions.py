"""VDPBF16PS and TDPBF16PS of the processor itself against their emulation, bit by bit; skipped where the processor has them not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from suffice.hardware_specs.accumulate import accumulate
from suffice.hardware_specs.catalogue import parse_format
from suffice.hardware_specs.device import accumulation_for, device
from tests.hardware_specs.random_terms import Array, cancelling, float_format, random_numbers

SOURCE = Path(__file__).with_name("cpu_dot.c")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc")
    listed = Path("/proc/cpuinfo")
    flags = listed.read_text().split() if listed.exists() else []
    if compiler is None or not {"avx512_bf16", "amx_bf16", "amx_tile"} <= set(flags):
        pytest.skip("needs gcc and a processor with AVX512-BF16 and AMX-BF16")
    built = tmp_path_factory.mktemp("cpu") / "dot"
    options = ["-O1", "-mavx512bf16", "-mavx512vl", "-mamx-tile", "-mamx-bf16"]
    made = subprocess.run([compiler, *options, str(SOURCE), "-o", str(built)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"the compiler knows no AMX: {made.stderr[:80]}")
    return built


def measured(program: Path, left: Array, right: Array) -> Array:
    """What the processor answers: a column for each of the two instructions."""
    codes = [(x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16) for x in (left, right)]
    rows, count = left.shape
    sent = np.array([rows, count // 2], dtype=np.int32).tobytes() + np.stack(codes, axis=1).tobytes()
    done = subprocess.run([str(program)], input=sent, capture_output=True, check=True)
    return np.frombuffer(done.stdout, dtype=np.float32).reshape(rows, 2).astype(np.float64)


@pytest.mark.parametrize("pairs", [1, 3, 16, 40])
def test_the_processor_agrees_with_its_emulation(program: Path, pairs: int) -> None:
    rng = np.random.default_rng(pairs)
    bf16 = float_format("bf16")
    left = cancelling(rng, random_numbers(rng, bf16, (3000, 2 * pairs)))
    right = random_numbers(rng, bf16, (3000, 2 * pairs))
    answers = measured(program, left, right)
    for column, machine in enumerate(("avx512_bf16", "amx_bf16")):
        if np.isnan(answers[:, column]).all():
            continue
        accumulation = accumulation_for(device(machine), parse_format("bf16"), parse_format("bf16"))
        emulated = accumulate(accumulation, left, right)
        same = (emulated == answers[:, column]) | (np.isnan(emulated) & np.isnan(answers[:, column]))
        assert same.all(), (machine, np.flatnonzero(~same)[:5], emulated[~same][:5], answers[~same, column][:5])
        other = accumulate(accumulation_for(device("generic_sequential"), bf16, bf16), left, right)
        assert pairs == 1 or (other != answers[:, column]).sum() > 30


def test_the_processor_flushes_what_rounds_below_the_least_normal_number(program: Path) -> None:
    """2^-126 - c 2^-150 in one fma: zero for c in (1/2, 1], though 2^-126 is nearest among the numbers with subnormals."""
    amounts = [c * 2.0**-k for k in range(-3, 8) for c in (1.0, 1.25, 1.5, 1.75)]
    left = np.array([[2.0**-63, 2.0**-63, -c * 2.0**-75, -c * 2.0**-75] for c in amounts])
    right = np.array([[2.0**-63, 0.0, 2.0**-75, 0.0] for _ in amounts])
    answers = measured(program, left, right)
    assert 0 < (answers == 0).sum() < answers.size
    for column, machine in enumerate(("avx512_bf16", "amx_bf16")):
        if not np.isnan(answers[:, column]).all():
            accumulation = accumulation_for(device(machine), parse_format("bf16"), parse_format("bf16"))
            assert (accumulate(accumulation, left, right) == answers[:, column]).all()
            assert (answers[:, column] == 0).sum() >= 3
