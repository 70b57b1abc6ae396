"""Rigorous enclosures of values, slopes and curvatures through Arb, with mpmath as an independent second opinion."""
