"""Mutate valid certificates, check them, and judge without the kernel what it accepts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from .documents import Json, canonical, report
from .judging import Judge
from .mutating import mutate

_DETAIL = re.compile(r"'[^']*'|-?[0-9]+(/[0-9]+)?")


@dataclass(slots=True)
class Outcome:
    """How many mutants were rejected for which reason, and how many were accepted and are true; the false ones themselves."""

    rejected: Counter[str] = field(default_factory=Counter)
    true: int = 0
    unjudged: list[Json] = field(default_factory=list)
    false: list[tuple[Json, list[str]]] = field(default_factory=list)


def mutate_many(samples: dict[str, Json], count: int, seed: int) -> Outcome:
    """Random mutants of random certificates."""
    rng, judge, outcome = Random(seed), Judge(), Outcome()
    names = sorted(samples)
    for _ in range(count):
        mutant = mutate(samples[rng.choice(names)], rng)
        found = report(mutant)
        if found.status == "rejected":
            assert found.reason
            assert found.reason.isprintable(), found.reason
            outcome.rejected[_DETAIL.sub("_", found.reason)] += 1
            continue
        falsehoods = judge.falsehoods(canonical(mutant))
        if falsehoods is None:
            outcome.unjudged.append(mutant)
        elif falsehoods:
            outcome.false.append((mutant, falsehoods))
        else:
            outcome.true += 1
    return outcome
