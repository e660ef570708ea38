"""Answers as values, so that a fault can still change one before it is on the wire."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from .xml import render_error, render_resource

JSON = "application/json;charset=utf-8"
XML = "application/xml"


@dataclass(slots=True)
class Delivery:
    """How an answer travels. `seconds` is the whole duration of a drip."""

    kind: Literal["normal", "drop", "truncate", "drip"] = "normal"
    seconds: float = 0.0


@dataclass(slots=True)
class Reply:
    """`chunks` stands in for `body` where the content is long; `length` is then its size in bytes."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes] | None = None
    length: int = 0
    delivery: Delivery = field(default_factory=Delivery)
    when_sent: Callable[[], None] | None = None


class ApiError(Exception):
    """An error that Twilio answers with its own code."""

    def __init__(self, status: int, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def unauthenticated() -> ApiError:
    """401/20003: bad credentials, and also suspended or closed accounts."""
    return ApiError(401, 20003, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})


def not_found(path: str) -> ApiError:
    """404/20404: unknown, deleted and foreign look the same."""
    return ApiError(404, 20404, f"The requested resource {path} was not found")


def as_json(payload: Any, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, msgspec.json.encode(payload))


def as_resource(payload: dict[str, Any], path: str, root: str) -> Reply:
    """JSON where the path ends in .json, else v2010's XML under the element `root`."""
    if path.endswith(".json"):
        return as_json(payload)
    return Reply(200, render_resource(root, payload), XML)


def as_error(error: ApiError, path: str) -> Reply:
    """JSON for product APIs and .json paths; everything else of v2010 speaks XML."""
    content = {
        "code": error.code,
        "message": error.message,
        "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
        "status": error.status,
    }
    if path.startswith("/2010-04-01") and not path.endswith(".json"):
        return Reply(error.status, render_error(content), XML, dict(error.headers))
    return Reply(error.status, msgspec.json.encode(content), JSON, dict(error.headers))
