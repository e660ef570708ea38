"""Objects for tests, with sensible defaults: say only what the test is about."""

from datetime import UTC, datetime
from typing import Any

from recording_storage_operator.core.ledger import Entry, Metadata, Origin, Precision

ACCOUNT = "AC" + "a" * 32
BUCKET = "acme-recordings"
BUCKET_URL = f"https://{BUCKET}.s3.us-east-1.amazonaws.com"
NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def recording_sid(number: int) -> str:
    """The n-th SID of a test."""
    return f"RE{number:032x}"


def storage(name: str = "acme", namespace: str = "default", **spec: Any) -> dict[str, Any]:
    """A RecordingStorage that wants its recordings in S3; keyword arguments replace fields of its spec."""
    return {
        "apiVersion": "recordings.dev/v1alpha1",
        "kind": "RecordingStorage",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "backend": "S3",
            "twilio": {"accountSid": ACCOUNT, "credentialsSecretRef": {"name": "twilio"}},
            "s3": {"bucket": BUCKET, "region": "us-east-1", "credentialsSecretRef": {"name": "s3"}},
        }
        | spec,
    }


def ledger_entry(number: int = 0, **fields: Any) -> Entry:
    """A deletion at Twilio, exactly timed."""
    values: dict[str, Any] = {
        "sid": recording_sid(number),
        "date_created": NOON,
        "deleted_at": NOON,
        "precision": Precision.EXACT,
        "origin": Origin.TWILIO,
        "metadata": Metadata.ACCESSIBLE,
    }
    return Entry(**values | fields)
