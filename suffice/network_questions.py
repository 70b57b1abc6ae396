"""Questions about models as users write them: the model, the set of inputs, the formats and devices, read into plain data and asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from suffice.encodings.networks.graph import Network
from suffice.encodings.networks.inputs import InputBox, InputSet
from suffice.encodings.problem import InputModel
from suffice.encodings.readers.arrays import exact_float64
from suffice.encodings.readers.input_sets import InputsAsked, points_of, read_inputs_text
from suffice.errors import InputError
from suffice.hardware_specs.format import CodeFormat, ExactFormat, Format
from suffice.network_answers import ModelAnswer
from suffice.questions import Number, read_exact, read_input_model

if TYPE_CHECKING:
    from suffice.prover.networks.assigning import AssignedModel
    from suffice.prover.networks.certifying import AskedNetwork, Surroundings
    from suffice.prover.networks.searching import SearchBudget

FORMATS = "int8,fp8_e4m3,bf16,fp16,fp32"
"""The formats asked about where none is named."""

Progress = Callable[[str, float], None]
"""Told what is worked on, and the fraction that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuestion:
    """What is asked about a network: formats in the order asked, each on every device.

    `output` and `input` are formats of the two ends where they differ. `assign`: also the cheapest proved format for each layer.
    `seconds` is what the search for bad inputs may take for each result; after `timeout` seconds in all no further search is begun. `jobs`
    results are worked on at once, each in a process of its own.
    """

    tolerance: Fraction | None
    formats: tuple[str, ...]
    devices: tuple[str, ...] = ("generic",)
    output: str | None = None
    input: str | None = None
    assign: bool = False
    timeout: float | None = None
    seconds: float = 10.0
    jobs: int = 1
    inputs_text: str = ""


def ask_model(
    tolerance: Number | None,
    formats: str | Format | Iterable[str | Format] | None = None,
    devices: str | Iterable[str] = "generic",
    *,
    output: str | None = None,
    input: str | None = None,
    assign: bool = False,
    timeout: float | None = None,
    seconds: float = 10.0,
    jobs: int = 1,
    inputs_text: str = "",
) -> ModelQuestion:
    """The question. Raises InputError and FormatError: an unknown format or device, a tolerance that is negative or no number."""
    allowed = None if tolerance is None else read_exact(tolerance, "tolerance")
    if allowed is not None and allowed <= 0:
        raise InputError(f"the tolerance {tolerance} is not positive", mend="give a tolerance > 0")
    if assign and allowed is None:
        raise InputError("an assignment of formats needs a tolerance", mend="say how large an error may be, as in 1e-2")
    if timeout is not None and not timeout > 0:
        raise InputError(f"a timeout of {timeout} s", mend="give more than 0 seconds, or leave it out")
    if jobs < 1:
        raise InputError(f"{jobs} jobs", mend="give 1 or more")
    return ModelQuestion(
        tolerance=allowed,
        formats=_format_names(FORMATS if formats is None else formats),
        devices=_device_names(devices),
        output=None if output is None else format_name_of(output),
        input=None if input is None else format_name_of(input),
        assign=assign,
        timeout=timeout,
        seconds=seconds if timeout is None else min(seconds, timeout),
        jobs=jobs,
        inputs_text=inputs_text,
    )


def certify_network(network: Network, inputs: InputSet, question: ModelQuestion, progress: Progress | None = None) -> ModelAnswer:
    """The answer. Raises SufficeError."""
    from suffice.prover.networks.certifying import Surroundings, prove_network
    from suffice.prover.networks.searching import SearchBudget

    if inputs.shape != network.input.shape:
        raise InputError(f"inputs of shape {inputs.shape} for a network of input shape {network.input.shape}", where=network.name)
    asked = _asked(question)
    told = _counting(progress, len(asked) + question.assign)
    budget = SearchBudget(seconds=question.seconds)
    known = Surroundings(network, inputs)
    with ExitStack() as stack:
        executor = stack.enter_context(ProcessPoolExecutor(question.jobs)) if question.jobs > 1 else None
        proof = prove_network(
            network,
            inputs,
            question.tolerance,
            asked,
            budget=budget,
            progress=told,
            timeout=question.timeout,
            known=known,
            executor=executor,
        )
    assigned = _assigned(known, question, budget, told) if question.assign else None
    return ModelAnswer(proof, question.inputs_text, assigned)


