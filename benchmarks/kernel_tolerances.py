"""PyTorch's CPU kernels against proved tolerances, and kernels with planted bugs: `python -m benchmarks.kernel_tolerances [--rounds N]`.

One row for every operation and format: the proved bound (median over elements), the largest observed error as a share of its bound, false
alarms and elements, the usual guess (torch.testing.assert_close's atol and rtol), what that would have reported, and seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from suffice.prover.kernels.arrays import numbers
from suffice.prover.kernels.comparison import compared
from suffice.prover.kernels.tolerances import ProvedTolerance, proved_tolerance
from suffice.prover.kernels.upper import Array

TORCH_NAMES = {"fp16": "float16", "bf16": "bfloat16"}
GUESSES = {"fp16": (1e-5, 1e-3), "bf16": (1e-5, 1.6e-2)}
"""torch.testing.assert_close's atol and rtol; for codes, none is usual."""

SCALES = (float(np.float32(0.03)), float(np.float32(0.01)), float(np.float32(0.1)))
"""Of quantised inputs, weights and results: numbers of float32."""


@dataclass(frozen=True, slots=True)
class Case:
    """A kernel's result and what the bound is asked of."""

    name: str
    op: str
    format: str
    actual: Any
    inputs: Any
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bug:
    """A wrong result, and what is wrong with it."""

    what: str
    case: Case


def codes(scale: float, zero: int, *, signed: bool = True) -> str:
    """The text of an 8-bit format."""
    return f"int(bits=8,signed={'true' if signed else 'false'},scale={Fraction(scale)},zero={zero})"


def float_cases(torch: Any, name: str, seed: int) -> Iterator[Case]:
    """Every operation in a half format."""
    f = torch.nn.functional
    make = torch.Generator().manual_seed(seed)
    dtype = getattr(torch, TORCH_NAMES[name])

    def g(*shape: int, scale: float = 1.0) -> Any:
        return (torch.randn(*shape, generator=make) * scale).to(dtype)

    stored = {"inputs": name, "output": name, "intermediates": name}
    for length in (7, 64, 512, 4096):
        a, b = g(48, length), g(length, 64)
        yield Case(f"matmul {length}", "matmul", name, a @ b, (a, b))
    a, b = g(12, 33, 40), g(12, 40, 51)
    yield Case("bmm", "bmm", name, torch.bmm(a, b), (a, b))
    x, weight, bias = g(64, 256), g(100, 256), g(100)
    yield Case("linear", "linear", name, f.linear(x, weight, bias), (x, weight, bias))
    x, weight, bias = g(2, 8, 17, 17), g(6, 4, 3, 3), g(6)
    options = {"stride": 2, "padding": 1, "groups": 2}
    yield Case("conv2d", "conv2d", name, f.conv2d(x, weight, bias, **options), (x, weight, bias), options)
    x, weight, bias = g(4, 16, 24, 24), g(16, 16, 3, 3), g(16)
    yield Case("conv2d", "conv2d", name, f.conv2d(x, weight, bias, padding=1), (x, weight, bias), {"padding": 1})
    x, weight, bias = g(2, 8, 60), g(6, 8, 5), g(6)
    yield Case("conv1d", "conv1d", name, f.conv1d(x, weight, bias, padding=2), (x, weight, bias), {"padding": 2})
    for scale in (1.0, 20.0):
        x = g(40, 500, scale=scale)
        yield Case("softmax", "softmax", name, f.softmax(x, -1), (x,), {"algorithm": "two_pass"})
        yield Case("softmax, first axis", "softmax", name, f.softmax(x, 0), (x,), {"axis": 0, "formats": stored, "algorithm": "two_pass"})
        yield Case("log_softmax", "log_softmax", name, f.log_softmax(x, -1), (x,), {"formats": stored, "algorithm": "two_pass"})
        yield Case("gelu", "gelu", name, f.gelu(x), (x,))
        yield Case("gelu tanh", "gelu", name, f.gelu(x, approximate="tanh"), (x,), {"approximate": "tanh"})
        yield Case("silu", "silu", name, f.silu(x), (x,))
        weight, bias = g(500), g(500)
        inputs, options = (x, weight, bias), {"eps": 1e-5, "algorithm": "welford"}
        yield Case("layer_norm", "layer_norm", name, f.layer_norm(x, (500,), weight, bias, 1e-5), inputs, options)
        yield Case("rms_norm", "rms_norm", name, f.rms_norm(x, (500,), weight, 1e-6), (x, weight), {"eps": 1e-6})
        yield Case("sum", "sum", name, x.sum(-1), (x,))
        yield Case("mean", "mean", name, x.mean(0), (x,), {"axis": 0})
        yield Case("cumsum", "cumsum", name, x.cumsum(-1), (x,))
    for causal in (False, True):
        for length in (16, 130):
            q, k, v = g(2, 4, length, 32), g(2, 4, length, 32), g(2, 4, length, 32)
            options = {"causal": causal, "formats": {"inputs": name, "output": name, "probabilities": name}}
            found = f.scaled_dot_product_attention(q, k, v, is_causal=causal)
            yield Case("attention", "attention", name, found, (q, k, v), options)
    wide = torch.randn(40, 500, generator=make)
    yield Case("cast", "cast", name, wide.to(dtype), (wide,), {"formats": {"inputs": "fp32", "output": name}})


