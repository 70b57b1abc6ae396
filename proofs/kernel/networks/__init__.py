"""Certificates about networks of tensors: data, and the rules by which they are accepted (docs/networks.md, "Certificates")."""
