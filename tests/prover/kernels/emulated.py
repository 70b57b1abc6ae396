"""Correct kernels, emulated: every operation in a NumPy type, sums along random trees, functions off by as many ulps as are allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]


@dataclass
class Machine:
    """Arithmetic in `dtype`; `drift` is where in [-1, 1] of the allowed ulps functions land: a number, or None for random ones."""

    rng: np.random.Generator
    dtype: Any = np.float32
    ulps: int = 4
    order: str = "random"
    drift: float | None = None

    def __call__(self, x: Any) -> Numbers:
        """Numbers of the type."""
        return np.asarray(x).astype(self.dtype)

    def function(self, name: str, x: Numbers) -> Numbers:
        """exp, log, erf, tanh or rsqrt, off by up to `ulps`; erf and tanh by ulps of one."""
        wide = np.asarray(x, dtype=np.float64)
        exact = _FUNCTIONS[name](wide)
        binade = (
            np.exp2(np.floor(np.log2(np.where((exact == 0) | np.isinf(exact), 1.0, abs(exact))))) if name not in ("erf", "tanh") else 1.0
        )
        ulp = binade * float(np.finfo(np.float32 if self.dtype == np.float32 else np.float16).eps)
        share = self.rng.uniform(-1, 1, wide.shape) if self.drift is None else self.drift
        moved = exact + (self.ulps - 0.5) * share * np.where((exact == 0) | np.isinf(exact), 0.0, ulp)
        return self(np.where(np.isinf(exact), exact, moved))

    def sum(self, terms: Numbers, axis: int = -1) -> Numbers:
        """The sum along some tree."""
        left = list(np.moveaxis(self(terms), axis, 0))
        if self.order == "sequential":
            total = left[0]
            for term in left[1:]:
                total = self(total + term)
            return total
        while len(left) > 1:
            i, j = (0, 1) if self.order == "pairwise" else self.rng.choice(len(left), 2, replace=False)
            first, second = left[i], left[j]
            for place in sorted((int(i), int(j)), reverse=True):
                left.pop(place)
            left.append(self(first + second))
        return left[0]

    def matmul(self, a: Numbers, b: Numbers) -> Numbers:
        """Products rounded, then added."""
        return self.sum(self(self(a)[..., :, :, None] * self(b)[..., None, :, :]), axis=-2)


_FUNCTIONS: dict[str, Callable[[Numbers], Numbers]] = {
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "rsqrt": lambda x: 1 / np.sqrt(x),
    "erf": np.vectorize(lambda x: float(mpmath.erf(x)), otypes=[float]),
}  # fmt: skip


def softmax(m: Machine, x: Numbers) -> Numbers:
    """In two passes."""
    x = m(x)
    e = m.function("exp", m(x - x.max(-1, keepdims=True)))
    return m(e / m.sum(e)[..., None])


def log_softmax(m: Machine, x: Numbers) -> Numbers:
    """x - log(sum) - max, as PyTorch adds them."""
    x = m(x)
    largest = x.max(-1, keepdims=True)
    return m(m(x - m.function("log", m.sum(m.function("exp", m(x - largest))))[..., None]) - largest)


def online(m: Machine, x: Numbers, v: Numbers | None, block: int) -> tuple[Numbers, Numbers, Numbers]:
    """Running maximum, sum of exponentials, and their products with v, rescaled whenever a block comes."""
    x = m(x)
    largest = np.full(x.shape[:-1], -np.inf, dtype=x.dtype)
    total, held = m(np.zeros(x.shape[:-1])), m(np.zeros((*x.shape[:-1], 1 if v is None else v.shape[-1])))
    for start in range(0, x.shape[-1], block):
        part = x[..., start : start + block]
        new = np.maximum(largest, part.max(-1))
        seen = np.isfinite(largest)
        scale = np.where(seen, m.function("exp", m(np.where(seen, largest, new) - new)), m(0.0))
        e = m.function("exp", m(part - new[..., None]))
        total = m(m(total * scale) + m.sum(e))
        if v is not None:
            held = m(m(held * scale[..., None]) + m.matmul(e, v[..., start : start + block, :]))
        largest = new
    return largest, total, held


def online_softmax(m: Machine, x: Numbers, block: int = 3) -> Numbers:
    """The sum in one pass, the quotients in another; times a reciprocal."""
    largest, total, _ = online(m, x, None, block)
    e = m.function("exp", m(m(x) - largest[..., None]))
    return m(e * m(1 / total)[..., None])


def attention(m: Machine, q: Numbers, k: Numbers, v: Numbers, *, flash: bool) -> Numbers:
    """One pass over blocks of keys, or scores, probabilities and product one after the other."""
    scale = m(1 / np.sqrt(q.shape[-1]))
    scores = m(m.matmul(m(q), np.swapaxes(m(k), -1, -2)) * scale)
    if flash:
        _, total, held = online(m, scores, m(v), 4)
        return m(held / total[..., None])
    return m.matmul(softmax(m, scores), m(v))


def moments(m: Machine, x: Numbers, algorithm: str) -> tuple[Numbers, Numbers]:
    """Mean and variance."""
    x, count = m(x), x.shape[-1]
    if algorithm == "two_pass":
        mean = m(m.sum(x) / m(count))
        centred = m(x - mean[..., None])
        return mean, m(m.sum(m(centred * centred)) / m(count))
    if algorithm == "moments":
        mean = m(m.sum(x) * m(1 / count))
        return mean, np.maximum(m(m(m.sum(m(x * x)) * m(1 / count)) - m(mean * mean)), m(0.0))
    parts = [(1, x[..., i], m(np.zeros(x.shape[:-1]))) for i in range(count)]
    while len(parts) > 1:
        i, j = (0, 1) if algorithm == "welford" else m.rng.choice(len(parts), 2, replace=False)
        (a, mean_a, m2_a), (b, mean_b, m2_b) = parts[i], parts[j]
        for place in sorted((int(i), int(j)), reverse=True):
            parts.pop(place)
        delta, share = m(mean_b - mean_a), m(m(b) / m(a + b))
        mean = m(mean_a + m(delta * share))
        if algorithm == "welford":
            m2 = m(m2_a + m(delta * m(mean_b - mean)))
        else:
            m2 = m(m(m2_a + m2_b) + m(m(m(delta * delta) * share) * m(a)))
        parts.insert(0, (a + b, mean, m2))
    return parts[0][1], m(parts[0][2] / m(count))


def layer_norm(m: Machine, x: Numbers, weight: Numbers, bias: Numbers, eps: float, *, algorithm: str, form: str) -> Numbers:
    """Centred, or as x times a scale plus a shift."""
    mean, variance = moments(m, x, algorithm)
    root = m.function("rsqrt", m(variance + m(eps)))[..., None]
    if form == "centred":
        return m(m(m(m(m(x) - mean[..., None]) * root) * m(weight)) + m(bias))
    scale = m(root * m(weight))
    return m(m(m(x) * scale) + m(m(-mean[..., None] * scale) + m(bias)))


def rms_norm(m: Machine, x: Numbers, weight: Numbers, eps: float) -> Numbers:
    """x times the inverse root, times the weight."""
    square = m(m.sum(m(m(x) * m(x))) * m(1 / x.shape[-1]))
    return m(m(m(x) * m.function("rsqrt", m(square + m(eps)))[..., None]) * m(weight))


def gelu(m: Machine, x: Numbers, *, tanh: bool) -> Numbers:
    """Both forms."""
    x = m(x)
    if tanh:
        cube = m(m(x * x) * x)
        inner = m(m(np.sqrt(2 / np.pi)) * m(x + m(m(0.044715) * cube)))
        return m(m(m(0.5) * x) * m(m(1) + m.function("tanh", inner)))
    return m(m(x * m(0.5)) * m(m(1) + m.function("erf", m(x * m(np.sqrt(0.5))))))


def silu(m: Machine, x: Numbers) -> Numbers:
    """x over one plus an exponential."""
    x = m(x)
    with np.errstate(over="ignore"):
        return m(x / m(m(1) + m.function("exp", -x)))
