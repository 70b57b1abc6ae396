"""Every certificate of the gallery is re-checked by the kernel alone, and is what the index says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from suffice.proofs.kernel import check

ROOT = Path(__file__).parent.parent
GALLERY = ROOT / "proofs" / "gallery"
CERTIFICATES = sorted(GALLERY.glob("*.json"))
INDEX = {
    cells[1].split("]")[0].strip(" ["): cells[3].strip()
    for cells in (line.split("|") for line in (GALLERY / "README.md").read_text().splitlines() if line.startswith("| ["))
}


def test_the_index_names_every_certificate() -> None:
    assert sorted(INDEX) == sorted(path.stem for path in CERTIFICATES)
    assert len(CERTIFICATES) >= 30


@pytest.mark.parametrize("path", CERTIFICATES, ids=lambda path: path.stem)
def test_the_kernel_accepts(path: Path) -> None:
    start = time.process_time()
    report = check(path.read_bytes())
    assert (report.status, report.verdict) == ("accepted", INDEX[path.stem]), report.reason
    assert time.process_time() - start < 5


def test_a_stronger_claim_is_rejected() -> None:
    data = (GALLERY / "exact-floor-p7-below.json").read_bytes()
    assert data.count(b'"value":"31/4096"') == 1
    assert check(data.replace(b'"value":"31/4096"', b'"value":"32/4096"')).status == "rejected"
    assert "does not prove floor" in check(data.replace(b'"value":"31/4096"', b'"value":"33/4096"')).reason


def test_nothing_needs_to_be_installed() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-S", "-m", "suffice.proofs.kernel", *map(str, CERTIFICATES)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.count(": accepted: ") == len(CERTIFICATES)
