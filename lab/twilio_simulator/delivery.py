"""Replies on the wire: whole, slowly, in part, or not at all."""

import asyncio
import socket
import struct
from collections.abc import Iterator

from aiohttp import web

from .reply import Reply

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_DRIP_PIECES = 10


async def send(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Put a reply on the wire the way its delivery says."""
    if reply.delivery.kind == "drop":
        return _drop(request)
    if reply.status == 204:
        return web.Response(status=204, headers=reply.headers)
    headers = {**reply.headers, "Content-Type": reply.content_type}
    if reply.chunks is None and reply.delivery.kind == "normal":
        return web.Response(status=reply.status, body=reply.body, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = _size(reply)
    await response.prepare(request)
    if request.method != "HEAD":
        await _write(request, response, reply)
    return response


def _size(reply: Reply) -> int:
    return len(reply.body) if reply.chunks is None else reply.length


async def _write(request: web.Request, response: web.StreamResponse, reply: Reply) -> None:
    size = _size(reply)
    left = size // 2 if reply.delivery.kind == "truncate" else size
    try:
        for piece in _pieces(reply, size):
            await response.write(piece[:left])
            left -= len(piece)
            if left <= 0:
                break
            if reply.delivery.kind == "drip":
                await asyncio.sleep(reply.delivery.seconds * len(piece) / size)
    except ConnectionError:
        return
    if reply.delivery.kind == "truncate" and request.transport is not None:
        request.transport.close()
    elif reply.when_sent is not None:
        reply.when_sent()


def _pieces(reply: Reply, size: int) -> Iterator[bytes]:
    step = max(1, size // _DRIP_PIECES) if reply.delivery.kind == "drip" else max(1, size)
    for chunk in [reply.body] if reply.chunks is None else reply.chunks:
        for start in range(0, len(chunk), step):
            yield chunk[start : start + step]


def _drop(request: web.Request) -> web.Response:
    """Reset the connection, so that the client sees a reset and no orderly end."""
    transport = request.transport
    if transport is not None:
        peer = transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response()
