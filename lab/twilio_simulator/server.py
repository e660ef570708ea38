"""From an HTTP request to a reply on the wire: log, concurrency gate, faults, credentials, handler."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from . import distortion
from .call import Call, Principal, authenticate, permit, user_of
from .delivery import send
from .faults import Fault
from .journal import Request
from .paging import View
from .reply import ApiError, Reply, as_error
from .world import World

Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of Twilio's API as an aiohttp handler."""

    world: World
    stopping: asyncio.Event
    handler: Handler
    permission: str

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        started = time.perf_counter()
        entry = self._entry(request)
        self.world.journal.open(entry)
        try:
            reply = await self._reply(request, entry)
            entry.status = None if reply.delivery.kind == "drop" else reply.status
            reply.headers |= {
                "Twilio-Request-Id": "RQ" + secrets.token_hex(16),
                "Twilio-Request-Duration": f"{time.perf_counter() - started:.3f}",
                "Twilio-Concurrent-Requests": str(entry.in_flight),
                "X-Home-Region": "us1",
            }
            return await send(request, reply)
        finally:
            self.world.journal.close(entry)

    def _entry(self, request: web.Request) -> Request:
        user = user_of(request.headers.get("Authorization"))
        key = self.world.accounts.keys.get(user)
        account = request.match_info.get("account") or (key.account_sid if key else user) or None
        agent = request.headers.get("User-Agent", "")
        now = self.world.clock.now()
        return Request(0, now, request.method, request.path, request.query_string, account, agent)

    async def _reply(self, request: web.Request, entry: Request) -> Reply:
        limit = self.world.options.concurrency_limit
        try:
            if entry.in_flight > limit:
                raise distortion.too_many(self.world.options.retry_after_seconds)
            fault = self.world.faults.choose(request.method, request.raw_path)
            if fault is None:
                return await self._handle(request, entry, View())
            entry.fault = fault.rule.kind
            return await self._with_fault(fault, request, entry)
        except ApiError as error:
            return as_error(error, request.path)

    async def _with_fault(self, fault: Fault, request: web.Request, entry: Request) -> Reply:
        if fault.rule.kind == "hang":
            await self._hang(fault.seconds(3600))
            if request.transport is None or request.transport.is_closing():
                return distortion.dropped()
        instead = distortion.instead(fault, request.path, self.world.options)
        if instead is not None:
            return instead
        try:
            reply = await self._handle(request, entry, distortion.view(fault))
        except ApiError as error:
            reply = as_error(error, request.path)
        return distortion.afterwards(fault, reply, request.path)

    async def _hang(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _handle(self, request: web.Request, entry: Request, view: View) -> Reply:
        principal = authenticate(self.world, request.headers.get("Authorization"))
        entry.auth = principal.kind
        permit(principal, self.permission)
        return await self.handler(await call_of(self.world, request, principal, view))


async def call_of(world: World, request: web.Request, principal: Principal, view: View) -> Call:
    """What a handler needs of a request."""
    form = await request.post() if request.method == "POST" else {}
    return Call(
        world=world,
        principal=principal,
        path=request.path,
        origin=f"{request.scheme}://{request.host}",
        query=request.query,
        match=request.match_info,
        form={name: value for name, value in form.items() if isinstance(value, str)},
        headers=request.headers,
        remote=request.remote or "",
        view=view,
    )
