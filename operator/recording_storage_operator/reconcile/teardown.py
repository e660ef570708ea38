"""The end of a resource with `deletionPolicy: Delete`: what the operator made goes, as long as it holds no recording.

Nothing here deletes an object. Whatever cannot be done for good (a Secret that is gone, an account that is closed, a
bucket that is somebody else's) is left undone: keeping too much is always right, and a namespace must be able to go.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..api.desired import to_desired
from ..core.bucket_settings import CREATED_BY, tags_of
from ..core.claims import Claim
from ..core.conditions import is_true
from ..core.desired import Bucket, DeletionPolicy, Desired, Management
from ..core.errors import ReconcileError, Terminal, Transient, Wait
from ..core.facts import Aspect
from ..core.plan import Side
from ..core.reasons import ConditionType, Reason
from ..core.status import blocked_status
from ..core.work import Key, Outcome
from .connect import Ports, claims_of, locator_of
from .inputs import Credentials
from .observe import NEWEST, content_of, newest
from .ports import AwsCredentials, BucketClient
from .writer import pairs_of

PATIENCE = timedelta(minutes=10)
"""For trouble that may pass, from the first look that met it: after it everything is left as it is."""

SECRET_PATIENCE = timedelta(minutes=1)
"""For a missing Secret: one that is replaced is there again by then, one that went with its namespace is not."""

RECHECK = 15.0
"""Seconds to the next look at what blocks: where a namespace goes its Secrets go too, and that ends the block."""

_BLOCKS = (Reason.BUCKET_NOT_EMPTY, Reason.EXTERNAL_STORAGE_IN_USE)

log = logging.getLogger(__name__)


class Troubles:
    """Since when the end of a resource meets trouble. A new process begins to count anew, and so waits longer."""

    def __init__(self) -> None:
        self._since: dict[Key, tuple[str, datetime]] = {}

    def since(self, key: Key, uid: str, now: datetime) -> datetime:
        """When this trouble was first met, which is now where there was none."""
        known = self._since.get(key)
        if known is None or known[0] != uid:
            known = self._since[key] = (uid, now)
        return known[1]

    def over(self, key: Key) -> None:
        """A look went through, or the resource is gone."""
        self._since.pop(key, None)


def tear_down(ports: Ports, key: Key, obj: Mapping[str, Any], troubles: Troubles) -> Outcome:
    """One look at a resource on its way out; it is let go of once nothing is left that can be done."""
    trouble = _look(ports, key, obj)
    if trouble is not None and trouble.reason in _BLOCKS:
        troubles.over(key)
        return _report(ports, key, obj, trouble)
    now = ports.clock.now()
    if trouble is not None:
        blocked = is_true(obj.get("status") or {}, ConditionType.DELETION_BLOCKED)
        if now - troubles.since(key, obj["metadata"]["uid"], now) < _patience(trouble, blocked=blocked):
            return Outcome(after=getattr(trouble, "retry_after", None), failed=True)
        log.warning("%s is let go, its bucket is left as it is: %s", key, trouble.message)
    ports.storages.release(obj)
    troubles.over(key)
    return Outcome()


def _look(ports: Ports, key: Key, obj: Mapping[str, Any]) -> ReconcileError | None:
    """What is in the way, after doing what may be done; None where nothing is left to do."""
    try:
        _clean_up(ports, key, obj, to_desired(obj))
    except ReconcileError as error:
        return error
    except Exception:  # a defect must not keep a namespace for ever
        log.exception("The end of %s failed", key)
        return Wait(Reason.INTERNAL_ERROR, "the operator has a defect", after=RECHECK)
    return None


def _patience(trouble: ReconcileError, *, blocked: bool) -> timedelta:
    """How long it may last. What waits for a person no passing fault decides: the ledger would go with the resource."""
    passing = isinstance(trouble, Transient) or trouble.reason is Reason.KUBERNETES_ACCESS_DENIED
    if not blocked:
        return PATIENCE if passing else timedelta()
    if passing:
        return timedelta.max
    return SECRET_PATIENCE if trouble.reason is Reason.SECRET_MISSING else PATIENCE


def _report(ports: Ports, key: Key, obj: Mapping[str, Any], blocked: ReconcileError) -> Outcome:
    now, generation = ports.clock.now(), obj["metadata"].get("generation", 0)
    ports.storages.write_status(
        key, obj["metadata"]["uid"], lambda fresh: blocked_status(fresh.get("status") or {}, blocked, generation, now)
    )
    return Outcome(after=RECHECK)


def _clean_up(ports: Ports, key: Key, obj: Mapping[str, Any], desired: Desired) -> None:
    """Do what may be done. Raises one of `_BLOCKS` where a person has to decide, else what was in the way."""
    bucket = desired.s3
    if desired.deletion_policy is not DeletionPolicy.DELETE or desired.suspend or bucket is None:
        return
    if bucket.management is Management.OBSERVE:
        return
    credentials = Credentials.read(ports.secrets, key.namespace, desired)
    secret = credentials.require(desired)
    client, admin = ports.clouds.bucket(bucket, credentials.bucket), ports.clouds.admin(bucket, credentials.bucket)
    if client.describe() is None or tags_of(admin.read(Aspect.TAGS).document).get(CREATED_BY) != desired.owner:
        return
    claims = claims_of(ports.storages, desired)
    if _is_shared(desired, claims):
        log.warning("%s is let go, its bucket is left as it is: another RecordingStorage names it", key)
        return
    _check_content(client, bucket, desired)
    recordings = ports.clouds.twilio(desired.twilio, secret).recordings(page_size=NEWEST).recordings
    landed = newest(recordings, locator_of(desired, ports.twilio_host))
    if landed.side is Side.S3 or landed.bucket == bucket.name:
        raise _still_written_to(bucket, desired)
    registered = ports.clouds.aws_credentials(desired.twilio, secret)
    # The newest recording proves that Twilio keeps them, but for an account in another region of Twilio, too. Asked for
    # before: without the bucket there is no second look.
    alone = not any(one.account_sid == desired.twilio.account_sid for one in claims if one.uid != desired.owner)
    useless = _writers(registered, bucket, credentials) if alone and landed.side is Side.TWILIO else []
    _check_unedited(ports, key, obj)
    admin.delete()
    log.info("%s: deleted its empty bucket %s", key, bucket.name)
    for sid in useless:
        registered.remove(sid)


def _check_unedited(ports: Ports, key: Key, obj: Mapping[str, Any]) -> None:
    """Raises Transient where it was edited since this look began: `Retain` may have come in time."""
    fresh = ports.storages.get(key)
    names = ("uid", "generation")
    if fresh is None or any(fresh["metadata"].get(name) != obj["metadata"].get(name) for name in names):
        raise Transient(Reason.WORLD_MOVED, "the resource was edited meanwhile")


def _is_shared(desired: Desired, claims: Iterable[Claim]) -> bool:
    """Whether another resource names the bucket: Twilio may write to it for that one, though it is empty now."""
    mine = next((one for one in claims if one.uid == desired.owner), None)
    return mine is None or any(one.same_bucket(mine) for one in claims if one.uid != mine.uid)


def _writers(registered: AwsCredentials, bucket: Bucket, credentials: Credentials) -> list[str]:
    """The SIDs under which Twilio knows the bucket's pair. What cannot be known for good stays registered."""
    if not bucket.writer_secret or credentials.writer is None:
        return []
    try:
        pair, _ = pairs_of(bucket.writer_secret, credentials.require_writer(bucket), credentials.bucket)
        return [one.sid for one in registered.listed() if one.name == pair.name]
    except (Terminal, Wait) as error:
        log.warning("The key pair of bucket %s stays registered at Twilio: %s", bucket.name, error.message)
        return []


def _check_content(client: BucketClient, bucket: Bucket, desired: Desired) -> None:
    """Versions and delete markers count: S3 keeps a bucket with any of them, and each may be a recording."""
    content = content_of(client, desired)
    if not (content.recordings or content.others or content.more):
        return
    raise Wait(
        Reason.BUCKET_NOT_EMPTY,
        f"Bucket {bucket.name} is kept, because it holds {content.sentence}; old versions and delete markers "
        f"count, and so does the text with which Twilio tried it out. {_way_out(desired)}",
    )


def _still_written_to(bucket: Bucket, desired: Desired) -> Wait:
    return Wait(
        Reason.EXTERNAL_STORAGE_IN_USE,
        f"Bucket {bucket.name} is empty, but Twilio still writes new recordings to it: without it they would be lost. "
        f"Turn External Storage off in Twilio's Console and make a recording. {_way_out(desired)}",
    )


def _way_out(desired: Desired) -> str:
    return (
        "The list of deleted recordings goes with this resource; save it first: recordings deleted "
        f"{desired.argument} -o csv. To let this resource go and keep the bucket: kubectl patch recst "
        f"{desired.argument} --type merge -p "
        '\'{"spec":{"deletionPolicy":"Retain"}}\''
    )
