"""`make lab`: a control plane, Twilio and S3 on loopback, in the foreground until interrupted."""

import contextlib
import fcntl
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from . import environment
from .control_plane import ControlPlane
from .s3 import MotoServer
from .simulator import SimulatorServer
from .toolchain import ToolMissingError


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[bool]:
    """Whether this is the only lab of this folder while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def serve(console: Console, folder: Path) -> NoReturn:
    """Start everything, write and show the variables, and stay. An interruption stops everything on its way out."""
    workdir = folder / "run"
    shutil.rmtree(workdir, ignore_errors=True)
    console.print("Starting a control plane, the Twilio simulator and S3 ...")
    with contextlib.ExitStack() as running:
        plane = running.enter_context(ControlPlane.start(workdir / "control-plane", controllers=True))
        plane.install()
        twilio = running.enter_context(SimulatorServer(clock_rate=1.0))
        moto = running.enter_context(MotoServer(workdir / "moto", clock_url=twilio.url))
        file = folder / "env"
        running.callback(file.unlink, missing_ok=True)
        variables = environment.exports(plane, twilio.url, moto)
        environment.write(variables, file)
        show(console, variables, folder)
        while True:
            signal.pause()


def show(console: Console, variables: dict[str, str], folder: Path) -> None:
    """The variables, and the one command that takes them over."""
    console.print("\nThe lab is running.", style="bold")
    for name, value in variables.items():
        console.print(f"  {name:<26}{value}", markup=False)
    console.print(f"\nIn another shell:  . {folder / 'env'}")
    console.print(f"Logs are in {folder / 'run'}. Stop with Ctrl-C.")


def main(folder: Path = environment.FOLDER) -> int:
    """Exit code 1 where a lab runs already or could not be started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(soft_wrap=True, highlight=False)
    with only_one(folder) as alone:
        if not alone:
            console.print(f"A lab is running already; its variables are in {folder / 'env'}.")
            return 1
        try:
            serve(console, folder)
        except KeyboardInterrupt:
            console.print("The lab has stopped.")
        except (RuntimeError, ToolMissingError) as error:
            console.print(str(error), markup=False, style="red")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
