"""The checking kernel: the standard library and nothing else. `check(data)` re-derives the verdict of a certificate."""

from .checking import Report as Report
from .checking import check as check
