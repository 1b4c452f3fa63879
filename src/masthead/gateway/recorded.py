"""A recorded model call as a request in OpenAI's chat completions, so that it can be made again, by any model.

What the gateway recorded of chat completions comes back as it was sent. Of other dialects and conventions it is what
`semconv` reads; what that leaves out (images, files) is named in `losses`.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec

from masthead.model.errors import InvalidInput
from masthead.model.reading import Message, Operation
from masthead.model.span import Attributes, Span
from masthead.semconv import read

_SCOPE: Final = "masthead.gateway"
_INPUT: Final = "gen_ai.input.messages"
_TOOLS: Final = "gen_ai.tool.definitions"
_MODEL_ASKED: Final = "masthead.gateway.model_asked"
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})
_PARTS: Final = frozenset({"text", "image_url", "input_audio", "file", "refusal"})
_PARAMETERS: Final = {
    "gen_ai.request.temperature": "temperature",
    "gen_ai.request.top_p": "top_p",
    "gen_ai.request.max_tokens": "max_tokens",
    "gen_ai.request.seed": "seed",
}
Object = dict[str, Any]
_NO_FIELDS: Final[Object] = {"type": "object", "properties": {}}


class RecordedCall(NamedTuple):
    """What was asked. `model` is the name that the caller used, as far as it is known."""

    model: str | None
    messages: Sequence[Object]
    tools: Sequence[Object]
    parameters: Mapping[str, int | float]
    losses: Sequence[str]
    """What of the call is not in `messages` and `tools`, in words."""


def recorded_call(span: Span) -> RecordedCall:
    """Return the call that a span recorded.

    Raises:
        InvalidInput: the span is no call of a model, or what was asked was not recorded.
    """
    reading = read(span)
    if reading.operation is not Operation.LLM:
        raise InvalidInput(f"the span {span.span_id!r} ({span.name!r}) is no call of a model")
    attributes = span.attributes
    as_sent = _as_sent(span)
    if as_sent is None and not reading.input:
        raise InvalidInput(f"what was asked in the span {span.span_id!r} was not recorded, so it cannot be asked again")
    losses: list[str] = []
    messages = as_sent if as_sent is not None else list(_written(reading.input, losses))
    asked = attributes.get(_MODEL_ASKED)
    return RecordedCall(
        model=asked if isinstance(asked, str) else reading.model_requested or reading.model,
        messages=messages,
        tools=_tools(attributes, losses),
        parameters=_parameters(attributes),
        losses=losses,
    )


def _as_sent(span: Span) -> list[Object] | None:
    """Return the messages of a call in chat completions; None where they are in any other form."""
    text = span.attributes.get(_INPUT)
    if span.scope_name != _SCOPE or not isinstance(text, str) or "gen_ai.system_instructions" in span.attributes:
        return None
    items = _decoded(text)
    return (
        cast("list[Object]", items)
        if isinstance(items, list) and all(map(_is_chat, cast("list[Any]", items)))
        else None
    )


def _is_chat(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    message = cast("Object", item)
    content = message.get("content")
    if message.get("role") not in _ROLES or "parts" in message or message.get("type"):
        return False
    parts = cast("list[Any]", content) if isinstance(content, list) else []
    are_parts_known = all(isinstance(part, dict) and cast("Object", part).get("type") in _PARTS for part in parts)
    return are_parts_known and (content is None or isinstance(content, str | list))


def _written(messages: Sequence[Message], losses: list[str]) -> Iterator[Object]:
    for at, message in enumerate(messages):
        if message.media:
            losses.append(f"message {at + 1}: {', '.join(message.media)} (only named in the record)")
        written: Object = {"role": message.role, "content": message.text}
        if message.role == "tool":
            written["tool_call_id"] = message.tool_call_id or ""
        if message.tool_calls:
            written["tool_calls"] = [
                {
                    "id": call.id or f"call_{at}_{number}",
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments or "{}"},
                }
                for number, call in enumerate(message.tool_calls)
            ]
        yield written


def _tools(attributes: Attributes, losses: list[str]) -> list[Object]:
    text = attributes.get(_TOOLS)
    items = _decoded(text) if isinstance(text, str) else None
    if not isinstance(items, list):
        return []
    tools: list[Object] = []
    for item in cast("list[Any]", items):
        tool = _tool(cast("Object", item)) if isinstance(item, dict) else None
        if tool is None:
            losses.append(f"a tool that only its own provider knows: {msgspec.json.encode(item).decode()[:100]}")
        else:
            tools.append(tool)
    return tools


def _tool(item: Object) -> Object | None:
    """Return a tool in the form of chat completions, whichever dialect it was defined in."""
    if isinstance(item.get("function"), dict):
        return item
    name = item.get("name")
    if not isinstance(name, str) or item.get("type") not in {None, "function", "custom"}:
        return None
    function: Object = {"name": name, "parameters": item.get("parameters") or item.get("input_schema") or _NO_FIELDS}
    if isinstance(item.get("description"), str):
        function["description"] = item["description"]
    return {"type": "function", "function": function}


def _parameters(attributes: Attributes) -> dict[str, int | float]:
    found: dict[str, int | float] = {}
    for name, member in _PARAMETERS.items():
        value = attributes.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[member] = value
    return found


def _decoded(text: str) -> object:
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(text)
    return None
