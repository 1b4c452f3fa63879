"""Answers that are given again for the same request: exact, bounded in memory, never across projects or end users."""

import hashlib
from collections import OrderedDict
from typing import Final, NamedTuple

import msgspec

from masthead.clock import Clock
from masthead.gateway.call import Answer, Call, Exchange, Header
from masthead.gateway.config_routes import CacheConfig
from masthead.gateway.joining import header, user_of
from masthead.gateway.seams import QuietPlugin

CACHE_HEADER: Final = b"x-masthead-cache"
_CACHED: Final = frozenset({"chat", "responses", "messages", "embeddings"})
_NOT_PART: Final = frozenset({"metadata", "user", "safety_identifier", "store", "prompt_cache_key", "stream_options"})
"""Members that change nothing in the answer."""
_JSON: Final[Header] = (b"content-type", b"application/json")
_EVENTS: Final[Header] = (b"content-type", b"text/event-stream; charset=utf-8")


class _Kept(NamedTuple):
    body: bytes
    is_stream: bool
    end_s: float


class Cache(QuietPlugin):
    """A plugin. A caller may say `x-masthead-cache: no-cache` (answer anew, and keep that) or `no-store` (no cache)."""

    def __init__(self, config: CacheConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._bytes = 0

    async def before(self, exchange: Exchange) -> Answer | None:
        """Return the answer that is kept for the request."""
        key = self._key(exchange.call)
        if key is None or header(exchange.call, CACHE_HEADER) == "no-cache":
            return None
        kept = self._kept.get(key)
        if kept is None or kept.end_s <= self._clock.monotonic_s():
            return None
        self._kept.move_to_end(key)
        exchange.attributes["masthead.gateway.cache"] = "hit"
        exchange.is_stream_answer = kept.is_stream
        exchange.headers.append((CACHE_HEADER, b"hit"))
        return Answer(200, (_EVENTS if kept.is_stream else _JSON,), kept.body)

    def ended(self, exchange: Exchange) -> None:
        """Keep a whole, good answer."""
        is_good = exchange.status == 200 and exchange.error is None and not exchange.is_truncated
        if not is_good or exchange.is_client_gone or exchange.attributes.get("masthead.gateway.cache") == "hit":
            return
        key = self._key(exchange.call)
        if key is None:
            return
        body = b"".join(exchange.answered)
        self._forget(key)
        end_s = self._clock.monotonic_s() + self._config.ttl_s
        self._kept[key] = _Kept(body, exchange.is_stream_answer, end_s)
        self._bytes += len(body)
        while self._bytes > self._config.most_bytes and self._kept:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept.body)

    def _key(self, call: Call) -> bytes | None:
        """Return what the request's answer is kept under; None where it is not to be cached."""
        if call.endpoint.name not in _CACHED or header(call, CACHE_HEADER) == "no-store":
            return None
        is_sampled = call.endpoint.name != "embeddings" and call.member("temperature") != 0
        if (is_sampled and not self._config.sampled) or ("tools" in call.members and not self._config.tool_calls):
            return None
        scope = [call.identity.project, call.endpoint.name, str(call.is_stream)]
        if self._config.per == "user":
            scope += [call.identity.key_id or "", user_of(call) or ""]
        members = {name: msgspec.json.decode(raw) for name, raw in call.members.items() if name not in _NOT_PART}
        canonical = msgspec.json.encode([scope, members], order="sorted")
        return hashlib.sha256(canonical).digest()
