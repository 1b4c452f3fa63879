"""What is read of an answer, whichever dialect it is in; all else stays the bytes that came.

Scalars are of any type here: an answer is read as far as it can be, and not refused for an odd id.
"""

from typing import Any, Final

import msgspec

_ABSENT: Final = msgspec.Raw()


class Choice(msgspec.Struct):
    """One of a chat completion's answers."""

    message: msgspec.Raw = _ABSENT
    finish_reason: Any = None
    text: Any = None


class Outline(msgspec.Struct):
    """Who answered, with how many tokens, and the bytes of what was said."""

    id: Any = None
    model: Any = None
    usage: Any = None
    x_groq: Any = None
    """Where one vendor puts its usage."""
    choices: list[Choice] | None = None
    content: msgspec.Raw = _ABSENT
    output: msgspec.Raw = _ABSENT
    stop_reason: Any = None
    status: Any = None


_OUTLINE: Final = msgspec.json.Decoder(Outline)


def outlined(body: bytes) -> Outline | None:
    """Return the outline of a body; None where it is no JSON object, or not of any dialect's shape."""
    try:
        return _OUTLINE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
