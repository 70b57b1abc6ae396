"""Notebooks run from top to bottom, for the tests of what they show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

WITH_TORCH = frozenset({"networks"})
"""Those that need PyTorch: they run in tests/pytorch."""


def executed(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The notebook's text with everything that its cells show; the repository is on the path of its kernel."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit notebooks without outputs"
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    return str(nbformat.writes(notebook))
