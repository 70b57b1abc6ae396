"""The benchmark of mixed formats, on one problem."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.cases import PROBLEMS
from benchmarks.mixed import main


def test_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "mixed.json"
    place = str(PROBLEMS / "cancellation" / "exp_quotient.toml")
    assert main([place, "--formats", "fp16,fp32", "--at", "0.4", "--timeout", "10", "--out", str(out)]) == 0
    (row,) = json.loads(out.read_text())
    assert row["cost"] < row["costs"]["fp32"]
    assert row["costs"]["fp16"] is None
    assert row["witness_error"] <= row["error_bound"] <= row["tolerance"]
    assert row["is_least"]
    assert row["is_accepted"]
    assert "1 of 1 mixed; least under the model proved for 1" in capsys.readouterr().out


def test_a_format_that_is_unknown() -> None:
    assert main(["--formats", "fp17"]) == 2
