"""What a certificate about a network says: the network layer by layer, the program's formats, the inputs, and what is claimed."""

from __future__ import annotations

from suffice.encodings.networks.graph import TensorOp
from suffice.encodings.problem import InputModel
from suffice.hardware_specs.catalogue import format_name
from suffice.hardware_specs.format import ExactFormat, FloatFormat, IntFormat
from suffice.proofs.certificate import Bound, Verdict
from suffice.proofs.networks import LayersEvidence, NetworkCertificate, NetworkClaim, NetworkFloor, NetworkRun, digest
from suffice.proofs.trace.data import Quantity, Section, Step, Trace
from suffice.proofs.trace.numbers import at_least, at_most, exact_text

_MOST_LAYERS = 200
"""Layers that a trace still writes out."""

_MEANINGS = {
    "S1": "Every rounding adds an error to its node; the error of an output is the sum of all of these, each times a slope of what "
    "follows, by the mean value theorem (THEORY S1).",
    "W": "One run of the program in exact arithmetic, and an enclosure of the function at the same input (THEORY W).",
    "T1": "No number of the output format is nearer to the function at this input (THEORY T1).",
    "T2": "Two inputs arrive as the same numbers, so that one answer has to serve both (THEORY T2).",
    "T1+T2": "Two inputs arrive as the same numbers, and no output number is near enough to the function at both (THEORY T1 and T2).",
    "T3": "So many output codes cover the values of one output no better (THEORY T3).",
    "T7": "The function leaves the range of the output format (THEORY T7).",
}


def network_trace(certificate: NetworkCertificate) -> Trace:
    """The derivation. It explains and does not check: whether the evidence holds is for the kernel to say."""
    return Trace(
        digest=digest(certificate),
        title=f"{certificate.verdict.value.capitalize()}{f', by {certificate.statement}' if certificate.statement else ''}",
        answer=_answer(certificate),
        formula_text="",
        formula_latex="",
        sections=(
            Section(heading="Assumptions", steps=_assumptions(certificate)),
            _question(certificate),
            _layers(certificate),
            *(_claim(claim) for claim in certificate.claims),
        ),
    )


def _answer(certificate: NetworkCertificate) -> str:
    network, tolerance = certificate.program.network, certificate.tolerance
    if tolerance is None:
        return f"Bounds of the error of a program of {network.name}, without a tolerance."
    within = f"{exact_text(tolerance)} on every output"
    return {
        Verdict.SUFFICIENT: f"On all inputs asked about, the program of {network.name} errs by at most {within}.",
        Verdict.INSUFFICIENT: f"At one input the program of {network.name} errs by more than {within}.",
        Verdict.IMPOSSIBLE: f"No algorithm that reads these inputs in their format, and answers in the output's format, keeps to {within}.",
        Verdict.UNDECIDED: f"Whether the program of {network.name} keeps to {within} is not decided.",
    }[certificate.verdict]


def _assumptions(certificate: NetworkCertificate) -> tuple[Step, ...]:
    return tuple(Step(text=text) for text in certificate.assumptions) or (Step(text="None beyond the formats and orders stated."),)


def _question(certificate: NetworkCertificate) -> Section:
    network, inputs = certificate.program.network, certificate.inputs
    arrive = "any real numbers, rounded first" if inputs.model is InputModel.REAL else "numbers of their format already"
    kind = "inputs" if all(box.is_point for box in inputs.boxes) else "boxes of inputs"
    sizes = f"{network.input.size} inputs, {network.output.size} outputs"
    size = f"{len(network.nodes)} operations, {network.parameters} parameters, {sizes}"
    tolerance = certificate.tolerance
    wanted = () if tolerance is None else (Quantity(name="tolerance", exact=exact_text(tolerance), decimal="absolute, on every output"),)
    return Section(
        heading="The question",
        steps=(Step(text=f"{network.name}: {size}. {len(inputs.boxes)} {kind}; they are {arrive}.", quantities=wanted),),
    )


def _layers(certificate: NetworkCertificate) -> Section:
    """The formats of every layer, in the order in which layers first compute something."""
    found: dict[str, dict[str, None]] = {}
    for node, step in certificate.program.pairs():
        if node.op in (TensorOp.CONSTANT, TensorOp.GATHER):
            continue
        words = found.setdefault(node.layer or "(model)", {})
        for use, fmt in (("weights", step.weights), ("stored in", step.stored), ("computed in", step.compute)):
            if fmt is not None:
                words[f"{use} {_name(fmt)}"] = None
        if step.accumulation is not None:
            acc = step.accumulation
            words[f"sums: {acc.kind.value} in {_name(acc.accumulator)}, order {acc.order.value}"] = None
    quantities = tuple(Quantity(name=layer, exact="; ".join(words)) for layer, words in list(found.items())[:_MOST_LAYERS])
    shown = f" The first {_MOST_LAYERS}:" if len(found) > _MOST_LAYERS else ""
    return Section(heading="The program", steps=(Step(text=f"{len(found)} layers.{shown}", quantities=quantities),))


def _name(fmt: object) -> str:
    if isinstance(fmt, IntFormat) and fmt.scale is not None:
        return f"integer codes {fmt.qmin} to {fmt.qmax}" + ("" if fmt.scale == 1 else f", scale {float(fmt.scale):.6g}")
    return format_name(fmt) if isinstance(fmt, FloatFormat | IntFormat | ExactFormat) else str(fmt)


def _claim(claim: NetworkClaim) -> Section:
    headings = {Bound.FLOOR: "No algorithm", Bound.ERROR_BOUND: "The error is at most", Bound.WITNESS_ERROR: "The error at one input"}
    if isinstance(claim.value, str):
        value = Quantity(name=claim.bound.value, exact="infinite")
    else:
        value = (at_most if claim.bound is Bound.ERROR_BOUND else at_least)(claim.bound.value, claim.value)
    step = Step(label=claim.statement, meaning=_MEANINGS.get(claim.statement, ""), text=_evidence_text(claim), quantities=(value,))
    return Section(heading=headings.get(claim.bound, claim.bound.value), steps=(step,))


def _evidence_text(claim: NetworkClaim) -> str:
    match claim.evidence:
        case LayersEvidence() as evidence:
            ways = {
                "reverse": "Ranges, changes and machine numbers go forward; adjoints of every output go back; the least bound counts.",
                "forward": "Ranges, changes and machine numbers go forward.",
                "sets": "Intervals of machine numbers go forward, rounded at both ends.",
            }
            narrowed = f" Linear relaxations narrow the ranges of {len(evidence.narrowed)} operations." if evidence.narrowed else ""
            return f"{ways[evidence.method]}{narrowed} Intervals have {evidence.precision} fixed-point bits."
        case NetworkRun() as evidence:
            return f"The input lies in box {evidence.input.box} of the set; it stands in the certificate."
        case NetworkFloor() as evidence:
            boxes = ", ".join(str(point.box) for point in evidence.inputs)
            return f"Output {evidence.output}, at {len(evidence.inputs)} input(s) of the boxes {boxes}; they stand in the certificate."
