"""Trained models on real inputs, to ask questions about. They need torch."""
