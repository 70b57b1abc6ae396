"""PyTorch's CPU kernels in fp16, bf16 and int8 are within their proved tolerances, in a million elements; planted bugs are not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")

from benchmarks.kernel_tolerances import (  # noqa: E402
    Bug,
    Case,
    Row,
    caught,
    float_cases,
    int8_cases,
    judge,
    planted_bugs,
    planted_int8_bugs,
)
from suffice.testing import assert_within_proved, proved_tolerance  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
"""PyTorch says that its quantised tensors will go."""


def cases(name: str) -> Iterator[Case]:
    return int8_cases(torch, 1) if name == "int8" else float_cases(torch, name, 1)


def bugs() -> list[Bug]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
        return [*planted_bugs(torch, "fp16"), *planted_bugs(torch, "bf16"), *planted_int8_bugs(torch)]


def test_no_false_alarm_in_a_million_elements() -> None:
    total = Row()
    for name in ("fp16", "bf16", "int8"):
        of_name = Row()
        for case in cases(name):
            before = of_name.alarms
            judge(case, of_name)
            assert of_name.alarms == before, case.name
        assert of_name.worst > 0.9
        assert of_name.unbounded == 0
        total.elements += of_name.elements
    assert total.elements > 1_000_000


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: f"{bug.case.op} {bug.case.format} {bug.what}")
def test_a_planted_bug_is_caught(bug: Bug) -> None:
    assert caught(bug)


def test_the_bugs_that_must_be_there() -> None:
    planted = {bug.what for bug in bugs()}
    wanted = {
        "dropped term",
        "transposed operand",
        "mask off by one",
        "missing scale",
        "wrong eps",
        "maximum not subtracted",
        "sums in fp16",
    }
    assert wanted <= planted


def test_a_half_that_stores_its_logarithm_is_told_apart() -> None:
    """log_softmax on CPU rounds sum and logarithm to the tensor's format: no correct kernel by default, one with `intermediates`."""
    x = torch.randn(20, 500, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    found = torch.log_softmax(x, -1)
    with pytest.raises(AssertionError, match="exceed what a correct kernel can give"):
        assert_within_proved(found, (x,), op="log_softmax")
    formats = {"inputs": "bf16", "output": "bf16", "intermediates": "bf16"}
    assert assert_within_proved(found, (x,), op="log_softmax", formats=formats).within


def test_tensors_and_arrays_give_one_answer() -> None:
    a, b = torch.randn(5, 30).half(), torch.randn(30, 4).half()
    as_arrays = proved_tolerance("matmul", inputs=(a.numpy(), b.numpy()), formats="fp16").bound
    assert np.array_equal(proved_tolerance("matmul", inputs=(a, b)).bound, as_arrays)


def test_adversarial_inputs() -> None:
    """Cancellation, extreme magnitudes, subnormals, equal and one-hot rows, long sums."""
    make = torch.Generator().manual_seed(2)
    big = torch.randn(8, 65536, generator=make).half()
    rows: dict[str, Any] = {
        "long": big,
        "cancelling": torch.cat([big, -big], 1),
        "equal": torch.full((4, 4096), 0.1).half(),
        "one hot": torch.nn.functional.one_hot(torch.arange(9), 9).half() * 100,
        "subnormal": (torch.randint(-50, 50, (8, 512), generator=make) * 2.0**-24).half(),
        "magnitudes": (torch.randn(8, 512, generator=make) * 2.0 ** torch.randint(-12, 8, (8, 512), generator=make)).half(),
    }
    for x in rows.values():
        width = x.shape[-1]
        assert_within_proved(x.sum(-1), (x,), op="sum")
        assert_within_proved(torch.softmax(x, -1), (x,), op="softmax", algorithm="two_pass")
        assert_within_proved(torch.nn.functional.gelu(x), (x,), op="gelu")
        assert_within_proved(torch.nn.functional.silu(x), (x,), op="silu")
        weight = torch.randn(6, width, generator=make).half()
        assert_within_proved(torch.nn.functional.linear(x, weight), (x, weight), op="linear")
        rms = torch.nn.functional.rms_norm(x, (width,), eps=1e-5)
        assert_within_proved(rms, (x,), op="rms_norm", eps=1e-5)
        if width <= 4096:
            norm = torch.nn.functional.layer_norm(x, (width,), eps=1e-5)
            assert_within_proved(norm, (x,), op="layer_norm", eps=1e-5, algorithm="welford")
