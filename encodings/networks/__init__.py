"""Neural networks as mathematics: graphs of operations on tensors with exact constants, and the sets of inputs asked about."""
