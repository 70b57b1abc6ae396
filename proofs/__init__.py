"""What is left behind: certificates, the kernel that checks them, the readable trace, the archive.

Names are loaded when first used: importing this package loads no third-party package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suffice.proofs.archive import Archive as Archive
    from suffice.proofs.archive import Entry as Entry
    from suffice.proofs.archive import Receipt as Receipt
    from suffice.proofs.certificate import Bound as Bound
    from suffice.proofs.certificate import Certificate as Certificate
    from suffice.proofs.certificate import Claim as Claim
    from suffice.proofs.certificate import Formats as Formats
    from suffice.proofs.certificate import Instances as Instances
    from suffice.proofs.certificate import SmtScript as SmtScript
    from suffice.proofs.certificate import Verdict as Verdict
    from suffice.proofs.certificate import canonical_bytes as canonical_bytes
    from suffice.proofs.certificate import digest as digest
    from suffice.proofs.certificate import read as read
    from suffice.proofs.certificate import write as write
    from suffice.proofs.trace import Trace as Trace
    from suffice.proofs.trace import render as render

_HOMES = {
    "Archive": "archive", "Entry": "archive", "Receipt": "archive",
    "Bound": "certificate", "Certificate": "certificate", "Claim": "certificate", "Formats": "certificate", "Instances": "certificate",
    "SmtScript": "certificate", "Verdict": "certificate", "canonical_bytes": "certificate", "digest": "certificate",
    "read": "certificate", "write": "certificate",
    "Trace": "trace", "render": "trace",
}  # fmt: skip

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"suffice.proofs.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
