"""Train the models of digits_models.py on scikit-learn's digits and write their weights: python -m examples.train_digits [NAME ...]

Seeded, on one thread, in float64 rounded once to float32 at the end: the same machine gives the same bits. Another instruction set sums in
another order, which moved a weight of the perceptrons by 6e-7, of the transformer by 2e-6, and of the CNN by 0.04, since equal values
meet in its max pooling.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from examples.digits_models import ARCHITECTURES, INPUT_SHAPES, WEIGHTS

SEED = 0
TEST_SIZE = 360
STORED = 200
BATCH = 32
LEARNING_RATE = 5e-3
WEIGHT_DECAY = 0.05
EPOCHS = {"mlp_relu": 40, "mlp_gelu": 40, "mlp_tanh": 40, "cnn": 20, "transformer": 60}


@dataclass(frozen=True, slots=True)
class Split:
    """Pixels in 0..16 of shape (n, 8, 8) and labels, to train on and to test with."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.uint8]


def load_split() -> Split:
    """A stratified split of the 1797 digits by SEED."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images, test_images, labels, test_labels = train_test_split(
        digits.images.astype(np.uint8), digits.target.astype(np.uint8), test_size=TEST_SIZE, random_state=SEED, stratify=digits.target
    )
    return Split(images, labels, test_images, test_labels)


def inputs_of(images: npt.NDArray[np.uint8], name: str) -> torch.Tensor:
    """Pixels in [0, 1] as float64, in the shape that the model takes."""
    return (torch.from_numpy(images).double() / 16).reshape(-1, *INPUT_SHAPES[name])


def train(name: str, split: Split, *, epochs: int) -> nn.Module:
    """A model after so many epochs of AdamW on cross entropy, with a rate that falls to 0 along a cosine; weights are float32."""
    torch.manual_seed(SEED)
    model = ARCHITECTURES[name]().double()
    inputs, labels = inputs_of(split.images, name), torch.from_numpy(split.labels).long()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * -(-len(inputs) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs[batch]), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    return model.float().eval()


def accuracy(model: nn.Module, inputs: torch.Tensor, labels: npt.NDArray[np.uint8]) -> float:
    """Share of inputs whose largest output stands at the label."""
    with torch.no_grad():
        return float((model(inputs.float()).argmax(dim=1).numpy() == labels).mean())


def write_weights(model: nn.Module, path: Path) -> None:
    """The parameters by name, as NumPy reads them."""
    np.savez_compressed(path, **{key: value.numpy() for key, value in model.state_dict().items()})


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print accuracies, write weights, the accuracies and the stored images."""
    parser = argparse.ArgumentParser(description="Train the examples on scikit-learn's digits.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"models to train: {', '.join(ARCHITECTURES)}; all if left out")
    parser.add_argument("--folder", type=Path, default=WEIGHTS, help="where weights are written")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(ARCHITECTURES):
        parser.error(f"no model is called {', '.join(sorted(unknown))}: choose from {', '.join(ARCHITECTURES)}")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    asked.folder.mkdir(parents=True, exist_ok=True)
    split = load_split()
    np.savez_compressed(asked.folder / "digits_test.npz", images=split.test_images[:STORED], labels=split.test_labels[:STORED])
    path = asked.folder / "accuracy.json"
    reached = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name in asked.names or ARCHITECTURES:
        model = train(name, split, epochs=EPOCHS[name])
        test = inputs_of(split.test_images, name)
        shares = [accuracy(model, test[:count], split.test_labels[:count]) for count in (TEST_SIZE, STORED)]
        reached[name] = dict(zip(("test", "stored"), shares, strict=True))
        write_weights(model, asked.folder / f"{name}.npz")
        size = sum(parameter.numel() for parameter in model.parameters())
        print(f"{name}: {size} parameters, accuracy {shares[0]:.4f} on {TEST_SIZE} test images, {shares[1]:.3f} on the {STORED} stored")
    path.write_text(json.dumps(reached, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
