"""What kernels take and return, as exact float64 arrays: NumPy's and ml_dtypes' arrays, and tensors, told by their methods.

No framework is imported here: a tensor brings its own methods.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suffice.errors import InputError
from suffice.hardware_specs.format import ExactFormat, FloatFormat, Format, IntFormat
from suffice.hardware_specs.vectorised import fits_float64, round_array
from suffice.prover.kernels.upper import Array

_FORMATS = {
    "float16": "fp16",
    "bfloat16": "bf16",
    "float32": "fp32",
    "float64": "fp64",
    "float8_e4m3fn": "fp8_e4m3",
    "float8_e5m2": "fp8_e5m2",
}
LARGEST_INTEGER = 1 << 53


def is_tensor(given: Any) -> bool:
    """Whether it is a tensor of PyTorch."""
    return type(given).__module__.partition(".")[0] == "torch"


def numbers(given: Any, where: str) -> Array:
    """The exact values, NaN and infinities kept; quantised tensors stand for scale (code - zero).

    Raises InputError for what float64 does not hold.
    """
    if is_tensor(given):
        tensor = given.detach().cpu()
        if tensor.is_quantized:
            return _dequantised(tensor, where)
        return _floats(tensor.numpy() if _is_integer(tensor) else tensor.double().numpy(), where)
    return _floats(np.asarray(given), where)


def finite(given: Any, where: str) -> Array:
    """The exact values, all finite."""
    found = numbers(given, where)
    if found.size == 0:
        raise InputError("an operand is empty", where=where, mend="give at least one number")
    if not np.isfinite(found).all():
        raise InputError("an operand holds NaN or an infinity", where=where, mend="give finite numbers; masks are options")
    return found


def format_of(given: Any) -> str | None:
    """The name of the format of an array or tensor, where its type says it."""
    return _FORMATS.get(str(getattr(given, "dtype", "")).removeprefix("torch."))


def demand_format(found: Array, fmt: Format, where: str) -> None:
    """Raise InputError unless all are numbers of the format."""
    if isinstance(fmt, ExactFormat) or (isinstance(fmt, IntFormat) and fmt.scale is None):
        return
    if not fits_float64(fmt):
        raise InputError("the format does not fit in float64", where=where, mend="use a scale that float32 holds")
    held = round_array(fmt, found) == found
    if not held.all():
        place = tuple(int(i) for i in np.argwhere(~held)[0])
        raise InputError(
            f"element {place} is {float(found[place]).hex()}, no number of its format",
            where=where,
            mend="round the inputs to their formats",
        )


def demand_normal(found: Array, fmt: FloatFormat, where: str) -> None:
    """Raise InputError for numbers that arithmetic which flushes may read as zero."""
    if ((found != 0) & (abs(found) < 2.0**fmt.emin)).any():
        raise InputError("an operand is subnormal, and arithmetic flushes", where=where, mend="scale the inputs, or keep subnormals")


def _is_integer(tensor: Any) -> bool:
    return str(tensor.dtype).removeprefix("torch.").startswith(("int", "uint"))


def _floats(given: Any, where: str) -> Array:
    if np.issubdtype(given.dtype, np.integer):
        if given.dtype.itemsize == 8 and given.size and max(abs(int(given.min())), abs(int(given.max()))) > LARGEST_INTEGER:
            raise InputError("integers beyond 2^53", where=where, mend="use smaller ones")
        return np.asarray(given, dtype=np.float64)
    if given.dtype.kind not in "fVb" or given.dtype.itemsize > 8:
        raise InputError(f"numbers of type {given.dtype}", where=where, mend="give floats of at most 64 bits, or integers")
    return np.asarray(given.astype(np.float64))


def _dequantised(tensor: Any, where: str) -> Array:
    """scale (code - zero), exactly: the scale must be a float32 number."""
    codes = tensor.int_repr().double().numpy()
    scale, zero = np.asarray(0.0), np.asarray(0.0)
    if "per_channel" in str(tensor.qscheme()):
        shape = [1] * codes.ndim
        shape[tensor.q_per_channel_axis()] = -1
        scale, zero = tensor.q_per_channel_scales().double().numpy(), tensor.q_per_channel_zero_points().double().numpy()
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    else:
        scale, zero = np.asarray(float(tensor.q_scale())), np.asarray(float(tensor.q_zero_point()))
    if not np.array_equal(scale.astype(np.float32), scale):
        raise InputError("a scale that float32 does not hold", where=where, mend="round the scale to float32")
    return np.asarray(scale * (codes - zero), dtype=np.float64)
