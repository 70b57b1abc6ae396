"""Families: verdicts that hold for whole ranges of parameters and sizes (docs/theory.md, Families)."""

from __future__ import annotations

from .asking import region_question as region_question
from .checking import assumptions_of as assumptions_of
from .checking import check_family as check_family
from .checking import derive_region as derive_region
from .checking import scripts as scripts
from .reading import read_family as read_family
from .reading import read_region as read_region
from .regions import Family as Family
from .regions import Region as Region
