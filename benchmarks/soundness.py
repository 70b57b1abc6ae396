"""Thousands of random problems, every strategy, against exhaustive truth computed by an independent enumerator.

    python -m benchmarks.soundness [FIRST LAST] [--jobs N]      default: seeds 0 to 3000, 2 processes
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.soundness.judging import Judgement, judge


def main() -> int:
    """Print every contradiction and every undecided problem, then the tables; status 1 if there was a contradiction."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("last", type=int, nargs="?", default=3000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    start = time.monotonic()
    judgements: list[Judgement] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for judgement in pool.map(judge, range(options.first, options.last), chunksize=4):
            judgements.append(judgement)
            for line in judgement.wrong:
                print(f"seed {judgement.seed}: CONTRADICTION {line}", flush=True)
            if judgement.verdict != judgement.expected:
                detail = f"{judgement.expected} expected, {judgement.verdict} proved {judgement.note}"
                print(f"seed {judgement.seed} ({judgement.inputs} inputs): {detail}", flush=True)
    report(judgements, time.monotonic() - start)
    return 1 if any(judgement.wrong for judgement in judgements) else 0


def report(judgements: list[Judgement], seconds: float) -> None:
    """The tables of the run."""
    total = Counter((j.inputs, j.expected, j.verdict) for j in judgements)
    print(f"\n{len(judgements)} problems in {seconds:.0f} s, contradictions: {sum(bool(j.wrong) for j in judgements)}")
    print("\ninputs  truth         proved        problems")
    for (inputs, expected, verdict), count in sorted(total.items()):
        print(f"{inputs:<7} {expected:13} {verdict:13} {count}")
    for inputs in sorted({j.inputs for j in judgements}):
        here = [j for j in judgements if j.inputs == inputs]
        same = sum(j.verdict == j.expected for j in here)
        decided = sum(j.verdict != "undecided" for j in here)
        print(f"{inputs} inputs: {decided}/{len(here)} decided, {same}/{len(here)} with the strongest verdict")
    print("\nstatement that decided")
    for statement, count in Counter(f"{j.verdict} {j.statement}" for j in judgements).most_common():
        print(f"  {statement:28} {count}")
    print("\nbounds established, by strategy and statement")
    for strategy, count in Counter(strategy for j in judgements for strategy in j.strategies).most_common():
        print(f"  {strategy:40} {count}")


if __name__ == "__main__":
    sys.exit(main())
