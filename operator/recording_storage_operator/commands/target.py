"""What a command is about, and the options that say so."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from .machine import Machine


@dataclass(frozen=True, slots=True)
class Target:
    """A RecordingStorage. An empty namespace or kubeconfig means the one kubectl would take."""

    name: str
    namespace: str
    kubeconfig: str


def about_one(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the argument NAME and the options for where it is, as its `target`."""

    @click.argument("name")
    @click.option("-n", "--namespace", default="", help="Its namespace. Without: that of the current context.")
    @click.option("--kubeconfig", default="", help="The kubeconfig to log in with. Without: as kubectl chooses.")
    @functools.wraps(command)
    def with_target(machine: Machine, name: str, namespace: str, kubeconfig: str, **others: Any) -> None:
        if not name:
            raise click.BadParameter("It is empty.", param_hint="NAME")
        command(machine, Target(name, namespace, kubeconfig), **others)

    return with_target
