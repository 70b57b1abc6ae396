"""Minimal unsatisfiable cores, by exact steps, and all of them on request (MARCO); two solvers must agree with every one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from suffice.prover.solvers import SOLVERS, ask
from suffice.prover.why.scripts import Script, find_model

Names = frozenset[str]

MAX_CORES = 32
"""Cores that an enumeration lists."""

MAX_STEPS = 4_000
"""Sets of assertions that an enumeration decides."""

MAX_MINIMISED = 160
"""Assertions of a script that is minimised one by one."""

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Cores:
    """Minimal cores, each as names in the order of the script; whether they are all; whether both solvers agree.

    Agreement: every core is unsatisfiable, and satisfiable without any one of its members. `largest` are the largest satisfiable sets
    that an enumeration met: where the cores are all, every set holds a core or lies in one of these.
    """

    cores: tuple[tuple[str, ...], ...]
    are_all: bool
    are_confirmed: bool
    largest: tuple[Names, ...] = ()


def minimal_core(script: Script) -> Cores:
    """One minimal core. Raises TooHard."""
    search = _Enumeration(script)
    return _confirmed(script, [_shrunk(frozenset(script.assertions), search.is_satisfiable)], (), are_all=False)


def all_cores(script: Script) -> Cores:
    """All minimal cores, or as many as the limits allow. Raises TooHard."""
    search = _Enumeration(script)
    are_all = search.run()
    return _confirmed(script, search.cores, tuple(search.largest), are_all=are_all)


@dataclass(slots=True)
class _Enumeration:
    """MARCO: take a set of which nothing is known yet; shrink it to a core, or grow it to a largest satisfiable set."""

    script: Script
    cores: list[Names] = field(default_factory=list)
    largest: list[Names] = field(default_factory=list)
    known: dict[Names, bool] = field(default_factory=dict)

    def run(self) -> bool:
        """Whether nothing is left unknown."""
        everything = frozenset(self.script.assertions)
        while len(self.cores) < MAX_CORES and len(self.known) < MAX_STEPS:
            seed = unexplored(everything, self.cores, self.largest)
            if seed is None:
                return True
            if self.is_satisfiable(seed):
                self.largest.append(self._grown(seed, everything))
            else:
                self.cores.append(_shrunk(seed, self.is_satisfiable))
        return False

    def is_satisfiable(self, names: Names) -> bool:
        """Whether these assertions have a model."""
        if names not in self.known:
            self.known[names] = find_model(self.script.only(names)) is not None
        return self.known[names]

    def _grown(self, seed: Names, everything: Names) -> Names:
        for name in sorted(everything - seed):
            if self.is_satisfiable(seed | {name}):
                seed |= {name}
        return seed


def _shrunk(names: Names, is_satisfiable: Callable[[Names], bool]) -> Names:
    """A minimal core inside an unsatisfiable set: whatever may be left out is."""
    for name in sorted(names):
        if not is_satisfiable(names - {name}):
            names -= {name}
    return names


def unexplored(everything: Names, cores: Collection[Names], largest: Collection[Names]) -> Names | None:
    """A set that holds none of the cores and lies in none of the satisfiable sets, as large as this search makes it; None if none is.

    Something of every core must be out, something outside every satisfiable set must be in.
    """
    demands = [(core, False) for core in cores] + [(everything - kept, True) for kept in largest]
    outside = _assign(demands, frozenset(), frozenset())
    return None if outside is None else everything - outside


def _assign(demands: list[tuple[Names, bool]], inside: Names, outside: Names) -> Names | None:
    """Which to leave out, so that of each demand one is in (True) or out (False)."""
    open_demands = [
        (names - (outside if is_in else inside), is_in) for names, is_in in demands if not names & (inside if is_in else outside)
    ]
    if not open_demands:
        return outside
    choices, is_in = min(open_demands, key=lambda demand: len(demand[0]))
    for name in sorted(choices):
        found = _assign(demands, inside | {name}, outside) if is_in else _assign(demands, inside, outside | {name})
        if found is not None:
            return found
        inside, outside = (inside, outside | {name}) if is_in else (inside | {name}, outside)
    return None


def _confirmed(script: Script, cores: list[Names], largest: tuple[Names, ...], *, are_all: bool) -> Cores:
    """Both solvers' word on every core, with and without each of its members, and on every largest set."""
    ordered = [tuple(name for name in script.assertions if name in core) for core in cores]
    refuted = [script.only(core).text() for core in ordered]
    satisfied = [script.only(set(core) - {name}).text() for core in ordered for name in core]
    satisfied += [script.only(names).text() for names in largest]
    expected = [{"unsat"}] * len(refuted) + [{"sat"}] * len(satisfied)
    return Cores(tuple(ordered), are_all, answers([*refuted, *satisfied]) == expected, largest)


def answers(scripts: Sequence[str]) -> list[set[str]]:
    """What both solvers say of each script."""
    batches = [ask(solver, "model", scripts, _SECONDS) for solver in SOLVERS]
    return [{run.answer for run in runs} for runs in zip(*batches, strict=True)]
