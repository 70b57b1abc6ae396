"""The command line: `suffice COMMAND ...`."""

from suffice.cli.main import main as main
