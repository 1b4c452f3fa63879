"""The same port over aiohttp, an optional extra: five times the processor time of `http1.py`, and other people's code.

For whoever would rather trust a client that many use. Addresses are checked and pinned in the same way.
"""

import asyncio
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from masthead.gateway.call import FailureKind, Header
from masthead.gateway.upstream.addresses import addresses_of, is_address
from masthead.gateway.upstream.http1 import head_of
from masthead.gateway.upstream.port import Origin, UpstreamFailed, UpstreamRequest


class AiohttpResponse:
    """An answer of aiohttp's."""

    def __init__(self, response: aiohttp.ClientResponse, what: str, whole_until_s: float, between_s: float) -> None:
        self.status = response.status
        self.headers: list[Header] = [(name.lower(), value) for name, value in response.raw_headers]
        self._response = response
        self._what = what
        self._until_s = whole_until_s
        self._between_s = between_s

    async def read_some(self) -> bytes:
        """Return what has arrived of the body; nothing at the end."""
        until_s = min(asyncio.get_running_loop().time() + self._between_s, self._until_s)
        try:
            async with asyncio.timeout_at(until_s):
                return await self._response.content.readany()
        except TimeoutError as error:
            self.close()
            raise UpstreamFailed(f"{self._what}: nothing more came in time", kind="timeout") from error
        except (aiohttp.ClientError, OSError) as error:
            self.close()
            raise UpstreamFailed(f"{self._what} broke off: {error}", kind="broken") from error

    async def read(self, limit_bytes: int) -> bytes:
        """Return the rest of the body."""
        parts: list[bytes] = []
        size = 0
        while data := await self.read_some():
            parts.append(data)
            size += len(data)
            if size > limit_bytes:
                self.close()
                raise UpstreamFailed(f"{self._what} answered with over {limit_bytes} bytes", kind="nonsense")
        return b"".join(parts)

    def close(self) -> None:
        """Be done with it: a connection whose answer was not read to its end is closed."""
        self._response.close()


class AiohttpClient:
    """An `UpstreamClient` over aiohttp. Belongs to one event loop."""

    def __init__(self) -> None:
        self._sessions: dict[Origin, aiohttp.ClientSession] = {}

    async def send(self, request: UpstreamRequest) -> AiohttpResponse:
        """Return once the answer's head is here.

        Raises:
            UpstreamFailed: the upstream cannot be reached, must not be, or does not answer in HTTP or in time.
        """
        head_of(request)  # refuses line breaks, as for the other client
        origin, limits = request.origin, request.timeouts
        what = f"{origin.host}:{origin.port}"
        until_s = asyncio.get_running_loop().time() + limits.whole_s
        if is_address(origin.host):  # which aiohttp connects to without asking its resolver
            await addresses_of(origin, asyncio.get_running_loop(), limits.connect_s)
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        try:
            async with asyncio.timeout(limits.first_byte_s):
                response = await self._session(origin, limits.connect_s).request(
                    request.method,
                    f"{origin.scheme}://{host}:{origin.port}{request.target}",
                    headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers],
                    data=request.body,
                    allow_redirects=False,
                )
        except TimeoutError as error:
            message = f"{what}: nothing came within {limits.first_byte_s:g} s"
            raise UpstreamFailed(message, kind="timeout") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(what, error) from error
        return AiohttpResponse(response, what, until_s, limits.between_chunks_s)

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _session(self, origin: Origin, connect_s: float) -> aiohttp.ClientSession:
        session = self._sessions.get(origin)
        if session is None:
            connector = aiohttp.TCPConnector(resolver=_Checked(origin, connect_s), use_dns_cache=False, limit=0)
            session = self._sessions[origin] = aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_s),
                skip_auto_headers=("user-agent", "accept", "content-type"),
                trust_env=False,
            )
        return session


class _Checked(AbstractResolver):
    """Resolves one origin's host, to allowed addresses alone."""

    def __init__(self, origin: Origin, timeout_s: float) -> None:
        self._origin = origin
        self._timeout_s = timeout_s

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - aiohttp's; both families are looked up
    ) -> list[ResolveResult]:
        """Return the addresses."""
        found = await addresses_of(self._origin, asyncio.get_running_loop(), self._timeout_s)
        return [_result(host, port, address) for address in found]

    async def close(self) -> None:
        """Hold nothing."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICHOST
    )


def _failure(what: str, error: Exception) -> UpstreamFailed:
    cause: Any = error
    while cause is not None:
        if isinstance(cause, UpstreamFailed):
            return cause
        cause = cause.__cause__ or cause.__context__
    kind: FailureKind = "connect" if isinstance(error, aiohttp.ClientConnectorError) else "broken"
    return UpstreamFailed(f"{what} failed: {error or type(error).__name__}", kind=kind)
