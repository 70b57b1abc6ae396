"""200 images that no model was trained on, drawn once from the test split of scikit-learn's digits by train_digits.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

STORED = Path(__file__).parent / "weights" / "digits_test.npz"
LEVELS = 16
"""A pixel is an integer in [0, 16]; models see it divided by 16, exactly."""


def load_images() -> npt.NDArray[np.float32]:
    """Pixels in [0, 1], of shape (200, 8, 8)."""
    with np.load(STORED) as stored:
        return np.asarray(stored["images"] / LEVELS, dtype=np.float32)


def load_labels() -> npt.NDArray[np.uint8]:
    """The digit that each image shows."""
    with np.load(STORED) as stored:
        return np.asarray(stored["labels"])


def load_inputs(*shape: int) -> torch.Tensor:
    """The images as a tensor (200, *shape); shape as in digits_models.INPUT_SHAPES, (64,) if left out."""
    return torch.from_numpy(load_images()).reshape(-1, *(shape or (64,)))


def load_rows() -> torch.Tensor:
    """The images as sequences of 8 rows, as the transformer takes them: (200, 8, 8)."""
    return load_inputs(8, 8)


def load_pictures() -> torch.Tensor:
    """The images with a channel axis, as the convolutional network takes them: (200, 1, 8, 8)."""
    return load_inputs(1, 8, 8)
