"""Answers as JSON. Numbers are exact texts ("1/1000", "0x1.8p+0") with decimals beside them; only seconds and counts are JSON numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from suffice.encodings.problem import Problem
from suffice.encodings.readers.numbers import hex_float
from suffice.hardware_specs.numerals import write_numeral
from suffice.proofs.decimals import decimal_above, decimal_below, decimal_nearest
from suffice.prover.results import Amount, Bounds, Finding, FormatBounds, Point, Result, RoundingShare, RunStep, SolverRun

Object = dict[str, Any]

_DIGITS = 6
_SHORT_BITS = 128
"""Significant bits of a dyadic number that is still written as a hexadecimal float."""

_LONG_BITS = 256
"""Bits of a quotient beyond which dyadic numbers are written as hexadecimal floats."""


def print_object(content: Object) -> None:
    """The one object of a command."""
    print(json.dumps(content, indent=2))


def exact(value: Fraction) -> str:
    """A bound: a quotient in decimal digits, or a hexadecimal float where that is shorter."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) <= _LONG_BITS:
        return str(value)
    return hex_float(value) if _is_dyadic(value) else write_numeral(value)


def coordinate(value: Fraction) -> str:
    """A coordinate of a witness: a hexadecimal float where it is one of few digits."""
    significant = abs(value.numerator).bit_length()
    return hex_float(value) if _is_dyadic(value) and significant <= _SHORT_BITS else exact(value)


def problem_object(problem: Problem) -> Object:
    """The question."""
    from suffice.encodings.writers.text import to_text

    tolerance = problem.tolerance
    return {
        "name": problem.name,
        "description": problem.description,
        "expression": to_text(problem.expression),
        "box": {name: [exact(side.lo), exact(side.hi)] for name, side in problem.box.items()},
        "absolute": exact(tolerance.absolute) if tolerance else None,
        "relative": exact(tolerance.relative) if tolerance else None,
        "inputs": problem.inputs.value,
    }


def result_object(result: Result) -> Object:
    """One format's answer."""
    return {
        "format": result.format,
        "verdict": result.verdict.value,
        "statement": result.statement,
        "possible": result.possible,
        **_amount("floor", result.floor, decimal_below),
        **_amount("floor_upper", result.floor_upper, decimal_above),
        **_amount("error_bound", result.error_bound, decimal_above),
        **_amount("witness_error", result.witness_error, decimal_below),
        **_witness("witness", result.witness),
        **_witness_pair(result.witness_pair),
        **_heuristic(result),
        "assumptions": list(result.certificate.assumptions),
        "solvers": [solver_object(run) for run in result.solvers],
        "findings": [_finding_object(finding) for finding in result.findings],
        "note": result.note,
        "seconds": result.seconds,
        "certificate": result.digest,
    }


def bounds_object(bounds: Bounds, files: Mapping[str, Path]) -> Object:
    """Range, slopes and curvatures, and one object for each format; `files` are the certificates kept."""
    lo, hi = bounds.range
    function = {
        "range": [exact(lo), exact(hi)],
        "range_decimal": [decimal_below(lo, _DIGITS), decimal_above(hi, _DIGITS)],
        **_per_input("lipschitz", bounds.lipschitz, decimal_above),
        **_per_input("curvature_floor", bounds.curvature_floor, decimal_below),
        **_per_input("curvature_peak", bounds.curvature_peak, decimal_above),
    }
    tolerance = bounds.problem.tolerance
    return {
        "problem": problem_object(replace(bounds.problem, tolerance=None)),
        "measure": "relative error" if tolerance and tolerance.is_relative else "absolute error",
        "results": [
            _format_bounds_object(result, function) | ({"file": str(files[result.format])} if result.format in files else {})
            for result in bounds.results
        ],
    }


def solver_object(run: SolverRun) -> Object:
    """One solver's word on one script."""
    said = {"solver": run.solver, "version": run.version, "answer": run.answer, "core": list(run.core), "seconds": run.seconds}
    return said | ({"reason": run.reason} if run.reason else {})