def _asked(question: ModelQuestion) -> list[AskedNetwork]:
    from suffice.prover.networks.certifying import AskedNetwork

    return [
        AskedNetwork(format=name, device=device, output=_parsed(question.output), input=_parsed(question.input))
        for device in question.devices
        for name in question.formats
    ]


def _assigned(known: Surroundings, question: ModelQuestion, budget: SearchBudget, told: Callable[[str], None] | None) -> AssignedModel:
    from suffice.prover.networks.assigning import assign

    assert question.tolerance is not None
    if told is not None:
        told("a format for every layer")
    return assign(
        known.network,
        known.inputs,
        question.tolerance,
        question.formats,
        device=question.devices[0],
        input=question.input,
        output=question.output,
        budget=budget,
        timeout=question.timeout,
        known=known,
    )


def _counting(progress: Progress | None, count: int) -> Callable[[str], None] | None:
    """What the prover tells: each stage named counts as one of `count` parts of the work, the last one never done."""
    if progress is None:
        return None
    seen: list[str] = []

    def tell(stage: str) -> None:
        if stage not in seen:
            seen.append(stage)
        progress(stage, min((len(seen) - 1) / count, 1.0))

    return tell


def read_inputs(inputs: InputSet | InputsAsked | str | Any) -> InputSet | InputsAsked:
    """Inputs as users give them: a set, a text such as "box(0,1)", or an array whose first axis counts the points. Raises InputError."""
    if isinstance(inputs, InputSet | InputsAsked):
        return inputs
    if isinstance(inputs, InputBox):
        return InputSet(boxes=(inputs,))
    if isinstance(inputs, str):
        return read_inputs_text(inputs)
    samples = exact_float64(inputs, "inputs")
    return points_of(samples, f"{len(samples) if samples.ndim else 1} points")


def inputs_for(asked: InputSet | InputsAsked, network: Network, arrival: str) -> InputSet:
    """The set, of the shape of the network's input. Raises InputError."""
    if isinstance(asked, InputsAsked):
        return asked.inputs(network.input.shape, read_input_model(arrival))
    if arrival != InputModel.REAL and asked.model.value != arrival:
        raise InputError(f"the set of inputs says {asked.model.value!r}, not {arrival!r}", where="arrival", mend="leave arrival out")
    return asked


def _format_names(formats: str | Format | Iterable[str | Format]) -> tuple[str, ...]:
    """The names of the formats asked about, each once; a text may list several."""
    from suffice.hardware_specs.catalogue import split_formats

    given = [formats] if isinstance(formats, str) or not isinstance(formats, Iterable) else list(formats)
    names = [name for item in given for name in (split_formats(item) if isinstance(item, str) else [item])]
    if not names:
        raise InputError("no format is asked about", mend="name at least one, such as fp16")
    return tuple(dict.fromkeys(format_name_of(name) for name in names))


def format_name_of(given: str | Format) -> str:
    """The canonical name of a format that tensors can be held in. Raises FormatError and InputError."""
    from suffice.hardware_specs.block_format import BlockFormat
    from suffice.hardware_specs.catalogue import format_name
    from suffice.prover.networks.placing import storage

    held = storage(given)
    if isinstance(held, BlockFormat):
        return held.name
    if isinstance(held, CodeFormat | ExactFormat):
        raise InputError(f"no tensor is held in {format_name(held)}", mend="ask about a float, integer or block format")
    return format_name(held)


def _parsed(name: str | None) -> Format | None:
    from suffice.hardware_specs.catalogue import parse_format

    return None if name is None else parse_format(name)


def _device_names(devices: str | Iterable[str]) -> tuple[str, ...]:
    from suffice.hardware_specs.device import device

    given = [name.strip() for name in devices.split(",")] if isinstance(devices, str) else list(devices)
    if not given:
        raise InputError("no device is named", mend="name one that suffice devices lists, or leave it out")
    return tuple(dict.fromkeys(device(name).name for name in given))
