"""What is answered about a format for every layer. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from suffice.hardware_specs.format import Format
from suffice.proofs.allocation import canonical_bytes
from suffice.proofs.certificate import digest_of
from suffice.prover.mixed.results import Minimality
from suffice.prover.networks.assigning_groups import FormatGroup
from suffice.prover.networks.results import NetworkResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen for one group; `share` is the part of the tolerance that it alone takes of some output."""

    group: FormatGroup
    format: Format
    cost: Fraction
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformCost:
    """One format for everything: its cost, the analyser's bound (None: none), and whether the kernel's is within tolerance."""

    format: str
    cost: Fraction
    analysed: Fraction | None
    is_enough: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssignedModel:
    """A format for every layer. `result` is the program's, with its certificate; None where no choice is proved to be enough.

    `cost` counts what `costs` says. `minimality` is about the model: no choice that keeps to its limits is cheaper than the one found
    there; `cost` is below that where the bound of the very program allows more than the model.
    """

    choices: tuple[Choice, ...]
    cost: Fraction
    costs: str
    uniforms: tuple[UniformCost, ...]
    minimality: Minimality | None
    result: NetworkResult | None
    seconds: float
    note: str = ""

    @property
    def cheapest_uniform(self) -> UniformCost | None:
        """The cheapest single format that is proved to be enough."""
        return min((one for one in self.uniforms if one.is_enough), key=lambda one: one.cost, default=None)

    @property
    def statement(self) -> str:
        """What is proved of the cost, in a sentence."""
        if self.minimality is None or self.minimality.certificate is None:
            return "no choice is proved to be the least"
        digest = digest_of(canonical_bytes(self.minimality.certificate))
        least = f"least under the model: no choice that keeps to its limits costs less than {self.minimality.cost} ({self.costs}), {digest}"
        if self.result is None or self.cost == self.minimality.cost:
            return least
        if self.cost < self.minimality.cost:
            return f"{least}; the bound of the program itself allows {self.cost}"
        return f"{least}; what is certified as a whole costs {self.cost}"
