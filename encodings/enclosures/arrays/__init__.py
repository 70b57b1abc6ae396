"""Intervals over float64 arrays of any shape, at the size of neural networks: every result encloses the exact one.

Everything here is called in the nearest rounding mode and leaves it so. Elementwise operations round upward by the processor's mode
(hardware_specs/upward.py) with subnormal numbers kept; products of matrices add an a-priori bound of the rounding (linear.py);
elementary functions are crival's (functions.py).
"""
