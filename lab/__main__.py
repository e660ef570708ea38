"""`make lab`: a control plane, Twilio and S3 on loopback, in the foreground until interrupted."""

import contextlib
import fcntl
import shutil
import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from . import environment
from .control_plane import ROOT, ControlPlane
from .s3 import MotoServer
from .simulator import SimulatorServer
from .toolchain import ToolMissingError

WORKDIR = environment.FOLDER / "run"


@contextlib.contextmanager
def only_one() -> Iterator[bool]:
    """Whether this is the only lab of this work tree while the block runs."""
    environment.FOLDER.mkdir(exist_ok=True)
    with (environment.FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def serve(console: Console) -> NoReturn:
    """Start everything, write and show `.lab/env`, and stay. An interruption stops everything on its way out."""
    shutil.rmtree(WORKDIR, ignore_errors=True)
    with contextlib.ExitStack() as running, console.status("starting the control plane") as status:
        plane = running.enter_context(ControlPlane.start(WORKDIR / "control-plane", controllers=True))
        status.update("installing custom resource definitions and RBAC")
        plane.install()
        status.update("starting the Twilio simulator and S3")
        twilio = running.enter_context(SimulatorServer())
        moto = running.enter_context(MotoServer(WORKDIR / "moto", clock_url=twilio.url))
        variables = environment.exports(plane, twilio.url, moto)
        environment.write(variables)
        running.callback(environment.FILE.unlink, missing_ok=True)
        status.stop()
        show(console, variables)
        while True:
            signal.pause()


def show(console: Console, variables: dict[str, str]) -> None:
    """The variables, and the one command that takes them over."""
    table = Table(box=None, show_header=False, title="The lab is running", title_justify="left")
    for name, value in variables.items():
        table.add_row(name, value)
    console.print(table)
    console.print(f"\nIn another shell:  . {environment.FILE.relative_to(ROOT)}")
    console.print("Logs are in .lab/run. Stop with Ctrl-C.")


def main() -> int:
    """Exit code 1 where a lab runs already or could not be started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(soft_wrap=True)
    with only_one() as alone:
        if not alone:
            console.print(f"A lab of this work tree is running already; its variables are in {environment.FILE}.")
            return 1
        try:
            serve(console)
        except KeyboardInterrupt:
            console.print("The lab has stopped.")
        except (RuntimeError, ToolMissingError) as error:
            console.print(str(error), markup=False, style="red")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
