"""Modules to read, and what PyTorch computes with them in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from suffice.encodings.networks.evaluate import run_float64
from suffice.encodings.networks.graph import Network
from suffice.encodings.readers.torch_models import read_module


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any], **parameters: torch.Tensor) -> None:
        super().__init__()
        self.function = function
        for name, value in parameters.items():
            self.register_buffer(name, value)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x, **dict(self.named_buffers()))


class Attention(nn.Module):
    """nn.MultiheadAttention of a sequence to itself."""

    def __init__(self, mask: torch.Tensor | None = None, weights: bool = False) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.mask, self.weights = mask, weights

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=self.weights, attn_mask=self.mask)[0]


class WithoutGradients(nn.Module):
    """Buffers that are not saved, a tensor that is no buffer, and a stretch without gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor([0.5, 2.0, 3.0]), persistent=False)
        self.shift = torch.tensor([1.0, 2.0, 4.0])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            scaled = x * self.scale
        return scaled + self.shift.to(x.dtype)


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """Float64 parameters and statistics drawn anew, so that no gain is 1 and no shift 0 by chance."""
    generator = torch.Generator().manual_seed(seed)
    module = module.double().eval()
    for name, value in [*module.named_parameters(), *module.named_buffers()]:
        if value.is_floating_point() and not isinstance(module, Function):
            drawn = torch.randn(value.shape, generator=generator, dtype=torch.float64) / 2
            value.data.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn)
    return module


def outputs(module: nn.Module, x: torch.Tensor) -> np.ndarray:
    """What PyTorch computes, sample by sample where the module wants one sample."""
    with torch.no_grad():
        return np.stack([np.atleast_1d(module(sample[None].clone())[0].numpy()) for sample in x])


def difference(module: nn.Module, network: Network, shape: tuple[int, ...], seed: int = 0) -> float:
    """The largest difference between network and module at random inputs, relative to outputs above 1."""
    x = torch.randn((3, *shape), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    wanted = outputs(module, x)
    found = run_float64(network, x.numpy())
    assert found.shape == wanted.shape
    return float((np.abs(found - wanted) / np.maximum(1, np.abs(wanted))).max())


def read(module: nn.Module, *shape: int, **options: Any) -> Network:
    """Read with one zero sample."""
    return read_module(module, torch.zeros((1, *shape), dtype=torch.float64), **options)
