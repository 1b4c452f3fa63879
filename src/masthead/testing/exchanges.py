"""Exchanges of the gateway without a gateway: what a plugin or a router sees of a call."""

from collections.abc import Mapping
from typing import Any

import msgspec

from masthead.gateway.call import Call, Exchange, Identity, Members
from masthead.gateway.endpoints import endpoint_of
from masthead.model.errors import InvalidInput
from masthead.model.ids import ProjectId, RunId, SpanId

CHAT = "/v1/chat/completions"


def exchange_of(
    body: Mapping[str, Any] | bytes,
    *,
    path: str = CHAT,
    project: str = "default",
    key: str | None = None,
    headers: Mapping[bytes, bytes] | None = None,
    agent: str | None = None,
    run: str | None = None,
    number: int = 1,
    start_ns: int = 1,
) -> Exchange:
    """Return the exchange of a call that has just come in: the `number`th one, in a run of its own unless one is said.

    A key is named after its id: `k1` is `k1-name`.
    """
    endpoint = endpoint_of("POST", path)
    if endpoint is None:
        raise InvalidInput(f"the gateway has no {path!r}")
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    members = msgspec.json.decode(data, type=Members)
    call = Call(
        identity=Identity(ProjectId(project), key, key and f"{key}-name"),
        endpoint=endpoint,
        model=msgspec.json.decode(members["model"], type=str),
        is_stream=bytes(members.get("stream", b"")) == b"true",
        headers=headers or {},
        members=members,
        body=data,
    )
    made = Exchange(
        call=call,
        start_ns=start_ns,
        trace_id=RunId(run or f"{number:032x}"),
        span_id=SpanId(f"{number:016x}"),
        is_joined=run is not None,
    )
    if agent is not None:
        made.attributes["gen_ai.agent.name"] = agent
    return made
