"""The lean client: keep-alive connections by origin, over `http1.py`."""

import asyncio
import ssl
from collections import deque
from typing import Final

from masthead.gateway.upstream.addresses import addresses_of
from masthead.gateway.upstream.http1 import Http1Connection, Http1Response
from masthead.gateway.upstream.port import Origin, UpstreamFailed, UpstreamRequest

_IDLE_S: Final = 55.0
"""How long an unused connection is kept; common servers and balancers drop theirs after 60 s."""
_MOST_IDLE: Final = 512


class _Kept:
    """The connections to one origin."""

    def __init__(self) -> None:
        self.idle: deque[Http1Connection] = deque()
        self.open: set[Http1Connection] = set()
        self.address: str | None = None
        """The one that could be connected to last."""

    def take(self, now_s: float) -> Http1Connection | None:
        """Return the one that was used last, unless all are too old."""
        while self.idle:
            connection = self.idle.pop()
            if connection.is_open and now_s - connection.idle_since_s < _IDLE_S:
                return connection
            connection.abort()
        return None

    def released(self, connection: Http1Connection) -> None:
        """Keep a connection for the next request."""
        self.idle.append(connection)
        if len(self.idle) > _MOST_IDLE:
            self.idle.popleft().abort()

    def lost(self, connection: Http1Connection) -> None:
        """Forget a connection."""
        self.open.discard(connection)


class Http1Client:
    """An `UpstreamClient`. Belongs to one event loop."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._kept: dict[Origin, _Kept] = {}

    async def send(self, request: UpstreamRequest) -> Http1Response:
        """Return once the answer's head is here.

        A kept connection may have been closed by the other side in the same moment; what was sent on such a one, and
        not answered by a single byte, is sent again on a new one, once.

        Raises:
            UpstreamFailed: the upstream cannot be reached, must not be, or does not answer in HTTP or in time.
        """
        kept = self._kept.get(request.origin)
        if kept is None:
            kept = self._kept[request.origin] = _Kept()
        connection = kept.take(asyncio.get_running_loop().time())
        if connection is not None:
            response = connection.send(request)
            try:
                await response.head()
            except UpstreamFailed as failure:
                if failure.kind != "broken" or not response.has_nothing:
                    raise
            else:
                return response
        connection = await self._connect(request.origin, request.timeouts.connect_s, kept)
        response = connection.send(request)
        await response.head()
        return response

    async def close(self) -> None:
        """Close every connection."""
        for kept in self._kept.values():
            for connection in tuple(kept.open):
                connection.abort()
        self._kept.clear()

    @property
    def open_connections(self) -> int:
        """How many connections there are, in use or kept."""
        return sum(len(kept.open) for kept in self._kept.values())

    async def _connect(self, origin: Origin, timeout_s: float, kept: _Kept) -> Http1Connection:
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        what, why = f"{origin.host}:{origin.port}", "it has no address"
        addresses = await addresses_of(origin, loop, timeout_s)
        if kept.address in addresses:
            addresses.sort(key=kept.address.__ne__)
        for at, address in enumerate(addresses):
            share_s = (until - loop.time()) / (len(addresses) - at)  # whoever does not answer leaves time for the next
            try:
                async with asyncio.timeout(share_s):
                    _, connection = await loop.create_connection(
                        lambda: Http1Connection(loop, what, kept),
                        address,
                        origin.port,
                        ssl=self._context() if origin.scheme == "https" else None,
                        server_hostname=origin.host if origin.scheme == "https" else None,
                    )
            except TimeoutError as error:
                if at == len(addresses) - 1:
                    message = f"{what} could not be reached within {timeout_s:g} s"
                    raise UpstreamFailed(message, kind="timeout") from error
                continue
            except OSError as error:
                why = str(error)  # the error itself knows this frame: a cycle for each failure
                continue
            kept.open.add(connection)
            kept.address = address
            return connection
        raise UpstreamFailed(f"{what} cannot be reached: {why}", kind="connect")

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls
