"""Notebooks run from top to bottom, and show what they tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.notebooks import NOTEBOOKS, WITH_TORCH, executed

SHOWN = {"01-first-proof": (2, ("The smallest format proved sufficient is fp32", "accepted", "rejected", "# Impossible"))}
"""How many pictures each notebook shows, and words."""


def test_every_notebook_is_run() -> None:
    assert {path.stem for path in NOTEBOOKS} == {*SHOWN, *WITH_TORCH}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem in SHOWN], ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = executed(path, monkeypatch)
    pictures, words = SHOWN[path.stem]
    assert shown.count("image/png") == pictures
    for told in words:
        assert told in shown
