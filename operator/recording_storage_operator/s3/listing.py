"""One page of a bucket's versions: what is asked for, and whether the answer is one to that."""

import json
from dataclasses import dataclass
from typing import Any

from ..core.facts import ObjectVersionPage
from .answers import Place, unusable
from .documents import Listing


@dataclass(frozen=True, slots=True)
class Marker:
    """Where the page before ended. `version_id` is empty where the server names none."""

    key: str = ""
    version_id: str = ""

    @classmethod
    def read(cls, page: str | None) -> "Marker":
        """From the opaque page string; None is the beginning."""
        return cls(*json.loads(page)) if page else cls()

    def write(self) -> str:
        """As the opaque page string."""
        return json.dumps([self.key, self.version_id])

    def request(self) -> dict[str, Any]:
        """As parameters of the request for the page after it. S3 refuses an empty version marker."""
        named = {"KeyMarker": self.key, "VersionIdMarker": self.version_id}
        return {name: value for name, value in named.items() if value}


def latest(listing: Listing, place: Place, prefix: str, after: Marker) -> ObjectVersionPage:
    """The latest versions of a listing, in key order. Raises Transient where it answers some other question."""
    following = Marker(listing.next_key_marker, listing.next_version_id_marker)
    doubt = _doubt(listing, place.bucket, prefix, after)
    if not doubt and listing.is_truncated and not _is_further(following, after):
        doubt = "there is more, but the place to go on from does not move"
    if doubt:
        raise unusable(place, doubt)
    versions = [
        row.version
        for row in listing.rows
        # Some servers repeat the version that the page before ended with.
        if row.is_latest and Marker(row.version.key, row.version_id) != after
    ]
    # Delete markers may come apart from the versions; keys are ordered by their UTF-8 bytes.
    versions.sort(key=lambda version: version.key.encode())
    return ObjectVersionPage(versions, following.write() if listing.is_truncated else None)


def _doubt(listing: Listing, bucket: str, prefix: str, after: Marker) -> str:
    """Why the listing is not an answer to our question; empty where it is."""
    if listing.bucket != bucket:
        return "it is about another bucket"
    if listing.prefix != prefix or not all(row.version.key.startswith(prefix) for row in listing.rows):
        return "it is about another prefix"
    if listing.key_marker != after.key:
        return "it is about another page"
    return ""


def _is_further(following: Marker, after: Marker) -> bool:
    """Keys only grow. Version ids have no order, but a repeated one is a circle."""
    return following != after and bool(following.key) and following.key.encode() >= after.key.encode()
