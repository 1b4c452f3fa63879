"""What was asked of a run, read cheaply off its root span."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

import orjson

from masthead.model.span import Attributes, AttributeValue

_SOURCES: Final = (
    "masthead.run.task",
    "gen_ai.input.messages",
    "langfuse.trace.input",
    "langfuse.observation.input",
    "input.value",
    "traceloop.entity.input",
    "ai.prompt.messages",
    "ai.prompt",
    "pydantic_ai.all_messages",
    "all_messages_events",
)
_LONGEST_PARSED = 65_536
_KEYS: Final = ("messages", "input", "inputs", "task", "question", "query", "prompt", "request", "message", "content")
_DEPTH = 6


def task_of(attributes: Attributes) -> str | None:
    """Return the first thing a person asked, or None where the root span does not say."""
    for source in _SOURCES:
        value = attributes.get(source)
        if isinstance(value, str) and value.strip():
            text = value if source == "masthead.run.task" else _asked(value)
            if text:
                return text
    for number in range(4):
        for prefix in ("llm.input_messages.", "gen_ai.prompt."):
            stem = f"{prefix}{number}." + ("message." if prefix.startswith("llm") else "")
            content = attributes.get(f"{stem}content")
            if attributes.get(f"{stem}role") == "user" and isinstance(content, str) and content:
                return content
    return None


def _asked(text: str) -> str | None:
    """Return the question inside a JSON text; a text that is not JSON is the question."""
    if text[0] not in '{["':
        return text
    if len(text) > _LONGEST_PARSED:
        return None
    try:
        return _find(cast("AttributeValue", orjson.loads(text)), _DEPTH)
    except ValueError:
        return text


def _find(value: AttributeValue, depth: int) -> str | None:
    if isinstance(value, str):
        return value or None
    if depth == 0:
        return None
    if isinstance(value, list):
        return _first_user(value, depth)
    return _in_object(value, depth) if isinstance(value, dict) else None


def _first_user(items: Sequence[AttributeValue], depth: int) -> str | None:
    """Return the first user message's text; where no item has a role, the first item that is a text."""
    objects = [item for item in items if isinstance(item, dict)]
    for item in objects:
        kwargs = item.get("kwargs")
        role = item.get("role", kwargs.get("type") if isinstance(kwargs, dict) else item.get("type"))
        if isinstance(role, str) and role.lower() in {"user", "human", "humanmessage"}:
            return _text_of(item, depth - 1)
    if not any("role" in item for item in objects):
        for item in items:
            found = _find(item, depth - 1)
            if found:
                return found
    return None


def _text_of(message: Mapping[str, AttributeValue], depth: int) -> str | None:
    for key in ("content", "parts", "text", "data", "kwargs"):
        found = _find(message.get(key), depth)
        if found:
            return found
    return None


def _in_object(value: Mapping[str, AttributeValue], depth: int) -> str | None:
    for key in _KEYS:
        found = _find(value.get(key), depth - 1) if key in value else None
        if found:
            return found
    if isinstance(value.get("kwargs"), dict):
        return _find(value["kwargs"], depth - 1)
    text = value.get("text")
    if isinstance(text, str) and text:
        return text
    return next((item for item in value.values() if isinstance(item, str) and item), None) if len(value) == 1 else None
