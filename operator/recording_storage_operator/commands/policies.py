"""`recordings iam`: the least rights for a resource's bucket, as policies of IAM."""

import json
from typing import TextIO

import click

from ..api.desired import to_desired
from ..core.desired import Desired
from ..core.errors import Terminal
from ..core.iam import Policy, operator_policy, writer_policy
from .manifests import declared
from .target import Target

POLICIES = {"writer": writer_policy, "operator": operator_policy}


def show(desired: Desired, whose: str) -> None:
    """Print a policy, or both by their names. Raises click.ClickException for a spec without a bucket."""
    try:
        policies: dict[str, Policy] = {name: make(desired) for name, make in POLICIES.items()}
    except ValueError as error:
        raise click.ClickException(f"{error}.") from error
    click.echo(json.dumps(policies.get(whose, policies), indent=2))


def from_file(file: TextIO) -> Desired:
    """The one resource in a file. Raises click.ClickException where there is another number of them."""
    found = declared(file)
    if len(found) > 1:
        told = ", ".join(one.title for one in found)
        raise click.ClickException(f"A policy is for one resource, and {file.name} has {len(found)}: {told}.")
    return found[0].desired


def from_cluster(target: Target) -> Desired:
    """A resource as it is in the cluster."""
    from .cluster import connected  # the Kubernetes client takes long to import, and a file needs none

    with connected(target) as cluster:
        obj = cluster.storage()
    try:
        return to_desired(obj)
    except Terminal as error:
        raise click.ClickException(f"{target.name} is invalid: {error.message}") from error
