"""Hostile files end in a rejection of one line, within two seconds and half a gigabyte."""

from __future__ import annotations

from pathlib import Path

import pytest

from suffice.proofs.kernel import limits

from .documents import FP32, certificate, cover, formats, problem, report
from .hostility import MEGABYTES, SECONDS, check_file, files
from .samples import SOFTMAX

FILES = files()

REASONS = {
    "a number of 7 million digits": "an integer of 7000000 digits",
    "a text of 7 million digits": "is not a number written as",
    "depth 10^6": "nested too deeply",
    "quotes without end": "Unterminated string",
    "NaN": "not an exact number",
    "Infinity": "not an exact number",
    "a float": "not an exact number",
    "an exponent": "not an exact number",
    "a key twice": "a key twice",
    "invalid UTF-8": "not UTF-8",
    "a lone surrogate": "missing or unknown keys",
    "an encoded surrogate": "not UTF-8",
    "a sparse file of 1 GB": "more than 64000000 bytes",
    "100 MB of brackets": "more than 64000000 bytes",
    "a device without end": "more than 16000000",
    "2^2^30 by squaring": "too large",
    "x^1000 chained": "too large",
    "exp(exp(exp(1000)))": "too large",
    "a cover of 200,000 leaves": "more work than the kernel's limit",
    "a cover of 200,000 cuts in a row": "parts waiting",
    "cuts that leave all else waiting": "parts waiting",
    "codes of 100 bits": "an integer of 31 digits",
    "20,000 inputs": "more than 1024 keys",
    "100,000 times e": "the precision is too large for so many nodes",
    "1,000 inputs": "more than 256 inputs",
    "many keys": "more than 1024 keys",
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_at_once(name: str, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    FILES[name](path)
    outcome = check_file(path)
    assert outcome.line.startswith("rejected: ")
    assert outcome.line.isprintable()
    assert len(outcome.line) < 400
    assert REASONS.get(name, "") in outcome.line
    assert outcome.seconds < SECONDS
    assert outcome.megabytes < MEGABYTES


@pytest.mark.parametrize(("leaves", "status"), [(40_000, "accepted"), (10_000_000, "rejected")])
def test_a_large_honest_cover_is_within_the_budget(monkeypatch: pytest.MonkeyPatch, leaves: int, status: str) -> None:
    """So many leaves are affordable if 512 of them take less than 512 / leaves of the budget."""
    splits = _balanced(9)
    question = problem(SOFTMAX, {"x": ["-8", "8"], "y": ["-8", "8"]}, absolute="1/1000")
    certified = certificate(question, formats(FP32), error_bound=cover(*splits, precision=256))
    monkeypatch.setattr("suffice.proofs.kernel.checking.Budget.__init__.__defaults__", (limits.MAX_WORK * 512 // leaves,))
    assert report(certified).status == status


def _balanced(depth: int, name: int = 1) -> list[int]:
    return [0] if depth == 0 else [name, *_balanced(depth - 1, 3 - name) * 2]
