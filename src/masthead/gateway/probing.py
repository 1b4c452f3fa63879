"""Trying a connection: asks its provider for its models, or a model for one word, and says in words what came of it.

Asks a language model only where the provider lists no models and one is named: one token, at most.
"""

import re
from typing import Any, Final, NamedTuple, cast

import msgspec

from masthead.clock import SystemClock
from masthead.gateway.call import Call, Connection, Endpoint, Identity, Target, Timeouts
from masthead.gateway.endpoints import endpoint_of
from masthead.gateway.forward import forwarded
from masthead.gateway.grants import Grants
from masthead.gateway.reading import call_of
from masthead.gateway.upstream.port import UpstreamClient, UpstreamFailed, UpstreamRequest
from masthead.model.errors import InvalidInput, SettingsError
from masthead.model.ids import DEFAULT_PROJECT
from masthead.providers.dialects import Dialect

_TIMEOUTS: Final = Timeouts(connect_s=5.0, first_byte_s=15.0, between_chunks_s=15.0, whole_s=20.0)
_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_MODELS: Final = 1000
_NOBODY: Final = Identity(DEFAULT_PROJECT)
_LIST: Final = Endpoint("passed_through", Dialect.OPENAI_CHAT, "/models", "", is_model_call=False)
_NO_LIST: Final = frozenset({400, 404, 405, 501})
_NOT_PUBLIC: Final = (
    "this address is not public, and not permitted: the server's operator permits projects networks in gateway.toml,"
    " [projects] allow_networks, and the connection names them in allow_networks"
)
_MARKUP: Final = re.compile(rb"<(style|script)\b.*?</\1>|<[^>]*>?", re.DOTALL | re.IGNORECASE)
_NAME_ONE: Final = "Where it lists no models, name one: it is then asked for a word"
_WORDS: Final = {
    401: "the provider refuses the key",
    403: "the provider refuses the key, or does not let it see its models",
    429: "the provider answers, and says that the key has used up its rate or its credit",
}


class Probe(NamedTuple):
    """What came of it."""

    is_ok: bool
    said: str
    """In words: what was asked and what came back."""
    models: tuple[str, ...] = ()
    """What the provider says that it serves, by name; empty where it was not asked or does not say."""


async def probe(
    connection: Connection, model: str | None, client: UpstreamClient, *, now_s: int, tells_addresses: bool
) -> Probe:
    """Try a connection; `model` is asked where the provider lists none. Failures are answers, not errors."""
    if connection.fault is not None:
        return Probe(False, connection.fault)
    try:
        if connection.account is not None:
            connection = await Grants(client, SystemClock()).with_token(connection, connection.account)
        if Dialect.BEDROCK not in connection.dialects:
            status, body = await _sent(client, _listing(connection, now_s))
            if status < 300:
                models = _models(body)
                return Probe(True, _welcome(len(models)), models)
            if status not in _NO_LIST:
                return Probe(False, _refused(status, body))
            if model is None:
                return Probe(False, f"{_refused(status, body)}. {_NAME_ONE}")
        if model is None:
            return Probe(False, f"this provider does not list its models. {_NAME_ONE}")
        return await _asked(connection, model, client, now_s)
    except UpstreamFailed as failure:
        is_told = tells_addresses or failure.kind != "refused"
        return Probe(False, str(failure) if is_told else _NOT_PUBLIC)
    except (InvalidInput, SettingsError) as error:
        return Probe(False, str(error))


def _listing(connection: Connection, now_s: int) -> UpstreamRequest:
    """Return the question for the models, which is the same everywhere, whatever dialect is spoken otherwise."""
    plain = connection._replace(dialects=(Dialect.OPENAI_CHAT,))
    call = Call(identity=_NOBODY, endpoint=_LIST, model="", headers={}, members={}, body=b"", method="GET")
    return forwarded(call, Target(plain, "", _TIMEOUTS), reply_id="", now_s=now_s).request


async def _asked(connection: Connection, model: str, client: UpstreamClient, now_s: int) -> Probe:
    request = forwarded(_call(model), Target(connection, model, _TIMEOUTS), reply_id="mh-try", now_s=now_s).request
    status, body = await _sent(client, request)
    if status < 300:
        return Probe(True, f"It answers: {model} said something.")
    return Probe(False, _refused(status, body))


def _call(model: str) -> Call:
    endpoint = endpoint_of("POST", "/v1/chat/completions")
    assert endpoint is not None  # noqa: S101 - it is one of ours
    messages = [{"role": "user", "content": "Say yes."}]
    body = msgspec.json.encode({"model": model, "messages": messages, "max_tokens": 16})
    scope: dict[str, Any] = {"headers": [(b"content-type", b"application/json")], "method": "POST"}
    return call_of(endpoint, _NOBODY, scope, body)


async def _sent(client: UpstreamClient, request: UpstreamRequest) -> tuple[int, bytes]:
    response = await client.send(request)
    try:
        return response.status, await response.read(_MOST_BYTES)
    finally:
        response.close()


def _welcome(models: int) -> str:
    return "It answers." if models == 0 else f"It answers and serves {models} model{'' if models == 1 else 's'}."


def _refused(status: int, body: bytes) -> str:
    words = _WORDS.get(status, "the provider refuses")
    return f"{words} (status {status}): {_reason(body)}"


def _reason(body: bytes) -> str:
    """Return what an error body says: its message, or its beginning."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        words = _MARKUP.sub(b" ", body[:2000]).decode("utf-8", "replace")
        return " ".join(words.split())[:300] or "no word of why"
    for _ in range(3):
        if not isinstance(found, dict):
            break
        inner = cast("dict[str, Any]", found)
        found = inner.get("error") or inner.get("message") or inner.get("detail")
    return str(found or body[:300].decode("utf-8", "replace"))[:500]


def _models(body: bytes) -> tuple[str, ...]:
    """Return the names in a list of models: OpenAI's and Anthropic's `data`, Gemini's `models`, or a bare list."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamFailed("what it answers for its models is no JSON", kind="nonsense") from error
    rows = cast("dict[str, Any]", found) if isinstance(found, dict) else {"data": found}
    items: object = rows.get("data") or rows.get("models")
    names = [_name(one) for one in cast("list[object]", items)] if isinstance(items, list) else []
    return tuple(sorted({name for name in names if name}))[:_MOST_MODELS]


def _name(item: object) -> str:
    if not isinstance(item, dict):
        return ""
    row = cast("dict[str, Any]", item)
    name = row.get("id") or row.get("name") or ""
    return name.removeprefix("models/")[:200] if isinstance(name, str) else ""
