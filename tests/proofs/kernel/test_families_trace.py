"""What `suffice explain` says about certificates of families: every region, every rule, every number it rests on."""

from __future__ import annotations

import pytest

from suffice.proofs.families import parse
from suffice.proofs.trace import render, trace
from suffice.proofs.trace.families import affine_text

from .documents import canonical
from .family_samples import SAMPLES


def explained(name: str, to: str = "md") -> str:
    """The trace of a sample."""
    return render(trace(parse(canonical(SAMPLES[name]))), to)  # type: ignore[arg-type]


@pytest.mark.parametrize("to", ["md", "html", "tex"])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_region_is_explained(name: str, to: str) -> None:
    text = explained(name, to)
    for region in SAMPLES[name]["regions"]:
        assert f": {region['verdict']}" in text
    assert "What would change the verdicts" in text


def test_a_fold_is_put_in_words() -> None:
    text = explained("dot")
    assert "The state s begins as 0. Each of n steps adds x\\*y to it, with elements of its own (x, y) in the box above." in text
    assert "Sizes n go from 1 without end." in text
    assert "## For every n from 60 on: impossible" in text
    assert "F7. The floor is that of size 60." in text
    assert "F6. The floor is that of size 90." in text
    assert "The first 80 steps take these elements." in text
    assert "speaks of region\\_size\\_n" in text


def test_a_size_that_is_written_out_is_put_in_words() -> None:
    text = explained("members")
    assert "## For n = 2 and for D = 2: insufficient" in text
    assert text.count("F11. The steps of this size are written out") == 5
    assert "| x\\_2 | 27/32" in text


def test_parameters_are_put_in_words() -> None:
    text = explained("scaled")
    assert "| x | from 0 to D |" in text
    assert "| tolerance | 1/8 + 1/128 D |" in text
    assert "For every D from 60 to 64: impossible, by T2." in text


def test_affine_forms() -> None:
    certificate = parse(canonical(SAMPLES["mean"]))
    assert affine_text(certificate.family.absolute) == "1/50 D"
    assert affine_text(certificate.family.relative) == "0"
