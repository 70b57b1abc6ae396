"""Proved tolerances of kernels: how far the result of a correct matmul, softmax, norm or attention may lie from the exact one.

`contract` says what a correct kernel is, `tracked` carries enclosures of exact values with bounds of a kernel's error, one module for every
group of operations bounds them (docs/kernel_tests.md, statements K1 to K12), and `tolerances` is the entry.
"""