def int8_cases(torch: Any, seed: int) -> Iterator[Case]:
    """Quantisation, integer products and quantised linear layers, per tensor and per channel."""
    make = torch.Generator().manual_seed(seed)
    of_x, of_weight, of_y = SCALES
    wide = torch.randn(150, 200, generator=make) * 3
    for dtype, signed, zero in ((torch.qint8, True, 3), (torch.quint8, False, 120)):
        found = torch.quantize_per_tensor(wide, of_x, zero, dtype)
        formats = {"inputs": "fp32", "output": codes(of_x, zero, signed=signed)}
        yield Case("quantise", "quantise", "int8", found, (wide,), {"formats": formats})
    a, b = (torch.randint(-128, 128, shape, dtype=torch.int8, generator=make) for shape in ((64, 128), (128, 96)))
    exact = {"inputs": "int8(scale=1,zero=0)", "output": "int(bits=32,scale=1,zero=0)"}
    yield Case("matmul, int32", "matmul", "int8", torch._int_mm(a, b), (a, b), {"formats": exact})
    x, weights, bias = torch.rand(64, 128, generator=make) * 4, torch.randn(40, 128, generator=make) * 0.3, torch.randn(40, generator=make)
    held = torch.quantize_per_tensor(x, of_x, 10, torch.quint8)
    scales = torch.tensor(np.linspace(0.005, 0.02, 40, dtype=np.float32)).double()
    tensors = (
        (torch.quantize_per_tensor(weights, of_weight, 0, torch.qint8), codes(of_weight, 0)),
        (torch.quantize_per_channel(weights, scales, torch.zeros(40, dtype=torch.int64), 0, torch.qint8), "exact"),
    )
    for weight, fmt in tensors:
        formats = {"x": codes(of_x, 10, signed=False), "weight": fmt, "bias": "fp32", "output": codes(of_y, 60, signed=False)}
        packed = torch.ops.quantized.linear_prepack(weight, bias)
        found = torch.ops.quantized.linear(held, packed, of_y, 60)
        yield Case("linear", "linear", "int8", found, (held, weight, bias), {"formats": formats, "accumulate": "exact"})


