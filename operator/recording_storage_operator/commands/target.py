"""What a command is about, and the options that say so."""

import functools
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from ..api.names import GROUP, KIND, PLURAL, VERSION
from .machine import Machine

Command = Callable[..., None]

_SHORT = ("recst", KIND.lower(), PLURAL)
_KINDS = frozenset(f"{kind}{group}" for kind in _SHORT for group in ("", f".{GROUP}", f".{VERSION}.{GROUP}"))
"""What kubectl takes for the kind."""


@dataclass(frozen=True, slots=True)
class Target:
    """A RecordingStorage. An empty namespace or kubeconfig means the one kubectl would take.

    `name` is empty for a command that is about a file.
    """

    name: str
    namespace: str
    kubeconfig: str

    @property
    def argument(self) -> str:
        """How a command in a sentence names it: it has to work as it is copied."""
        namespace = ["-n", self.namespace] if self.namespace else []
        kubeconfig = ["--kubeconfig", self.kubeconfig] if self.kubeconfig else []
        return shlex.join([self.name, *namespace, *kubeconfig])


def _name(_context: click.Context, _argument: click.Parameter, value: str) -> str:
    """Also of TYPE/NAME, as kubectl writes and takes it."""
    kind, slash, name = value.rpartition("/")
    if slash and kind.lower() not in _KINDS:
        raise click.BadParameter(f"{value} is no name of a RecordingStorage: give NAME, or recst/NAME.")
    return name


def about_one(command: Command) -> Command:
    """Gives a command the argument NAME and the options for where it is, as its `target`."""

    @click.argument("name", callback=_name)
    @_located
    @functools.wraps(command)
    def with_name(machine: Machine, target: Target, **others: Any) -> None:
        if not target.name:
            raise click.BadParameter("It is empty.", param_hint="NAME")
        command(machine, target, **others)

    return with_name


def about_one_or_a_file(command: Command) -> Command:
    """As `about_one`, with the option -f in place of NAME: its file, open, or None, is the command's `file`."""

    @click.argument("name", default="", callback=_name)
    @click.option(
        "-f", "--filename", "file", type=click.File(encoding="utf-8"), help="A manifest in place of NAME; - for stdin."
    )
    @_located
    @functools.wraps(command)
    def with_name_or_file(machine: Machine, target: Target, **others: Any) -> None:
        if bool(target.name) == bool(others["file"]):
            raise click.UsageError("Give either NAME or -f FILE.")
        command(machine, target, **others)

    return with_name_or_file


def _located(command: Command) -> Command:
    @click.option("-n", "--namespace", default="", help="Its namespace. Without: that of the current context.")
    @click.option("--kubeconfig", default="", help="The kubeconfig to log in with. Without: as kubectl chooses.")
    @functools.wraps(command)
    def with_target(machine: Machine, name: str, namespace: str, kubeconfig: str, **others: Any) -> None:
        command(machine, Target(name, namespace, kubeconfig), **others)

    return with_target
