"""Proved tolerances for tests of kernels: how far a correct kernel's result may lie from the exact one (docs/kernel_tests.md).

    from suffice.testing import assert_within_proved

    def test_my_matmul():
        assert_within_proved(my_matmul(a, b), (a, b), op="matmul", formats="fp16", accumulate="fp32")

Arrays are NumPy's, ml_dtypes' or PyTorch's tensors; no framework is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suffice.hardware_specs.accumulation import Accumulation
from suffice.prover.kernels.comparison import Comparison, compared
from suffice.prover.kernels.contract import FormatGiven
from suffice.prover.kernels.tolerances import Formats, ProvedTolerance, proved_tolerance

__all__ = ["Comparison", "ProvedTolerance", "assert_within_proved", "proved_tolerance"]


def assert_within_proved(
    actual: Any,
    reference_inputs: Mapping[str, Any] | Sequence[Any],
    *,
    op: str,
    formats: Formats | None = None,
    accumulate: FormatGiven | Accumulation | None = None,
    device: str | None = None,
    reference: Any = None,
    **options: Any,
) -> Comparison:
    """Raise AssertionError unless a correct kernel of `op` may have made `actual` from these inputs.

    The exact result is enclosed from the inputs, not taken from a reference; where a `reference` is given, the message says whether that
    one is at fault. `options` are those of `proved_tolerance`. Returns the comparison: the worst ratio of error to bound, and how many
    elements have no bound since a correct kernel may overflow there. Raises InputError for a question that cannot be asked.
    """
    tolerance = proved_tolerance(op, formats=formats, accumulate=accumulate, device=device, inputs=reference_inputs, **options)
    found = compared(tolerance, actual, reference)
    if not found.within:
        raise AssertionError(found.message)
    return found
