"""Classifiers of scikit-learn's digits (8 x 8 pixels in [0, 1], 10 classes), with the weights that train_digits.py found.

Each factory takes no argument and returns a model in evaluation mode; name it on a command line as `examples/digits_models.py:mlp_relu`
or `examples.digits_models:mlp_relu`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

WEIGHTS = Path(__file__).parent / "weights"

CLASSES = 10
SIDE = 8
HIDDEN = 32
CHANNELS = (8, 16)
WIDTH = 16
HEADS = 2


class SelfAttention(nn.Module):
    """Attention of a sequence (..., length, width) to itself, with one Linear each for queries, keys, values and the output."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (self.split(project(x)) for project in (self.query, self.key, self.value))
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.output(mixed.transpose(1, 2).flatten(2))

    def split(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, length, width) to (batch, heads, length, width / heads)."""
        batch, length, width = x.shape
        return x.reshape(batch, length, self.heads, width // self.heads).transpose(1, 2)


class PackedSelfAttention(nn.Module):
    """The same as SelfAttention by nn.MultiheadAttention, which packs the first three Linears into one matrix."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


class Transformer(nn.Module):
    """One pre-normalised transformer block that reads a digit as a sequence of 8 rows; input (batch, 8, 8)."""

    def __init__(self, attention: Callable[[int, int], nn.Module] = SelfAttention) -> None:
        super().__init__()
        self.embedding = nn.Linear(SIDE, WIDTH)
        self.position = nn.Parameter(torch.zeros(SIDE, WIDTH))
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.attention = attention(WIDTH, HEADS)
        self.mlp_norm = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embedding(x) + self.position
        x = x + self.attention(self.attention_norm(x))
        x = x + self.mlp(self.mlp_norm(x))
        return self.head(x.mean(dim=1))


def perceptron(activation: Callable[[], nn.Module]) -> nn.Sequential:
    """64-32-32-10; input (batch, 64)."""
    return nn.Sequential(
        nn.Linear(SIDE * SIDE, HIDDEN),
        activation(),
        nn.Linear(HIDDEN, HIDDEN),
        activation(),
        nn.Linear(HIDDEN, CLASSES),
    )


def convolutional() -> nn.Sequential:
    """Two 3 x 3 convolutions with pooling between them; input (batch, 1, 8, 8)."""
    first, second = CHANNELS
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(second * (SIDE // 2) ** 2, CLASSES),
    )


ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    "mlp_relu": lambda: perceptron(nn.ReLU),
    "mlp_gelu": lambda: perceptron(nn.GELU),
    "mlp_tanh": lambda: perceptron(nn.Tanh),
    "cnn": convolutional,
    "transformer": Transformer,
}
"""Models without trained weights, by the names of their factories."""

INPUT_SHAPES: dict[str, tuple[int, ...]] = {
    "mlp_relu": (SIDE * SIDE,),
    "mlp_gelu": (SIDE * SIDE,),
    "mlp_tanh": (SIDE * SIDE,),
    "cnn": (1, SIDE, SIDE),
    "transformer": (SIDE, SIDE),
}
"""Shape of one input, without the batch."""


def read_weights(name: str) -> dict[str, torch.Tensor]:
    """The trained parameters of a model, float32, by their names in it."""
    with np.load(WEIGHTS / f"{name}.npz") as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored.files}


def trained(name: str) -> nn.Module:
    """A model of ARCHITECTURES with its trained weights."""
    model = ARCHITECTURES[name]()
    model.load_state_dict(read_weights(name))
    return model.eval()


def mlp_relu() -> nn.Module:
    """64-32-32-10 with ReLU."""
    return trained("mlp_relu")


def mlp_gelu() -> nn.Module:
    """64-32-32-10 with GELU by erf."""
    return trained("mlp_gelu")


def mlp_tanh() -> nn.Module:
    """64-32-32-10 with tanh."""
    return trained("mlp_tanh")


def cnn() -> nn.Module:
    """Convolution, max pooling, convolution, Linear: 3,818 parameters."""
    return trained("cnn")


def transformer() -> nn.Module:
    """One block, two heads, 8 rows as the sequence: 2,666 parameters."""
    return trained("transformer")


def transformer_packed() -> nn.Module:
    """The same function as `transformer`, its attention written as nn.MultiheadAttention."""
    weights = read_weights("transformer")
    parts = {end: torch.cat([weights.pop(f"attention.{part}.{end}") for part in ("query", "key", "value")]) for end in ("weight", "bias")}
    packed = {f"attention.attention.in_proj_{end}": part for end, part in parts.items()}
    output = {f"attention.attention.out_proj.{end}": weights.pop(f"attention.output.{end}") for end in ("weight", "bias")}
    model = Transformer(PackedSelfAttention)
    model.load_state_dict({**weights, **packed, **output})
    return model.eval()
