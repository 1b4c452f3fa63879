"""What workers say to each other about the runs that one of them keeps: a call, what guards say of it, how it ended."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from masthead.gateway.agents.notes import with_note
from masthead.gateway.call import Call, Exchange, Identity, Members
from masthead.gateway.config_routes import GuardsConfig
from masthead.gateway.endpoints import endpoint_of
from masthead.gateway.seams import Refused
from masthead.model.ids import ProjectId, RunId, SpanId

Pair = tuple[bytes, bytes]
GuardsOf = Callable[[Call], GuardsConfig]
"""Says what guards the run that makes a call."""

_SENT_HEADERS: Final = (b"x-masthead-", b"sec-fetch-site")
_GUARDS: Final = b"\0guards"
"""A name that no client can give a header."""
_MEMBERS: Final = msgspec.json.Decoder(Members)


class Asked(msgspec.Struct, tag="asked", array_like=True, gc=False):
    """A call that has come in, as guards look at one."""

    number: int
    project: str
    key_id: str | None
    key_name: str | None
    path: str
    model: str
    is_stream: bool
    headers: list[Pair]
    body: bytes
    start_ns: int
    trace_id: str
    span_id: str
    parent_span_id: str | None
    is_joined: bool
    guards: bytes
    """What guards its run, by the configuration of the worker that has it."""


class Refusal(msgspec.Struct, array_like=True, gc=False):
    """What the client is told instead of an answer."""

    message: str
    status: int
    kind: str
    headers: list[Pair]


class Told(msgspec.Struct, tag="told", array_like=True):
    """What guards say of it."""

    number: int
    trace_id: str
    attributes: dict[str, Any]
    headers: list[Pair]
    note: str | None = None
    """To the model, where the guards correct it."""
    refusal: Refusal | None = None


class Ended(msgspec.Struct, tag="ended", array_like=True, gc=False):
    """How it ended. A `status` of None says that there was no answer."""

    number: int
    status: int | None
    provider: str | None
    model: str
    """That was asked; the price is its. Empty where none was."""
    is_stream: bool
    is_cut: bool
    is_gone: bool
    """Whether the client left."""
    answered: bytes
    error: str | None
    attributes: dict[str, str]


Message = Asked | Told | Ended


def by_asker(guards_of: GuardsOf) -> GuardsOf:
    """Return what guards a call's run: for another worker's call, what that one's configuration says."""

    def found(call: Call) -> GuardsConfig:
        given = call.headers.get(_GUARDS)
        return guards_of(call) if given is None else _guards(given)

    return found


@lru_cache(maxsize=256)
def _guards(given: bytes) -> GuardsConfig:
    return GuardsConfig.model_validate_json(given)


def asked_of(number: int, exchange: Exchange, guards: bytes) -> Asked:
    """Return a call as another worker is asked about it."""
    call = exchange.call
    return Asked(
        number,
        call.identity.project,
        call.identity.key_id,
        call.identity.name,
        call.endpoint.path,
        call.model,
        call.is_stream,
        [header for header in call.headers.items() if header[0].startswith(_SENT_HEADERS)],
        call.body,
        exchange.start_ns,
        exchange.trace_id,
        exchange.span_id,
        exchange.parent_span_id,
        exchange.is_joined,
        guards,
    )


def exchange_of(asked: Asked) -> Exchange:
    """Return the call that another worker asked about."""
    endpoint = endpoint_of("POST", f"/v1{asked.path}")
    assert endpoint is not None  # noqa: S101 - all workers have the same endpoints
    call = Call(
        identity=Identity(ProjectId(asked.project), asked.key_id, asked.key_name),
        endpoint=endpoint,
        model=asked.model,
        is_stream=asked.is_stream,
        headers=dict(asked.headers) | {_GUARDS: asked.guards},
        members=_MEMBERS.decode(asked.body),
        body=asked.body,
    )
    return Exchange(
        call=call,
        start_ns=asked.start_ns,
        trace_id=RunId(asked.trace_id),
        span_id=SpanId(asked.span_id),
        parent_span_id=None if asked.parent_span_id is None else SpanId(asked.parent_span_id),
        is_joined=asked.is_joined,
    )


def ended_of(number: int, exchange: Exchange, status: int | None, body: bytes) -> Ended:
    """Return how a call ended."""
    by = exchange.answered_by
    is_hit = exchange.attributes.get("masthead.gateway.cache") == "hit"
    return Ended(
        number,
        status,
        None if by is None else by.target.connection.provider,
        "" if by is None else by.target.model,
        exchange.is_stream_answer,
        exchange.is_truncated,
        exchange.is_client_gone,
        body,
        exchange.error,
        {"masthead.gateway.cache": "hit"} if is_hit else {},
    )


def without_answer(number: int) -> Ended:
    """Return the end of a call that nobody waits for any more."""
    return Ended(number, None, None, "", False, False, False, b"", None, {})


def take_over(exchange: Exchange, told: Told) -> None:
    """Put what another worker said into the exchange; raise `Refused` where it refuses the call."""
    exchange.trace_id = RunId(told.trace_id)
    exchange.attributes |= told.attributes
    exchange.headers += told.headers
    if told.refusal is not None:
        refusal = told.refusal
        raise Refused(refusal.message, status=refusal.status, kind=refusal.kind, headers=tuple(refusal.headers))
    if told.note is not None:
        exchange.call = with_note(exchange.call, told.note)


def note_in(call: Call) -> str | None:
    """Return the note that guards have put behind a call's messages."""
    said = call.member("input" if call.endpoint.name == "responses" else "messages")
    last = cast("list[object]", said)[-1] if isinstance(said, list) and said else None
    content = cast("Mapping[str, object]", last).get("content") if isinstance(last, dict) else None
    return content if isinstance(content, str) else None
