"""What a model says, as blocks of Anthropic's messages: the same in a request's history and in an answer."""

from typing import Any, Final

from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.form import Cache, Call, Image, Part, Reasoning, Refusal, Text
from masthead.providers.dialects.json_text import arguments_of
from masthead.providers.dialects.seals import sealed

_HOUR: Final = frozenset({"1h", "30m", "12h", "24h"})


def write_said(part: Part, losses: Losses) -> dict[str, Any]:
    """Return the block of a text, a thought, a refusal or a call.

    Raises:
        InvalidInput: it is nothing that a model says in this dialect.
    """
    match part:
        case Text():
            return {"type": "text", "text": part.text} | cache_control(part.cache)
        case Refusal():
            return {"type": "text", "text": part.text}
        case Reasoning(redacted=str() as hidden, origin="anthropic"):
            return {"type": "redacted_thinking", "data": hidden}
        case Reasoning(redacted=str()):
            return {"type": "redacted_thinking", "data": sealed(part, "anthropic")}
        case Reasoning():
            return {"type": "thinking", "thinking": part.text, "signature": sealed(part, "anthropic") or ""}
        case Call():
            given = arguments_of(part.arguments, part.at, losses)
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": given} | cache_control(part.cache)
        case _:
            raise refused(part.at, "it has no place among what a model says in Anthropic's dialect")


def cache_control(cache: Cache | None) -> dict[str, Any]:
    """Return the mark, at the nearest lifetime that Anthropic has."""
    if cache is None:
        return {}
    mark = {"type": "ephemeral"}
    if cache.ttl is not None:
        mark["ttl"] = "1h" if cache.ttl in _HOUR else "5m"
    return {"cache_control": mark}


def image_source(part: Image) -> dict[str, Any]:
    """Return where an image's data are."""
    if part.file_id is not None:
        raise refused(part.at, "a file that another vendor holds cannot be sent: send the image itself")
    if part.url is not None:
        return {"type": "url", "url": part.url}
    return {"type": "base64", "media_type": part.media_type, "data": part.data}
