"""From an object of the API server to what it claims."""

from collections.abc import Mapping
from typing import Any

from ..core.claims import Claim
from ..core.desired import HOME_REGION, Backend, Management
from ..core.endpoint import same_servers
from ..core.errors import Terminal
from .desired import to_desired


def to_claim(obj: Mapping[str, Any]) -> Claim | None:
    """The account and the bucket it names; None for one whose spec cannot be used, which has none of its own."""
    try:
        desired = to_desired(obj)
    except Terminal:
        return None
    metadata, bucket = obj["metadata"], desired.s3
    return Claim(
        created=metadata["creationTimestamp"],
        uid=metadata["uid"],
        name=f"{metadata['namespace']}/{metadata['name']}",
        account_sid=desired.twilio.account_sid,
        region=desired.twilio.region or HOME_REGION,
        endpoint=same_servers(bucket.endpoint_url) if bucket else "",
        bucket=bucket.name if bucket else "",
        prefix=bucket.prefix if bucket else "",
        keeps=desired.backend is Backend.S3 and bucket is not None and bucket.management is Management.MANAGE,
    )
