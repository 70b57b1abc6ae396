"""Every limit of the kernel, so that a hostile certificate ends in a rejection and never in a hang. The writer respects them too."""

from __future__ import annotations

MAX_BYTES = 16_000_000
"""Size of a certificate file."""

MAX_NETWORK_BYTES = 64_000_000
"""Size of the file of a certificate about a network."""

MAX_SEPARATORS = 1_000_000
"""Brackets, braces and commas of a file of more than MAX_BYTES."""

MAX_NETWORK_NODES = 20_000
"""Operations of a network."""

MAX_NETWORK_PARAMETERS = 4_000_000
"""Elements of all weights, biases and constants of a network."""

MAX_NETWORK_ELEMENTS = 1_000_000
"""Elements of all tensors of a network, and of all its boxes of inputs."""

MAX_NETWORK_SIGNIFICAND = 256
MAX_NETWORK_SCALE_BITS = 2_048
"""Significand bits of the formats of a network (whose largest numbers are at least 2^-256), and the size of scales of integer codes."""

MAX_NETWORK_AXES = 16
"""Axes of a tensor."""

MAX_NETWORK_BOXES = 10_000
"""Boxes of a set of inputs."""

MAX_NETWORK_BITS = 1 << 14
"""Places of the numbers of a run of a network."""

MAX_NETWORK_FORMATS = 4_096
"""Formats of a program of a network."""

MAX_KEYS = 1_024
"""Keys of a JSON object."""

MAX_DIGITS = 4_000
"""Decimal digits of a numerator or a denominator."""

MAX_NODES = 200_000
"""Nodes of a problem's expression, and of its preconditions together with it."""

MAX_HELD_BITS = 1 << 30
"""Size of the numbers of one pass over the nodes; an eighth of it for numbers of the usual size."""

MAX_EXPONENT = 1_000
"""Magnitude of the exponent of an integer power."""

MIN_PRECISION = 64
MAX_PRECISION = 4_096
"""Fixed-point bits of the kernel's interval arithmetic."""

MAX_SIGNIFICAND = 4_096
"""Significand bits p of a float format."""

MAX_FORMAT_EXPONENT = 1 << 15
"""Magnitude of emin and emax."""

MAX_CODE = 1 << 64
"""Magnitude of integer codes."""

MAX_ULPS = 1 << 20
"""Error of a function that is not correctly rounded, in units in the last place."""

MAX_OPEN_CONDITIONS = 3
"""Conditions that a leaf may leave open: the bound is the largest over all their outcomes."""

MAX_PIECES = 4_096
"""Parts into which one range or segment is cut."""

MAX_LEAVES = 200_000
"""Leaves of a cover."""

MAX_RATIONAL_BITS = 400_000
"""Size of an exact rational inside a run."""

MAX_INPUTS = 256
"""Inputs of a problem."""

MAX_PARAMETERS = 16
"""Parameters of a family."""

MAX_AFFINE_BITS = 2_048
"""Size of a coefficient of an affine form, and of an end of a parameter's interval."""

MAX_REGIONS = 4_096
"""Regions of a family."""

MAX_SIZE = 1 << 53
"""Least and greatest size of a region."""

MAX_STEPS = 200_000
"""Steps of a fold that are followed one by one."""

MAX_MEMBER_NODES = 20_000
"""Nodes of one member of a fold that is written out."""

MAX_BLOCKS = 4_096
"""Ranges of sizes that one region is cut into."""

MAX_PENDING = 4_096
"""Parts of a cover that wait for their own cuts."""

MAX_END_BITS = 1 << 14
"""Size of the ends of a part of a cover that is cut in the middle."""

MAX_SCRIPT_DIGITS = 4_000
"""Decimal digits of a number in an SMT-LIB script."""

MAX_SCRIPT_SHARES = 10_000
"""Roundings in an SMT-LIB script; a claim that rests on more has none."""

MAX_SCRIPT_DEPTH = 256
"""Nesting of an SMT-LIB text."""

MAX_CPC_CHARACTERS = 4_000_000
"""Size of a solver's proof."""

WORK_OF_CHARACTER = 500
"""What it takes to read one character of a script."""

MAX_GROUPS = 2_000
"""Groups of an allocation."""

MAX_OPTIONS = 64
"""Options of one group of an allocation."""

MAX_ROWS = 256
"""Linear limits of an allocation."""

MAX_ENTRIES = 200_000
"""Cuts and splits of an allocation's tree."""

MAX_AMOUNT_DIGITS = 300
MAX_AMOUNT = 10**MAX_AMOUNT_DIGITS
"""Costs, uses, limits and multipliers of an allocation stay below."""

MAX_LABEL = 200
"""Characters of the name of a group or an option."""

MAX_WORK = 100_000_000_000
"""Budget of work (budget.py), about a minute."""

MAX_FAMILY_WORK = 20_000_000_000
"""The same for all regions of a family together."""

MAX_NETWORK_WORK = 200_000_000_000
"""The same for a network: about two minutes."""
