"""Mixed formats: one for every operation, at least cost, such that the proved error stays within tolerance (docs/mixed.md)."""
