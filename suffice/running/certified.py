"""What a certificate says of a running model: the set of its inputs, and the range of every module's result."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import inf, nextafter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.encodings.problem import InputModel
from suffice.errors import InputError
from suffice.hardware_specs.block_format import BlockFormat
from suffice.hardware_specs.vectorised import round_array
from suffice.proofs.kernel import check
from suffice.proofs.networks import NetworkCertificate, canonical_bytes, read
from suffice.prover.networks.analysis import NodeAnalysis, analyse

if TYPE_CHECKING:
    from suffice.network_answers import ModelAnswer


@dataclass(frozen=True, slots=True)
class Range:
    """Every number that a module's result may hold, in exact arithmetic and in the certified program."""

    lo: float
    hi: float


def certified_of(
    certified: ModelAnswer | NetworkCertificate | str | os.PathLike[str], result: str | None
) -> tuple[NetworkProgram, InputSet]:
    """The program and the inputs of a certificate or a file of one, which the kernel checks, or of an answer. Raises InputError."""
    if isinstance(certified, str | os.PathLike | NetworkCertificate):
        certificate = accepted(certified)
        return certificate.program, certificate.inputs
    name = result or certified.recommended or (certified.labels[0] if certified.labels else None)
    if name is None:
        raise InputError("the answer has no result", mend="certify in some format first")
    return certified[name].program, certified.inputs


def accepted(given: NetworkCertificate | str | os.PathLike[str]) -> NetworkCertificate:
    """A certificate, or that of a file, which the kernel accepts. Raises InputError."""
    certificate = given if isinstance(given, NetworkCertificate) else read(given)
    report = check(canonical_bytes(certificate))
    if report.status != "accepted":
        where = "certificate" if isinstance(given, NetworkCertificate) else os.fspath(given)
        raise InputError(f"the certificate is {report.status}: {report.reason}", where=where)
    return certificate


def outside(samples: NDArray[np.float64], inputs: InputSet, program: NetworkProgram) -> list[NDArray[np.bool_]]:
    """For every sample, which elements are outside the box that fits it best; nowhere where it is in the set."""
    best = np.ones(samples.shape, dtype=bool)
    fewest = np.full(len(samples), samples[0].size + 1 if len(samples) else 0)
    for box in inputs.boxes:
        beyond = ~((samples >= box.lo) & (samples <= box.hi))
        counts = beyond.reshape(len(samples), -1).sum(axis=1)
        better = counts < fewest
        best[better], fewest[better] = beyond[better], counts[better]
        if not fewest.any():
            break
    stored = program.steps[0].stored
    if inputs.model is InputModel.REPRESENTABLE and stored is not None and not isinstance(stored, BlockFormat):
        best |= round_array(stored, samples) != samples
    return list(best)


def proved_ranges(program: NetworkProgram, inputs: InputSet) -> dict[str, Range]:
    """The range of the result of every layer that is given to another one, and that of the whole, under the empty name."""
    analysis = analyse(program, inputs)
    nodes = program.network.nodes
    used_outside = {operand for node in nodes for operand in node.operands if nodes[operand].layer != node.layer}
    found: dict[str, Range] = {}
    for position, node in enumerate(nodes):
        if node.layer and (position in used_outside or position + 1 == len(nodes)):
            own = _range(analysis.nodes[position])
            old = found.get(node.layer, own)
            found[node.layer] = Range(min(own.lo, old.lo), max(own.hi, old.hi))
    containers = {name for name in found if any(other.startswith(f"{name}.") for other in found)}
    return {name: known for name, known in found.items() if name not in containers} | {"": _range(analysis.nodes[-1])}


def _range(node: NodeAnalysis) -> Range:
    """The exact range, widened by the largest deviation."""
    return Range(nextafter(node.lo - node.deviation, -inf), nextafter(node.hi + node.deviation, inf))
