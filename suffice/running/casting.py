"""Apply a configuration: a copy of a model that computes what the certified program computes."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from suffice.encodings.networks.graph import Array, Network, TensorNode
from suffice.encodings.networks.program import NetworkProgram
from suffice.errors import InputError
from suffice.proofs.jsondata import canonical_json
from suffice.proofs.networkdata import program_to_json
from suffice.proofs.networks import NetworkCertificate, digest
from suffice.prover.networks.configuration import Configuration, network_digest, read_configuration
from suffice.prover.networks.constants import Constants, constants
from suffice.prover.networks.emulation import Emulator, emulate
from suffice.running.certified import accepted
from suffice.running.kernels import native_product
from suffice.running.modules import applied_model, cast_input, cast_module
from suffice.running.segments import Segment, segments_of

CERTIFIED = "certified_network"
"""The attribute of an applied model that names the network whose program it runs."""


def apply(
    model: Any,
    config: Configuration | Mapping[str, Any] | str | os.PathLike[str],
    *,
    exact: bool = False,
    certificate: NetworkCertificate | str | os.PathLike[str] | None = None,
    example: Any = None,
    batched: bool = True,
) -> Any:
    """A copy of a `torch.nn.Module` in the formats of a configuration, for inference; the model itself stays as it is.

    The copy holds rounded weights and stores every result in its format. `exact`: it computes the certified program bit by bit, sums by
    index; else products whose order is open run in PyTorch's own float32 kernels, which the certificate covers too. Functions are
    correctly rounded in both. Its outputs are float32 tensors, float64 where float32 does not hold the numbers of the output's format.

    Where every module's step stands by itself the copy has the structure of the model; else it is one module that runs the program.
    A configuration is taken at its word, unless the `certificate` that it names is given: that is checked, and must be about the very
    program. `example` is needed only where inputs are token ids; `batched`: the first axis of inputs counts samples.

    Raises InputError where the configuration is not about this model: other weights, unknown or missing modules.
    """
    configuration = read_configuration(config)
    network = read_network(model, configuration.shape, example, batched)
    program = configuration.program(network)
    if certificate is not None:
        _demand(certificate, configuration, program)
    emulator = Emulator(program, None if exact else native_product)
    rounded = with_rounded_parameters(model, program)
    segments = segments_of(program, dict(rounded.named_modules()))
    if segments is None or not _agrees(_in_parts(rounded, segments, Emulator(program), batched), program, batched):
        made = applied_model(rounded, emulator, batched)
    else:
        made = _in_parts(rounded, segments, emulator, batched)
    setattr(made, CERTIFIED, configuration.network)
    return made


def _demand(given: NetworkCertificate | str | os.PathLike[str], configuration: Configuration, program: NetworkProgram) -> None:
    """Whether an accepted certificate is the one named, and about this program. Raises InputError."""
    certificate = accepted(given)
    if digest(certificate) != configuration.certificate:
        raise InputError("the certificate is not the one that the configuration names", where="certificate", mend="give that one")
    same = canonical_json(program_to_json(certificate.program)) == canonical_json(program_to_json(program))
    if not same or network_digest(certificate.program.network) != configuration.network:
        raise InputError("the certificate is about another program", where="configuration", mend="write the configuration again")


def _in_parts(model: Any, segments: tuple[Segment, ...], emulator: Emulator, batched: bool) -> Any:
    """A copy of the model with modules that run their own steps."""
    made = copy.deepcopy(model)
    for segment in segments:
        _replace(made, segment, cast_module(made.get_submodule(segment.layer), emulator, segment, batched))
    cast_input(made, emulator, batched)
    return made


def _agrees(model: Any, program: NetworkProgram, batched: bool) -> bool:
    """Whether the copy computes what the program does, at a few inputs: its modules might be called otherwise than they stand."""
    import torch

    samples = np.random.default_rng(0).standard_normal((3 if batched else 1, *program.network.input.shape))
    try:
        found = model(torch.from_numpy(samples if batched else samples[0]))
    except Exception:  # whatever the model's own code raises where a module returns another shape
        return False
    computed = np.asarray(found.double().numpy()).reshape(len(samples), *program.network.output.shape)
    return np.array_equal(computed, emulate(program, samples), equal_nan=True)


def read_network(model: Any, shape: tuple[int, ...], example: Any, batched: bool) -> Network:
    """The function of the model. Raises InputError."""
    import torch

    from suffice.encodings.readers.torch_models import read_module

    if not isinstance(model, torch.nn.Module):
        raise InputError(f"{type(model).__name__} is no torch.nn.Module", mend="apply configurations to modules")
    given = torch.zeros((1, *shape) if batched else shape) if example is None else torch.as_tensor(example)
    return read_module(model, given, batched=batched)


def with_rounded_parameters(model: Any, program: NetworkProgram) -> Any:
    """A copy in evaluation mode, whose parameters hold the rounded numbers wherever they are constants of the program as they stand."""
    import torch

    made = copy.deepcopy(model).train(False)
    named = dict(made.named_parameters())
    with torch.no_grad():
        for (node, _), own in zip(program.pairs(), constants(program), strict=True):
            for name, exact, rounded in _parameters(node, own):
                parameter = named.get(name)
                if parameter is not None and _holds(parameter, exact):
                    parameter.copy_(torch.from_numpy(np.array(rounded).reshape(parameter.shape)))
    for parameter in made.parameters():
        parameter.requires_grad_(False)
    return made


def _parameters(node: TensorNode, own: Constants) -> list[tuple[str, Array, Array]]:
    """Names of parameters with the exact and the rounded numbers."""
    prefix = f"{node.layer}." if node.layer else ""
    found = []
    exact = node.weight if node.weight is not None else node.value
    if exact is not None and own.weight is not None:
        found.append((node.parameter, exact, own.weight))
    if node.bias is not None and own.bias is not None:
        found.append((f"{prefix}bias", node.bias, own.bias))
    return found


def _holds(parameter: Any, exact: Array) -> bool:
    """Whether a parameter holds these numbers, in this order."""
    values = parameter.detach().cpu().double().numpy()
    return bool(values.size == exact.size and (values.reshape(-1) == exact.reshape(-1)).all())


def _replace(model: Any, segment: Segment, module: Any) -> None:
    parent, _, name = segment.layer.rpartition(".")
    setattr(model.get_submodule(parent) if parent else model, name, module)
