"""How a reply goes over the wire, whole or broken; what it says is decided elsewhere."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

_DRIPS = 5
_JSON = {"Content-Type": "application/json"}
_LINGER_NOT = struct.pack("ii", 1, 0)


def json_response(
    status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a reply of JSON text."""
    return web.Response(status=status, body=body, headers={**_JSON, **(headers or {})})


def html(status: int) -> web.Response:
    """Return the page that a content delivery network puts in the place of a reply."""
    phrase = HTTPStatus(status).phrase
    page = f"<!DOCTYPE html><html><head><title>{status} {phrase}</title></head></html>"
    return web.Response(status=status, text=page, content_type="text/html")


def reset(request: web.BaseRequest) -> web.Response:
    """Reset the connection at once; the response is for the framework and reaches nobody."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
    return web.Response()


async def reset_within(request: web.BaseRequest, status: int, body: bytes) -> web.StreamResponse:
    """Send half of the body, then reset the connection."""
    response = await _begin(request, status, len(body))
    await response.write(body[: len(body) // 2])
    reset(request)
    return response


async def cut(request: web.BaseRequest, status: int, body: bytes) -> web.StreamResponse:
    """Send half of the body promised by Content-Length, then close in the ordinary way."""
    response = await _begin(request, status, len(body))
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def drip(
    request: web.BaseRequest, status: int, body: bytes, seconds: float
) -> web.StreamResponse:
    """Send the body in five parts over so many seconds."""
    response = await _begin(request, status, len(body))
    size = max(len(body) // _DRIPS, 1)
    for start in range(0, len(body), size):
        await response.write(body[start : start + size])
        await asyncio.sleep(seconds / _DRIPS)
    await response.write_eof()
    return response


async def _begin(request: web.BaseRequest, status: int, length: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=_JSON)
    response.content_length = length
    await response.prepare(request)
    return response
