"""Certificates of either kind: about one problem, or about a family of problems."""

from __future__ import annotations

from suffice.errors import InputError
from suffice.proofs import certificate as single
from suffice.proofs import families
from suffice.proofs.certificate import Certificate
from suffice.proofs.families import FamilyCertificate
from suffice.proofs.jsondata import parse_json

Document = Certificate | FamilyCertificate


def parse_document(data: bytes, where: str = "certificate") -> Document:
    """Read a certificate's bytes. Raises InputError."""
    value = parse_json(data, where)
    if isinstance(value, dict) and "allocation" in value:
        raise InputError("an allocation is about costs, not about a problem", where=where, mend="check it by itself: suffice check FILE")
    return families.from_json(value, where) if families.is_family(value) else single.from_json(value, where)


def document_bytes(document: Document) -> bytes:
    """The file's bytes: canonical JSON. Raises InputError."""
    return families.canonical_bytes(document) if isinstance(document, FamilyCertificate) else single.canonical_bytes(document)
