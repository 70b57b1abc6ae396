"""Ranges, slopes and curvatures of networks over a box of inputs: zonotopes, linear relaxations and interval Jacobians.

Everything encloses the exact network. Coefficients of affine forms are plain float64 numbers, any numbers; what their computation
rounds is bounded beforehand (rounding.py) and added to the constant terms.
"""
