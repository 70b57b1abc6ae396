"""Running models in the formats that were proved: applying a configuration, and watching a model while it runs."""
