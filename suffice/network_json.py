"""The answer about a model as JSON: numbers are exact texts with decimals beside them, elements of inputs hexadecimal floats."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from typing import Any

from suffice.cli.json_output import coordinate, exact
from suffice.encodings.networks.inputs import InputSet
from suffice.network_answers import ModelAnswer, label_of, plain_format
from suffice.network_assigned import assignment_object
from suffice.network_tables import remarks
from suffice.proofs.decimals import decimal_above, decimal_below
from suffice.prover.networks.results import Array, LayerRow, NetworkResult
from suffice.prover.results import Amount

Object = dict[str, Any]

_DIGITS = 6


def model_object(answer: ModelAnswer) -> Object:
    """The whole answer. `layers` has an entry for every layer of every result."""
    several = answer.has_several_devices
    network, tolerance = answer.network, answer.proof.tolerance
    return {
        "model": {
            "name": network.name,
            "description": network.description,
            "input_shape": list(network.input.shape),
            "output_shape": list(network.output.shape),
            "layers": list(network.layers),
            "parameters": network.parameters,
        },
        "inputs": {"text": answer.inputs_text, **_inputs_object(answer.inputs)},
        "tolerance": None if tolerance is None else exact(tolerance),
        **_amount("lipschitz", answer.proof.lipschitz, decimal_above),
        **_amount("curvature", answer.proof.curvature, decimal_above),
        "results": [result_object(result) | {"label": label_of(result, several=several)} for result in answer.results],
        "layers": [
            _layer_object(row) | {"result": label_of(result, several=several)} for result in answer.results for row in result.layers
        ],
        **({} if answer.assigned is None else {"assignment": assignment_object(answer.assigned)}),
        "minimum": answer.minimum,
        "minimum_device": answer.minimum_device if several else None,
    }


def result_object(result: NetworkResult) -> Object:
    """One format on one device."""
    return {
        "format": result.format,
        "device": result.device,
        "verdict": result.verdict.value,
        "statement": result.statement,
        **_amount("floor", result.floor, decimal_below),
        **_amount("error_bound", result.error_bound, decimal_above),
        **_amount("witness_error", result.witness_error, decimal_below),
        **_amount("analysed", result.analysed, decimal_above),
        "witness": None if result.witness is None else _array(result.witness),
        "floor_points": [_array(point) for point in result.floor_points],
        "assumptions": list(result.assumptions),
        "note": result.note,
        "remarks": remarks(result),
        "seconds": result.seconds,
        "certificate": result.digest or None,
    }


def _layer_object(row: LayerRow) -> Object:
    lo, hi = row.range
    weights, activations = plain_format(row.weights), plain_format(row.activations)
    return {
        "name": row.name,
        "range": [exact(lo), exact(hi)],
        "range_decimal": [decimal_below(lo, _DIGITS), decimal_above(hi, _DIGITS)],
        **_amount("lipschitz", row.lipschitz, decimal_above),
        **_amount("curvature", row.curvature, decimal_above),
        **_amount("local_error", row.local_error, decimal_above),
        **_amount("amplification", row.amplification, decimal_above),
        **_amount("contribution", row.contribution, decimal_above),
        "method": row.method,
        "format": weights if weights and weights == activations else f"{weights or '-'}/{activations or '-'}",
        "weights": row.weights or None,
        "activations": row.activations or None,
        "accumulation": row.accumulation or None,
    }


def _inputs_object(inputs: InputSet) -> Object:
    """How many boxes there are, and a digest of their ends: little-endian float64, box by box the lower ends and then the upper ones."""
    ends = sha256(b"".join(end.astype("<f8").tobytes() for box in inputs.boxes for end in (box.lo, box.hi)))
    points = sum(box.is_point for box in inputs.boxes)
    return {"arrival": inputs.model.value, "boxes": len(inputs.boxes), "points": points, "digest": f"sha256:{ends.hexdigest()}"}


def _array(array: Array) -> Object:
    """Shape and exact elements, in the order of the last axis first."""
    return {"shape": list(array.shape), "elements": [coordinate(Fraction(float(x))) for x in array.reshape(-1)]}


def _amount(name: str, value: Amount | None, decimal: Callable[[Fraction, int], str]) -> Object:
    if value is None or isinstance(value, str):
        return {name: value, f"{name}_decimal": value}
    return {name: exact(value), f"{name}_decimal": decimal(value, _DIGITS)}
