"""suffice.testing: what a test of a kernel is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from suffice import check
from suffice.errors import InputError, SufficeError
from suffice.testing import assert_within_proved, proved_tolerance

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(6, 40)).astype(np.float16), RNG.normal(size=(40, 5)).astype(np.float16)
PRODUCT = (A.astype(np.float32) @ B.astype(np.float32)).astype(np.float16)


def test_a_correct_result_is_accepted() -> None:
    found = assert_within_proved(PRODUCT, (A, B), op="matmul", formats="fp16")
    assert found.within and 0 < found.worst <= 1 and found.unbounded == 0
    assert assert_within_proved(PRODUCT, {"a": A, "b": B}, op="matmul").worst == found.worst


def test_the_message_says_which_elements_and_by_how_much() -> None:
    wrong = PRODUCT.copy()
    wrong[2, 3] += np.float16(0.5)
    wrong[4, 1] = np.nan
    with pytest.raises(AssertionError) as caught:
        assert_within_proved(wrong, (A, B), op="matmul", formats="fp16")
    message = str(caught.value)
    assert "2 of 30 elements exceed" in message
    assert "[2, 3]" in message and "[4, 1]: nan" in message and "ratio" in message
    assert "K3" in message and "sums in fp32 in any order" in message


def test_a_reference_is_judged_too() -> None:
    dropped = (A[:, :-1].astype(np.float32) @ B[:-1].astype(np.float32)).astype(np.float16)
    with pytest.raises(AssertionError, match=r"the reference is at fault.*and so is the result"):
        assert_within_proved(dropped, (A, B), op="matmul", formats="fp16", reference=dropped)
    with pytest.raises(AssertionError, match="it is not at fault"):
        assert_within_proved(dropped, (A, B), op="matmul", formats="fp16", reference=PRODUCT)
    found = assert_within_proved(PRODUCT, (A, B), op="matmul", formats="fp16", reference=dropped)
    assert "the reference is at fault" in found.message and "where the result is within it" in found.message


def test_narrow_sums_that_are_not_admitted_are_caught() -> None:
    ones = np.full((1, 4096), 0.4, dtype=np.float16)
    narrow = np.cumsum(ones, axis=-1, dtype=np.float16)[:, -1]
    with pytest.raises(AssertionError):
        assert_within_proved(narrow, (ones,), op="sum", formats="fp16", accumulate="fp32")
    assert assert_within_proved(narrow, (ones,), op="sum", formats="fp16", accumulate="fp16").within


def test_ml_dtypes_and_single_arrays_are_read() -> None:
    x = RNG.normal(size=50).astype(np.float32)
    assert assert_within_proved(x.astype(ml_dtypes.bfloat16), x, op="cast", formats={"inputs": "fp32", "output": "bf16"}).within
    held = x.astype(ml_dtypes.float8_e4m3fn)
    assert assert_within_proved(held, (x,), op="cast", formats={"inputs": "fp32", "output": "fp8_e4m3"}).within
    toward_zero = np.sign(x) * (np.abs(x).view(np.int32) & ~0xFFFF).view(np.float32)
    with pytest.raises(AssertionError):
        assert_within_proved(toward_zero, (x,), op="cast", formats={"inputs": "fp32", "output": "bf16"})


def test_a_second_rounding_is_admitted_only_where_it_is_named() -> None:
    """Just above the middle of two numbers of fp16, a float64 rounded to fp32 is the middle."""
    x = np.array([1 + 2.0**-11 + 2.0**-40])
    twice = x.astype(np.float32).astype(np.float16)
    assert twice[0] == 1
    formats = {"inputs": "fp64", "output": "fp16"}
    assert assert_within_proved(x.astype(np.float16), (x,), op="cast", formats=formats).within
    assert assert_within_proved(twice, (x,), op="cast", formats=formats, through="fp32").within
    with pytest.raises(AssertionError):
        assert_within_proved(twice, (x,), op="cast", formats=formats)


def test_codes_are_compared_as_numbers() -> None:
    x = RNG.normal(size=200).astype(np.float32)
    codes = np.clip(np.rint(x / np.float32(1 / 32)) + 3, -128, 127).astype(np.int8)
    formats = {"inputs": "fp32", "output": "int8(scale=1/32,zero=3)"}
    assert assert_within_proved(codes, (x,), op="quantise", formats=formats).within
    with pytest.raises(AssertionError):
        assert_within_proved(codes - 1, (x,), op="quantise", formats=formats)
    a, b = RNG.integers(-128, 128, (4, 30), dtype=np.int8), RNG.integers(-128, 128, (30, 3), dtype=np.int8)
    exact = {"inputs": "int8(scale=1,zero=0)", "output": "int(bits=32,scale=1,zero=0)"}
    product = a.astype(np.int32) @ b.astype(np.int32)
    assert proved_tolerance("matmul", inputs=(a, b), formats=exact).bound.max() == 0
    assert assert_within_proved(product, (a, b), op="matmul", formats=exact).within
    with pytest.raises(AssertionError):
        assert_within_proved(product + np.eye(4, 3, dtype=np.int32), (a, b), op="matmul", formats=exact)


def test_overflow_leaves_an_element_without_bound() -> None:
    x = np.array([[60000.0, 60000.0], [1.0, 2.0]], dtype=np.float16)
    with np.errstate(over="ignore"):
        total = x.astype(np.float32).sum(-1).astype(np.float16)
    assert np.isinf(total[0])
    found = assert_within_proved(total, (x,), op="sum", formats="fp16")
    assert found.unbounded == 1 and "1 have no bound" in found.message
    with pytest.raises(AssertionError):
        assert_within_proved(np.array([np.inf, np.inf]), (x,), op="sum", formats="fp16")
    with pytest.raises(InputError, match="no element has a bound"):
        assert_within_proved(total[:1], (x[:1],), op="sum", formats="fp16")


def test_ranges_give_bounds_without_inputs() -> None:
    found = proved_tolerance("matmul", [(4, 64), (64, 8)], "bf16", ranges={"a": (-1, 1), "b": (0, 2)})
    assert found.bound.shape == (4, 8) and (found.bound == found.bound[0, 0]).all()
    assert 0.5 < found.bound.max() < 0.51
    narrow = proved_tolerance("matmul", [(4, 64), (64, 8)], "bf16", ranges=(-1, 1), accumulate="bf16")
    assert narrow.bound.max() > 5 * found.bound.max() / 2


def test_devices_have_their_own_sums() -> None:
    tensor_core = proved_tolerance("matmul", inputs=(A, B), formats={"inputs": "fp16", "output": "fp32"}, device="h100")
    generic = proved_tolerance("matmul", inputs=(A, B), formats={"inputs": "fp16", "output": "fp32"}, device="generic")
    assert (tensor_core.bound > 0).all() and not np.array_equal(tensor_core.bound, generic.bound)
    plain = proved_tolerance("matmul", inputs=(A, B), formats={"inputs": "fp16", "output": "fp32"})
    assert np.array_equal(plain.bound, generic.bound)


def test_certificates_of_single_elements_are_accepted() -> None:
    row = RNG.normal(size=(2, 6)).astype(np.float16)
    for op, place in (("sum", (1,)), ("softmax", (1, 2)), ("rms_norm", (0, 3)), ("silu", (0, 0))):
        certificate = proved_tolerance(op, inputs=(row,), formats="fp16").certificate(place)
        assert check(certificate).status == "accepted", op
    found = proved_tolerance("matmul", inputs=(A, B), formats="fp16")
    assert check(found.certificate((5, 4))).status == "accepted"
    assert "k_sum_of_two_parts" in found.lemmas and "K3" in found.formula
    with pytest.raises(InputError, match="no certificate"):
        proved_tolerance("gelu", inputs=(row,), formats="fp16").certificate((0, 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"op": "matmull", "inputs": (A, B)}, "no operation is called matmull"),
        ({"op": "matmul", "inputs": (A,)}, "b is missing"),
        ({"op": "matmul", "inputs": (A, B), "axis": 1}, "no option axis"),
        ({"op": "matmul", "inputs": (A, A)}, "no product"),
        ({"op": "matmul", "inputs": (A, B), "formats": {"a": "fp16"}}, "b has no format"),
        ({"op": "matmul", "inputs": (A, B), "formats": {"c": "fp16", "inputs": "fp16"}}, "no role is called c"),
        ({"op": "sum", "inputs": (np.array([0.1]),), "formats": "fp16"}, "no number of its format"),
        ({"op": "sum", "inputs": (np.array([np.inf]),), "formats": "fp16"}, "NaN or an infinity"),
        ({"op": "sum", "inputs": ([["a"]],), "formats": "fp16"}, "numbers of type"),
        ({"op": "sum"}, "neither inputs nor shapes"),
        ({"op": "matmul", "shapes": [(2, 2), (2, 2)], "ranges": {"a": (0, 1)}, "formats": "fp16"}, "b has no range"),
        ({"op": "softmax", "inputs": (A,), "algorithm": "lazy"}, "no algorithm is called lazy"),
        ({"op": "layer_norm", "inputs": (A,), "form": "odd"}, "nothing is called odd"),
        ({"op": "layer_norm", "inputs": (np.ones((2, 4), dtype=np.float16),), "eps": 0.0}, "no normalised row"),
        ({"op": "quantise", "inputs": (A,), "formats": "fp16"}, "not in integer codes"),
        ({"op": "matmul", "inputs": (A, B), "formats": "fp16", "device": "abacus"}, "unknown device"),
        ({"op": "sum", "inputs": (np.ones((3, 0), dtype=np.float16),)}, "is empty"),
        ({"op": "silu", "inputs": (np.float32([1e-40]),), "formats": {"inputs": "fp32", "compute": "fp32(subnormals=flushed)"}}, "flushes"),
        ({"op": "sum", "shapes": [(3, 0)], "ranges": (0, 1), "formats": "fp16"}, "is empty"),
        ({"op": "attention", "inputs": (A, A, A), "mask": np.zeros((6, 6), dtype=bool)}, "sees no key"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_one_line(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(SufficeError, match=message) as caught:
        proved_tolerance(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_wrong_shape_is_no_wrong_result() -> None:
    with pytest.raises(InputError, match="shape"):
        assert_within_proved(PRODUCT.T, (A, B), op="matmul", formats="fp16")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("op", ["softmax", "log_softmax", "layer_norm", "rms_norm", "gelu", "silu", "sum", "mean", "cumsum", "cast"])
def test_extreme_numbers_have_bounds_or_none(op: str, dtype: type) -> None:
    """The largest, the least, zeros: no warning, no negative bound, no NaN."""
    largest, least = np.finfo(dtype).max / 4, np.finfo(dtype).smallest_subnormal
    for value in (largest, least, 0.0, -least):
        with np.errstate(all="raise"):
            bound = proved_tolerance(op, inputs=(np.full((2, 2), value, dtype=dtype),)).bound
        assert (bound >= 0).all()
        assert np.isfinite(bound).all() or value == largest


def test_the_door_imports_no_framework() -> None:
    program = "import suffice.testing, numpy as np, sys; suffice.testing.proved_tolerance('sum', inputs=(np.ones(3),)); print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "torch" not in listed.stdout.split()


def test_tolerances_and_comparisons_print_in_a_line() -> None:
    a, b = np.full((2, 3), 0.5), np.full((3, 2), 0.25)
    tolerance = proved_tolerance("matmul", formats="fp16", inputs=(a, b))
    assert "matmul: 4 elements, bounds from " in str(tolerance)
    found = assert_within_proved(a @ b, (a, b), op="matmul", formats="fp16")
    assert str(found) == found.message
    assert "\n" not in str(tolerance)
    overflowing = proved_tolerance("matmul", ((2, 3), (3, 2)), "fp16", ranges=(-60000.0, 60000.0))
    assert "no bound: a correct kernel may overflow" in str(overflowing)
