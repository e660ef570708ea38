"""A peer: the script one would write with both SDKs to find what is missing. It keeps all SIDs in memory."""

from collections.abc import Callable
from typing import Any

from lab.s3 import client as s3_client

from .canned import PAGE_SIZE
from .steps import serve


def inventory(account_sid: str, token: str, url: str) -> Callable[[], dict[str, Any]]:
    """Reads all recordings, deleted ones too."""
    from twilio.rest import Client  # type: ignore[import-untyped]  # the SDK has no types

    twilio = Client(account_sid, token)
    twilio.api.base_url = url

    def read() -> dict[str, Any]:
        rows = twilio.recordings.stream(include_soft_deleted=True, page_size=PAGE_SIZE)
        return {row.sid: (row.status, row.date_created, row.media_url) for row in rows}

    return read


def objects(endpoint: str, key_id: str, secret: str, bucket: str) -> Callable[[], set[str]]:
    """Reads the SIDs of all objects."""
    s3 = s3_client(endpoint, key_id, secret)

    def read() -> set[str]:
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
        return {one["Key"].rpartition("/")[2] for page in pages for one in page.get("Versions", ()) if one["IsLatest"]}

    return read


def main(account_sid: str, token: str, url: str, *bucket: str) -> None:
    """Count what is in S3 by Twilio's word and is not there, whenever we are told to."""
    recordings, stored = inventory(account_sid, token, url), objects(*bucket)

    def missing() -> int:
        there = stored()
        outside = (sid for sid, (_, _, place) in recordings().items() if place and "twilio.com" not in place)
        return sum(sid not in there for sid in outside)

    serve(missing)


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
