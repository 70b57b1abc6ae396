"""What tests of the prover share."""

from __future__ import annotations

import pytest


@pytest.fixture
def without_confirmations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs whose scripts no solver sees, for tests of many verdicts: that scripts are confirmed is tested beside the portfolio."""
    monkeypatch.setattr("suffice.prover.portfolio.confirm", lambda scripts: [[] for _ in scripts])
