"""The notebook about a PyTorch model runs from top to bottom, and shows what it tells."""

from __future__ import annotations

import re

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")

from tests.notebooks import NOTEBOOKS, executed  # noqa: E402


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_notebook_about_networks_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = (path for path in NOTEBOOKS if path.stem == "networks")
    shown = executed(path, monkeypatch)
    assert shown.count("image/png") == 2
    for told in ("The smallest format proved sufficient is fp16", "sufficient by S1 - accepted", "Error budget", "layer 4: values in"):
        assert told in shown
    difference = re.search(r"on 200 images: largest difference ([0-9.]+), the same digit on", shown)
    assert difference is not None
    assert 0 < float(difference[1]) < 0.05
