"""Play the whole story of a RecordingStorage on this machine alone, and end with the acceptance table.

Exit code 0: every cell of the table is answered as it should be. 1: something differs. 2: a step did not work.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rich.text import Text

from . import picture
from .show import BAD, Show, console
from .stage import set_up
from .story import Story
from .tables import verdict_table
from .verdict import Result

FAILED, INTERRUPTED = 2, 130


def main() -> int:
    """Run it; returns the exit code. The work folder with the logs is kept unless all is well or it was interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = _arguments()
    show = Show(console(record=asked.svg is not None))
    workdir = Path(tempfile.mkdtemp(prefix="recordings-demo-"))
    try:
        code = _play(show, workdir, dict(asked.twilio_option), asked.svg)
    except KeyboardInterrupt:
        show.out.print("\nInterrupted: everything that was started has been stopped.")
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  whatever it is, a person wants to know in which step it happened
        show.out.print(Text(f"\nStep {show.step} did not work: {error}", style=BAD))
        code = FAILED
    if code in (0, INTERRUPTED):
        shutil.rmtree(workdir)
    else:
        log = workdir / "operator.log"
        show.out.print(f"The operator's log: {log if log.exists() else 'it was not started'}", soft_wrap=True)
        show.out.print(f"The servers' logs are below {workdir}", soft_wrap=True)
    return code


def _play(show: Show, workdir: Path, options: Mapping[str, object], svg: Path | None) -> int:
    began = time.monotonic()
    with set_up(show, workdir, options) as stage:
        story = Story(stage)
        start = stage.console.now()
        result = story.run()
        days = (stage.console.now() - start).days
    if svg:
        show.out.export_text()  # forgets the steps: the picture is of the table
    _tell(show, result)
    if svg:
        picture.save(show.out, svg, "make demo")
    show.out.print(f"\n{days} days in {time.monotonic() - began:.0f} seconds. Everything has been stopped.")
    return result.exit_code


def _tell(show: Show, result: Result) -> None:
    """The table, the checks beside it, and the sum of it."""
    show.begin(
        "What Twilio's support article says, and what was answered here",
        "Below the article's words: the answers of Twilio (20404: not found) and S3, and the ledger.",
    )
    show.out.print(verdict_table(result, show.out))
    all_agree = result.agreeing == result.cells
    show.mark(all_agree, f"{result.agreeing} of {result.cells} cells are answered as the article says.")
    for check in result.checks:
        show.mark(check.holds, check.words)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m lab.demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--twilio-option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_option,
        help="another behaviour of the simulated Twilio, as lab/twilio_simulator/options.py names them",
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also write the closing table as a picture")
    return parser.parse_args()


def _option(text: str) -> tuple[str, object]:
    """A value is JSON where it can be read as such, else a string. argparse reports the ValueError without `=`."""
    name, value = text.split("=", 1)
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


if __name__ == "__main__":
    sys.exit(main())
