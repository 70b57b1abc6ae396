"""Certificates of single elements: an ordinary problem with the element's own numbers, which the checking kernel decides anew.

What such a certificate covers: the program in index order, in the formats of the tolerance, at the inputs of the tolerance, errs by no more
than the element's bound. It is one of the orders that the bound covers; that all others keep to it is what the statements say, whose
algebra the lemmas prove (`ProvedTolerance.lemmas`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from suffice.encodings.operations import Op
from suffice.encodings.problem import InputModel, Interval, Problem, Tolerance
from suffice.encodings.readers.text import read_expression
from suffice.errors import InputError
from suffice.hardware_specs.format import FloatFormat
from suffice.proofs.certificate import Certificate, Verdict
from suffice.prover.case import Asked
from suffice.prover.kernels.contract import Kernel
from suffice.prover.kernels.upper import Array

MAX_TERMS = 256
"""Numbers that one certificate is about."""

VARIABLE = "x"
"""The first number is an input, the others are constants of the program."""

Formula = tuple[list[Fraction], Callable[[Sequence[str]], str]]
"""The numbers of an element, and the text of the program over their names."""


def certificate_of(
    op: str, kernel: Kernel, inputs: Mapping[str, Array] | None, options: Mapping[str, Any], place: tuple[int, ...], bound: float
) -> Certificate:
    """The certificate of one element. Raises InputError where there is none: ranges, other operations, more than MAX_TERMS numbers."""
    from suffice.prover.portfolio import prove

    if inputs is None or op not in _FORMULAS:
        raise InputError(f"no certificate for this {op}", where="certificate", mend=f"give inputs, for one of {', '.join(_FORMULAS)}")
    if not np.isfinite(bound):
        raise InputError("the element has no bound", where="certificate", mend="choose one with a finite bound")
    first = next(iter(kernel.operands.values()))
    if not isinstance(first, FloatFormat) or kernel.accumulation.accumulator != kernel.compute or kernel.multiply is not None:
        raise InputError("sums in another format than other arithmetic", where="certificate", mend="give one float format for both")
    numbers, text = _FORMULAS[op](inputs, options, place)
    if len(numbers) > MAX_TERMS:
        raise InputError(f"{len(numbers)} numbers in one element", where="certificate", mend=f"choose one of at most {MAX_TERMS}")
    expression = read_expression(text([VARIABLE, *(f"({number})" for number in numbers[1:])]), [VARIABLE])
    problem = Problem(
        expression=expression, box={VARIABLE: Interval(numbers[0], numbers[0])}, tolerance=Tolerance(absolute=Fraction(bound)),
        inputs=InputModel.REPRESENTABLE, name=f"{op} {list(place)}",
    )  # fmt: skip
    accuracy = {Op.EXP: Fraction(kernel.function_ulps)}
    asked = Asked(name="kernel", input=kernel.compute, compute=kernel.compute, output=kernel.output, accuracy=accuracy)
    (result,) = prove(problem, [asked]).results
    if result.verdict is not Verdict.SUFFICIENT or result.certificate is None:
        raise InputError(f"the element is {result.verdict} in index order", where="certificate", mend="choose another element")
    return result.certificate


def _matmul(inputs: Mapping[str, Array], _options: Mapping[str, Any], place: tuple[int, ...]) -> Formula:
    a, b = inputs["a"], inputs["b"]
    if a.ndim < 2 or b.ndim < 2:
        raise InputError("vectors have no rows and columns", where="certificate", mend="give matrices")
    leading = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows = np.broadcast_to(a, (*leading, *a.shape[-2:]))[place[:-1]]
    columns = np.swapaxes(np.broadcast_to(b, (*leading, *b.shape[-2:])), -1, -2)[(*place[:-2], place[-1])]
    return _dot(rows, columns, None)


def _linear(inputs: Mapping[str, Array], _options: Mapping[str, Any], place: tuple[int, ...]) -> Formula:
    bias = inputs.get("bias")
    return _dot(inputs["x"][place[:-1]], inputs["weight"][place[-1]], None if bias is None else float(bias[place[-1]]))


def _dot(row: Array, column: Array, bias: float | None) -> Formula:
    count = len(row)
    numbers = [*map(_exact, row), *map(_exact, column), *([] if bias is None else [_exact(bias)])]
    return numbers, lambda names: " + ".join([*(f"{names[k]}*{names[count + k]}" for k in range(count)), *names[2 * count :]])


def _sum(inputs: Mapping[str, Array], options: Mapping[str, Any], place: tuple[int, ...]) -> Formula:
    return _row(inputs["x"], options, place), " + ".join


def _mean(inputs: Mapping[str, Array], options: Mapping[str, Any], place: tuple[int, ...]) -> Formula:
    row = _row(inputs["x"], options, place)
    return row, lambda names: f"({' + '.join(names)})/{len(row)}"


def _softmax(inputs: Mapping[str, Array], options: Mapping[str, Any], place: tuple[int, ...]) -> Formula:
    axis = int(options.get("axis", -1))
    row = _row(inputs["x"], options, tuple(np.delete(place, axis)))
    at, largest = place[axis], max(row)
    return row, lambda names: f"exp({names[at]} - ({largest}))/({' + '.join(f'exp({name} - ({largest}))' for name in names)})"


def _rms_norm(inputs: Mapping[str, Array], options: Mapping[str, Any], place: tuple[int, ...]) -> Formula:
    if int(options.get("axes", 1)) != 1:
        raise InputError("several axes", where="certificate", mend="normalise over one")
    row = [*map(_exact, inputs["x"][place[:-1]])]
    count, eps = len(row), _exact(float(options.get("eps", 1e-6)))
    weight = [] if "weight" not in inputs else [_exact(inputs["weight"][place[-1]])]

    def text(names: Sequence[str]) -> str:
        squares = " + ".join(f"{name}*{name}" for name in names[:count])
        return "*".join([f"{names[place[-1]]}/sqrt(({squares})/{count} + ({eps}))", *names[count:]])

    return row + weight, text


def _silu(inputs: Mapping[str, Array], _options: Mapping[str, Any], place: tuple[int, ...]) -> Formula:
    return [_exact(inputs["x"][place])], lambda names: f"{names[0]}/(1 + exp(-{names[0]}))"


def _row(x: Array, options: Mapping[str, Any], place: tuple[int, ...]) -> list[Fraction]:
    return [*map(_exact, np.moveaxis(x, int(options.get("axis", -1)), -1)[place])]


def _exact(number: Any) -> Fraction:
    return Fraction(float(number))


_FORMULAS: dict[str, Callable[[Mapping[str, Array], Mapping[str, Any], tuple[int, ...]], Formula]] = {
    "matmul": _matmul, "bmm": _matmul, "linear": _linear, "sum": _sum, "mean": _mean, "softmax": _softmax, "rms_norm": _rms_norm,
    "silu": _silu,
}  # fmt: skip
