"""Watch a running model: hooks say when an input leaves the certified set, or a module's result leaves its proved range."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from suffice.encodings.networks.inputs import InputSet
from suffice.encodings.networks.program import NetworkProgram
from suffice.errors import InputError
from suffice.proofs.networks import NetworkCertificate
from suffice.prover.networks.configuration import network_digest
from suffice.running.casting import CERTIFIED, read_network
from suffice.running.certified import Range, certified_of, outside, proved_ranges

if TYPE_CHECKING:
    from suffice.network_answers import ModelAnswer

LOGGER = logging.getLogger("suffice.running")

KEPT = 1000
"""Most events of one watch that are kept."""

SHOWN = 8
"""Most elements that an event names."""


class Kind(StrEnum):
    """What was seen."""

    INPUT = "input"
    """A sample is not in the certified set: nothing is claimed of what the model makes of it."""
    LAYER = "layer"
    """A module's result leaves its proved range, though the sample is in the set: the model is not the one that was certified."""
    WEIGHTS = "weights"
    """The weights are not, or no longer, those that were certified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing seen. `sample` counts in its batch; `elements` are the first places, in one sample, whose values are outside."""

    kind: Kind
    module: str
    sample: int = 0
    elements: tuple[tuple[int, ...], ...] = ()
    count: int = 0
    text: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True, eq=False)
class Watch:
    """A watch over one model; `remove`, or leaving the `with` block, takes its hooks away. `counts` counts events, `samples` inputs."""

    events: list[Event] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)
    samples: int = 0
    _handles: list[Any] = field(default_factory=list)
    _tell: Callable[[Event], None] = LOGGER.warning
    _inside: NDArray[np.bool_] | None = None
    _versions: tuple[tuple[int, int], ...] = ()

    def remove(self) -> None:
        """Take the hooks away; the model is then as it was."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def see(self, event: Event) -> None:
        """Count an event, keep it and tell of it."""
        self.counts[event.kind] += 1
        if len(self.events) < KEPT:
            self.events.append(event)
        self._tell(event)


def watch(
    model: Any,
    certified: ModelAnswer | NetworkCertificate | str | os.PathLike[str],
    *,
    result: str | None = None,
    on_event: Callable[[Event], None] | None = None,
    strict: bool = True,
    example: Any = None,
    batched: bool = True,
) -> Watch:
    """Watch a `torch.nn.Module` while it runs, without changing what it computes.

    `certified` is an answer (`result` names one of its results, else the one to use), a certificate, or the path of one, which is checked.
    Every event goes to `on_event`, else to the log `suffice.running`. Ranges are those of the certified program; a model that runs in a
    coarser format than the certified one may leave them by its own rounding. `strict`: raise InputError where the weights are not those
    that were certified; else that is an event, too.

    Raises InputError.
    """
    program, inputs = certified_of(certified, result)
    made = Watch(_tell=on_event or LOGGER.warning)
    difference = _difference(model, program, example, batched)
    if difference and strict:
        raise InputError(difference, where=type(model).__name__, mend="certify this model, or watch with strict=False")
    if difference:
        made.see(Event(kind=Kind.WEIGHTS, module="", text=difference))
    made._versions = _versions(model)
    seen = _input_hook(made, model, program, inputs, batched)
    made._handles.append(model.register_forward_pre_hook(seen, prepend=True, with_kwargs=True))
    for name, interval in proved_ranges(program, inputs).items():
        modules = dict(model.named_modules())
        if name in modules:
            made._handles.append(modules[name].register_forward_hook(_layer_hook(made, name, interval, batched)))
    return made


def _difference(model: Any, program: NetworkProgram, example: Any, batched: bool) -> str:
    """How the model is not the one that was certified; empty where it is. An applied model says itself what it runs."""
    wanted = network_digest(program.network)
    found = getattr(model, CERTIFIED, None)
    if found is None:
        try:
            found = network_digest(read_network(model, program.network.input.shape, example, batched))
        except InputError as error:
            return f"the model cannot be read: {error}"
    return "" if found == wanted else "the weights or the operations of the model are not those that were certified"


def _versions(model: Any) -> tuple[tuple[int, int], ...]:
    """What changes when a parameter or buffer is replaced or written into."""
    return tuple((id(tensor), tensor._version) for tensor in (*model.parameters(), *model.buffers()))


def _input_hook(
    made: Watch, model: Any, program: NetworkProgram, inputs: InputSet, batched: bool
) -> Callable[[Any, tuple[Any, ...], dict[str, Any]], None]:
    def hook(_: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        x = next(iter((*arguments, *named.values())), None)
        found = _samples(x, batched)
        now = _versions(model)
        if now != made._versions:
            made._versions = now
            made.see(Event(kind=Kind.WEIGHTS, module="", text="parameters changed while the model was watched"))
        made._inside = None
        if found is None or found.shape[1:] != inputs.shape:
            shape = None if found is None else found.shape[1:]
            made.see(Event(kind=Kind.INPUT, module="", text=f"the input has the shape {shape}, certified are inputs of {inputs.shape}"))
            return
        made.samples += len(found)
        places = outside(found, inputs, program)
        made._inside = np.array([not place.any() for place in places], dtype=bool)
        for sample in np.flatnonzero(~made._inside):
            made.see(_input_event(int(sample), places[sample], found[sample]))

    return hook


def _layer_hook(made: Watch, name: str, interval: Range, batched: bool) -> Callable[[Any, Any, Any], None]:
    def hook(_: Any, __: Any, output: Any) -> None:
        result = output[0] if isinstance(output, tuple) and output else output
        if made._inside is None or not made._inside.any() or not hasattr(result, "detach"):
            return
        values = result.detach()
        if bool((values.min() >= interval.lo) & (values.max() <= interval.hi)):
            return
        found = _samples(values, batched)
        if found is None or len(found) != len(made._inside):
            return
        for sample in np.flatnonzero(made._inside):
            places = ~((found[sample] >= interval.lo) & (found[sample] <= interval.hi))
            if places.any():
                made.see(_layer_event(name, int(sample), places, found[sample], interval))

    return hook


def _samples(x: Any, batched: bool) -> NDArray[np.float64] | None:
    """The numbers of a tensor, samples first; None for anything else."""
    if not hasattr(x, "detach"):
        return None
    found = np.asarray(x.detach().cpu().double().numpy())
    return (found if found.ndim else None) if batched else found[None]


def _input_event(sample: int, places: NDArray[np.bool_], values: NDArray[np.float64]) -> Event:
    elements = tuple(_first(places))
    where = ", ".join(f"{list(element)} = {float(values[element])!r}" for element in elements)
    count = int(places.sum())
    text = f"sample {sample} is not in the certified set: {count} of its elements are outside, {where}"
    return Event(kind=Kind.INPUT, module="", sample=sample, elements=elements, count=count, text=text)


def _layer_event(name: str, sample: int, places: NDArray[np.bool_], values: NDArray[np.float64], interval: Range) -> Event:
    elements = tuple(_first(places))
    where = ", ".join(f"{list(element)} = {float(values[element])!r}" for element in elements)
    text = f"module {name!r} leaves its proved range [{interval.lo!r}, {interval.hi!r}] at a certified input, sample {sample}: {where}"
    return Event(kind=Kind.LAYER, module=name, sample=sample, elements=elements, count=int(places.sum()), text=text)


def _first(places: NDArray[np.bool_]) -> Iterator[tuple[int, ...]]:
    for place in np.argwhere(places)[:SHOWN]:
        yield tuple(int(index) for index in place)
