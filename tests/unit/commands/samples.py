"""Objects and deletions as the commands get them."""

from datetime import datetime, timedelta
from typing import Any

from recording_storage_operator.commands.selection import Deletion
from recording_storage_operator.core.conditions import rfc3339
from recording_storage_operator.core.console import console_action
from recording_storage_operator.core.desired import Backend, Bucket, Desired, TwilioAccount
from recording_storage_operator.core.ledger import Entry
from recording_storage_operator.core.plan import Newest, Side
from tests.builders import ACCOUNT, BUCKET, NOON, ledger_entry, storage

DAYS = 40
DESIRED = Desired(
    backend=Backend.S3,
    twilio=TwilioAccount(ACCOUNT, "twilio"),
    s3=Bucket(BUCKET, "us-east-1"),
    metadata_days=DAYS,
    sweep_interval=timedelta(minutes=15),
    suspend=False,
)


def deletion(number: int = 0, **fields: Any) -> Deletion:
    """A deletion that expires 40 days after it."""
    return expiring(ledger_entry(number, **fields))


def expiring(entry: Entry) -> Deletion:
    return Deletion(entry, entry.expires_at(DAYS))


def condition(kind: str, status: str, reason: str, message: str = "As it shall be.", **fields: Any) -> dict[str, Any]:
    """A condition of generation 1."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": rfc3339(NOON),
    } | fields


def observed(*conditions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An object of generation 1 that the operator has looked at; keyword arguments replace fields of its status."""
    obj = storage("support-line", "telephony")
    obj["metadata"] |= {"generation": 1, "uid": "uid-1"}
    obj["status"] = {
        "observedGeneration": 1,
        "backend": {"desired": "S3", "observed": "S3", "since": rfc3339(NOON)},
        "conditions": list(conditions) or [condition("Ready", "True", "Reconciled")],
        "plan": {"state": "Applied", "summary": "Nothing to do."},
        "recordings": {"total": 1234, "twilio": 1000, "s3": 234, "lastSweep": {"finishedAt": rfc3339(NOON)}},
        "deletedRecordingsSummary": summary(12345, NOON),
    } | fields
    return obj


def action(kind: str, target: str, summary: str, have: str, want: str, risk: str = "Safe") -> dict[str, str]:
    """A change, as `status.plan.actions` has it."""
    return {"type": kind, "target": target, "summary": summary, "class": risk, "have": have, "want": want}


PENDING: dict[str, Any] = {
    "id": "p0123456789a",
    "state": "Pending",
    "summary": "2 changes: 1 safe, 1 disruptive. Waits for approval of p0123456789a.",
    "actions": [
        action("CreateBucket", "bucket", "create bucket acme", "no bucket yet", "exists"),
        action("ChangeSetting", "publicAccess", "block public access", "no bucket yet", "Blocked", "Disruptive"),
    ],
    "skipped": [{"path": "policy.secureTransport", "reason": "Unsupported", "message": "the endpoint is plain http"}],
    "createdAt": rfc3339(NOON),
}
"""A plan that waits for its approval."""

UNSEEN: dict[str, Any] = {"observedGeneration": -1}
"""The status that the CRD gives a new object."""

DRIFT = [{"path": "versioning", "want": "Enabled", "have": "Suspended"}]


def summary(total: int, oldest: datetime) -> dict[str, Any]:
    """The ledger in numbers: `total` deletions, all on one day."""
    expiry = oldest + timedelta(days=DAYS)
    return {
        "total": total,
        "listed": min(total, 170),
        "truncated": total > 170,
        "byOrigin": {"twilio": total - 45, "s3": 45},
        "byExpiryDay": [{"day": expiry.date().isoformat(), "count": total}],
        "oldestExpiry": rfc3339(expiry),
        "newestDeletion": rfc3339(oldest),
    }


def asking_for_the_console(side: Side, backend: Backend = Backend.S3) -> dict[str, Any]:
    """An object whose new recordings land on `side`, and the condition the operator writes for it."""
    wanted = Desired(backend, DESIRED.twilio, DESIRED.s3, DAYS, DESIRED.sweep_interval, suspend=False)
    action = console_action(wanted, Newest(side, NOON, BUCKET if side is Side.S3 else "another-bucket"))
    assert action is not None
    obj = observed(
        condition("BackendActive", "False", "NewRecordingsAtTwilio", "The newest recording is at Twilio."),
        condition("ConsoleActionRequired", "True", action.reason, action.message),
        condition("LedgerComplete", "True", "Swept", "The last sweep saw every recording and every object."),
        condition("Ready", "False", action.reason, action.message),
        backend={"desired": str(backend), "observed": str(side), "since": rfc3339(NOON)},
    )
    obj["spec"]["backend"] = str(backend)
    return obj
