"""Tests of the checking kernel, and what they share."""
