"""Change one field of a valid certificate at random, check it, and judge by an independent oracle what is accepted.

    python benchmarks/mutations.py [--count 5000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "proofs"))
from kernel.mutations import mutate_many
from kernel.samples import handmade, pool


def main() -> int:
    """Print a table; 1 if a false certificate is accepted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.monotonic()
    outcome = mutate_many(handmade() | pool(), options.count, options.seed)
    print(f"{options.count} mutants in {time.monotonic() - start:.0f} s")
    print(f"{outcome.rejected.total():6} rejected, for {len(outcome.rejected)} reasons")
    print(f"{outcome.true:6} accepted and true")
    print(f"{len(outcome.unjudged):6} accepted, truth out of reach")
    print(f"{len(outcome.false):6} accepted and FALSE")
    for reason, number in outcome.rejected.most_common():
        print(f"{number:6}   {reason}")
    for document, falsehoods in outcome.false:
        print("\n".join(falsehoods), json.dumps(document), sep="\n")
    return 1 if outcome.false else 0


if __name__ == "__main__":
    sys.exit(main())
