"""C1, C2 and C3 on thousands of random chains against oracles that know no derivative, wrong variants beside them, and how tight they are.

    python -m benchmarks.composition [CHAINS] [--seed N] [--jobs N] [--direct N]      default: 2000 chains, 2 processes

Every chain of up to 8 functions of one input is bounded, and slopes and curvatures found at points, on small boxes and on segments
must not lie above; nor may a run with errors end farther off than its budget. `--direct N`: every N-th chain is also bounded as one
expression, without composition, and by composition on 8 parts of its box.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count, pairwise
from math import inf, sqrt
from statistics import median

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from suffice.encodings.enclosures.composition import chain_bounds, composed, layer_bounds
from suffice.encodings.enclosures.error_budgets import error_budget
from suffice.encodings.problem import Interval
from suffice.errors import SufficeError
from tests.encodings.chain_oracle import Claim, Sizes, contradicts, cornered, distance, sizes_between, sizes_found
from tests.encodings.chains import Chain, Run, runs, steps
from tests.encodings.wrong_lemmas import PIECES, WRONG, WRONG_BUDGETS, claim_of, is_huge, right

CHUNK = 25
"""Chains drawn by one seed."""

LONGEST_CORNERED = 4
"""Longer chains are run once, not with all signs of all errors."""

PARTS = 8
"""Of the box, on each of which the chain is bounded."""


Ratios = tuple[float | None, float | None]
"""Bounds of L and of kappa over the largest values found; None where there is no bound, or nothing but 0 was found."""


@dataclass(slots=True)
class Judged:
    """What was found for one chain: the names of what was refuted, and bounds over the largest found slope and curvature."""

    depth: int
    refuted: list[str] = field(default_factory=list)
    unbounded: str = ""
    has_curvature: bool = False
    ratios: Ratios = (None, None)
    compared: dict[str, Ratios] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def main() -> int:
    """Print every chain that refutes a bound, then the tables; status 1 if a right bound was refuted or a wrong one never was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chains", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--direct", type=int, default=10)
    options = parser.parse_args()
    start = time.monotonic()
    found: dict[Chain, Judged] = {}
    with ProcessPoolExecutor(options.jobs) as pool:
        waiting = {pool.submit(examine, options.seed + k, options.direct) for k in range(2 * options.jobs)}
        for number in count(options.seed + len(waiting)):
            done = wait(waiting, return_when=FIRST_COMPLETED).done.pop()
            waiting.remove(done)
            found |= done.result()
            print(f"\r{len(found)} chains, {time.monotonic() - start:.0f} s", end="", file=sys.stderr, flush=True)
            if len(found) >= options.chains:
                break
            waiting.add(pool.submit(examine, number, options.direct))
        pool.shutdown(cancel_futures=True)
    report([*found.values()], time.monotonic() - start)
    counts = Counter(name for judged in found.values() for name in judged.refuted)
    return 1 if counts["right"] or any(not counts[name] for name in (*WRONG, *WRONG_BUDGETS)) else 0