def planted_bugs(torch: Any, name: str, seed: int = 0) -> Iterator[Bug]:
    """Kernels that are wrong in one way each, otherwise computed as well as can be: in float64 and rounded once."""
    f = torch.nn.functional
    make = torch.Generator().manual_seed(seed)
    dtype = getattr(torch, TORCH_NAMES[name])

    def g(*shape: int, scale: float = 1.0) -> Any:
        return (torch.randn(*shape, generator=make) * scale).to(dtype)

    def bug(what: str, op: str, wide: Any, inputs: Any, **options: Any) -> Bug:
        return Bug(what, Case(op, op, name, wide.to(dtype), inputs, options))

    a, b = g(16, 64), g(64, 64)
    wide_a, wide_b = a.double(), b.double()
    yield bug("dropped term", "matmul", wide_a[:, :-1] @ wide_b[:-1], (a, b))
    yield bug("transposed operand", "matmul", wide_a @ wide_b.T, (a, b))
    positive = g(4, 2048).abs()
    narrow = torch.zeros(4, dtype=dtype)
    for column in positive.T:
        narrow = narrow + column
    yield bug(f"sums in {name}", "sum", narrow, (positive,), accumulate="fp32")
    a_long, b_long = g(8, 512).abs(), g(512, 8).abs()
    held = torch.zeros(8, 8, dtype=dtype)
    for k in range(512):
        held = held + a_long[:, k : k + 1] * b_long[k : k + 1]
    yield bug(f"sums in {name}", "matmul", held, (a_long, b_long), accumulate="fp32")
    bias = g(64)
    yield bug("missing bias", "linear", wide_a @ wide_b.T, (a, b, bias))
    x, kernel = g(1, 4, 9, 9), g(3, 4, 3, 3)
    shifted = f.conv2d(x.double().roll(1, -1), kernel.double(), padding=1)
    yield bug("image off by one", "conv2d", shifted, (x, kernel), padding=1)
    yield bug("flipped kernel", "conv2d", f.conv2d(x.double(), kernel.double().flip(-1), padding=1), (x, kernel), padding=1)
    q, k, v = g(2, 2, 20, 16), g(2, 2, 20, 16), g(2, 2, 20, 16)
    formats = {"inputs": name, "output": name, "probabilities": name}

    def attend(mask: Any = None, scale: float | None = None, keys: int = 20) -> Any:
        shown = None if mask is None else mask[:, :keys]
        return f.scaled_dot_product_attention(q.double(), k.double()[:, :, :keys], v.double()[:, :, :keys], attn_mask=shown, scale=scale)

    lower = torch.ones(20, 20, dtype=torch.bool).tril()
    options: dict[str, Any] = {"formats": formats, "causal": True}
    yield bug("mask off by one", "attention", attend(torch.ones(20, 20, dtype=torch.bool).tril(1)), (q, k, v), **options)
    yield bug("no mask", "attention", attend(), (q, k, v), **options)
    yield bug("missing scale", "attention", attend(lower, 1.0), (q, k, v), **options)
    yield bug("scale of the whole width", "attention", attend(lower, 64**-0.5), (q, k, v), **options)
    yield bug("dropped last key", "attention", attend(None, None, 19), (q, k, v), formats=formats)
    x = g(8, 50, scale=30.0)
    unshifted = x.float() * 4
    naive = unshifted.exp() / unshifted.exp().sum(-1, keepdim=True)
    yield bug("maximum not subtracted", "softmax", naive, ((x.float() * 4).to(dtype),))
    yield bug("wrong axis", "softmax", x.double().softmax(0), (x,))
    mild = g(8, 50)
    e = mild.double().exp()
    yield bug("sum without its last element", "softmax", e / e[:, :-1].sum(-1, keepdim=True), (mild,))
    yield bug("base two", "log_softmax", (x.double() * np.log(2)).log_softmax(-1), (x,))
    small, weight = g(8, 64, scale=0.02), torch.ones(64, dtype=dtype)
    yield bug("wrong eps", "layer_norm", f.layer_norm(small.double(), (64,), eps=1e-4), (small,), eps=1e-5)
    yield bug("eps outside the root", "layer_norm", _outside(small.double(), 1e-3), (small,), eps=1e-3)
    x = g(8, 64)
    unbiased = (x.double().var(-1, correction=1, keepdim=True) + 1e-5).sqrt()
    yield bug("variance over n - 1", "layer_norm", (x.double() - x.double().mean(-1, True)) / unbiased, (x,), eps=1e-5)
    yield bug("wrong eps", "rms_norm", f.rms_norm(small.double(), (64,), weight.double(), 1e-4), (small, weight), eps=1e-5)
    yield bug("mean subtracted", "rms_norm", f.layer_norm(x.double(), (64,), eps=1e-6), (x,), eps=1e-6)
    yield bug("sigmoid(1.702 x)", "gelu", x.double() * torch.sigmoid(1.702 * x.double()), (x,))
    yield bug("half of it", "silu", x.double() * torch.sigmoid(x.double()) / 2, (x,))
    yield bug("over n - 1", "mean", x.double().sum(-1) / 63, (x,))
    yield bug("without the element itself", "cumsum", x.double().cumsum(-1) - x.double(), (x,))
    wide = torch.randn(200, generator=make)
    cut = wide.view(torch.int32) & (~0 << (13 if name == "fp16" else 16))
    yield bug("truncated", "cast", cut.view(torch.float32), (wide,), formats={"inputs": "fp32", "output": name})


