"""The commands and their options."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TextIO

import click

from .. import __version__
from ..core.errors import ReconcileError
from ..core.ledger import Origin
from . import listing, live, screen
from .conditions import incompleteness, status_of
from .machine import Machine
from .plan_command import PlanCommand
from .planning import show_stored
from .selection import Selection, deletions
from .target import Target, about_one, about_one_or_a_file
from .watching import Ending, Pace, follow

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
    """Where the recordings of a RecordingStorage are, which ones are deleted, and what the operator would change.

    NAME is that of a RecordingStorage. All times are UTC.
    """


@cli.command()
@click.pass_obj
@about_one
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(machine: Machine, target: Target, output: str) -> None:
    """Show the status of NAME, and what to do next.

    json is .status as it is stored, and {} before the operator has looked at it.
    """
    with _connected(target) as cluster:
        obj = cluster.storage()
    if output == "json":
        click.echo(json.dumps(status_of(obj), indent=2))
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
    """List the deleted recordings of NAME.

    All of them whose metadata is not purged yet. The next one to be purged comes first. json is one object a line.
    """
    tally, selection = listing.Tally(), _selection(**wanted)
    with _connected(target, listing=True) as cluster:
        obj = cluster.storage()
        slices = tally.read(cluster.slices(obj["metadata"]["uid"]))
        if output == "text" and screen.is_terminal():
            slices = iter(list(slices))  # packed: somebody may read for longer than the API server keeps a list
        found = tally.count(deletions(slices, selection, machine.now))
        try:
            listing.show(found, output, machine.now)
        except ReconcileError:
            if tally.origins:
                screen.tell("The list ends early, it is not whole.")
            raise
    tally.check(obj)
    screen.tell(tally.sentence(whole=selection == Selection()))
    if why := incompleteness(obj):
        screen.tell(f"Deletions may be missing from this list: {why}")


@cli.command()
@click.pass_obj
@about_one
@click.option("--until-ready", is_flag=True, help="End once it is Ready, with exit code 0.")
@click.option("--timeout", type=click.FloatRange(min=0), help="With --until-ready: give up after seconds; exit code 1.")
@click.option("--interval", type=click.FloatRange(min=0.1), default=2.0, show_default=True, help="Seconds to a look.")
def watch(machine: Machine, target: Target, until_ready: bool, timeout: float | None, interval: float) -> None:
    """Show the status of NAME as it changes.

    Until interrupted: a page that is kept up to date on a terminal; a line for each change where the output is piped.
    """
    if timeout is not None and not until_ready:
        raise click.UsageError("--timeout goes with --until-ready.")
    try:
        with _connected(target) as cluster, live.display(machine) as show:
            pace = Pace(interval, timeout)
            ending = follow(cluster.storage(), cluster.stored, show, pace, machine, until_ready=until_ready)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED if until_ready else 0) from None
    if ending is Ending.LATE:
        raise click.ClickException(f"{target.name} did not become Ready in {timeout:g} seconds.")
    if ending is Ending.GONE:
        if until_ready:
            raise click.ClickException(f"{target.name} is deleted.")
        click.echo(f"{target.name} is deleted.")


@cli.command(cls=PlanCommand)
@click.pass_obj
@about_one_or_a_file
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--from-cluster", is_flag=True, help="With -f: take credentials from the Secrets that the file names.")
def plan(machine: Machine, target: Target, file: TextIO | None, output: str, from_cluster: bool) -> None:
    """Show what the operator would change for NAME, or a file.

    Of a NAME it is the plan in the status. With -f it is planned here, for a manifest that need not be in any cluster,
    from live reads of Twilio and S3. The credentials are TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET,
    and AWS's default chain. json is one object a line then.

    Ends with 0 where nothing is to be changed, 2 where something is, and 1 on an error, which with -f is also a right
    to look at something that is missing. Changes nothing.
    """
    if from_cluster and not file:
        raise click.UsageError("--from-cluster goes with -f.")
    if file:
        from .previewing import show_previews
        from .previews import previews  # takes long to import, as do all clients

        code = show_previews(previews(file, target, machine, from_cluster=from_cluster), output)
    else:
        with _connected(target) as cluster:
            obj = cluster.storage()
        code = show_stored(obj, output)
    raise click.exceptions.Exit(code)


@cli.command()
@click.pass_obj
@about_one
@click.option("--plan", "wanted", default="", metavar="ID", help="Approve this plan and no other, without asking.")
@click.option("-y", "--yes", "agreed", is_flag=True, help="Approve whatever plan there is, without asking.")
def approve(_machine: Machine, target: Target, wanted: str, agreed: bool) -> None:
    """Approve the plan that NAME waits with.

    Shows the plan and asks. The operator applies what was approved, and nothing else: should anything have changed
    since, that makes another plan.
    """
    from .approving import approve as approve_one
    from .cluster import APPROVING, connected

    with connected(target, APPROVING) as cluster:
        plan_id = approve_one(cluster, wanted, agreed=agreed)
    click.echo(f"Approved plan {plan_id} of {target.name}. See it applied: recordings watch {target.argument}")


@cli.command()
@click.pass_obj
@about_one_or_a_file
@click.option("--for", "whose", type=click.Choice(["writer", "operator", "both"]), default="both", show_default=True)
def iam(_machine: Machine, target: Target, file: TextIO | None, whose: str) -> None:
    """Print the least rights in IAM for the bucket of NAME.

    writer is for the key pair that Twilio writes with, operator for the operator's own; both is an object with the two.
    """
    from . import policies

    policies.show(policies.from_file(file) if file else policies.from_cluster(target), whose)


def _connected(target: Target, *, listing: bool = False) -> "AbstractContextManager[Cluster]":
    from .cluster import LISTING, READING, connected  # the Kubernetes client takes long to import; --help needs none

    return connected(target, LISTING if listing else READING)


def _selection(origin: str | None, since: datetime | None, until: datetime | None, sids: frozenset[str]) -> Selection:
    return Selection(
        origin=Origin(origin) if origin else None,
        since=since.replace(tzinfo=UTC) if since else None,
        before=until.replace(tzinfo=UTC) + timedelta(days=1) if until else None,
        sids=sids,
    )
