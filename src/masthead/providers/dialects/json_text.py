"""JSON at the wire: decoded where it is an object, and arguments of calls that must be one."""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from masthead.providers.dialects.dialect import Losses

_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()
_MOST_TOKENS: Final = 2**53
"""More in one answer is a fault of who counted."""


def decoded(data: bytes | str) -> dict[str, Any] | None:
    """Return the object that the text holds, None where it holds none."""
    try:
        value = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def encoded(value: object) -> bytes:
    """Return JSON."""
    return _ENCODER.encode(value)


def arguments_of(text: str, where: str, losses: Losses) -> dict[str, Any]:
    """Return a call's arguments for a dialect that holds them as an object; broken ones are kept under one name."""
    if not text.strip():
        return {}
    value = decoded(text)
    if value is None:
        losses.add(f"{where}.arguments", "they are no JSON object: they were put under the name `arguments`")
        return {"arguments": text}
    return value


def text_of(arguments: Mapping[str, Any] | None) -> str:
    """Return arguments as JSON text."""
    return encoded(arguments or {}).decode()


def inner(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object under a name, an empty one where there is none."""
    value = holder.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def tokens(holder: Mapping[str, Any], name: str) -> int | None:
    """Return a count of tokens; None where there is none, or what stands there is none that anybody can count with."""
    value = holder.get(name)
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else None
