"""The readable derivation of a certificate, in Markdown, HTML or LaTeX."""

from suffice.proofs.trace.build import trace as trace
from suffice.proofs.trace.data import Quantity as Quantity
from suffice.proofs.trace.data import Section as Section
from suffice.proofs.trace.data import Step as Step
from suffice.proofs.trace.data import Trace as Trace
from suffice.proofs.trace.render import render as render