def _format_bounds_object(result: FormatBounds, function: Object) -> Object:
    return {
        "format": result.format,
        **function,
        **_amount("error_bound", result.error_bound, decimal_above),
        **_amount("witness_error", result.witness_error, decimal_below),
        **_witness("witness", result.witness),
        "leaves": result.leaves,
        "checked": result.checked,
        "note": result.note,
        "bound_seconds": result.bound_seconds,
        "seconds": result.seconds,
        **_explanation(result),
    }


def _explanation(result: FormatBounds) -> Object:
    """The members that --explain adds."""
    if not result.shares and not result.run:
        return {}
    return {
        **_amount("floor", result.floor, decimal_below),
        "shares": [_share_object(share) for share in result.shares],
        "run": [_step_object(step) for step in result.run],
    }


def _share_object(share: RoundingShare) -> Object:
    return {
        "node": share.position,
        "operation": share.what,
        "format": share.format,
        **_amount("rounding", share.rounding, decimal_above),
        **_amount("slope", share.slope, decimal_above),
        "part_decimal": decimal_nearest(share.part, _DIGITS),
    }


def _step_object(step: RunStep) -> Object:
    computed = step.computed if isinstance(step.computed, str) else coordinate(step.computed)
    numbers = {name: getattr(step, name) for name in ("real", "rounding", "error")}
    return {
        "node": step.position,
        "operation": step.what,
        "format": step.format,
        "computed": computed,
        **{f"{name}_decimal": None if value is None else decimal_nearest(value, 17) for name, value in numbers.items()},
    }


def _amount(name: str, value: Amount | None, decimal: Callable[[Fraction, int], str]) -> Object:
    if value is None or isinstance(value, str):
        return {name: value, f"{name}_decimal": value}
    return {name: exact(value), f"{name}_decimal": decimal(value, _DIGITS)}


def _witness(name: str, point: Point | None) -> Object:
    if point is None:
        return {name: None, f"{name}_decimal": None}
    return {name: _point(point, coordinate), f"{name}_decimal": _point(point, _nearest)}


def _witness_pair(pair: Sequence[Point] | None) -> Object:
    if pair is None:
        return {"witness_pair": None, "witness_pair_decimal": None}
    return {
        "witness_pair": [_point(point, coordinate) for point in pair],
        "witness_pair_decimal": [_point(point, _nearest) for point in pair],
    }


def _point(point: Point, write: Callable[[Fraction], str]) -> Object:
    return {name: write(value) for name, value in sorted(point.items())}


def _nearest(value: Fraction) -> str:
    return decimal_nearest(value, 17)


def _heuristic(result: Result) -> Object:
    """The peak-curvature number: shown, never evidence."""
    heuristic = result.heuristic
    if heuristic is None:
        return {"heuristic_bits": None, "heuristic": None}
    parts = {"c": heuristic.c, "kappa": heuristic.kappa, "D": heuristic.diameter}
    return {"heuristic_bits": heuristic.bits, "heuristic": {name: exact(value) for name, value in parts.items()}}


def _finding_object(finding: Finding) -> Object:
    decimal = decimal_above if finding.bound in ("floor_upper", "error_bound") else decimal_below
    return {
        "strategy": finding.strategy,
        "bound": finding.bound,
        "statement": finding.statement,
        **_amount("value", finding.value, decimal),
        "note": finding.note,
        "seconds": finding.seconds,
    }


def _per_input(name: str, values: dict[str, Fraction | None], decimal: Callable[[Fraction, int], str]) -> Object:
    known = sorted(values.items())
    return {
        name: {key: None if value is None else exact(value) for key, value in known},
        f"{name}_decimal": {key: None if value is None else decimal(value, _DIGITS) for key, value in known},
    }


def _is_dyadic(value: Fraction) -> bool:
    return value.denominator & (value.denominator - 1) == 0
