"""What is asked without Twilio credentials: the token endpoint, and the host that media is redirected to."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from . import oauth
from .api_recordings import redirected_audio
from .call import Principal
from .delivery import send
from .paging import View
from .reply import ApiError, Reply, as_error
from .server import call_of
from .world import World

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def token(world: World) -> Handle:
    """POST /v2/token."""

    async def handle(request: web.Request) -> web.StreamResponse:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        try:
            reply = oauth.issue(world, form)
        except ApiError as error:
            reply = as_error(error, request.path)
        return await send(request, reply)

    return handle


def redirected_media(world: World) -> Handle:
    """The other host. Credentials that arrive here were sent off Twilio's hosts: a broken invariant."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if "Authorization" in request.headers:
            world.journal.leaks.append(request.path)
        try:
            reply: Reply = redirected_audio(await call_of(world, request, Principal("", "token"), View()))
        except ApiError as error:
            reply = as_error(error, request.path)
        return await send(request, reply)

    return handle
