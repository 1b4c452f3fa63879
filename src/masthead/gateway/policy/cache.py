"""Answers that are given again: exact, and, where switched on, for a question that says the same in other words.

Must always hold: nothing is shared beyond the project, nor beyond the key and end user where `per` is `user`; nothing
is given to a key that may not name the model, or where a route's conditions lead elsewhere; memory is bounded.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from masthead.clock import Clock
from masthead.gateway.call import Answer, Call, Exchange, Header, Identity, Members, decoded
from masthead.gateway.config_routes import CacheConfig
from masthead.gateway.joining import user_of
from masthead.gateway.policy.cache_control import CACHE_HEADER, Control, control_of
from masthead.gateway.policy.question import Question, question_of
from masthead.gateway.policy.variants import VARIANT
from masthead.gateway.seams import QuietPlugin
from masthead.gateway.streams import UsageTaken
from masthead.model import attributes as names
from masthead.model.ids import SpanId

if TYPE_CHECKING:
    from masthead.gateway.policy.semantic import Semantic

_CACHED: Final = frozenset({"chat", "responses", "messages", "embeddings"})
_NOT_PART: Final = frozenset({"metadata", "user", "safety_identifier", "store", "prompt_cache_key"})
"""Members that change nothing in the answer."""
_STATEFUL: Final = ("background", "conversation", "container", "mcp_servers")
"""Members by which the same request is answered differently, or does something, each time."""
_HEADERS: Final = (b"anthropic-beta", b"anthropic-version", b"openai-beta")
"""Headers that change the answer."""
_SIMILARITY_HEADER: Final = b"x-masthead-cache-similarity"
_HIT: Final = "masthead.gateway.cache"
_ERROR: Final = b'"error"'
_MEMBERS: Final = msgspec.json.Decoder(Members)
_JSON: Final[Header] = (b"content-type", b"application/json")
_EVENTS: Final[Header] = (b"content-type", b"text/event-stream; charset=utf-8")


class Kept(NamedTuple):
    """An answer that may be given again."""

    body: bytes
    is_stream: bool
    since_s: float
    span_id: SpanId
    """Of the call that it answered."""
    variant: str | None = None
    """Of the target that gave it."""


class _Asked(NamedTuple):
    key: bytes
    question: Question | None
    """What is compared by its meaning; None where only the exact request counts."""


class Cache(QuietPlugin):
    """A plugin; `cache_control.py` says what a caller may ask of it."""

    def __init__(
        self,
        config: CacheConfig,
        clock: Clock,
        *,
        may_use: Callable[[Identity, str], bool] = lambda _identity, _model: True,
        way_of: Callable[[Exchange], str] = lambda _exchange: "",
        semantic: "Semantic | None" = None,
    ) -> None:
        """Keep answers. `way_of` says where a call's route leads, where that differs between calls of one model."""
        self._config = config
        self._clock = clock
        self._may_use = may_use
        self._way_of = way_of
        self._semantic = semantic
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._bytes = 0

    async def before(self, exchange: Exchange) -> Answer | None:
        """Return the answer that is kept for the request, or for one that means the same."""
        control = control_of(exchange.call)
        asked = self._asked(exchange, control)
        if asked is None or not self._may_use(exchange.call.identity, exchange.call.model):
            return None
        exchange.cache_asked = asked
        if not control.is_read:
            return None
        kept = self._kept.get(asked.key)
        if kept is not None and self._is_fresh(kept, control):
            self._kept.move_to_end(asked.key)
            return _again(exchange, kept)
        if self._semantic is None or asked.question is None:
            return None
        found = await self._semantic.find(exchange, asked.question, lambda one: self._is_fresh(one, control))
        if found is None:
            return None
        exchange.headers.append((_SIMILARITY_HEADER, b"%.4f" % found.similarity))
        exchange.attributes["masthead.gateway.cache_similarity"] = round(found.similarity, 4)
        return _again(exchange, found.kept)

    def ended(self, exchange: Exchange) -> None:
        """Keep a whole, good answer."""
        asked = exchange.cache_asked
        if not isinstance(asked, _Asked) or _HIT in exchange.attributes:
            return
        is_good = exchange.status == 200 and exchange.error is None and not exchange.is_truncated
        if not is_good or exchange.is_client_gone or _is_an_error(exchange):
            if self._semantic is not None:
                self._semantic.forget(exchange)
            return
        told = exchange.attributes.get(VARIANT)
        kept = Kept(
            _body(exchange),
            exchange.is_stream_answer,
            self._clock.monotonic_s(),
            exchange.span_id,
            told if isinstance(told, str) else None,
        )
        self._forget(asked.key)
        self._kept[asked.key] = kept
        self._bytes += len(kept.body)
        while self._bytes > self._config.most_bytes and self._kept:
            self._forget(next(iter(self._kept)))
        if self._semantic is not None and asked.question is not None:
            self._semantic.keep(exchange, asked.question, kept)

    def _is_fresh(self, kept: Kept, control: Control) -> bool:
        age_s = self._clock.monotonic_s() - kept.since_s
        return age_s < self._config.ttl_s and (control.most_age_s is None or age_s <= control.most_age_s)

    def _forget(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= len(kept.body)

    def _asked(self, exchange: Exchange, control: Control) -> _Asked | None:
        """Return what the request's answer is kept under; None where it is not to be cached."""
        call = exchange.call
        if call.endpoint.name not in _CACHED or not control.is_kept or exchange.purpose is not None:
            return None
        is_sampled = call.endpoint.name != "embeddings" and call.member("temperature") != 0
        if (is_sampled and not self._config.sampled) or (_has_tools(call) and not self._config.tool_calls):
            return None
        if any(call.member(name) for name in _STATEFUL):
            return None
        scope = [call.identity.project, call.endpoint.name, str(call.is_stream), self._way_of(exchange)]
        scope += [call.headers.get(name, b"").decode("latin-1") for name in _HEADERS]
        if self._config.per == "user":
            scope += [call.identity.key_id or "", user_of(call) or ""]
        members = {name: decoded(name, raw) for name, raw in call.members.items() if name not in _NOT_PART}
        key = _digest([scope, members])
        is_compared = self._semantic is not None and not control.is_exact and exchange.sent is None
        return _Asked(key, question_of(call, scope, members) if is_compared else None)


def _has_tools(call: Call) -> bool:
    return "tools" in call.members or "functions" in call.members


def _again(exchange: Exchange, kept: Kept) -> Answer:
    """Return a kept answer, marked as one: nothing was used for it."""
    exchange.attributes[_HIT] = "hit"
    exchange.attributes["masthead.gateway.cache_of"] = kept.span_id
    exchange.attributes[names.COST_USD] = 0
    if kept.variant is not None:
        exchange.attributes |= {VARIANT: kept.variant, names.RUN_TAGS: [kept.variant]}
    exchange.usage = None
    exchange.is_stream_answer = kept.is_stream
    exchange.headers.append((CACHE_HEADER, b"hit"))
    return Answer(200, (_EVENTS if kept.is_stream else _JSON,), kept.body)


def _body(exchange: Exchange) -> bytes:
    """Return what the caller was sent: of a stream without the usage that only the gateway asked for."""
    body = b"".join(exchange.answered)
    if not exchange.is_stream_answer or exchange.call.endpoint.name != "chat":
        return body
    options = exchange.call.member("stream_options")
    if isinstance(options, dict) and options.get("include_usage") is True:  # pyright: ignore[reportUnknownMemberType] - JSON
        return body
    return UsageTaken(lambda _event: None).feed(body)


def _is_an_error(exchange: Exchange) -> bool:
    """Say whether an answer is an error in spite of its status, as some vendors give them."""
    if exchange.is_stream_answer or not any(_ERROR in part for part in exchange.answered):
        return False
    try:
        raw = _MEMBERS.decode(b"".join(exchange.answered)).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return raw is not None and bytes(raw) != b"null"


def _digest(value: object) -> bytes:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).digest()