def examine(number: int, direct: int) -> dict[Chain, Judged]:
    """The judgements of the chains that one seed draws, each once."""
    found: dict[Chain, Judged] = {}

    @seed(number)
    @settings(max_examples=CHUNK, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(run=runs(), ends=st.tuples(steps(1), steps(1)).filter(lambda pair: pair[0] != pair[1]))
    def draw(run: Run, ends: tuple[tuple[Fraction, ...], tuple[Fraction, ...]]) -> None:
        if run.chain not in found:
            found[run.chain] = judge(run, ends, direct=bool(direct) and len(found) % direct == 0)

    draw()
    return found


def judge(run: Run, ends: tuple[tuple[Fraction, ...], tuple[Fraction, ...]], *, direct: bool) -> Judged:
    """Compare one chain's bounds, right and wrong ones, with what is found in it."""
    chain = run.chain
    judged = Judged(len(chain.layers))
    try:
        claim = claim_of(right(chain))
        budget = error_budget(chain.parsed, chain.box, run.errors[1:], run.errors[0], PIECES).error
    except SufficeError as error:
        judged.unbounded = error.what
        return judged
    if is_huge(right(chain), budget):
        judged.unbounded = "values too large for the oracles"
        return judged
    sizes = _larger(sizes_found(chain), sizes_between(chain, chain.at(ends[0]), chain.at(ends[1])))
    moved = max(map(distance, cornered(run) if judged.depth <= LONGEST_CORNERED else [run]))
    if contradicts(sizes, claim) or moved > budget:
        print(f"REFUTED: {run}", flush=True)
        judged.refuted.append("right")
    judged.refuted += [name for name in WRONG if contradicts(sizes, _alleged(name, chain))]
    judged.refuted += [name for name, total in WRONG_BUDGETS.items() if moved > total(run)]
    judged.has_curvature, judged.ratios = claim[1] is not None, _ratios(claim, sizes)
    if direct:
        _compare_directly(judged, chain, sizes)
    return judged


def _alleged(name: str, chain: Chain) -> Claim:
    """What a wrong lemma claims; nothing where the first box is outside a layer's domain."""
    try:
        return WRONG[name](chain)
    except SufficeError:
        return None, None


def _larger(a: Sizes, b: Sizes) -> Sizes:
    return max(a[0], b[0]), max(a[1], b[1])


def _ratios(claim: Claim, sizes: Sizes) -> Ratios:
    """Bounds over what was found: 1 is tight; None where there is no bound, or nothing was found."""
    slope, bend = (None if bound is None or not size else _root(bound * bound / size) for bound, size in zip(claim, sizes, strict=True))
    return slope, bend


def _root(square: Fraction) -> float:
    try:
        return sqrt(square)
    except OverflowError:
        return inf


def _compare_directly(judged: Judged, chain: Chain, sizes: Sizes) -> None:
    ways: dict[str, Callable[[Chain], Claim]] = {"composed": _anew, "direct": _direct, "in parts": _in_parts}
    for name, way in ways.items():
        start = time.monotonic()
        try:
            judged.compared[name] = _ratios(way(chain), sizes)
        except SufficeError:
            judged.compared[name] = (None, None)
        judged.seconds[name] = time.monotonic() - start


def _anew(chain: Chain) -> Claim:
    return claim_of(chain_bounds(chain.parsed, chain.box, PIECES))


def _direct(chain: Chain) -> Claim:
    """The enclosures of the whole chain as one expression."""
    whole = layer_bounds(composed(chain.parsed), chain.box, PIECES)
    return whole.lipschitz, whole.curvature


def _in_parts(chain: Chain) -> Claim:
    """The largest of the composed bounds on parts of the box, which bound the sup on all of it."""
    ((name, side),) = chain.box.items()
    ends = [side.lo + (side.hi - side.lo) * k / PARTS for k in range(PARTS + 1)]
    claims = [claim_of(chain_bounds(chain.parsed, {name: Interval(a, b)}, PIECES)) for a, b in pairwise(ends)]
    slopes, bends = ([bound for bound in bounds if bound is not None] for bounds in zip(*claims, strict=True))
    return max(slopes) if len(slopes) == PARTS else None, max(bends) if len(bends) == PARTS else None


def report(found: list[Judged], seconds: float) -> None:
    """How many chains were bounded, how often each wrong lemma was refuted, and how tight the bounds are by depth."""
    bounded = [judged for judged in found if not judged.unbounded]
    print(f"\n{len(found)} chains in {seconds:.0f} s, bounded: {len(bounded)}, curvature too: {sum(j.has_curvature for j in bounded)}")
    for reason, times in Counter(judged.unbounded for judged in found if judged.unbounded).most_common(5):
        print(f"    not bounded, {times}: {reason}")
    counts = Counter(name for judged in found for name in judged.refuted)
    for name in ("right", *WRONG, *WRONG_BUDGETS):
        print(f"refuted, {name:24} {counts[name]:5} of {len(bounded)}")
    print("\nbound / largest found: median and 90 % for L, then for kappa, and of how many")
    for depth in range(1, 9):
        here = [judged for judged in bounded if judged.depth == depth]
        print(f"{depth} layers: {_quantiles([j.ratios[0] for j in here])}   {_quantiles([j.ratios[1] for j in here])}")
    print("\nthe same for chains that were also bounded otherwise: composed, direct, composed on parts; median seconds")
    for depth in range(1, 9):
        here = [judged for judged in bounded if judged.depth == depth and judged.compared]
        for name in ("composed", "direct", "in parts") if here else ():
            slopes, bends = ([j.compared[name][k] for j in here] for k in (0, 1))
            spent = median(j.seconds[name] for j in here)
            print(f"{depth} layers, {name:9}: {_quantiles(slopes)}   {_quantiles(bends)}   {spent:.2f} s")


def _quantiles(values: list[float | None]) -> str:
    known = sorted(value for value in values if value is not None)
    if not known:
        return "-"
    return f"{known[len(known) // 2]:9.4g} {known[len(known) * 9 // 10]:9.4g} ({len(known)} of {len(values)})"


if __name__ == "__main__":
    sys.exit(main())
