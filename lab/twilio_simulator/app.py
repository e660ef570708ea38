"""The routes: Twilio's own on the one side, the control plane on the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from . import (
    api_accounts,
    api_credentials,
    api_nested,
    api_recordings,
    control,
    control_accounts,
    control_recordings,
    lifecycle,
    monitor,
)
from .call import Call
from .control import Operation, operation
from .dates import http_date
from .public import redirected_media, token
from .reply import ApiError, Reply, not_found
from .server import Endpoint, Handler
from .world import World

STOPPING: web.AppKey[asyncio.Event] = web.AppKey("stopping", asyncio.Event)
LARGEST_BODY = 64 * 1024 * 1024
TICK_SECONDS = 0.2

_ACCOUNT = "/2010-04-01/Accounts/{account:AC[0-9a-f]{32}}"
_SID = "{sid:[A-Z]{2}[0-9a-f]{32}}"
_EXT = "{ext:(\\.[a-z0-9]+)?}"
_FORMAT = "{format:(\\.json|\\.xml)?}"

_API: list[tuple[str, str, Handler, str]] = [
    ("GET", f"/2010-04-01/Accounts{_FORMAT}", api_accounts.list_all, "accounts:list"),
    ("GET", f"{_ACCOUNT}{_FORMAT}", api_accounts.fetch, "accounts:read"),
    ("GET", f"{_ACCOUNT}/Recordings{_FORMAT}", api_recordings.list_all, "recordings:list"),
    ("GET", f"{_ACCOUNT}/Recordings/{_SID}{_EXT}", api_recordings.fetch, "recordings:read"),
    ("DELETE", f"{_ACCOUNT}/Recordings/{_SID}{_EXT}", api_recordings.delete, "recordings:delete"),
    ("GET", f"{_ACCOUNT}/Calls/{{parent}}/Recordings{_FORMAT}", api_nested.list_of_call, "recordings:list"),
    ("GET", f"{_ACCOUNT}/Conferences/{{parent}}/Recordings{_FORMAT}", api_nested.list_of_conference, "recordings:list"),
    (
        "GET",
        f"{_ACCOUNT}/Recordings/{{parent}}/AddOnResults{_FORMAT}",
        api_nested.list_add_on_results,
        "recordings:read",
    ),
    ("GET", "/v1/Events", monitor.list_events, "events:list"),
    ("GET", f"/v1/Events/{_SID}", monitor.fetch_event, "events:read"),
    ("GET", "/v1/Alerts", monitor.list_alerts, "alerts:list"),
    ("GET", f"/v1/Alerts/{_SID}", monitor.fetch_alert, "alerts:read"),
    ("POST", "/v1/Credentials/AWS", api_credentials.create, "credentials:create"),
    ("GET", "/v1/Credentials/AWS", api_credentials.list_all, "credentials:list"),
    ("GET", f"/v1/Credentials/AWS/{_SID}", api_credentials.fetch, "credentials:read"),
    ("POST", f"/v1/Credentials/AWS/{_SID}", api_credentials.update, "credentials:update"),
    ("DELETE", f"/v1/Credentials/AWS/{_SID}", api_credentials.delete, "credentials:delete"),
]

_TRANSCRIPTIONS: list[tuple[str, str, Handler, str]] = [
    route
    for root in (_ACCOUNT, f"{_ACCOUNT}/Recordings/{{parent}}")
    for route in (
        ("GET", f"{root}/Transcriptions{_FORMAT}", api_nested.list_transcriptions, "transcriptions:list"),
        ("GET", f"{root}/Transcriptions/{_SID}{_FORMAT}", api_nested.fetch_transcription, "transcriptions:read"),
        ("DELETE", f"{root}/Transcriptions/{_SID}{_FORMAT}", api_nested.delete_transcription, "transcriptions:delete"),
    )
]

_CONTROL: list[tuple[str, str, Operation]] = [
    ("GET", "/_sim/clock", control.show_clock),
    ("POST", "/_sim/advance", control.advance),
    ("GET", "/_sim/options", control.show_options),
    ("PUT", "/_sim/options", control.change_options),
    ("POST", "/_sim/faults", control.add_fault),
    ("GET", "/_sim/faults", control.list_faults),
    ("DELETE", "/_sim/faults", control.clear_faults),
    ("GET", "/_sim/requests", control.list_requests),
    ("GET", "/_sim/invariants", control.check_invariants),
    ("POST", "/_sim/accounts", control_accounts.create),
    ("POST", "/_sim/accounts/{account}", control_accounts.change),
    ("PATCH", "/_sim/accounts/{account}", control_accounts.change),
    ("PUT", "/_sim/accounts/{account}/auth-token", control_accounts.rotate_token),
    ("POST", "/_sim/accounts/{account}/keys", control_accounts.create_key),
    ("DELETE", "/_sim/keys/{sid}", control_accounts.revoke_key),
    ("POST", "/_sim/accounts/{account}/oauth-apps", control_accounts.create_app),
    ("PUT", "/_sim/accounts/{account}/external-storage", control_accounts.switch_external_storage),
    ("POST", "/_sim/recordings", control_recordings.create),
    ("POST", "/_sim/transcriptions", control_recordings.transcribe),
    ("POST", "/_sim/bulk-delete", control_recordings.bulk_delete),
]


def build(world: World) -> web.Application:
    """The whole simulator as an aiohttp application."""
    app = web.Application(client_max_size=LARGEST_BODY)
    app[STOPPING] = asyncio.Event()
    for method, path, run in _CONTROL:
        app.router.add_route(method, path, operation(world, run))
    app.router.add_get(f"/_sim/media/{_SID}{_EXT}", redirected_media(world))
    app.router.add_post("/v2/token", token(world))
    for method, path, handler, permission in _API + _TRANSCRIPTIONS:
        endpoint = Endpoint(world, app[STOPPING], handler, permission)
        for verb in (method, "HEAD") if method == "GET" else (method,):
            app.router.add_route(verb, path, endpoint.handle)
    for path in dict.fromkeys(path for _, path, _, _ in _API + _TRANSCRIPTIONS):
        app.router.add_route("*", path, Endpoint(world, app[STOPPING], _no_method, "").handle)
    app.router.add_route("*", "/_sim/{rest:.*}", operation(world, _no_operation))
    app.router.add_route("*", "/{rest:.*}", Endpoint(world, app[STOPPING], _no_resource, "").handle)
    app.on_response_prepare.append(_virtual_date(world))
    app.on_shutdown.append(_release_hanging)
    if world.clock.runs:
        app.cleanup_ctx.append(_ticking(world))
    return app


async def _no_operation(_: World, request: web.Request) -> control.Answer:
    raise control.Refused(f"there is no {request.method} {request.path}", 404)


async def _no_resource(call: Call) -> Reply:
    raise not_found(call.path)


async def _no_method(_: Call) -> Reply:
    raise ApiError(405, 20004, "Method not allowed")


def _virtual_date(world: World) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def set_headers(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = http_date(world.clock.now())
        response.headers["Server"] = "twilio-simulator"

    return set_headers


def _ticking(world: World) -> Callable[[web.Application], AsyncIterator[None]]:
    """Where time runs by itself, what is due has to happen by itself as well."""

    async def tick() -> None:
        while True:
            await lifecycle.settle(world)
            await asyncio.sleep(TICK_SECONDS)

    async def running(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(tick())
        yield
        task.cancel()

    return running


async def _release_hanging(app: web.Application) -> None:
    app[STOPPING].set()
