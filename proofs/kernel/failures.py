"""How checking ends early."""

from __future__ import annotations


class Rejection(Exception):
    """The certificate is not accepted; the message names the rule that it breaks."""


class LeafFailure(Exception):
    """No bound can be derived on this leaf: an overflow, a domain error or an unbounded slope is not excluded."""
