"""Configurations: the formats of a proved program of a network as JSON, by module, for PyTorch code to apply (docs/networks.md, "Using the
answer"). A configuration proves nothing; it names the certificate that does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any

from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram, Step
from suffice.errors import InputError, SufficeError
from suffice.hardware_specs.catalogue import format_name
from suffice.proofs.decimals import decimal_above
from suffice.proofs.files import read_bytes
from suffice.proofs.jsondata import (
    Json,
    as_integer,
    as_list,
    as_number,
    as_object,
    as_text,
    canonical_json,
    fields,
    number_text,
    parse_json,
)
from suffice.proofs.networkdata import network_to_json
from suffice.prover.networks.configuration_steps import step_from_json, step_to_json
from suffice.prover.networks.layer_rows import accumulation_name, storage_name
from suffice.prover.networks.results import LayerRow, NetworkProof, NetworkResult

VERSION = 1
MAX_BYTES = 64_000_000
"""Longest configuration that is read."""

_TOP = (
    "version", "model", "network", "device", "format", "inputs", "tolerance", "bound", "bound_decimal", "certificate", "assumptions",
    "input", "modules",
)  # fmt: skip
_MODULE = ("weights", "bias", "activations", "compute", "accumulator", "share", "reason", "steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFormats:
    """What one module is held in, as names; `share` is the part of the proved bound that it adds, and `steps` say it all, by node."""

    weights: str | None
    bias: str | None
    activations: str | None
    compute: str | None
    accumulator: str | None
    share: str | None
    reason: str
    steps: Mapping[str, Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The formats of one program, and what was proved about it: the error of each output is at most `bound` over the inputs described."""

    model: str
    network: str
    device: str
    format: str
    inputs: Mapping[str, Json]
    tolerance: Fraction | None
    bound: Fraction
    certificate: str
    assumptions: tuple[str, ...]
    input: Step
    modules: Mapping[str, ModuleFormats]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input, without a batch axis."""
        return tuple(as_integer(length, "shape") for length in as_list(self.inputs["shape"], "shape"))

    def program(self, network: Network) -> NetworkProgram:
        """The program of the network that the configuration describes.

        Raises InputError where it is about another network: modules or steps that are unknown or missing, or other weights.
        """
        self._check_modules(network)
        steps = []
        for node in network.nodes[1:]:
            of_module = self.modules[node.layer].steps if node.layer in self.modules else {}
            if node.name not in of_module:
                raise InputError(f"the step {node.name!r} is missing", where=_module(node.layer), mend="write the configuration again")
            steps.append(of_module[node.name])
        if sum(len(module.steps) for module in self.modules.values()) != len(steps):
            raise InputError("there are steps that the model does not have", where=network.name, mend="write the configuration again")
        found = network_digest(network)
        if found != self.network:
            raise InputError(
                f"the model is not the one that was certified: {found[:23]}..., not {self.network[:23]}...",
                where=network.name,
                mend="certify it again",
            )
        return NetworkProgram(network=network, steps=(self.input, *steps))

    def _check_modules(self, network: Network) -> None:
        needed = _layers(network)
        unknown = next((name for name in self.modules if name not in needed), None)
        if unknown is not None:
            raise InputError(f"the model has no module {unknown[:80]!r}", where="modules", mend=f"it has {_listed(needed)}")
        missing = next((name for name in needed if name not in self.modules), None)
        if missing is not None:
            raise InputError(f"the module {missing[:80]!r} is missing", where="modules", mend="write the configuration again")


def configuration_of(result: NetworkResult, proof: NetworkProof, *, inputs_text: str = "") -> dict[str, Any]:
    """The configuration of a result that has a proved bound, as a JSON object. Raises InputError."""
    if result.certificate is None or result.error_bound is None:
        raise InputError(f"{result.format} has no certificate with a bound", mend="choose a format that is proved sufficient")
    network = proof.network
    names = [node.name for node in network.nodes]
    if len(set(names)) < len(names):
        raise InputError("two steps of the network have one name", where=network.name, mend="give its nodes different names")
    rows = {row.name: row for row in result.layers}
    return {
        "version": VERSION,
        "model": network.name,
        "network": network_digest(network),
        "device": result.device,
        "format": result.format,
        "inputs": _inputs_object(proof.inputs, inputs_text),
        "tolerance": None if proof.tolerance is None else number_text(proof.tolerance),
        "bound": number_text(result.error_bound),
        "bound_decimal": decimal_above(result.error_bound, 6),
        "certificate": result.digest,
        "assumptions": list(result.assumptions),
        "input": step_to_json(result.program.steps[0], network.input),
        "modules": {name: _module_object(name, result, rows.get(name), proof.tolerance) for name in _layers(network)},
    }


def _module_object(name: str, result: NetworkResult, row: LayerRow | None, tolerance: Fraction | None) -> dict[str, Json]:
    pairs = [(node, step) for node, step in result.program.pairs()[1:] if node.layer == name]
    steps = [step for _, step in pairs]
    weighty = [step for node, step in pairs if node.weight is not None or node.parameter]
    weights = next((storage_name(step.weights) for step in weighty if step.weights is not None), None)
    activations = next((storage_name(step.stored) for step in reversed(steps) if step.stored is not None), None)
    share = _share(result, row)
    return {
        "weights": weights,
        "bias": next((format_name(step.bias) for node, step in pairs if step.bias is not None and node.bias is not None), None),
        "activations": activations,
        "compute": next((format_name(step.compute) for step in steps), None),
        "accumulator": next((accumulation_name(step) for step in steps if step.accumulation is not None), None),
        "share": None if share is None else decimal_above(share, 3),
        "reason": _reason(result, row, share, tolerance, weights, activations),
        "steps": {node.name: step_to_json(step, node) for node, step in pairs},
    }


def _share(result: NetworkResult, row: LayerRow | None) -> Fraction | None:
    if row is None or row.contribution is None or not result.error_bound:
        return None
    return row.contribution / result.error_bound


def _reason(
    result: NetworkResult, row: LayerRow | None, share: Fraction | None, tolerance: Fraction | None, weights: str | None, stored: str | None
) -> str:
    """Which bound, which share."""
    assert result.error_bound is not None
    bound = f"{result.statement or 'S1'} bounds the error of every output by {decimal_above(result.error_bound, 3)}"
    allowed = "" if tolerance is None else f" of the {number_text(tolerance)} allowed"
    held = " and ".join([*([f"weights in {weights}"] if weights else []), *([f"activations in {_brief(stored)}"] if stored else [])])
    if row is None or row.contribution is None or share is None:
        return f"{bound}{allowed}, with {held or 'this module as it is'}."
    return f"{bound}{allowed}; with {held or 'nothing stored'} this module adds at most {decimal_above(row.contribution, 3)} to it."


def _brief(name: str) -> str:
    """The name of a format without scale and zero point."""
    return name.partition("(")[0] or name


def _inputs_object(inputs: InputSet, text: str) -> dict[str, Json]:
    ends = sha256(b"".join(end.astype("<f8").tobytes() for box in inputs.boxes for end in (box.lo, box.hi)))
    return {
        "text": text,
        "arrival": inputs.model.value,
        "shape": list(inputs.shape),
        "boxes": len(inputs.boxes),
        "digest": f"sha256:{ends.hexdigest()}",
    }


def network_digest(network: Network) -> str:
    """A name of the function: operations, exact constants and module paths, whatever the model is called."""
    content = as_object(network_to_json(network), "network")
    return f"sha256:{sha256(canonical_json(content['nodes'])).hexdigest()}"


def read_configuration(given: Configuration | Mapping[str, Any] | str | os.PathLike[str]) -> Configuration:
    """A configuration from the object that `configuration_of` made, or the path of a file that holds it. Raises InputError."""
    if isinstance(given, Configuration):
        return given
    if isinstance(given, Mapping):
        try:
            data = json.dumps(dict(given)).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(f"not JSON: {error}", where="configuration", mend="give what config() returned") from None
        return from_json(parse_json(data, "configuration"), "configuration")
    where = os.fspath(given)
    return from_json(parse_json(read_bytes(where, MAX_BYTES), where), where)


def from_json(value: Json, where: str) -> Configuration:
    """Read a configuration. Raises InputError."""
    if as_object(value, where).get("version") != VERSION:
        raise InputError("the version of the configuration is unknown", where=where, mend=f"this release reads version {VERSION}")
    _, model, network, device, fmt, inputs, tolerance, bound, decimal, certificate, assumptions, first, modules = fields(
        value, where, *_TOP
    )
    as_text(decimal, f"{where}: bound_decimal")
    try:
        return Configuration(
            model=as_text(model, f"{where}: model"),
            network=as_text(network, f"{where}: network"),
            device=as_text(device, f"{where}: device"),
            format=as_text(fmt, f"{where}: format"),
            inputs=_read_inputs(inputs, f"{where}: inputs"),
            tolerance=None if tolerance is None else as_number(tolerance, f"{where}: tolerance"),
            bound=as_number(bound, f"{where}: bound"),
            certificate=as_text(certificate, f"{where}: certificate"),
            assumptions=tuple(as_text(text, f"{where}: assumptions") for text in as_list(assumptions, f"{where}: assumptions")),
            input=step_from_json(first, f"{where}: input"),
            modules={name: _module_from_json(entry, f"{where}: {_module(name)}") for name, entry in as_object(modules, where).items()},
        )
    except InputError:
        raise
    except SufficeError as error:
        raise InputError(error.what, where=f"{where}: {error.where}" if error.where else where, mend=error.mend) from None


def _read_inputs(value: Json, where: str) -> Mapping[str, Json]:
    text, arrival, shape, boxes, digest = fields(value, where, "text", "arrival", "shape", "boxes", "digest")
    lengths = [as_integer(length, where) for length in as_list(shape, where)]
    if not lengths or not all(0 < length < 1 << 31 for length in lengths):
        raise InputError(f"{str(lengths)[:40]} is no shape of an input", where=where)
    return {
        "text": as_text(text, where),
        "arrival": as_text(arrival, where),
        "shape": [*lengths],
        "boxes": as_integer(boxes, where),
        "digest": as_text(digest, where),
    }


def _module_from_json(value: Json, where: str) -> ModuleFormats:
    *names, reason, steps = fields(value, where, *_MODULE)
    weights, bias, activations, compute, accumulator, share = (None if name is None else as_text(name, where) for name in names)
    return ModuleFormats(
        weights=weights, bias=bias, activations=activations, compute=compute, accumulator=accumulator, share=share,
        reason=as_text(reason, where),
        steps={name: step_from_json(step, f"{where}: {name[:80]!r}") for name, step in as_object(steps, where).items()},
    )  # fmt: skip


def _layers(network: Network) -> list[str]:
    """The paths that nodes carry, constants among them, in their order."""
    return list(dict.fromkeys(node.layer for node in network.nodes[1:]))


def _module(name: str) -> str:
    return f"module {name[:80]!r}"


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:8]) + (", ..." if len(names) > 8 else "")
