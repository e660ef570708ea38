"""The command line for people: `recordings`, also installed as `kubectl-recordings`."""

from .app import cli
from .machine import Machine


def main() -> None:
    """Run a command; ends the process with its exit code."""
    cli(obj=Machine())
