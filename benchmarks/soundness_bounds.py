"""Error bounds of thousands of random programs against the largest errors that a search finds, each evaluated in exact arithmetic.

    python -m benchmarks.soundness_bounds [FIRST LAST] [--small] [--jobs N] [--every N]      default: seeds 0 to 2000, 2 processes

Formats differ from operation to operation; nearly half of the programs have conditionals. The bound of the engine, that of the kernel
on the engine's cover and, for every N-th program, that of `bounds` must not lie below an error. `--small` takes formats of few numbers,
where every cell is visited and the worst error is known. `--stepped` bounds without the processor's rounding mode.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import inf

from suffice.hardware_specs import upward as upward_module
from suffice.prover.engine import sweep
from tests.soundness.bounding import Judged, judge, judge_exhaustively
from tests.soundness.random_programs import draw

_LOOSE = 1.02
"""The kernel's bound exceeds the engine's by more: a line is printed."""

_LINE = 500


def main() -> int:
    """Print every bound below an error and every bound that the kernel cannot follow, then the tables; status 1 if a bound was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("last", type=int, nargs="?", default=2000)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--stepped", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=0)
    options = parser.parse_args()
    start = time.monotonic()
    found: list[Judged] = []
    crashed = 0
    prepare = use_stepped if options.stepped else None
    with ProcessPoolExecutor(options.jobs, initializer=prepare) as pool:
        work = partial(examine, small=options.small, every=options.every)
        for seed, judged in zip(
            range(options.first, options.last), pool.map(work, range(options.first, options.last), chunksize=8), strict=True
        ):
            if isinstance(judged, str):
                crashed += 1
                print(f"seed {seed}: CRASHED {judged}", flush=True)
            elif judged is not None:
                found.append(judged)
                _print(judged)
            if (seed + 1 - options.first) % _LINE == 0:
                print(
                    f"{seed + 1 - options.first} programs, {sum(bool(j.wrong) for j in found)} wrong, {time.monotonic() - start:.0f} s",
                    flush=True,
                )
    report(found, time.monotonic() - start)
    return 1 if crashed or any(judged.wrong for judged in found) else 0


def use_stepped() -> None:
    """Bound by results moved up by one place, as on a machine whose rounding mode does not reach NumPy."""
    stepped = upward_module.stepped()
    for module in (upward_module, sweep):
        vars(module)["upward"] = lambda: stepped


def examine(seed: int, *, small: bool, every: int) -> Judged | str | None:
    """The judgement of one seed; None where a small program has too many cells; what was raised where something was."""
    try:
        given = draw(seed, small=small)
        return judge_exhaustively(given) if small else judge(given, bracket=bool(every) and seed % every == 0)
    except Exception:
        return traceback.format_exc(limit=-2)


def _print(judged: Judged) -> None:
    if judged.wrong:
        print(f"seed {judged.seed}: WRONG {', '.join(judged.wrong)}: {judged}", flush=True)
    if judged.failure:
        print(f"seed {judged.seed}: the kernel derives none: {judged.failure}", flush=True)
    elif judged.kernel > judged.refined * _LOOSE and judged.kernel < inf:
        print(f"seed {judged.seed}: the kernel derives {float(judged.kernel):.6g} for {float(judged.refined):.6g}", flush=True)


def report(found: list[Judged], seconds: float) -> None:
    """How many programs of each kind, and how far the bounds lie above the errors."""
    bounded = [judged for judged in found if judged.engine < inf]
    print(f"\n{len(found)} programs in {seconds:.0f} s, wrong: {sum(bool(judged.wrong) for judged in found)}")
    print(f"with conditionals: {sum(j.branches for j in found)}, of these bounded: {sum(j.branches for j in bounded)}")
    derived, bracketed = sum(j.kernel < inf for j in found), [j.bracket for j in found if j.bracket is not None]
    print(f"bounded by the engine: {len(bounded)}, after visits of cells: {sum(j.refined < inf for j in found)}")
    print(f"derived by the kernel: {derived}; by bounds: {sum(b < inf for b in bracketed)} of {len(bracketed)}")
    for name, few, many in (("1 operation", 0, 1), ("2 to 5", 2, 5), ("6 and more", 6, 1000), ("all", 0, 1000)):
        here = [j for j in bounded if few <= j.operations <= many and 0 < j.error < inf]
        ratios = sorted(float(min(j.refined / j.error, 1e300)) for j in here)
        shown = (
            [f"{ratios[min(int(len(ratios) * part), len(ratios) - 1)]:.4g}" for part in (0, 0.1, 0.25, 0.5, 0.75, 0.9)] if ratios else []
        )
        print(f"bound / error, {name:12} {len(ratios):5} programs: least, 10 %, 25 %, 50 %, 75 %, 90 %: {' '.join(shown)}")


if __name__ == "__main__":
    sys.exit(main())
