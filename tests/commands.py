"""Commands run in this process, for the tests of the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from suffice.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command."""
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the one object on stdout; nothing may stand on stderr."""
    status, out, err = run(capsys, *arguments, "--json")
    assert err == ""
    content = json.loads(out)
    assert isinstance(content, dict)
    return status, content
