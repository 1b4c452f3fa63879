"""Access tokens of connections whose key is an account's: asked for when first needed, and again before they expire."""

import asyncio
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from masthead.clock import Clock
from masthead.gateway.call import Connection, Timeouts
from masthead.gateway.upstream.port import Origin, UpstreamClient, UpstreamFailed, UpstreamRequest
from masthead.model.errors import MastheadError
from masthead.providers.google_grant import ServiceAccount, Token, read_token, token_request

_EARLY_S: Final = 300.0
"""So long before it expires a token is renewed."""
_TIMEOUTS: Final = Timeouts(connect_s=10.0, first_byte_s=10.0, between_chunks_s=10.0, whole_s=20.0)
_MOST_BYTES: Final = 65_536
_FORM: Final = (b"content-type", b"application/x-www-form-urlencoded")


class _Held(NamedTuple):
    value: str
    until_s: float


class Grants:
    """The tokens of one project's connections. Belongs to one event loop."""

    def __init__(self, client: UpstreamClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._held: dict[ServiceAccount, _Held] = {}
        self._asking: dict[ServiceAccount, asyncio.Task[Token]] = {}

    async def with_token(self, connection: Connection, account: ServiceAccount) -> Connection:
        """Return the connection with a token that is good for minutes yet.

        Calls that need one at the same moment wait for one answer. Where renewing fails, the old one serves to its end.

        Raises:
            UpstreamFailed: there is none to be had.
        """
        held = self._held.get(account)
        now_s = self._clock.monotonic_s()
        if held is None or held.until_s - now_s < _EARLY_S:
            try:
                held = await self._renewed(connection, account)
            except MastheadError as error:
                if held is None or held.until_s <= now_s:
                    raise UpstreamFailed(f"{connection.name}: {error}", kind="broken") from error
        return connection._replace(secret=held.value, account=None)

    def forget(self, account: ServiceAccount) -> None:
        """Let go of a token that was not taken."""
        self._held.pop(account, None)

    async def _renewed(self, connection: Connection, account: ServiceAccount) -> _Held:
        asking = self._asking.get(account)
        if asking is None:
            asking = self._asking[account] = asyncio.create_task(self._ask(connection, account))
            asking.add_done_callback(lambda _task: self._asking.pop(account, None))
        token = await asyncio.shield(asking)
        held = _Held(token.value, self._clock.monotonic_s() + token.lasts_s)
        self._held[account] = held
        return held

    async def _ask(self, connection: Connection, account: ServiceAccount) -> Token:
        body = await asyncio.to_thread(token_request, account, self._clock.now_ns() // 1_000_000_000)
        place = urlsplit(account.token_url)
        if place.scheme != "https" and not connection.allowed_networks:
            raise UpstreamFailed(f"the token_uri must be https, not {account.token_url!r}", kind="refused")
        port = place.port or (443 if place.scheme == "https" else 80)
        origin = Origin(place.scheme, place.hostname or "", port, connection.allowed_networks)
        response = await self._client.send(
            UpstreamRequest("POST", origin, place.path or "/", (_FORM,), body, _TIMEOUTS)
        )
        try:
            return read_token(response.status, await response.read(_MOST_BYTES))
        except BaseException:
            response.close()
            raise
