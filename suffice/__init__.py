"""Is this number format enough for this computation? Answers with a proof.

    import suffice
    problem = suffice.Problem("x^2 - 2*x", {"x": (-1, 3)}, eps="1e-3")
    print(suffice.minimum(problem, ["bf16", "fp16", "fp32"]))

Names are loaded when first used: importing this package loads no third-party package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suffice.answers import BoundsAnswer as BoundsAnswer
    from suffice.answers import MinimumAnswer as MinimumAnswer
    from suffice.answers import ProofAnswer as ProofAnswer
    from suffice.api import bounds as bounds
    from suffice.api import check as check
    from suffice.api import explain as explain
    from suffice.api import minimum as minimum
    from suffice.api import prove as prove
    from suffice.api import prove_family as prove_family
    from suffice.errors import SufficeError as SufficeError
    from suffice.family_answers import FamilyAnswer as FamilyAnswer
    from suffice.frontiers import largest_box as largest_box
    from suffice.frontiers import significand_staircase as significand_staircase
    from suffice.frontiers import smallest_exponents as smallest_exponents
    from suffice.frontiers import smallest_significand as smallest_significand
    from suffice.frontiers import smallest_tolerance as smallest_tolerance
    from suffice.questions import Placement as Placement
    from suffice.questions import Problem as Problem

_HOMES = {
    "BoundsAnswer": "answers", "MinimumAnswer": "answers", "ProofAnswer": "answers",
    "FamilyAnswer": "family_answers",
    "bounds": "api", "check": "api", "explain": "api", "minimum": "api", "prove": "api", "prove_family": "api",
    "largest_box": "frontiers", "significand_staircase": "frontiers", "smallest_exponents": "frontiers",
    "smallest_significand": "frontiers", "smallest_tolerance": "frontiers",
    "SufficeError": "errors",
    "Placement": "questions", "Problem": "questions",
}  # fmt: skip

__all__ = list(_HOMES)

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"suffice.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
