"""The last thing that a user said, apart from all else in a request: the one part that is compared by meaning."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec

from masthead.gateway.call import Call

_MOST_CHARACTERS: Final = 2000
"""Longer questions are not compared: what differs in them drowns in what does not."""
_NUMBER: Final = re.compile(r"\d+(?:[.,:/]\d+)*")
_LISTS: Final[Mapping[str, str]] = {"chat": "messages", "messages": "messages", "responses": "input"}
_TEXT_TYPES: Final = frozenset({"text", "input_text"})


class Question(NamedTuple):
    """What a user asked last."""

    scope: bytes
    """A digest of all the rest: who asks, route and model, system prompt, tools, settings, what was said before."""
    text: str
    numbers: tuple[str, ...]
    """Must be equal as they stand: to an embedding, 2024 and 2025 are much the same."""


def question_of(call: Call, scope: Sequence[str], members: Mapping[str, Any]) -> Question | None:
    """Return the question; None where the request does not end with a text of the user's, or with too long a one."""
    name = _LISTS.get(call.endpoint.name)
    said = None if name is None else members.get(name)
    if name is None or not said:
        return None
    if isinstance(said, str):
        text, before = said, []
    elif isinstance(said, list):
        listed = cast("list[Any]", said)
        text, before = _text_of(listed[-1]), listed[:-1]
    else:
        return None
    if text is None or not text.strip() or len(text) > _MOST_CHARACTERS:
        return None
    rest = msgspec.json.encode([scope, {**members, name: before}], order="sorted")
    return Question(hashlib.sha256(rest).digest(), text.strip(), tuple(_NUMBER.findall(text)))


def _text_of(turn: Any) -> str | None:
    """Return what a user's turn says, where it is but text."""
    if not isinstance(turn, dict):
        return None
    told = cast("Mapping[str, Any]", turn)
    content = told.get("content")
    if told.get("role") != "user" or set(told) - {"role", "content", "type"}:
        return None
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = cast("list[Any]", content)
    texts = [
        cast("Mapping[str, Any]", part).get("text")
        for part in parts
        if isinstance(part, dict) and cast("Mapping[str, Any]", part).get("type") in _TEXT_TYPES
    ]
    if len(texts) != len(parts) or not all(isinstance(text, str) for text in texts):
        return None
    return "\n".join(cast("list[str]", texts))