def planted_int8_bugs(torch: Any, seed: int = 0) -> Iterator[Bug]:
    """The same for codes."""
    make = torch.Generator().manual_seed(seed)
    of_x, of_weight, of_y = SCALES
    wide = torch.randn(100, generator=make) * 1.5
    formats = {"inputs": "fp32", "output": codes(of_x, 3)}
    floor = torch.clamp(torch.floor(wide / of_x) + 3, -128, 127).to(torch.int8)
    yield Bug("rounded down", Case("quantise", "quantise", "int8", floor, (wide,), {"formats": formats}))
    unshifted = torch.clamp(torch.round(wide / of_x), -128, 127).to(torch.int8)
    yield Bug("missing zero point", Case("quantise", "quantise", "int8", unshifted, (wide,), {"formats": formats}))
    a, b = (torch.randint(-128, 128, shape, dtype=torch.int8, generator=make) for shape in ((32, 64), (64, 32)))
    exact = {"inputs": "int8(scale=1,zero=0)", "output": "int(bits=32,scale=1,zero=0)"}
    dropped = torch._int_mm(torch.cat([a[:, :-1], torch.zeros(32, 1, dtype=torch.int8)], 1), b)
    yield Bug("dropped term", Case("matmul", "matmul", "int8", dropped, (a, b), {"formats": exact}))
    wrapped = torch._int_mm(a, b).to(torch.int16).to(torch.int32)
    yield Bug("sums in int16", Case("matmul", "matmul", "int8", wrapped, (a, b), {"formats": exact}))
    x, weights, bias = torch.rand(64, 128, generator=make) * 4, torch.randn(40, 128, generator=make) * 0.3, torch.randn(40, generator=make)
    held, weight = torch.quantize_per_tensor(x, of_x, 10, torch.quint8), torch.quantize_per_tensor(weights, of_weight, 0, torch.qint8)
    formats = {"x": codes(of_x, 10, signed=False), "weight": codes(of_weight, 0), "bias": "fp32", "output": codes(of_y, 60, signed=False)}
    plain = (held.int_repr().double() - 10) * of_x @ (weight.int_repr().double() * of_weight).T
    for what, real in (
        ("missing bias", plain),
        ("missing zero point", plain + bias + 10 * of_x * weight.int_repr().double().sum(-1) * of_weight),
        ("missing scale", (plain + bias) / of_x),
        ("dropped term", plain + bias - (held.int_repr().double()[:, -1:] - 10) * of_x * weight.int_repr().double()[:, -1] * of_weight),
    ):
        found = torch.clamp(torch.round(real / of_y) + 60, 0, 255).to(torch.uint8)
        yield Bug(what, Case("linear", "linear", "int8", found, (held, weight, bias), {"formats": formats}))


def _outside(x: Any, eps: float) -> Any:
    return (x - x.mean(-1, True)) / (x.var(-1, correction=0, keepdim=True).sqrt() + eps)


