"""The README's commands that need PyTorch: run as they stand."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.test_house import ROOT, python, readme_commands

torch = pytest.importorskip("torch", reason="torch is not installed: make test-torch")


@pytest.mark.slow
def test_the_commands_about_modules_answer_as_the_readme_says(tmp_path: Path) -> None:
    for folder in ("benchmarks", "examples"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    commands = [(command, verdicts) for command, verdicts in readme_commands() if command.startswith("suffice torch")]
    assert sum(len(verdicts) for _, verdicts in commands) > 5
    for command, verdicts in commands:
        done = python("-m", *shlex.split(command), folder=tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        said = {tuple(line.split()[:3]) for line in done.stdout.splitlines()}
        assert [verdict for verdict in verdicts if tuple(verdict.split()[:3]) not in said] == [], command
