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
_NAME: Final = re.compile(r"(?<![.!?:\n] )(?<!\n)(?<!^)\b[^\W\d_a-zß-öø-ÿ][\w-]*")
"""A word with a capital letter that does not begin a sentence."""
_NEGATION: Final = re.compile(
    r"\b(?:not|no|never|none|without|except|nicht|kein\w*|nie|ohne|pas|sans|sin|nunca)\b|n['’]t\b", re.IGNORECASE
)
_LISTS: Final[Mapping[str, str]] = {"chat": "messages", "messages": "messages", "responses": "input"}
_TEXT_TYPES: Final = frozenset({"text", "input_text"})


class Question(NamedTuple):
    """What a user asked last."""

    scope: bytes
    """A digest of all the rest: who asks, route and model, system prompt, tools, settings, what was said before."""
    text: str
    marks: tuple[str, ...]
    """Numbers, names and negations, which must be equal: to an embedding, 2024 and 2025, France and Germany, with and
    without, are much the same."""


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
    return Question(hashlib.sha256(rest).digest(), text.strip(), marks_of(text.strip()))


def marks_of(text: str) -> tuple[str, ...]:
    """Return the numbers of a text in their order, its names in any, and how often it says no.

    A word with a capital letter counts as a name unless it begins a sentence; a name that begins one is not seen.
    """
    found = sorted({name.group().lower() for name in _NAME.finditer(text)} - {"i"})
    return (*_NUMBER.findall(text), *found, *("not" for _ in _NEGATION.finditer(text)))


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