@dataclass(slots=True)
class Row:
    """What is counted of one operation in one format."""

    elements: int = 0
    alarms: int = 0
    unbounded: int = 0
    guessed: int = 0
    worst: float = 0.0
    bounds: list[float] = field(default_factory=list)
    guesses: list[float] = field(default_factory=list)
    seconds: float = 0.0


def judge(case: Case, row: Row) -> None:
    """Compare one result, and count."""
    start = time.perf_counter()
    tolerance = proved_tolerance(case.op, inputs=case.inputs, **case.options)
    found = compared(tolerance, case.actual)
    row.seconds += time.perf_counter() - start
    row.elements += found.ratio.size
    row.alarms += int(found.exceeding.sum())
    row.unbounded += found.unbounded
    row.worst = max(row.worst, found.worst)
    row.bounds.append(float(np.median(tolerance.bound)))
    if case.format in GUESSES:
        off, guess = against_the_guess(tolerance, case)
        row.guesses.append(float(np.median(guess)))
        row.guessed += int((off > guess).sum())


def against_the_guess(tolerance: ProvedTolerance, case: Case) -> tuple[Array, Array]:
    """The distance from the exact result, and atol + rtol times its size."""
    atol, rtol = GUESSES[case.format]
    middle = (tolerance.exact.lo + tolerance.exact.hi) / 2
    return abs(numbers(case.actual, "actual") - middle), atol + rtol * abs(middle)


def caught(bug: Bug) -> bool:
    """Whether the wrong result exceeds the proved tolerance."""
    return not compared(proved_tolerance(bug.case.op, inputs=bug.case.inputs, **bug.case.options), bug.case.actual).within


def missed_by_the_guess(bug: Bug) -> bool:
    """Whether the usual atol and rtol accept the wrong result."""
    tolerance = proved_tolerance(bug.case.op, inputs=bug.case.inputs, **bug.case.options)
    off, guess = against_the_guess(tolerance, bug.case)
    return bool((off <= guess).all())


def main(arguments: list[str]) -> int:
    """Print the tables; 1 if a correct kernel is reported or a bug is not."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="seeds to run every case with")
    rounds = parser.parse_args(arguments).rounds
    rows: dict[tuple[str, str], Row] = {}
    sources: list[Callable[[int], Iterator[Case]]] = [
        lambda seed: float_cases(torch, "fp16", seed), lambda seed: float_cases(torch, "bf16", seed), lambda seed: int8_cases(torch, seed),
    ]  # fmt: skip
    for seed in range(rounds):
        for source in sources:
            for case in source(seed):
                judge(case, rows.setdefault((case.name, case.format), Row()))
    print("| kernel | format | bound (median) | worst error / bound | false alarms / elements | guess (median) | the guess's alarms | s |")
    print("|---|---|---|---|---|---|---|---|")
    for (name, fmt), row in sorted(rows.items()):
        guess = f"{np.median(row.guesses):.2g} | {row.guessed}" if row.guesses else "- | -"
        counts = f"{row.alarms} / {row.elements}"
        print(f"| {name} | {fmt} | {np.median(row.bounds):.2g} | {row.worst:.3f} | {counts} | {guess} | {row.seconds:.2f} |")
    elements, alarms = sum(row.elements for row in rows.values()), sum(row.alarms for row in rows.values())
    guessed, unbounded = sum(row.guessed for row in rows.values()), sum(row.unbounded for row in rows.values())
    print(f"\n{alarms} false alarms in {elements} elements ({unbounded} without a bound); the usual guess alarms at {guessed}")
    bugs = [*planted_bugs(torch, "fp16"), *planted_bugs(torch, "bf16"), *planted_int8_bugs(torch)]
    missed = [bug for bug in bugs if not caught(bug)]
    unseen = [bug for bug in bugs if bug.case.format in GUESSES and missed_by_the_guess(bug)]
    print(f"{len(bugs) - len(missed)} of {len(bugs)} planted bugs caught; {len(unseen)} of them are within the usual guess")
    for bug in missed:
        print(f"  missed: {bug.case.op} in {bug.case.format}: {bug.what}", file=sys.stderr)
    return 1 if alarms or missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
