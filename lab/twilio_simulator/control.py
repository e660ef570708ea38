"""The control plane, /_sim: JSON in and out, no credentials, never touched by faults."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from . import lifecycle
from .clock import DAY
from .control_bodies import Advance
from .dates import iso
from .faults import Rule
from .reply import JSON, ApiError
from .world import World

Answer = dict[str, Any]
Operation = Callable[[World, web.Request], Awaitable[Answer]]


class Refused(Exception):
    """A control request that makes no sense; the message says why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def operation(world: World, function: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An aiohttp handler: an answer as JSON, a bad request as 400 `{error}`."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return _json(await function(world, request))
        except Refused as refused:
            return _json({"error": str(refused)}, refused.status)
        except (msgspec.DecodeError, msgspec.ValidationError, ValueError, re.error, ApiError) as error:
            return _json({"error": str(error)}, 400)

    return handle


def _json(answer: Answer, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), status=status, headers={"Content-Type": JSON})


async def show_clock(world: World, _: web.Request) -> Answer:
    """`{now}`."""
    return {"now": iso(world.clock.now())}


async def advance(world: World, request: web.Request) -> Answer:
    """Look through S3 first, then move time and do what is due. `{days, seconds}` to `{now}`."""
    body = Advance.parse(await request.read())
    await lifecycle.notice_missing_objects(world)
    world.clock.advance(body.days * DAY + body.seconds)
    await lifecycle.settle(world)
    return await show_clock(world, request)


async def show_options(world: World, _: web.Request) -> Answer:
    """All options by name."""
    options: Answer = msgspec.to_builtins(world.options)
    return options


async def change_options(world: World, request: web.Request) -> Answer:
    """Change the options that are named; answers all of them."""
    world.options.update(msgspec.json.decode(await request.read(), type=dict[str, Any]))
    return await show_options(world, request)


async def add_fault(world: World, request: web.Request) -> Answer:
    """A new fault rule; see `faults.Rule`."""
    content = msgspec.json.decode(await request.read(), type=dict[str, Any])
    if isinstance(content.get("kind"), int):
        content["kind"] = str(content["kind"])
    return world.faults.add(msgspec.convert(content, Rule)).describe()


async def list_faults(world: World, _: web.Request) -> Answer:
    """The rules with how often they matched and fired."""
    return {"faults": [fault.describe() for fault in world.faults]}


async def clear_faults(world: World, _: web.Request) -> Answer:
    """Remove all rules."""
    return {"cleared": world.faults.clear()}


async def list_requests(world: World, request: web.Request) -> Answer:
    """The request log in order; `account_sid` and `after` (a request's number) narrow it."""
    account_sid, after = request.query.get("account_sid"), int(request.query.get("after", "0"))
    found = [
        entry.describe()
        for entry in world.journal.requests
        if entry.number > after and account_sid in (None, entry.account_sid)
    ]
    return {"requests": found, "total": world.journal.total, "concurrency_peaks": dict(world.journal.peaks)}


async def check_invariants(world: World, _: web.Request) -> Answer:
    """`{ok, violations}`."""
    violations = list(world.journal.violations(world.options))
    return {"ok": not violations, "violations": violations}
