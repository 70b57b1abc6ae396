"""Networks and their programs evaluated without the kernel: in mpmath with 60 digits, and in rationals with `round_exact`."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np

from suffice.encodings.networks.graph import Network, TensorNode
from suffice.encodings.networks.program import NetworkProgram, Step
from suffice.hardware_specs.accumulate_exactly import accumulate_exactly
from suffice.hardware_specs.format import ExactFormat, Format, IntFormat
from suffice.hardware_specs.rounding import Special, round_exact
from tests.mpmath_functions import FUNCTIONS

mpmath.mp.dps = 60
mpf = mpmath.mpf


class NotFiniteError(Exception):
    """A run met an infinity or NaN."""


def number(q: Fraction) -> mpf:
    return mpf(q.numerator) / q.denominator


def function(network: Network, x: np.ndarray) -> np.ndarray:
    """The exact outputs, flattened: mpmath numbers."""
    values: list[np.ndarray] = []
    for node in network.nodes:
        operands = [values[o] for o in node.operands]
        values.append(np.asarray(_node(node, operands, x), dtype=object).reshape(node.shape))
    return values[-1].reshape(-1)


def _node(node: TensorNode, operands: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    op = node.op.value
    if op == "input":
        return _lifted(x)
    if op == "constant":
        return _lifted(node.value)
    if op == "gather":
        laid = np.concatenate([*(o.reshape(-1) for o in operands), np.array([mpf(0)], dtype=object)])
        return laid[node.index]
    if op == "linear":
        weight = _lifted(node.weight)
        x = operands[0]
        result = np.einsum("...i,oi->...o", x, weight) if weight.ndim == 2 else (x[..., None, :] * weight).sum(axis=-1)
        return result if node.bias is None else result + _lifted(node.bias)
    if op == "matmul":
        return np.matmul(*operands)
    if op in ("sum", "mean", "max"):
        x = operands[0]
        return x.max(axis=-1) if op == "max" else x.sum(axis=-1) / (x.shape[-1] if op == "mean" else 1)
    if op in ("add", "subtract", "multiply", "divide"):
        return {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.true_divide}[op](*operands)
    if op == "leaky_relu":
        return _each(lambda v: v if v >= 0 else v * number(node.parameter_value), operands[0])
    if op in FUNCTIONS:
        return _each(FUNCTIONS[op], operands[0])
    return np.apply_along_axis(lambda row: _row(node, row), -1, operands[0])


def _row(node: TensorNode, row: np.ndarray) -> np.ndarray:
    if "softmax" in node.op.value:
        e = _each(lambda v: mpmath.exp(v - row.max()), row)
        return e / e.sum() if node.op.value == "softmax" else row - row.max() - mpmath.log(e.sum())
    c = row - row.sum() / len(row) if node.op.value == "layer_norm" else row
    return c / mpmath.sqrt((c * c).sum() / len(row) + number(node.parameter_value))


def _lifted(array: np.ndarray) -> np.ndarray:
    return np.array([mpf(float(v)) for v in array.reshape(-1)], dtype=object).reshape(array.shape)


def _each(f, array: np.ndarray) -> np.ndarray:
    return np.array([f(v) for v in array.reshape(-1)], dtype=object).reshape(array.shape)


def rounded(fmt: Format | None, value: Fraction | mpf) -> Fraction:
    """The number that a real rounds to; an mpmath number is taken as exact (its error is far below any format's spacing)."""
    q = value if isinstance(value, Fraction) else _fraction(value)
    if fmt is None or isinstance(fmt, ExactFormat):
        return q
    result = round_exact(fmt, q)
    if isinstance(result, Fraction):
        return result
    if result is Special.NEGATIVE_ZERO:
        return Fraction(0)
    raise NotFiniteError


def _fraction(value: mpf) -> Fraction:
    sign, man, exp, _ = value._mpf_
    q = Fraction(int(man)) * Fraction(2) ** exp
    return -q if sign else q


def run(program: NetworkProgram, x: np.ndarray) -> list[Fraction]:
    """What the program answers, in index order. Raises NotFiniteError."""
    values: list[np.ndarray] = []
    for node, step in program.pairs():
        operands = [values[o] for o in node.operands]
        result = np.asarray(_computed(node, step, operands, x), dtype=object)
        stored = _each(lambda v, s=step: rounded(s.stored, v), result)
        values.append(stored.reshape(node.shape))
    return list(values[-1].reshape(-1))


def _computed(node: TensorNode, step: Step, operands: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    op, fmt = node.op.value, step.compute
    if op in ("input", "constant"):
        given = x if op == "input" else node.value
        exact = np.array([Fraction(float(v)) for v in given.reshape(-1)], dtype=object)
        return exact if op == "input" else _each(lambda v: rounded(step.weights, v), exact)
    if op == "gather":
        laid = np.concatenate([*(o.reshape(-1) for o in operands), np.array([Fraction(0)], dtype=object)])
        return laid[node.index]
    if op == "linear":
        return _linear(node, step, operands[0])
    if op == "matmul":
        a, b = operands
        m, k, n = *a.shape[-2:], b.shape[-1]
        a, b = a.reshape(-1, m, k), b.reshape(-1, k, n)
        found = [_dot(step, a[t, i], b[t, :, j], None) for t in range(len(a)) for i in range(m) for j in range(n)]
        return np.array(found, dtype=object)
    if op in ("sum", "mean"):
        x = operands[0].reshape(-1, operands[0].shape[-1])
        sums = [_sum(step, row) for row in x]
        return np.array(sums if op == "sum" else [rounded(fmt, s / x.shape[1]) for s in sums], dtype=object)
    if op == "max":
        return operands[0].max(axis=-1)
    if op in ("negate", "absolute", "relu"):
        return _each({"negate": lambda v: -v, "absolute": abs, "relu": lambda v: max(v, Fraction(0))}[op], operands[0])
    if op in ("add", "subtract", "multiply", "divide"):
        a, b = (o.reshape(-1) for o in operands)
        if op == "divide" and not all(b):
            raise NotFiniteError
        exact = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.true_divide}[op](a, b)
        return _each(lambda v: rounded(fmt, v), exact)
    if op == "leaky_relu":
        slope = rounded(fmt, node.parameter_value)
        return _each(lambda v: v if v >= 0 else rounded(fmt, slope * v), operands[0])
    if op in FUNCTIONS:
        return _each(lambda v: _function(op, fmt, v), operands[0])
    rows = operands[0].reshape(-1, node.shape[-1])
    return np.array([v for row in rows for v in _run_row(node, step, row)], dtype=object)


def _function(op: str, fmt: Format, v: Fraction) -> Fraction:
    if op == "square":
        return rounded(fmt, v * v)
    if (op in ("rsqrt", "log") and v <= 0) or (op == "sqrt" and v < 0):
        raise NotFiniteError
    return rounded(fmt, FUNCTIONS[op](number(v)))


def _run_row(node: TensorNode, step: Step, row: np.ndarray) -> list[Fraction]:
    fmt = step.compute
    if "softmax" in node.op.value:
        d = [rounded(fmt, v - max(row)) for v in row]
        e = [_function("exp", fmt, v) for v in d]
        total = _sum(step, e)
        if node.op.value == "log_softmax":
            log = _function("log", fmt, total)
            return [rounded(fmt, v - log) for v in d]
        return [rounded(fmt, v / total) for v in e]
    c = list(row)
    if node.op.value == "layer_norm":
        mean = rounded(fmt, _sum(step, row) / len(row))
        c = [rounded(fmt, v - mean) for v in c]
    moment = rounded(fmt, _sum(step, [rounded(fmt, v * v) for v in c]) / len(row))
    root = _function("rsqrt", fmt, rounded(fmt, moment + rounded(fmt, node.parameter_value)))
    return [rounded(fmt, v * root) for v in c]


def _linear(node: TensorNode, step: Step, x: np.ndarray) -> np.ndarray:
    weight = node.weight.reshape(-1, *node.weight.shape[-2:])
    groups, out, into = weight.shape
    bias = None if node.bias is None else node.bias.reshape(groups, out)
    found = []
    for chunk, row in enumerate(x.reshape(-1, into)):
        g = chunk % groups
        for o in range(out):
            w = [Fraction(float(v)) for v in weight[g, o]]
            if step.scales:
                scale = step.scales[o]
                w = [rounded(step.weights, v / scale) * scale for v in w]
            else:
                w = [rounded(step.weights, v) for v in w]
            last = None if bias is None else rounded(step.bias, Fraction(float(bias[g, o])))
            found.append(_dot(step, w, list(row), last))
    return np.array(found, dtype=object)


def _sum(step: Step, row: list[Fraction]) -> Fraction:
    return _dot(step, [Fraction(1)] * len(row), list(row), None)


def _dot(step: Step, a: list[Fraction], b: list[Fraction], bias: Fraction | None) -> Fraction:
    acc = step.accumulation
    assert acc is not None
    if isinstance(acc.accumulator, IntFormat):
        total = rounded(step.compute, sum((p * q for p, q in zip(a, b, strict=True)), start=Fraction(0)))
        return total if bias is None else rounded(step.compute, total + bias)
    result = accumulate_exactly(acc, list(a), list(b), bias)
    if not isinstance(result, Fraction):
        raise NotFiniteError
    return result
