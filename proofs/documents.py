"""Certificates of every kind: about one problem, a family of problems, a network, or the cost of an allocation."""

from __future__ import annotations

from suffice.proofs.allocation import AllocationCertificate, is_allocation
from suffice.proofs.allocation import canonical_bytes as allocation_bytes
from suffice.proofs.allocation import from_json as allocation_from_json
from suffice.proofs.certificate import Certificate, canonical_bytes, from_json
from suffice.proofs.families import FamilyCertificate, is_family
from suffice.proofs.families import canonical_bytes as family_bytes
from suffice.proofs.families import from_json as family_certificate_from_json
from suffice.proofs.jsondata import parse_json
from suffice.proofs.networks import NetworkCertificate, is_network
from suffice.proofs.networks import canonical_bytes as network_bytes
from suffice.proofs.networks import from_json as network_from_json

Document = Certificate | FamilyCertificate | AllocationCertificate | NetworkCertificate


def parse_document(data: bytes, where: str = "certificate") -> Document:
    """Read a certificate's bytes. Raises InputError."""
    value = parse_json(data, where)
    if is_network(value):
        return network_from_json(value, where)
    if is_allocation(value):
        return allocation_from_json(value, where)
    return family_certificate_from_json(value, where) if is_family(value) else from_json(value, where)


def document_bytes(document: Document) -> bytes:
    """The file's bytes: canonical JSON. Raises InputError."""
    if isinstance(document, NetworkCertificate):
        return network_bytes(document)
    if isinstance(document, AllocationCertificate):
        return allocation_bytes(document)
    return family_bytes(document) if isinstance(document, FamilyCertificate) else canonical_bytes(document)
