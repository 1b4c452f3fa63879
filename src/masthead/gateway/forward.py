"""A call into what is sent to a target: address, headers, body. Nothing of the client's goes on but what is named here."""

from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from masthead.gateway.call import Call, Connection, Header, Target
from masthead.gateway.translating import Dialect, Translation, translate
from masthead.gateway.upstream.port import Origin, UpstreamRequest

_PASSED_ON: Final = (
    b"accept", b"anthropic-beta", b"anthropic-version", b"content-type", b"idempotency-key", b"openai-beta",
    b"openai-organization", b"openai-project", b"user-agent",
)  # fmt: skip
_ANTHROPIC_VERSION: Final = (b"anthropic-version", b"2023-06-01")
_IDENTITY: Final = (b"accept-encoding", b"identity")
_PATHS: Final = {
    Dialect.OPENAI_CHAT: "/chat/completions",
    Dialect.OPENAI_RESPONSES: "/responses",
    Dialect.ANTHROPIC: "/messages",
}
_TRUE: Final = b"true"
_WITH_USAGE: Final = msgspec.Raw(b'{"include_usage":true}')


class Forwarded(NamedTuple):
    """What is sent, and how its answer comes back into the caller's dialect."""

    request: UpstreamRequest
    translation: Translation | None
    """None where both speak the same dialect."""
    is_usage_added: bool = False
    """Whether the stream was asked to end with its usage, which the caller did not ask for."""


def forwarded(call: Call, target: Target, *, reply_id: str, now_s: int) -> Forwarded:
    """Return what is to be sent to the target.

    Raises:
        InvalidInput: the call holds what the target's dialect has no place for, or this endpoint cannot be translated.
    """
    spoken = target.connection.dialects
    dialect = call.endpoint.dialect
    if dialect in spoken or not call.endpoint.is_model_call or call.endpoint.name not in _TRANSLATED:
        return _same(call, target)
    translation = translate(
        _decoded(call), source=dialect, target=spoken[0], model=target.model, reply_id=reply_id, now_s=now_s
    )
    body = msgspec.json.encode(translation.body)
    path = _PATHS.get(spoken[0], "")
    return Forwarded(_request(call, target, path, body), translation)


_TRANSLATED: Final = frozenset({"chat", "responses", "messages"})


def _same(call: Call, target: Target) -> Forwarded:
    if not call.endpoint.is_model_call:
        return Forwarded(_request(call, target, call.endpoint.path, call.body), None)
    members = call.members
    changed: dict[str, msgspec.Raw] = {}
    if target.model != call.model:
        changed["model"] = msgspec.Raw(msgspec.json.encode(target.model))
    is_usage_added = call.is_stream and call.endpoint.name == "chat" and _wants_usage_added(call, target)
    if is_usage_added:
        changed["stream_options"] = _with_usage(call)
    body = msgspec.json.encode(members | changed) if changed else call.body
    return Forwarded(_request(call, target, call.endpoint.path, body), None, is_usage_added)


def _wants_usage_added(call: Call, target: Target) -> bool:
    if not target.connection.reports_stream_usage:
        return False
    options = call.members.get("stream_options")
    return options is None or b'"include_usage"' not in bytes(options) or _TRUE not in bytes(options)


def _with_usage(call: Call) -> msgspec.Raw:
    options = call.member("stream_options")
    if not isinstance(options, dict):
        return _WITH_USAGE
    return msgspec.Raw(msgspec.json.encode(options | {"include_usage": True}))


def _decoded(call: Call) -> dict[str, Any]:
    return {name: msgspec.json.decode(raw) for name, raw in call.members.items()}


def _request(call: Call, target: Target, path: str, body: bytes) -> UpstreamRequest:
    place = _place(target.connection.base_url, target.connection.allowed_networks)
    query = f"?{call.query.decode('ascii', 'replace')}" if call.query else ""
    return UpstreamRequest(
        call.method, place.origin, place.path + path + query, _headers(call, target.connection), body, target.timeouts
    )


class _Place(NamedTuple):
    origin: Origin
    path: str


@lru_cache(maxsize=1024)
def _place(base_url: str, allowed_networks: tuple[str, ...]) -> _Place:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return _Place(Origin(parts.scheme, parts.hostname or "", port, allowed_networks), parts.path.rstrip("/"))


def _headers(call: Call, connection: Connection) -> tuple[Header, ...]:
    given = call.headers
    passed = [(name, given[name]) for name in _PASSED_ON if name in given]
    return (*passed, *_own(connection, b"anthropic-version" in given), _IDENTITY)


@lru_cache(maxsize=1024)
def _own(connection: Connection, is_version_given: bool) -> tuple[Header, ...]:  # noqa: FBT001 - a cache key
    headers = list(connection.headers)
    secret = connection.secret
    if connection.dialects[0] is Dialect.ANTHROPIC:
        if not is_version_given:
            headers.append(_ANTHROPIC_VERSION)
        if secret is not None:
            headers.append((b"x-api-key", secret.encode()))
    elif secret is not None:
        headers.append((b"authorization", b"Bearer " + secret.encode()))
    return tuple(headers)
