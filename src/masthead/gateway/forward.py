"""A call into what is sent to a target: address, headers, body. Of the client's headers only those named here go on."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from masthead.gateway.call import Call, Connection, Header, Target, decoded
from masthead.gateway.named_model import renamed
from masthead.gateway.upstream.port import Origin, UpstreamFailed, UpstreamRequest
from masthead.providers.dialects import Dialect, Translation, translate
from masthead.providers.dialects.embeddings import family_of, translate_embeddings
from masthead.providers.dialects.plain import PlainTranslation
from masthead.providers.dialects.token_counts import counts, translate_count
from masthead.providers.vendors import (
    Auth,
    Vendor,
    auth_headers,
    azure_url,
    endpoint,
    fitted_body,
    vendor_of,
)

_PASSED_ON: Final = (
    b"accept", b"anthropic-beta", b"content-type", b"idempotency-key", b"openai-beta",
    b"openai-organization", b"openai-project", b"user-agent",
)  # fmt: skip
"""Beside `anthropic-version`, of which the caller's goes before the connection's."""
_IDENTITY: Final = (b"accept-encoding", b"identity")
_JSON: Final = (b"content-type", b"application/json")
_TRUE: Final = b"true"
_WITH_USAGE: Final = msgspec.Raw(b'{"include_usage":true}')
_TRANSLATED: Final = frozenset({"chat", "responses", "messages"})
"""Endpoints that targets of other dialects can answer."""
_OWN_ADDRESS: Final = frozenset({"azure", "vertex-anthropic"})
"""Vendors that put the model into the address even where the dialect is the caller's own."""
_OPENAI: Final = frozenset({Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES})
_FOREIGN: Final = frozenset({Dialect.GEMINI, Dialect.BEDROCK})
"""Dialects whose vendors know no path of OpenAI's or Anthropic's."""
_OF_OPENAI: Final = ("/images/", "/audio/")
"""Paths that only they know who speak OpenAI's dialect."""


class Forwarded(NamedTuple):
    """What is sent, and how its answer comes back into the caller's dialect."""

    request: UpstreamRequest
    translation: Translation | PlainTranslation | None
    """None where both speak the same dialect."""
    is_usage_added: bool = False
    """Whether the stream was asked to end with its usage, which the caller did not ask for."""


class _Sent(NamedTuple):
    """Where to, and with which body."""

    url: str
    body: bytes
    is_json: bool


def forwarded(call: Call, target: Target, *, reply_id: str, now_s: int) -> Forwarded:
    """Return what is to be sent to the target.

    Raises:
        InvalidInput: the call holds what the target's dialect has no place for.
        SettingsError: the connection's key is not of the kind that its vendor wants.
        UpstreamFailed: the connection cannot be asked at present.
    """
    connection, dialect = target.connection, call.endpoint.dialect
    if connection.fault is not None:
        raise UpstreamFailed(connection.fault, kind="secret")
    row = _row(connection.vendor_id or connection.provider)
    if call.endpoint.name not in _TRANSLATED:
        plain = _plain(call, target, row)
        if plain is not None:
            sent = _Sent(connection.base_url + plain.path, msgspec.json.encode(plain.body), True)
            return Forwarded(_request(call, target, sent, now_s), plain)
    if dialect in connection.dialects or call.endpoint.name not in _TRANSLATED:
        body, is_usage_added = _same_body(call, target, row)
        return Forwarded(
            _request(call, target, _Sent(_same_url(call, target, row), body, False), now_s), None, is_usage_added
        )
    spoken = connection.dialects[0]
    body = _decoded(call)
    is_usage_added = call.is_stream and call.endpoint.name == "chat" and not _asks_for_usage(call)
    if is_usage_added:
        body["stream_options"] = msgspec.json.decode(_with_usage(call))
    translation = translate(
        body,
        source=dialect,
        target=spoken,
        model=target.model,
        reply_id=reply_id,
        now_s=now_s,
        limit_field=row.limit_field,
        default_output_tokens=_most_output(target) if spoken is Dialect.ANTHROPIC else None,
    )
    url = endpoint(
        row, connection.base_url, spoken, target.model, is_stream=call.is_stream, api_version=connection.api_version
    )
    sent = _Sent(url, msgspec.json.encode(fitted_body(row, translation.body)), True)
    return Forwarded(_request(call, target, sent, now_s), translation, is_usage_added)


def _plain(call: Call, target: Target, row: Vendor) -> PlainTranslation | None:
    """Return the translation of a call without parts; None where the target takes it as it is.

    Raises:
        UpstreamFailed: the vendor has nothing of the kind.
    """
    spoken = target.connection.dialects
    match call.endpoint.name:
        case "embeddings" if not _OPENAI.intersection(spoken):
            family = family_of(spoken[0], row.id, target.model)
            if family is not None:
                return translate_embeddings(_decoded(call), family=family, model=target.model)
        case "count_tokens" if Dialect.ANTHROPIC not in spoken:
            dialect = next((one for one in spoken if counts(one, row.id)), None)
            if dialect is not None:
                return translate_count(_decoded(call), dialect=dialect, vendor_id=row.id, model=target.model)
        case "moderations" if not _OPENAI.intersection(spoken):
            pass
        case "passed_through" if _FOREIGN.issuperset(spoken) or (
            call.endpoint.path.startswith(_OF_OPENAI) and not _OPENAI.intersection(spoken)
        ):
            pass
        case _:
            return None
    message = f"{row.name} has nothing that answers {call.endpoint.path} for the model {target.model!r}"
    raise UpstreamFailed(message, kind="unsupported")


