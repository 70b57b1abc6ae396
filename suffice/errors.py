"""Errors that a user can mend. Every room may import this module; it imports nothing."""

from __future__ import annotations


class SufficeError(Exception):
    """The root of all errors caused by what was asked: one line that says what, where, and the mend."""

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what)

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}; {self.mend}" if self.mend else line


class InputError(SufficeError):
    """The text, the box, the tolerance or a file cannot be understood."""


class FormatError(SufficeError):
    """The format is unknown, or its numbers contradict each other."""


class DomainError(SufficeError):
    """The function is not defined on the whole box."""


class DisagreementError(SufficeError):
    """Two independent computations of one number contradict each other: nothing may be claimed."""


class ArchiveError(SufficeError):
    """The archive cannot be read or written, or its chain is broken."""
