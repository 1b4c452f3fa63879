"""A client's request into a `Call`: the body in whole and bounded, its top-level members as they came."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

import msgspec

from masthead.gateway.call import Call, Endpoint, Identity, Members
from masthead.gateway.named_model import named_in
from masthead.model.errors import InvalidInput, TooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MOST_MODEL_CHARACTERS: Final = 512
"""What a model's name may hold: it is remembered in more places than one."""
BODY_S: Final = 60.0
"""How long a body may take to come in."""
_MEMBERS: Final = msgspec.json.Decoder(Members)
_STRING: Final = msgspec.json.Decoder(str)
_TRUE: Final = b"true"


class ClientGone(Exception):
    """The client went away before its request was complete."""


async def body_of(scope: Scope, receive: Receive, limit_bytes: int) -> bytes:
    """Return the request's body.

    Raises:
        ClientGone: the client went away.
        InvalidInput: it did not come in time, or is encoded in a way that is not read here.
        TooLarge: it is over the limit.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > limit_bytes:
            raise _too_large(limit_bytes)
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise InvalidInput(f"the body is encoded as {value.decode('latin-1')!r}; send it as it is")
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientGone
    if not message.get("more_body"):
        return _within(body, limit_bytes)
    parts = [body]
    size = len(body)
    try:
        async with asyncio.timeout(BODY_S):
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limit_bytes:
                    raise _too_large(limit_bytes)
    except TimeoutError as error:
        raise InvalidInput(f"the body was not complete within {BODY_S:g} s") from error
    return b"".join(parts)


def call_of(endpoint: Endpoint, identity: Identity, scope: Scope, body: bytes) -> Call:
    """Return the call.

    A JSON body is written anew from its members, each as it came: a member that is named twice would otherwise be read
    one way here, where the model is checked, and another way upstream.

    Raises:
        InvalidInput: the body is no JSON object, or names no model.
    """
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    if not endpoint.is_model_call:
        query: bytes = scope.get("query_string", b"")
        named = named_in(headers.get(b"content-type", b""), body)
        return Call(
            identity=identity, endpoint=endpoint, model=named.model, headers=headers, members=named.members,
            body=named.body, method=scope["method"], query=query,
        )  # fmt: skip
    try:
        if not body.isascii():
            body.decode()  # what is kept as it came is not looked into by the parser
        members = _MEMBERS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"the body is no JSON object: {error}", where="body") from error
    return Call(
        identity=identity,
        endpoint=endpoint,
        model=_model(members),
        is_stream=_flag(members),
        headers=headers,
        members=members,
        body=body if _is_clean(members, body) else msgspec.json.encode(members),
    )


def _is_clean(members: Members, body: bytes) -> bool:
    """Say whether a body is what its members give when they are written one after the other, each once.

    By its length alone: a second member of a name, a blank, or a letter of a name that is escaped only make it longer.
    """
    written = 1
    for name, raw in members.items():
        written += (len(name) if name.isascii() else len(name.encode())) + len(memoryview(raw)) + len(b'"":,')
    return len(body) == written


def _model(members: Members) -> str:
    raw = members.get("model")
    try:
        model = _STRING.decode(raw) if raw is not None else ""
    except msgspec.DecodeError as error:
        raise InvalidInput("must be a text, the model's name", where="model") from error
    if not model:
        raise InvalidInput("names no model; GET /v1/models lists those there are", where="model")
    if len(model) > MOST_MODEL_CHARACTERS:
        raise InvalidInput(f"names a model with over {MOST_MODEL_CHARACTERS} characters", where="model")
    return model


def _flag(members: Members) -> bool:
    raw = members.get("stream")
    return raw is not None and bytes(raw) == _TRUE


def _within(body: bytes, limit_bytes: int) -> bytes:
    if len(body) > limit_bytes:
        raise _too_large(limit_bytes)
    return body


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"the body is over {limit_bytes} bytes, which is max_body_bytes in gateway.toml")
