"""The input of a free-form tool, which is text, in the arguments of a function, which are JSON; and out again.

What streams out is the input as far as it is certain: an escape is told once it is whole, and the two halves of a
character beyond the basic plane together. Models are forgiven what JSON is not: an unknown escape stands for itself.
"""

import re
from typing import Any, Final, cast

import msgspec

from masthead.providers.dialects.json_text import decoded, encoded

NAME: Final = "input"
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {NAME: {"type": "string", "description": "The whole input of the tool, as plain text."}},
    "required": [NAME],
    "additionalProperties": False,
}
_HEAD: Final = re.compile(rf'\s*\{{\s*"{NAME}"\s*:\s*"')
_TAIL: Final = re.compile(r"\s*\}\s*")
_PLAIN: Final = re.compile(r'[^"\\]+')
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
_HEX: Final = re.compile(r"u([0-9a-fA-F]{4})")
_UNIT: Final = 6
_MOST_HEAD: Final = 256
"""Characters in which arguments of the form that was asked for begin."""
_LOST: Final = "\ufffd"


def arguments_with(text: str) -> str:
    """Return the arguments that hold an input."""
    return encoded({NAME: text}).decode()


def input_in(arguments: str) -> tuple[str, bool]:
    """Return the input that arguments hold, and whether they hold nothing else."""
    reader = InputReader()
    return reader.feed(arguments) + reader.finish(), reader.is_exact


class InputReader:
    """Reads the input out of arguments that come in pieces."""

    __slots__ = ("_left", "_odd", "_state", "is_exact")

    def __init__(self) -> None:
        self._left = ""
        self._odd: list[str] = []
        """Arguments of another form, which are read at their end."""
        self._state = "before"
        self.is_exact = True
        """Whether the arguments were of the form that was asked for, as far as they have been read."""

    def feed(self, piece: str) -> str:
        """Return the input that the next piece of the arguments makes certain."""
        if self._odd:
            self._odd.append(piece)
            return ""
        self._left += piece
        if self._state == "before":
            head = _HEAD.match(self._left)
            if head is None:
                if len(self._left) > _MOST_HEAD:
                    self._odd, self._left = [self._left], ""
                return ""
            self._state, self._left = "inside", self._left[head.end() :]
        return self._inside() if self._state == "inside" else ""

    def finish(self) -> str:
        """Return what is left of the input at the end of the arguments."""
        left, self._left, self._odd = "".join(self._odd) or self._left, "", []
        state, self._state = self._state, "after"
        match state:
            case "before":
                return self._otherwise(left) if left.strip() else ""
            case "inside":  # the arguments broke off
                self.is_exact = False
                return left
            case _:
                self.is_exact = self.is_exact and (not left or _TAIL.fullmatch(left) is not None)
                return ""

    def _inside(self) -> str:
        said: list[str] = []
        at, text = 0, self._left
        while at < len(text):
            plain = _PLAIN.match(text, at)
            if plain is not None:
                said.append(plain.group())
                at = plain.end()
                continue
            if text[at] == '"':
                self._state = "after"
                at += 1
                break
            piece, size = _escape(text, at + 1)
            if size == 0:
                break
            said.append(piece)
            at += 1 + size
        self._left = text[at:]
        return "".join(said)

    def _otherwise(self, arguments: str) -> str:
        """Return what is meant by arguments that do not begin as they should."""
        told = decoded(arguments)
        if told is None:
            self.is_exact = False
            return _text_of(arguments)
        self.is_exact = set(told) <= {NAME} and isinstance(told.get(NAME, ""), str)
        texts = [value for value in told.values() if isinstance(value, str)]
        if isinstance(told.get(NAME), str):
            return cast("str", told[NAME])
        if NAME in told:
            return encoded(told[NAME]).decode()
        if len(texts) == len(told) == 1:
            return texts[0]
        return arguments if told else ""


def _text_of(arguments: str) -> str:
    """Return a JSON string's text, and what is no JSON as it is."""
    try:
        return msgspec.json.decode(arguments, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return arguments


def _escape(text: str, at: int) -> tuple[str, int]:
    """Return what the escape behind a backslash stands for and its size; 0 where it is not whole yet."""
    if at >= len(text):
        return "", 0
    if text[at] != "u":
        return _ESCAPES.get(text[at], f"\\{text[at]}"), 1
    first = _HEX.match(text, at)
    if first is None:
        return ("", 0) if len(text) - at < _UNIT - 1 else ("\\u", 1)
    code = int(first.group(1), 16)
    if not 0xD800 <= code < 0xE000:
        return chr(code), _UNIT - 1
    if code >= 0xDC00:
        return _LOST, _UNIT - 1
    behind = text[at + _UNIT - 1 : at + 2 * _UNIT - 1]
    if len(behind) < _UNIT and (not behind or "\\u".startswith(behind[:2])):
        return "", 0
    second = _HEX.fullmatch(behind[1:]) if behind[0] == "\\" else None
    low = int(second.group(1), 16) if second is not None else 0
    if not 0xDC00 <= low < 0xE000:
        return _LOST, _UNIT - 1
    return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), 2 * _UNIT - 1
