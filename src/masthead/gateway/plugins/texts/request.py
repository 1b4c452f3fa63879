"""Where the texts are in what a client asks: everywhere but in the names, ids and pictures of its messages."""

from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

from masthead.gateway.call import Call

Change = Callable[[str], str]

_KEPT_NAMES: Final = frozenset({
    "id", "type", "role", "model", "name", "status", "call_id", "tool_call_id", "tool_use_id", "item_id", "file_id",
    "previous_response_id", "signature", "encrypted_content", "media_type", "image_url", "file_data", "object",
    "finish_reason", "stop_reason", "format",
})  # fmt: skip
"""Texts that say how a message is built, and pictures, in which nothing is looked for."""
_MEDIA: Final = frozenset({"image_url", "input_audio", "source"})
"""Objects that hold pictures and sounds in a `url` or `data`."""
_DATA: Final = frozenset({
    "url", "data", "image", "audio", "video", "file", "result", "file_url", "video_url", "audio_url", "document_url",
})  # fmt: skip
"""Where pictures and sounds may stand as `data:` addresses. Anywhere else that is a text like any other."""
_FREE_NAMES: Final = frozenset({"input", "metadata", "arguments"})
"""Objects in which any name may stand."""
_SIGNED: Final = frozenset({"thinking", "redacted_thinking"})
"""Blocks that their vendor checks to be as it made them."""
_TEXTUAL: Final = (b'"', b"[", b"{")


def changed_call(call: Call, change: Change) -> Call:
    """Return the call with its texts changed; the very same one where none changed."""
    changed: dict[str, Any] = {}
    for name, raw in call.members.items():
        if bytes(raw)[:1] not in _TEXTUAL or name in _KEPT_NAMES:
            continue
        value = msgspec.json.decode(raw)
        new = free(value, change) if name == "metadata" else tree(value, change)
        if new is not value and new != value:
            changed[name] = new
    return call.replacing(**changed) if changed else call


def tree(value: Any, change: Change) -> Any:
    """Return a part of a message with its texts changed; the very same object where none changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return _each(cast("list[Any]", value), change)
    if not isinstance(value, dict):
        return value
    found = cast("dict[str, Any]", value)
    if str(found.get("type")) in _SIGNED and "role" not in found:
        return found
    changed: dict[str, Any] = {}
    for name, one in found.items():
        if (isinstance(one, str) and _is_kept(name, one)) or (name in _MEDIA and _is_medium(one)):
            continue
        new = free(one, change) if name in _FREE_NAMES and isinstance(one, dict) else tree(one, change)
        if new is not one:
            changed[name] = new
    return {**found, **changed} if changed else found


def free(value: Any, change: Change) -> Any:
    """Return any JSON with its texts changed, names of members included; the very same object where none changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        made = [free(one, change) for one in items]
        return made if made != items else items
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        changed = {change(name): free(one, change) for name, one in members.items()}
        return changed if changed != members else members
    return value


def _each(values: list[Any], change: Change) -> list[Any]:
    changed = [tree(one, change) for one in values]
    return changed if any(new is not old for new, old in zip(changed, values, strict=True)) else values


def _is_kept(name: str, text: str) -> bool:
    return name in _KEPT_NAMES or (name in _DATA and text.startswith("data:") and ";base64," in text[:100])


def _is_medium(value: object) -> bool:
    if not isinstance(value, dict):
        return isinstance(value, str)
    found = cast("dict[str, Any]", value)
    return found.get("type") != "text" and ("url" in found or "data" in found)
