"""Plans for resources that are only a file yet, made here from live reads. Changes nothing anywhere."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any, TextIO

import click

from ..clouds import Clouds
from ..core.approval import Decision, Memory
from ..core.desired import Bucket
from ..core.effects import Effect, Kind, Skipped
from ..core.endpoint import origin
from ..core.errors import ReconcileError
from ..core.facts import Obstacle
from ..reconcile.inputs import Credentials
from ..reconcile.preview import NOTHING_REMEMBERED, preview
from ..s3.connect import Connections
from ..settings import Settings, SettingsError
from ..twilio.connect import TwilioConnector
from . import screen
from .keys import from_environment
from .machine import Machine
from .manifests import Declared, declared
from .own_words import of_own_credentials, told
from .target import Target


@dataclass(frozen=True, slots=True)
class Subject:
    """What a plan is made of, beside the world."""

    source: Declared
    credentials: Credentials
    memory: Memory = NOTHING_REMEMBERED


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of a resource."""

    source: Declared
    decision: Decision

    @property
    def differs(self) -> bool:
        """Whether something is not as wanted: with management Observe it would only be reported.

        Adopting a bucket changes nothing in it, and without the cluster nobody knows whether that was done before.
        """
        changes = any(one.kind is not Kind.ADOPT_BUCKET for one in self.decision.shown)
        return changes or bool(self.drift)

    @property
    def drift(self) -> tuple[Effect, ...]:
        """What differs and is no change of the plan."""
        return tuple(one for one in self.decision.drift if one not in self.decision.shown)

    @property
    def denied(self) -> tuple[Skipped, ...]:
        """What a missing right kept from being looked at."""
        return tuple(one for one in self.decision.skipped if one.reason == Obstacle.DENIED)

    @property
    def unseen(self) -> list[str]:
        """A sentence for each right that is missing."""
        return list(dict.fromkeys(f"{self.source.title}: {of_own_credentials(one.message)}" for one in self.denied))

    def as_fields(self) -> dict[str, Any]:
        """For programs. `id` is null where nothing would be changed. `waiting` has the paths that wait for approval."""
        decision, source = self.decision, self.source
        return {
            "id": decision.plan_id if decision.shown else None,
            "changes": [_change(one) for one in decision.shown],
            "waiting": [one.path for one in decision.waiting],
            "drift": [{"path": one.path, "want": one.want, "have": one.have} for one in self.drift],
            "skipped": [
                {"path": one.path, "reason": str(one.reason), "message": of_own_credentials(one.message)}
                for one in decision.skipped
            ],
            "resource": {"namespace": source.namespace or None, "name": source.name},
        }


def previews(file: TextIO, target: Target, machine: Machine, *, from_cluster: bool) -> Iterator[Preview]:
    """A preview of each resource in a file, in its order. Raises click.ClickException for what is in the way."""
    sources = declared(file)
    subjects = list(_from_cluster(sources, target) if from_cluster else _from_environment(sources))
    yield from _made(subjects, machine, ambient=not from_cluster)


def _from_environment(sources: Iterable[Declared]) -> Iterator[Subject]:
    for source in sources:
        desired, credentials = from_environment(os.environ, source.desired)
        if source.desired.s3 and source.desired.s3.writer_secret:
            screen.tell(
                f"{source.title}: the writer's key pair is left out, because only the cluster has it: --from-cluster"
            )
        yield Subject(replace(source, desired=desired), credentials)


def _from_cluster(sources: Iterable[Declared], target: Target) -> Iterator[Subject]:
    """With what the resource of this name remembers, where there is one: then the plan has the id that it has there."""
    from .cluster import SECRETS, connected  # the Kubernetes client takes long to import

    for source in sources:
        place = replace(target, name=source.name, namespace=source.namespace or target.namespace)
        with connected(place, SECRETS) as cluster:
            credentials = Credentials.read(cluster.secrets(), cluster.key.namespace, source.desired)
            obj = cluster.stored()
            if obj is None:
                yield Subject(source, credentials)
            else:
                desired = replace(source.desired, owner=obj["metadata"]["uid"])
                yield Subject(replace(source, desired=desired), credentials, Memory.of(obj.get("status") or {}))


def _made(subjects: Iterable[Subject], machine: Machine, *, ambient: bool) -> Iterator[Preview]:
    url, host = _twilio_url(os.environ)
    buckets = [one.source.desired.s3 for one in subjects if one.source.desired.s3]
    with (
        closing(TwilioConnector(url or None)) as twilio,
        closing(Connections(_endpoints(buckets), allow_ambient=ambient)) as s3,
    ):
        clouds = Clouds(twilio, s3)
        for one in subjects:
            try:
                plan = preview(clouds, one.source.desired, one.credentials, machine, one.memory, host)
            except ReconcileError as error:
                sentence = told(error, os.environ, own=ambient)
                raise click.ClickException(f"{one.source.title}: {sentence}") from error
            yield Preview(one.source, plan.decision)


def _endpoints(buckets: Iterable[Bucket]) -> Iterator[str]:
    """Whoever runs this has chosen the file. One that is malformed is not allowed, which says why."""
    for bucket in buckets:
        with suppress(ValueError):
            yield origin(bucket.endpoint_url)


def _twilio_url(environ: Mapping[str, str]) -> tuple[str, str]:
    name = "RECORDINGS_TWILIO_URL"
    try:
        settings = Settings.from_environment({name: environ.get(name, "")})
    except SettingsError as error:
        raise click.ClickException(f"{error}.") from error
    return settings.twilio_url, settings.twilio_host


def _change(effect: Effect) -> dict[str, str]:
    return {
        "type": str(effect.kind),
        "path": effect.path,
        "class": str(effect.risk),
        "have": effect.have,
        "want": effect.want,
        "summary": effect.summary,
    }
