"""The command line for people: `recordings`, also installed as `kubectl-recordings`."""

import os
import sys

import click

from .app import INTERRUPTED, cli
from .machine import Machine
from .screen import tell


def main() -> None:
    """Run a command; ends the process with its exit code."""
    sys.exit(_run())


def _run() -> int:
    """A failure is one sentence. A reader that went away, as `head` does, is none: click ends quietly then."""
    try:
        return int(cli.main(obj=Machine(), standalone_mode=False) or 0)
    except click.UsageError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        tell(f"Error: {error.format_message()}")
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except OSError as error:
        # What is still in the buffer would fail once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        tell(f"Error: The output cannot be written, it is not whole: {error.strerror or error}.")
        return 1
