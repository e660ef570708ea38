"""The commands and their options."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..core.errors import ReconcileError
from ..core.ledger import Origin
from . import listing, live, screen
from .conditions import incompleteness
from .machine import Machine
from .selection import Selection, deletions
from .target import Target, about_one
from .watching import Pace, follow

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .cluster import Cluster

INTERRUPTED = 130
"""The exit code of a process that SIGINT ended, by the custom of shells."""

_DAY = click.DateTime(["%Y-%m-%d"])
_SID = re.compile(r"RE[0-9a-f]{32}")


def _sids(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    """A mistyped SID must not look like one that is not deleted."""
    for value in values:
        if not _SID.fullmatch(value):
            raise click.BadParameter(f"{value} is no SID of a recording: RE and 32 hexadecimal digits.")
    return frozenset(values)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Where the recordings of a RecordingStorage are, and which ones are deleted. All times are UTC."""


@cli.command()
@click.pass_obj
@about_one
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(machine: Machine, target: Target, output: str) -> None:
    """Show the status of the RecordingStorage NAME, and what to do next.

    json is .status as it is stored.
    """
    with _connected(target) as cluster:
        obj = cluster.storage()
    if output == "json":
        click.echo(json.dumps(obj.get("status") or {}, indent=2))
    else:
        live.print_page(obj, machine)


@cli.command()
@click.pass_obj
@about_one
@click.option("-o", "--output", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--origin", type=click.Choice([str(origin) for origin in Origin]), help="Only those deleted there.")
@click.option("--since", type=_DAY, help="Only those deleted on this day or later.")
@click.option("--until", type=_DAY, help="Only those deleted on this day or earlier.")
@click.option("--sid", "sids", multiple=True, callback=_sids, help="Only this one; may be given several times.")
def deleted(machine: Machine, target: Target, output: str, **wanted: Any) -> None:
    """List all deleted recordings of the RecordingStorage NAME whose metadata is not purged yet.

    The next one to be purged comes first. json is one object a line.
    """
    tally = listing.Tally()
    with _connected(target) as cluster:
        obj = cluster.storage()
        slices = cluster.slices(obj["metadata"]["uid"])
        if output == "text" and screen.is_terminal():
            slices = iter(list(slices))  # packed: somebody may read for longer than the API server keeps a list
        found = tally.count(deletions(slices, _selection(**wanted), machine.now))
        try:
            listing.show(found, output, machine.now)
        except ReconcileError:
            if tally.origins:
                click.echo("The list ends early, it is not whole.", err=True)
            raise
    click.echo(tally.sentence(), err=True)
    if why := incompleteness(obj):
        click.echo(f"Deletions may be missing from this list: {why}", err=True)


@cli.command()
@click.pass_obj
@about_one
@click.option("--until-ready", is_flag=True, help="End once it is Ready, with exit code 0.")
@click.option("--timeout", type=click.FloatRange(min=0), help="With --until-ready: give up after seconds; exit code 1.")
@click.option("--interval", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="Seconds to a look.")
def watch(machine: Machine, target: Target, until_ready: bool, timeout: float | None, interval: float) -> None:
    """Show the status of the RecordingStorage NAME as it changes, until interrupted.

    A page that is kept up to date on a terminal; a line for each change where the output is piped.
    """
    if timeout is not None and not until_ready:
        raise click.UsageError("--timeout goes with --until-ready.")
    try:
        with _connected(target) as cluster, live.display(machine) as show:
            ready = follow(cluster.storage, show, Pace(interval, timeout), machine, until_ready=until_ready)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED if until_ready else 0) from None
    if not ready:
        raise click.ClickException(f"{target.name} did not become Ready in {timeout:g} seconds.")


def _connected(target: Target) -> "AbstractContextManager[Cluster]":
    from .cluster import connected  # the Kubernetes client takes long to import, and --help needs none

    return connected(target)


def _selection(origin: str | None, since: datetime | None, until: datetime | None, sids: frozenset[str]) -> Selection:
    return Selection(
        origin=Origin(origin) if origin else None,
        since=since.replace(tzinfo=UTC) if since else None,
        before=until.replace(tzinfo=UTC) + timedelta(days=1) if until else None,
        sids=sids,
    )
