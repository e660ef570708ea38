"""What each kind of fault does to a request or its reply."""

from .faults import Fault
from .options import Options
from .paging import View
from .reply import JSON, XML, ApiError, Delivery, Reply, as_error, not_found, unauthenticated

_BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_DRIP_SECONDS = 1.0
_STALE_SECONDS = 60.0


def too_many(retry_after: int | None) -> ApiError:
    """429/20429: the request was not processed."""
    return ApiError(429, 20429, "Too Many Requests", _retry_after(retry_after))


def dropped() -> Reply:
    """No answer at all: the connection is reset."""
    return Reply(delivery=Delivery("drop"))


def instead(fault: Fault, path: str, options: Options) -> Reply | None:
    """The reply of a fault that keeps the request from being processed; None for the other kinds."""
    match fault.rule.kind:
        case "502_html":
            return Reply(502, _BAD_GATEWAY, "text/html")
        case "xml_error_200":
            return Reply(200, as_error(not_found(path), path.removesuffix(".json")).body, XML)
        case "reset_before":
            return dropped()
    error = _error(fault, options)
    return None if error is None else as_error(error, path)


def _error(fault: Fault, options: Options) -> ApiError | None:
    retry_after = fault.rule.retry_after
    match fault.rule.kind:
        case "429":
            return too_many(options.retry_after_seconds if retry_after is None else retry_after)
        case "500":
            return ApiError(500, 20500, "Internal Server Error")
        case "503":
            return ApiError(503, 20503, "Service unavailable", _retry_after(retry_after))
        case "401":
            return unauthenticated()
    return None


def _retry_after(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(seconds)}


def view(fault: Fault) -> View:
    """How the fault distorts a listing, if it is one of those."""
    kind = fault.rule.kind
    return View(
        repeat_anchor=kind == "duplicate_record",
        skip_one=kind == "missing_record",
        loop=kind == "page_loop",
        stale_seconds=fault.seconds(_STALE_SECONDS) if kind == "stale_list" else 0.0,
    )


def afterwards(fault: Fault, reply: Reply, path: str) -> Reply:
    """What the fault makes of the reply to a request that was processed."""
    match fault.rule.kind:
        case "reset_after":
            return dropped()
        case "commit_then_500":
            return as_error(ApiError(500, 20500, "Internal Server Error"), path)
        case "slow_drip":
            reply.delivery = Delivery("drip", fault.seconds(_DRIP_SECONDS))
        case "truncated_body":
            reply.delivery = Delivery("truncate")
        case "short_body":
            content = _content(reply)
            return Reply(reply.status, content[: len(content) // 2], reply.content_type, reply.headers)
        case "wrong_content_type":
            reply.content_type = "text/plain" if reply.content_type == JSON else "text/html"
        case "invalid_json":
            return Reply(200, b'{"recordings": [}', JSON)
    return reply


def _content(reply: Reply) -> bytes:
    return reply.body if reply.chunks is None else b"".join(reply.chunks)
