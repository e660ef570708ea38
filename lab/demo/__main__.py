"""The demo's command line: runs the story, prints the table, and cleans up."""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.text import Text

from .show import Show, console
from .stage import set_up
from .story import Story
from .tables import verdict_table
from .verdict import Result

FAILED, INTERRUPTED = 2, 130


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.demo", description=__doc__)
    parser.add_argument(
        "--twilio-option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_option,
        help="another behaviour of the simulated Twilio, as named in lab/twilio_simulator/options.py",
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also write the closing table as a picture")
    return parser.parse_args()


def _option(text: str) -> tuple[str, object]:
    """Raises ValueError without `=`, which argparse turns into its own message."""
    name, value = text.split("=", 1)
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def tell(show: Show, result: Result) -> None:
    """The table, the checks, and the sum of it."""
    show.begin(
        "What Twilio's support article says, and what was answered here",
        "In each cell the article's words, and below them the answers of Twilio, S3 and the operator's ledger.",
    )
    show.out.print(verdict_table(result, show.out))
    show.mark(
        result.agreeing == result.cells, f"{result.agreeing} of {result.cells} cells are answered as the article says."
    )
    for check in result.checks:
        show.mark(check.holds, check.words)


def main() -> int:
    """0 where everything is as it should be, 1 where something differs, 2 where a step did not work."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = arguments()
    out = console(record=asked.svg is not None)
    show = Show(out)
    workdir = Path(tempfile.mkdtemp(prefix="recordings-demo-"))
    began = time.monotonic()
    out.print(Text("recording-storage-operator, from beginning to end on this machine alone", style="bold"))
    try:
        result = play(show, workdir, dict(asked.twilio_option))
    except KeyboardInterrupt:
        shutil.rmtree(workdir, ignore_errors=True)
        out.print("\nInterrupted. Everything that was started has been stopped.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  whatever it is, a person wants to know in which step it happened
        out.print(Text(f"\nStep {show.step} did not work: {error}", style="bold red"))
        return left(show, workdir, FAILED)
    if asked.svg:
        out.export_text(styles=False)  # forgets the steps: the picture is of the table
    tell(show, result)
    if asked.svg:
        picture(out, asked.svg)
    if result.exit_code:
        return left(show, workdir, result.exit_code)
    shutil.rmtree(workdir)
    out.print(Text(f"\nDone in {time.monotonic() - began:.0f} s.", style="bold"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
