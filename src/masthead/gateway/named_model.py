"""The model that a call names where its path is passed through: a member of a JSON body, or a part of a form.

Without it, who may name only some models could name any here, and limits per model would not hold.
"""

import re
from typing import Final, NamedTuple

import msgspec

from masthead.gateway.call import Members
from masthead.model.errors import InvalidInput

_MEMBERS: Final = msgspec.json.Decoder(Members)
_BOUNDARY: Final = re.compile(rb'boundary\s*=\s*(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_IS_MODEL: Final = re.compile(rb"""[;\s]name\s*=\s*["']?\s*model\s*["']?\s*(?:;|$)""", re.IGNORECASE | re.MULTILINE)
_EXTENDED: Final = re.compile(rb"[;\s]name\s*\*", re.IGNORECASE)
_MOST_PARTS: Final = 256
_MOST_HEAD_BYTES: Final = 8192


class Named(NamedTuple):
    """A model, and the body in which it stands once."""

    model: str
    members: Members
    """Of a JSON body; empty for a form."""
    body: bytes


def named_in(content_type: bytes, body: bytes) -> Named:
    """Return the model that a body names, "" where none; a JSON object is written anew, so that each member is once.

    Raises:
        InvalidInput: a form names it twice, or in a way that servers read differently.
    """
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"application/json":
        return _in_json(body)
    if kind == b"multipart/form-data":
        place = _place(content_type, body)
        return Named("" if place is None else body[place].decode("utf-8", "replace").strip(), {}, body)
    return Named("", {}, body)


def renamed(content_type: bytes, body: bytes, model: str) -> bytes:
    """Return a form with another model in it."""
    place = _place(content_type, body)
    return body if place is None else body[: place.start] + model.encode() + body[place.stop :]


def _in_json(body: bytes) -> Named:
    try:
        members = _MEMBERS.decode(body)
        raw = members.get("model")
        model = msgspec.json.decode(raw, type=str) if raw is not None else ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Named("", {}, body)
    return Named(model, members, msgspec.json.encode(members))


def _place(content_type: bytes, body: bytes) -> slice | None:
    """Return where the value of the part `model` stands."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    delimiter = b"--" + (found[1] or found[2])
    places: list[slice] = []
    at = body.find(delimiter)
    for _ in range(_MOST_PARTS):
        if at < 0:
            break
        begin = at + len(delimiter)
        at = body.find(delimiter, begin)
        head_end = body.find(b"\r\n\r\n", begin, begin + _MOST_HEAD_BYTES)
        if head_end < 0 or at < 0:
            continue
        head = body[begin:head_end]
        if _EXTENDED.search(head):
            raise InvalidInput("a part's name may not be given as `name*`", where="body")
        if _IS_MODEL.search(head):
            places.append(slice(head_end + 4, at - 2 if body[at - 2 : at] == b"\r\n" else at))
    if len(places) > 1:
        raise InvalidInput("the form names a model twice", where="model")
    return places[0] if places else None
