"""auto_LiRPA's bounds of Jacobians, for benchmarks/network_slopes.py: run by an interpreter that can import auto_LiRPA.

Reads {"model": NAME, "boxes": [[lo, hi], ...]} and prints for every box {method: [largest row sum, largest singular value] or a reason}.

The last release on the package index, 0.3, has no JacobianOP (later versions, distributed as sources only, do). What that operation is
documented to do is built here from the library's own parts: the slopes of the activations are bounded by its bounds of what they act on
(methods IBP and CROWN), the rows of the Jacobian are written down as a module that multiplies weights and slopes, and that module is
bounded by IBP or CROWN over the box of the slopes. Its arithmetic is float32, rounded to nearest: the figures are not proved.

0.3 asks for torch < 1.13 and numpy < 2. With newer ones it does not start; `mended` supplies what is missing.
"""

from __future__ import annotations

import json
import sys
import types
from typing import Any

import numpy as np
import torch
from torch import nn

from examples import digits_data, digits_models

METHODS = ("IBP", "CROWN")


def mended() -> Any:
    """auto_LiRPA 0.3, with what newer libraries no longer have: numpy.lib.arraysetops, two functions of torch.onnx,
    attributes of nodes by index, and members of modules without a flag that came later."""
    arraysetops = types.ModuleType("numpy.lib.arraysetops")
    arraysetops.isin = np.isin  # type: ignore[attr-defined]
    sys.modules["numpy.lib.arraysetops"] = arraysetops
    import torch.onnx.symbolic_helper as helper
    import torch.onnx.utils as utils
    from torch.onnx._internal.torchscript_exporter import utils as exporter
    from torch.onnx._internal.torchscript_exporter._globals import GLOBALS

    helper._set_opset_version = lambda version: setattr(GLOBALS, "export_onnx_opset_version", version)
    utils._optimize_graph = exporter._optimize_graph
    torch._C.Node.__getitem__ = lambda self, key: getattr(self, self.kindOf(key))(key)
    import auto_LiRPA  # type: ignore[import-not-found]  # lives in an environment of its own

    members = auto_LiRPA.BoundedModule._named_members
    auto_LiRPA.BoundedModule._named_members = lambda self, *given, remove_duplicate=True, **named: members(self, *given, **named)  # noqa: ARG005
    return auto_LiRPA


class Reverse(nn.Module):  # type: ignore[misc]  # torch is not seen by the type checker
    """One row of the Jacobian of Linear, activation, Linear, ... as a function of the slopes, one input for every activation."""

    def __init__(self, linears: list[nn.Linear], output: int) -> None:
        super().__init__()
        self.register_buffer("last", linears[-1].weight.data[output][None].clone())
        before = list(reversed(linears[:-1]))
        self.steps = nn.ModuleList(nn.Linear(one.out_features, one.in_features, bias=False) for one in before)
        for step, one in zip(self.steps, before, strict=True):
            step.weight.data = one.weight.data.T.contiguous()

    def forward(self, *slopes: torch.Tensor) -> torch.Tensor:
        row = self.last
        for step, slope in zip(self.steps, reversed(slopes), strict=True):
            row = step(slope * row)
        return row


def slope_box(act: nn.Module, lo: torch.Tensor, hi: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The slopes of relu or tanh between two ends."""
    if isinstance(act, nn.ReLU):
        return (lo > 0).float(), (hi > 0).float()
    ends = torch.stack([1 - torch.tanh(lo) ** 2, 1 - torch.tanh(hi) ** 2])
    top = torch.where((lo <= 0) & (hi >= 0), torch.ones_like(lo), ends.amax(dim=0))
    return ends.amin(dim=0), top


def jacobian_norms(library: Any, model: nn.Sequential, lo: torch.Tensor, hi: torch.Tensor, method: str) -> list[float]:
    """Bounds from the largest entries in size: the largest row sum, and the largest singular value of the matrix of sizes."""
    parts = list(model)
    middle = (0.5 * (lo + hi))[None]
    slopes = []
    for count in range(1, len(parts) - 1, 2):
        before = library.BoundedModule(nn.Sequential(*parts[:count]), middle)
        box = library.PerturbationLpNorm(norm=np.inf, x_L=lo[None], x_U=hi[None])
        ends = before.compute_bounds(x=(library.BoundedTensor(middle, box),), method=method)
        slopes.append(slope_box(parts[count], *(end.detach() for end in ends)))
    linears = [part for part in parts if isinstance(part, nn.Linear)]
    rows = [reverse_bounds(library, Reverse(linears, output), slopes, method) for output in range(linears[-1].out_features)]
    sizes = torch.cat(rows).double()
    return [float(sizes.sum(dim=1).max()), float(torch.linalg.matrix_norm(sizes, 2))]


def reverse_bounds(library: Any, reverse: Reverse, slopes: list[tuple[torch.Tensor, torch.Tensor]], method: str) -> torch.Tensor:
    """Bounds of the sizes of one row over the box of the slopes."""
    middles = tuple(0.5 * (low + high) for low, high in slopes)
    bounded = library.BoundedModule(reverse, middles)
    given = []
    for (low, high), middle in zip(slopes, middles, strict=True):
        given.append(library.BoundedTensor(middle, library.PerturbationLpNorm(norm=np.inf, x_L=low, x_U=high)))
    low, high = bounded.compute_bounds(x=tuple(given), method=method)
    return torch.maximum(low.abs(), high.abs()).detach()


def plain_bounds(library: Any, model: nn.Module, lo: torch.Tensor, hi: torch.Tensor) -> None:
    """Bound the outputs: the first thing that must work."""
    middle = (0.5 * (lo + hi))[None]
    bounded = library.BoundedModule(model, middle)
    box = library.PerturbationLpNorm(norm=np.inf, x_L=lo[None], x_U=hi[None])
    bounded.compute_bounds(x=(library.BoundedTensor(middle, box),), method="CROWN")


def answered(library: Any, name: str, lo: torch.Tensor, hi: torch.Tensor, method: str) -> list[float] | str:
    """The norms, or why there are none."""
    model = getattr(digits_models, name)()
    try:
        plain_bounds(library, model, lo, hi)
        known = isinstance(model, nn.Sequential) and all(isinstance(part, nn.Linear | nn.ReLU | nn.Tanh) for part in model)
        if not known:
            return "bounds outputs; its Jacobian is not built here"
        return jacobian_norms(library, model, lo, hi, method)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}".replace("\n", " ")


def main() -> None:
    """Answer what stands on the standard input."""
    library = mended()
    import logging

    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    assert asked["model"] in digits_models.ARCHITECTURES and len(digits_data.load_labels()) > 0
    found = []
    for lo, hi in asked["boxes"]:
        ends = torch.tensor(lo, dtype=torch.float32), torch.tensor(hi, dtype=torch.float32)
        found.append({method: answered(library, asked["model"], *ends, method) for method in METHODS})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
