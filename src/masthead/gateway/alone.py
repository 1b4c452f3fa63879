"""The ASGI application of the gateway alone: models, metrics, and whether it lives and may be sent calls."""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import msgspec

from masthead.gateway.reading import Receive, Send
from masthead.gateway.service import GatewayService

_JSON: Final = (b"content-type", b"application/json")


class Alone:
    """Serves `/v1/…`, `/metrics`, `/health` and `/ready`."""

    def __init__(self, service: GatewayService, is_draining: Callable[[], bool]) -> None:
        self._service = service
        self._is_draining = is_draining

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path = scope["path"]
        if path.startswith("/v1/") or path == "/metrics":
            await self._service(scope, receive, send)
        elif path == "/health":
            counters = self._service.recorder.counters()
            told = {"status": "ok", "in_flight": self._service.gateway.metrics.in_flight, "records_lost": counters.lost}
            await _answer(send, 200, told)
        elif path == "/ready":
            await self._ready(send)
        else:
            await _answer(send, 404, {"error": {"message": f"there is nothing at {path!r}", "type": "not_found"}})

    async def _ready(self, send: Send) -> None:
        """Say whether calls may be sent. Nobody sends any until it is so: what it takes is looked for here, too."""
        is_draining = self._is_draining()
        is_set_up = is_draining or await asyncio.to_thread(self._service.tenants.is_set_up)
        why = "draining" if is_draining else "ready" if is_set_up else "no connection is configured"
        told = {"status": why, "connections": len(self._service.config.connections)}
        await _answer(send, 200 if why == "ready" else 503, told)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._service.connect()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._service.disconnect()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _answer(send: Send, status: int, told: dict[str, Any]) -> None:
    body = msgspec.json.encode(told)
    headers = [_JSON, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
