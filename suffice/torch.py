"""PyTorch models: a proved format for every layer. PyTorch itself is loaded when a module is read or run.

    import suffice.torch
    print(suffice.torch.certify(model, "balls(samples.npy, radius=0.01, within=0:1)", "1e-2", formats="bf16,fp16,fp32"))
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suffice.errors import InputError

if TYPE_CHECKING:
    from suffice.encodings.networks.graph import Network
    from suffice.encodings.networks.inputs import InputSet
    from suffice.encodings.readers.torch_models import Rule
    from suffice.hardware_specs.format import Format
    from suffice.network_answers import ModelAnswer
    from suffice.network_questions import Progress
    from suffice.proofs.networks import NetworkCertificate
    from suffice.prover.networks.configuration import Configuration
    from suffice.questions import Number
    from suffice.running.watching import Event, Watch


def certify(
    model: Any,
    inputs: InputSet | str | Any,
    tolerance: Number | None = None,
    *,
    formats: str | Format | Iterable[str | Format] | None = None,
    device: str = "generic",
    devices: str | Iterable[str] | None = None,
    assign: bool = False,
    arrival: str = "real",
    example: Any = None,
    batched: bool = True,
    name: str | None = None,
    input_format: str | None = None,
    output_format: str | None = None,
    timeout: float | None = None,
    search_seconds: float = 10.0,
    jobs: int = 1,
    save: str | Path | None = None,
    archive: str | None = None,
    progress: Progress | None = None,
) -> ModelAnswer:
    """A verdict for each format on each device, each with a certificate, and what every layer adds to the error.

    `model` is a `torch.nn.Module`, the path of an ONNX file, or a `Network`. `inputs` is a text ("box(0,1)", "balls(FILE.npy,
    radius=0.01)", "points(FILE.npy)"), an array whose first axis counts points, or an `InputSet`; `arrival` "real" (rounded first to the
    input's format) or "representable". `tolerance` is the largest error allowed on every output; without one only bounds are proved.
    `example` is one input with its batch axis (`batched`: its first axis counts samples), or that shape, where it is not the shape of
    `inputs` behind a batch axis. `formats` are int8, fp8_e4m3, bf16, fp16
    and fp32 where none is named. `assign`: also the cheapest proved format for each layer. `save` is a file or folder for the
    certificates, `archive` an archive of them. `search_seconds` are for each format; after `timeout` seconds in all no further search for
    bad inputs is begun. `jobs` results are worked on at once, each in a process of its own. Raises SufficeError.
    """
    from suffice.cli.keeping import check_place
    from suffice.network_keeping import keep_model
    from suffice.network_questions import ask_model, certify_network, inputs_for, read_inputs

    place = None if save is None else Path(save)
    check_place(place)
    asked = read_inputs(inputs)
    text = inputs if isinstance(inputs, str) else getattr(asked, "text", "")
    question = ask_model(
        tolerance,
        formats,
        device if devices is None else devices,
        output=output_format,
        input=input_format,
        assign=assign,
        timeout=timeout,
        seconds=search_seconds,
        jobs=jobs,
        inputs_text=text,
    )
    if example is None and asked.shape is not None and not isinstance(model, str | Path):
        example = (1, *asked.shape) if batched else asked.shape
    network = read(model, example, name=name, batched=batched)
    answer = certify_network(network, inputs_for(asked, network, arrival), question, progress)
    keep_model(answer, place, archive)
    return answer


def read(model: Any, example: Any = None, *, name: str | None = None, batched: bool = True) -> Network:
    """A model as a network: a `torch.nn.Module`, the path of an ONNX file, or a network, which stays as it is.

    `example` is one input of a module, a tensor, an array or the shape of one; `batched`: its first axis counts samples and has length 1.
    An ONNX file needs one only where it leaves lengths open. Raises InputError, where the example is missing, or with the module path
    where something cannot be read.
    """
    from suffice.encodings.networks.graph import Network

    if isinstance(model, Network):
        return model
    if isinstance(model, str | Path):
        from suffice.encodings.readers.onnx_models import read_onnx

        if not Path(model).is_file():
            raise InputError("there is no such file", where=str(model), mend="check the path")
        return read_onnx(Path(model), _shape_of(example), name=name, batched=batched)
    torch = _torch()
    if not isinstance(model, torch.nn.Module):
        raise InputError(f"{type(model).__name__} is no torch.nn.Module", mend="give a module, the path of an ONNX file, or a Network")
    if example is None:
        raise InputError("the shape of the model's input is not known", where=type(model).__name__, mend="give an example, or its shape")
    from suffice.encodings.readers.torch_models import read_module

    with _errors_told_once():
        return read_module(model, _example(torch, example), name=name, batched=batched)


def register(operator: str, rule: Rule) -> None:
    """Read an operator of PyTorch by a rule of your own; it goes before the rule built in.

        from suffice.encodings.networks.graph import TensorOp

        def hardswish(call):        # x (max(x + 3, 0) - max(x - 3, 0)) / 6
            b, x = call.builder, call.tensor("self")
            above = b.unary(TensorOp.RELU, b.binary(TensorOp.ADD, x, b.constant(3.0)))
            beyond = b.unary(TensorOp.RELU, b.binary(TensorOp.SUBTRACT, x, b.constant(3.0)))
            product = b.binary(TensorOp.MULTIPLY, x, b.binary(TensorOp.SUBTRACT, above, beyond))
            return b.binary(TensorOp.DIVIDE, product, b.constant(6.0))

        suffice.torch.register("aten.hardswish", hardswish)

    `call.tensor(NAME)` is an argument under its name in the operator's schema, `call.number` and `call.integers` read others. What the
    rule adds is proved as it stands: that it says what the operator does is on you.
    """
    from suffice.encodings.readers.torch_models import register as register_rule

    register_rule(operator, rule)


def apply(
    model: Any,
    config: Configuration | Mapping[str, Any] | str | PathLike[str],
    *,
    exact: bool = False,
    certificate: NetworkCertificate | str | PathLike[str] | None = None,
    example: Any = None,
    batched: bool = True,
) -> Any:
    """A copy of a module in the formats of a configuration (what `answer.config()` returned, or a file of it), for inference.

    It stores what the certified program stores. `exact`: sums go by index, too, so that it computes that program's numbers bit by bit;
    else PyTorch's own kernels add where any order is allowed. With the `certificate` that the configuration names, or its path, it is
    checked that this proves the very program. `example` is needed only where inputs are token ids. Raises InputError where the
    configuration is about another model.
    """
    _torch()
    from suffice.running.casting import apply as apply_configuration

    return apply_configuration(model, config, exact=exact, certificate=certificate, example=example, batched=batched)


def watch(
    model: Any,
    certified: ModelAnswer | NetworkCertificate | str | PathLike[str],
    *,
    result: str | None = None,
    on_event: Callable[[Event], None] | None = None,
    strict: bool = True,
    example: Any = None,
    batched: bool = True,
) -> Watch:
    """Say when an input of a running module leaves the certified set, or a module's result leaves its proved range.

    `certified` is an answer (of which `result` names a result), a certificate, or the path of one. Events go to `on_event`, else to the
    log `suffice.running`; parameters and outputs stay untouched, and `remove()`, or the end of a `with` block, takes the hooks away.
    Raises InputError; also, if `strict`, where the weights are not those that were certified.
    """
    _torch()
    from suffice.running.watching import watch as watch_model

    return watch_model(model, certified, result=result, on_event=on_event, strict=strict, example=example, batched=batched)


def _torch() -> Any:
    """PyTorch. Raises InputError where it is not installed."""
    try:
        import torch
    except ModuleNotFoundError:
        raise InputError("torch is not installed", mend="install suffice[torch]") from None
    return torch


@contextmanager
def _errors_told_once() -> Iterator[None]:
    """torch.export logs the traceback of an operator that refuses its shapes, beside the error that it raises."""
    log = logging.getLogger("torch._subclasses.fake_tensor")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _example(torch: Any, example: Any) -> Any:
    """One input as a tensor; of a shape, zeros."""
    if _is_shape(example):
        return torch.zeros(_shape_of(example))
    return torch.as_tensor(example)


def _shape_of(example: Any) -> tuple[int, ...] | None:
    """The shape of an example, which may be one. Raises InputError."""
    if example is None:
        return None
    shape = tuple(example) if _is_shape(example) else tuple(example.shape)
    if not shape or min(shape) < 1:
        raise InputError(f"{shape} is no shape of an input", mend="give lengths >= 1, such as (1, 64)")
    return shape


def _is_shape(example: Any) -> bool:
    return isinstance(example, tuple | list) and all(isinstance(length, int) for length in example)
