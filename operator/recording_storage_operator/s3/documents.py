"""Reads S3's answer documents before the SDK does.

The SDK fills whatever fields it finds, and takes every text but `true` for no. So a page of some proxy with status 200,
a document about something else or an empty body would come out as an empty listing: every recording in the bucket
would look deleted. Here a document must say what it is, and say all of it. A listing is read here alone, which also
takes a quarter of the SDK's time for it.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element, ParseError, fromstring

from botocore.hooks import HierarchicalEmitter
from botocore.model import OperationModel

from ..core.facts import ObjectVersion

WIRE_STATUS = "StatusOnTheWire"
"""Where the HTTP status as received is kept: an unusable document under status 200 is made a 500, to be retried."""

LISTING = "Listing"
"""Where a listing that was read is kept."""

_ROOTS = {
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketEncryption": "ServerSideEncryptionConfiguration",
    "GetPublicAccessBlock": "PublicAccessBlockConfiguration",
    "GetBucketOwnershipControls": "OwnershipControls",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketTagging": "Tagging",
    "ListMultipartUploads": "ListMultipartUploadsResult",
}
"""The document that an operation answers with. Some servers name it after the operation instead."""

UNKNOWN = "UnknownElement"
"""Where the name of an element is kept that the SDK does not know, and drops: a document written back would lack it."""

_WRITTEN_BACK = _ROOTS.keys() - {"GetBucketVersioning", "ListMultipartUploads"}
"""Of versioning nothing but its status is written."""

_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<([A-Za-z]+)[\s/>]")
_YES_OR_NO = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Row:
    """One version or delete marker. `version_id` is "null" in a bucket that never had versioning."""

    version: ObjectVersion
    version_id: str
    is_latest: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of versions as S3 sent it, with its echo of what was asked."""

    bucket: str
    prefix: str
    key_marker: str
    rows: list[Row]
    is_truncated: bool
    next_key_marker: str
    next_version_id_marker: str


def reading_events() -> HierarchicalEmitter:
    """Event hooks for an SDK session whose clients read documents as said above, and follow no redirect.

    They have to be there before the session adds its own, which would otherwise have looked at an answer first.
    """
    events = HierarchicalEmitter()
    events.register_first("before-parse.s3.*", _read)
    events.register("before-call.s3.*", _stay)
    return events


def read_listing(body: bytes) -> Listing:
    """Raises ParseError, ValueError or LookupError for a document that is no listing of versions, or not all of one."""
    # Entity bombs are refused by expat itself since 2.4.1, and the SDK reads the same answers with the same parser.
    root = fromstring(body)  # noqa: S314
    space, _, name = root.tag.rpartition("}")
    if name != "ListVersionsResult":
        raise ValueError("not a listing of versions")
    skip = len(space) + 1 if space else 0
    rows = [child for child in root if child.tag[skip:] in ("Version", "DeleteMarker")]
    fields = {child.tag[skip:]: child.text or "" for child in root}
    decode = unquote_plus if fields.get("EncodingType") == "url" else str
    return Listing(
        bucket=fields["Name"],
        prefix=decode(fields.get("Prefix", "")),
        key_marker=decode(fields.get("KeyMarker", "")),
        rows=[_read_row(row, skip, decode) for row in rows],
        is_truncated=_YES_OR_NO[fields["IsTruncated"]],
        next_key_marker=decode(fields.get("NextKeyMarker", "")),
        next_version_id_marker=fields.get("NextVersionIdMarker", ""),
    )


def _read_row(row: Element, skip: int, decode: Any) -> Row:
    fields = {child.tag[skip:]: child.text or "" for child in row}
    modified_at = datetime.fromisoformat(fields["LastModified"])
    if modified_at.tzinfo is None:
        raise ValueError("a time without its zone")
    is_marker = row.tag[skip:] == "DeleteMarker"
    version = ObjectVersion(decode(fields["Key"]), is_marker, modified_at, 0 if is_marker else int(fields["Size"]))
    return Row(version, fields.get("VersionId", ""), _YES_OR_NO[fields["IsLatest"]])


def _stay(context: dict[str, Any], **_: Any) -> None:
    """Let the SDK take a request as redirected already.

    It would go to whatever region an answer names, hiding that the spec says another one; and where an answer names
    none it asks for it with a request that is redirected too, until the stack is full.
    """
    context.setdefault("s3_redirect", {})["redirected"] = True


def _read(
    operation_model: OperationModel,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """Take what an answer says. One without its document becomes a failed attempt, which the SDK makes again."""
    customized_response_dict[WIRE_STATUS] = response_dict["status_code"]
    if response_dict["status_code"] >= 300:
        return
    if not _is_answer_to(operation_model.name, response_dict["status_code"], response_dict["body"]):
        response_dict["status_code"] = 500
    elif operation_model.name in _WRITTEN_BACK:
        customized_response_dict[UNKNOWN] = _unknown_in(response_dict["body"], operation_model)
    if operation_model.name == "ListObjectVersions":
        try:
            customized_response_dict[LISTING] = read_listing(response_dict["body"])
        except (ParseError, ValueError, LookupError):
            response_dict["status_code"] = 500
        else:
            response_dict["body"] = b""


def _is_answer_to(operation: str, status: int, body: bytes) -> bool:
    """Whether a success is that of S3, for the operations of which it is said here."""
    if operation in _ROOTS:
        root = _ROOT.match(body)
        return root is not None and root[1].decode() in (_ROOTS[operation], f"{operation}Response")
    if operation == "GetBucketPolicy":
        return _is_policy(body)
    # Of a page of some proxy it would be believed that a bucket is gone.
    return operation != "DeleteBucket" or status == 204


def _unknown_in(body: bytes, operation: OperationModel) -> str:
    """The name of an element that the SDK has no place for; empty where there is none, or no document."""
    shape: Any = operation.output_shape
    payload = shape.serialization.get("payload")
    try:
        return _unknown(fromstring(body), shape.members[payload] if payload else shape)  # noqa: S314 - as above
    except ParseError:
        return ""  # the SDK refuses it itself


def _unknown(element: Element, shape: Any) -> str:
    known = _children(shape)
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name not in known:
            return name
        if inside := _unknown(child, known[name]):
            return inside
    return ""


def _children(shape: Any) -> dict[str, Any]:
    """The elements that may be inside, by the names the SDK's parser goes by. Attributes are no elements."""
    if shape.type_name == "list":
        return {shape.member.serialization.get("name", "member"): shape.member}
    found = {}
    for name, member in getattr(shape, "members", {}).items():
        if member.serialization.get("location"):  # a header
            continue
        own = member.serialization.get("name", name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            found[member.member.serialization.get("name", own)] = member.member
        else:
            found[own] = member
    return found


def _is_policy(body: bytes) -> bool:
    try:
        policy = json.loads(body)
    except ValueError:
        return False
    return isinstance(policy, dict) and "Statement" in policy
