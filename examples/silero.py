"""The convolutional front end of silero-vad (voice activity, 16 kHz): everything before its LSTM, at one chunk of 512 samples.

    wave (1, 576): the chunk after 64 samples of context
      -> 64 samples mirrored at its end -> short-time Fourier transform, a Conv1d of 256 taps and stride 128 -> magnitudes (1, 129, 4)
      -> Conv1d 129-128 + ReLU -> 128-64, stride 2 + ReLU -> 64-64, stride 2 + ReLU -> 64-128 + ReLU -> features (1, 128, 1)

`encoder` and `front_end` hold the published weights of the four convolutions rounded to fp16, so that they fit into the repository;
storing them in fp16 is therefore without error. `published_encoder` and `published_front_end` read the float32 ones from an installed
silero-vad (`pip install --no-deps silero-vad`) or from a path to its silero_vad_16k_op15.onnx. The transform's weights come from their
formula, which gives the published ones bit by bit.

Weights: silero-vad 6.2.3, MIT licence, copyright 2020-present Silero Team; see weights/README.md.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

WEIGHTS = Path(__file__).parent / "weights" / "silero_encoder_fp16.npz"
RATE = 16_000
SAMPLES = 576
WINDOW = 256
STRIDE = 128
MIRRORED = 64
BANDS = WINDOW // 2 + 1


def fourier_basis() -> torch.Tensor:
    """Hann-windowed cosines and negative sines of BANDS frequencies: weights (258, 1, 256) of a convolution."""
    spectrum = np.fft.fft(np.eye(WINDOW))[:BANDS]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    basis = np.concatenate([spectrum.real, spectrum.imag]).astype(np.float32) * hann.astype(np.float32)
    return torch.from_numpy(basis[:, None])


class Magnitudes(nn.Module):
    """Magnitudes of the short-time Fourier transform: (batch, 576) to (batch, 129, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.transform = nn.Conv1d(1, 2 * BANDS, WINDOW, stride=STRIDE, bias=False)
        self.transform.load_state_dict({"weight": fourier_basis()})

    def forward(self, wave: torch.Tensor) -> torch.Tensor:
        parts = self.transform(functional.pad(wave.unsqueeze(1), (0, MIRRORED), "reflect"))
        return torch.sqrt(parts[:, :BANDS] ** 2 + parts[:, BANDS:] ** 2)


def convolutions(weights: dict[str, torch.Tensor]) -> nn.Sequential:
    """The four convolutions and their ReLUs, with the parameters conv1.weight, conv1.bias, ... conv4.bias."""
    layers = [
        nn.Conv1d(BANDS, 128, 3, padding=1),
        nn.Conv1d(128, 64, 3, stride=2, padding=1),
        nn.Conv1d(64, 64, 3, stride=2, padding=1),
        nn.Conv1d(64, 128, 3, padding=1),
    ]
    for index, layer in enumerate(layers, start=1):
        layer.load_state_dict({part: weights[f"conv{index}.{part}"].float() for part in ("weight", "bias")})
    return nn.Sequential(*(module for layer in layers for module in (layer, nn.ReLU()))).eval()


def encoder() -> nn.Module:
    """The four convolutions, weights in fp16: magnitudes (batch, 129, 4) to features (batch, 128, 1)."""
    with np.load(WEIGHTS) as stored:
        return convolutions({key: torch.from_numpy(stored[key]) for key in stored.files})


def front_end() -> nn.Module:
    """Transform, magnitudes and the four convolutions, weights of these in fp16: waves (batch, 576) to features (batch, 128, 1)."""
    return nn.Sequential(Magnitudes(), *encoder().children()).eval()


def published_weights(path: str | Path | None = None) -> dict[str, torch.Tensor]:
    """The float32 parameters of the four convolutions in silero_vad_16k_op15.onnx; from the installed package if no path is given."""
    if path is None:
        package = importlib.util.find_spec("silero_vad")
        if package is None or package.origin is None:
            raise FileNotFoundError("silero_vad is not installed; pip install --no-deps silero-vad, or name its ONNX file")
        path = Path(package.origin).parent / "data" / "silero_vad_16k_op15.onnx"
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: no such file; name silero_vad_16k_op15.onnx of silero-vad 6")
    try:
        import onnx
    except ImportError:
        raise ImportError("onnx is not installed; pip install onnx") from None
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    names = {f"conv{index + 1}.{part}": f"model.encoder.{index}.reparam_conv.{part}" for index in range(4) for part in ("weight", "bias")}
    if missing := sorted(set(names.values()) - set(stored)):
        raise ValueError(f"{path}: no parameter is called {missing[0]}; name silero_vad_16k_op15.onnx of silero-vad 6")
    return {ours: torch.from_numpy(stored[theirs].copy()) for ours, theirs in names.items()}


def published_encoder(path: str | Path | None = None) -> nn.Module:
    """`encoder` with the float32 weights."""
    return convolutions(published_weights(path))


def published_front_end(path: str | Path | None = None) -> nn.Module:
    """`front_end` with the float32 weights."""
    return nn.Sequential(Magnitudes(), *published_encoder(path).children()).eval()


def chirp() -> torch.Tensor:
    """A tone that rises from 200 Hz to 2 kHz within the chunk, amplitude 1/2: a wave (1, 576)."""
    seconds = np.arange(SAMPLES) / RATE
    sweep = (2000 - 200) / (SAMPLES / RATE)
    return torch.from_numpy(0.5 * np.sin(2 * np.pi * (200 * seconds + sweep * seconds**2 / 2)))[None].float()


def chirp_magnitudes() -> torch.Tensor:
    """What `encoder` is given for `chirp`: (1, 129, 4)."""
    with torch.no_grad():
        return Magnitudes()(chirp())


def store(path: str | Path | None = None) -> None:
    """Write WEIGHTS: the published convolutions rounded to fp16."""
    weights = published_weights(path)
    np.savez_compressed(WEIGHTS, **{key: weights[key].half().numpy() for key in sorted(weights)})
