"""Python values as text, and chat messages as OpenTelemetry GenAI writes them (JSON in a string attribute)."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson

MAX_TEXT_CHARS = 1_000_000
"""Longer texts are cut, and say so: one attribute of a runaway program must not fill its memory."""

ChatMessage = Mapping[str, Any]
"""A message as OpenAI's chat API has it: `role`, `content`, and `tool_calls` or `tool_call_id`."""


def text_of(value: object) -> str:
    """Return a string as it is, None as nothing, and anything else as JSON (or its `repr` where JSON has no form)."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json_of(value)
    if len(text) > MAX_TEXT_CHARS:
        return f"{text[:MAX_TEXT_CHARS]}… [cut: {len(text)} characters]"
    return text


def json_of(value: object) -> str:
    """Return compact JSON; what JSON has no form for becomes its `repr`."""
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_PASSTHROUGH_SUBCLASS
    try:
        return orjson.dumps(value, default=_plain, option=options).decode()
    except (TypeError, ValueError, RecursionError):
        return _shown(value)


def _plain(value: object) -> object:
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if callable(dump) else _shown(value)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a user's __repr__ may raise anything
        return f"<{type(value).__name__} that cannot be shown>"


def message_json(role: str, text: str) -> str:
    """Return one plain message as `gen_ai.input.messages` and `gen_ai.output.messages` have it."""
    return json_of([{"role": role, "parts": [{"type": "text", "content": text}]}])


def messages_json(messages: Sequence[ChatMessage] | str) -> str:
    """Return chat messages in OpenAI's form (or one user text) as GenAI's JSON."""
    if isinstance(messages, str):
        return message_json("user", messages)
    return json_of([{"role": str(m.get("role", "user")), "parts": _parts(m)} for m in messages])


def _parts(message: ChatMessage) -> list[dict[str, Any]]:
    content: Any = message.get("content")
    if message.get("role") == "tool":
        response = {"type": "tool_call_response", "id": message.get("tool_call_id"), "response": text_of(content)}
        return [response]
    parts: list[dict[str, Any]] = []
    if isinstance(content, str) and content:
        parts.append({"type": "text", "content": text_of(content)})
    elif isinstance(content, list):
        parts += [_content_part(part) for part in cast("list[Any]", content)]
    parts += [_tool_call(call) for call in message.get("tool_calls") or ()]
    return parts


def _content_part(part: Any) -> dict[str, Any]:
    if isinstance(part, Mapping):
        fields = cast("Mapping[str, Any]", part)
        if isinstance(fields.get("text"), str):
            return {"type": "text", "content": text_of(fields["text"])}
        return {"type": str(fields.get("type", "other"))}
    return {"type": "text", "content": text_of(part)}


def _tool_call(call: Any) -> dict[str, Any]:
    fields = cast("Mapping[str, Any]", call if isinstance(call, Mapping) else {})
    function: Mapping[str, Any] = fields.get("function") or fields
    name = str(function.get("name", ""))
    return {"type": "tool_call", "id": fields.get("id"), "name": name, "arguments": function.get("arguments")}
