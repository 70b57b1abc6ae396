"""The figures about networks, as tables with the command line, the budget, the machine and the versions.

    python -m benchmarks.networks NAME... [--seconds S] [--models M,...] [--sets "ball 0",box] [--radii R,...] [--formats F,...]
                                  [--jobs N] [--tiny]

NAME is `ratios`, `deeper`, `verdicts`, `soundness` or `scaling`. --seconds is the time that the search for a bad input may take in each
cell; --tiny makes every part so small that it takes seconds, to see that it works. Most parts need torch for their models.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.networks import deeper, ratios, scaling, soundness, verdicts
from benchmarks.networks.models import DEEPER, DIGITS

PARTS = ("ratios", "deeper", "verdicts", "soundness", "scaling")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables asked for; 1 if a bound is exceeded or a certificate is rejected."""
    verbatim = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__, formatter_class=verbatim)
    parser.add_argument("parts", nargs="+", choices=PARTS, metavar="NAME")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S")
    parser.add_argument("--models", type=_names, default=[], metavar="M,...")
    parser.add_argument("--sets", type=_names, default=[], metavar="SET,...")
    parser.add_argument("--formats", type=_names, default=[], metavar="F,...")
    parser.add_argument("--radii", type=lambda text: [float(part) for part in _names(text)], default=[], metavar="R,...")
    parser.add_argument("--jobs", type=int, default=1, metavar="N")
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args(arguments)
    return max(run(part, options) for part in options.parts)


def run(part: str, options: argparse.Namespace) -> int:
    """One part."""
    seconds = 0.05 if options.tiny else options.seconds
    match part:
        case "ratios":
            models = options.models or (DIGITS[:1] if options.tiny else DIGITS)
            return ratios.main(seconds, models, options.sets or ratios.SETS, options.formats, options.jobs)
        case "deeper":
            models = options.models or (list(DEEPER)[:1] if options.tiny else list(DEEPER))
            radii = options.radii or (deeper.RADII[:1] if options.tiny else deeper.RADII)
            return deeper.main(seconds, models, options.formats, radii)
        case "verdicts":
            models = options.models or (DIGITS[:1] if options.tiny else DIGITS)
            return verdicts.main(seconds, models, options.formats, verdicts.TOLERANCES[3:] if options.tiny else verdicts.TOLERANCES)
        case "soundness":
            return soundness.main(soundness.TINY if options.tiny else soundness.FULL)
    return scaling.main(scaling.TINY if options.tiny else scaling.FULL, seconds)


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


if __name__ == "__main__":
    sys.exit(main())