def _decoded(call: Call) -> dict[str, Any]:
    body = {name: decoded(name, raw) for name, raw in call.members.items()}
    return body if call.output_limit is None else {**body, "max_completion_tokens": call.output_limit}


def _most_output(target: Target) -> int | None:
    limits = target.limits()
    return None if limits is None else limits.max_output_tokens


@lru_cache(maxsize=256)
def _row(provider: str) -> Vendor:
    return vendor_of(provider)


def _same_url(call: Call, target: Target, row: Vendor) -> str:
    connection = target.connection
    if row.id in _OWN_ADDRESS and call.endpoint.name in _TRANSLATED:
        dialect, version = call.endpoint.dialect, connection.api_version
        return endpoint(row, connection.base_url, dialect, target.model, is_stream=call.is_stream, api_version=version)
    if row.id == "vertex-anthropic" and call.endpoint.name == "count_tokens":
        return f"{connection.base_url}/models/count-tokens:rawPredict"
    if row.id == "azure":
        return azure_url(connection.base_url, call.endpoint.path, target.model, connection.api_version)
    query = f"?{call.query.decode('ascii', 'replace')}" if call.query else ""
    return connection.base_url + call.endpoint.path + query


def _same_body(call: Call, target: Target, row: Vendor) -> tuple[bytes, bool]:
    """Return the body, and whether the stream's usage was asked for beside what the caller asked."""
    if not call.endpoint.is_model_call and not call.members:
        is_same = not call.model or target.model in {call.model, ""}
        body = call.body if is_same else renamed(call.headers.get(b"content-type", b""), call.body, target.model)
        return body, False
    if call.model == target.model and not call.is_stream and call.output_limit is None and row.id != "vertex-anthropic":
        return call.body, False
    changed: dict[str, msgspec.Raw] = {}
    if call.model and target.model not in {call.model, ""}:
        changed["model"] = msgspec.Raw(msgspec.json.encode(target.model))
    is_usage_added = call.is_stream and call.endpoint.name == "chat" and _wants_usage_added(call, target)
    if is_usage_added:
        changed["stream_options"] = _with_usage(call)
    if call.output_limit is not None:
        changed[row.limit_field] = msgspec.Raw(msgspec.json.encode(call.output_limit))
    members: dict[str, Any] = call.members | changed
    if row.id == "vertex-anthropic":
        fitted = fitted_body(row, members)
        if call.endpoint.name == "count_tokens":
            fitted["model"] = target.model
        return msgspec.json.encode(fitted), is_usage_added
    return (msgspec.json.encode(members) if changed else call.body), is_usage_added


def _wants_usage_added(call: Call, target: Target) -> bool:
    return target.connection.reports_stream_usage and not _asks_for_usage(call)


def _asks_for_usage(call: Call) -> bool:
    options = call.member("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True  # pyright: ignore[reportUnknownMemberType] - JSON


def _with_usage(call: Call) -> msgspec.Raw:
    options = call.member("stream_options")
    if not isinstance(options, dict):
        return _WITH_USAGE
    return msgspec.Raw(msgspec.json.encode({**options, "include_usage": True}))


def _request(call: Call, target: Target, sent: _Sent, now_s: int) -> UpstreamRequest:
    connection = target.connection
    place = _place(sent.url, connection.allowed_networks)
    row = _row(connection.vendor_id or connection.provider)
    if row.auth is Auth.AWS:
        proof = auth_headers(
            row, connection.secret, url=sent.url, body=sent.body, now=datetime.fromtimestamp(now_s, UTC)
        )
        own = _named((*connection.headers, *((name.encode(), value.encode()) for name, value in proof.items())))
    else:
        own = _own(connection)
    given = call.headers
    headers = [
        (name, given[name])
        for name in _PASSED_ON
        if name in given and name not in own.names and not (sent.is_json and name == b"content-type")
    ]
    if b"anthropic-version" in given:
        headers.append((b"anthropic-version", given[b"anthropic-version"]))
        headers += (header for header in own.headers if header[0] != b"anthropic-version")
    else:
        headers += own.headers
    if sent.is_json:
        headers.append(_JSON)
    headers.append(_IDENTITY)
    return UpstreamRequest(call.method, place.origin, place.target, tuple(headers), sent.body, target.timeouts)


class _Place(NamedTuple):
    origin: Origin
    target: str


@lru_cache(maxsize=4096)
def _place(url: str, allowed_networks: tuple[str, ...]) -> _Place:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    query = f"?{parts.query}" if parts.query else ""
    return _Place(Origin(parts.scheme, parts.hostname or "", port, allowed_networks), (parts.path or "/") + query)


class _Own(NamedTuple):
    headers: tuple[Header, ...]
    names: frozenset[bytes]


@lru_cache(maxsize=1024)
def _own(connection: Connection) -> _Own:
    """Return the connection's headers and its proof, where that does not depend on the call."""
    proof = auth_headers(_row(connection.vendor_id or connection.provider), connection.secret)
    return _named((*connection.headers, *((name.encode(), value.encode()) for name, value in proof.items())))


def _named(headers: tuple[Header, ...]) -> _Own:
    return _Own(headers, frozenset(name for name, _ in headers))
