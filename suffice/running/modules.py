"""The modules that run steps of a certified program inside PyTorch. `torch` is imported when the first one is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from suffice.encodings.networks.graph import Array
from suffice.errors import InputError
from suffice.hardware_specs.catalogue import parse_format
from suffice.prover.networks.emulation import Emulator
from suffice.prover.networks.local_errors_rounding import keeps
from suffice.running.segments import Segment

if TYPE_CHECKING:
    import torch


def applied_model(model: Any, emulator: Emulator, batched: bool) -> Any:
    """One module that runs the whole program; `model`, with its rounded weights, is a part of it that only holds them."""
    return _running(model, emulator, Segment("", tuple(range(1, len(emulator.program.steps))), 0), batched, rounds_input=True)


def cast_module(module: Any, emulator: Emulator, segment: Segment, batched: bool) -> Any:
    """A module that runs the steps of one layer; `module` is a part of it that only holds the rounded weights."""
    return _running(module, emulator, segment, batched, rounds_input=False)


def cast_input(model: Any, emulator: Emulator, batched: bool) -> None:
    """Round the input of a model to the format of the program's input, before everything else."""

    def round_input(_: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        x, *rest = arguments
        arrived = _array(x, emulator.program.network.input.shape, batched)
        return (_tensor(emulator.step(0, [arrived], len(arrived)), emulator, 0, x, batched), *rest)

    model.register_forward_pre_hook(round_input)


def _running(module: Any, emulator: Emulator, segment: Segment, batched: bool, *, rounds_input: bool) -> Any:
    """A module that runs the steps of a segment."""
    import torch

    class CertifiedSteps(torch.nn.Module):
        """Runs steps of a certified program, for inference alone."""

        def __init__(self) -> None:
            super().__init__()
            self.original = module
            self.train(False)

        def train(self, mode: bool = True) -> CertifiedSteps:
            if mode:
                raise InputError("a certified program cannot be trained", mend="train the model itself, and certify it again")
            super().train(False)
            return self

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                arrived = _array(x, emulator.program.network.nodes[segment.source].shape, batched)
                taken = emulator.step(0, [arrived], len(arrived)) if rounds_input else arrived
                return _tensor(_run(emulator, segment.positions, {segment.source: taken}), emulator, segment.result, x, batched)

    return CertifiedSteps()


def _run(emulator: Emulator, positions: Sequence[int], values: dict[int, Array]) -> Array:
    """The result of the last step."""
    count = len(next(iter(values.values())))
    for position in positions:
        operands = emulator.program.network.nodes[position].operands
        values[position] = emulator.step(position, [values[operand] for operand in operands], count)
    return values[positions[-1]]


def _array(x: torch.Tensor, shape: tuple[int, ...], batched: bool) -> Array:
    """The numbers of a tensor, samples first."""
    found = np.asarray(x.detach().cpu().double().numpy())
    samples = found if batched else found[None]
    if samples.shape[1:] != shape:
        raise InputError(f"a tensor of shape {samples.shape[1:]}, the certified program takes {shape}", mend="give inputs of its shape")
    return samples


def _tensor(value: Array, emulator: Emulator, position: int, like: torch.Tensor, batched: bool) -> torch.Tensor:
    """The numbers as float32, or float64 where their format has numbers that float32 does not hold."""
    import torch

    found = torch.from_numpy(np.array(value if batched else value[0])).to(like.device)
    return found.float() if keeps(parse_format("fp32"), emulator.held[position]) else found
