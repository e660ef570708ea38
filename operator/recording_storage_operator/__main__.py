"""Commands: `python -m recording_storage_operator run`."""

import argparse
import os
import sys

from . import __version__
from .composition import SystemClock, configure_logging, serve
from .settings import Settings, SettingsError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="recording-storage-operator", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "run",
        help="run the operator until it is asked to stop",
        description=Settings.from_environment.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(f"recording-storage-operator: {error}", file=sys.stderr)
        return 2
    configure_logging(settings.log_level)
    return serve(settings, SystemClock())


if __name__ == "__main__":
    sys.exit(main())
