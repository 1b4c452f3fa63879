"""Which run a call belongs to, by what the caller itself says: `traceparent`, or an id in a header or in metadata."""

import hashlib
import random
import re
from typing import Final, NamedTuple, cast

import msgspec

from masthead.gateway.call import Call
from masthead.model.ids import RunId, SpanId

_TRACEPARENT: Final = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_HEX: Final = re.compile(r"[0-9a-f]{32}")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
RUN_HEADER: Final = b"x-masthead-run"
AGENT_HEADER: Final = b"x-masthead-agent"
SESSION_HEADER: Final = b"x-masthead-session"
SYSTEM_HEADER: Final = b"x-masthead-system"
_MOST: Final = 256
_MOST_AGENT: Final = 80
_NAMING: Final = frozenset({"safety_identifier", "user", "metadata"})
"""Members of a body that may say whom it is asked for."""
_TEXT: Final = msgspec.json.Decoder(str)


_ID_SOURCE: Final = random.Random()  # noqa: S311 - ids must be unlike, not secret; the system's own source costs 5 µs


def new_id(bits: int) -> str:
    """Return a new id of so many bits, in hexadecimal; never zero."""
    return (_ID_SOURCE.getrandbits(bits) or 1).to_bytes(bits // 8, "big").hex()


class Place(NamedTuple):
    """Where a call stands. `is_said` tells whether the caller said so."""

    trace_id: RunId
    parent_span_id: SpanId | None
    is_said: bool


def place_of(call: Call) -> Place:
    """Return the run of a call; a new one where the caller names none."""
    traceparent = call.headers.get(b"traceparent")
    if traceparent is not None:
        found = _TRACEPARENT.fullmatch(traceparent.strip())
        if found is not None:
            trace_id, span_id = found[1].decode(), found[2].decode()
            if trace_id != _NO_TRACE and span_id != _NO_SPAN:
                return Place(RunId(trace_id), SpanId(span_id), is_said=True)
    if RUN_HEADER in call.headers or "metadata" in call.members:
        named = header(call, RUN_HEADER) or metadata(call).get("masthead_run")
        if named:
            return Place(run_of(call, named), None, is_said=True)
    return Place(RunId(new_id(128)), None, is_said=False)


def run_of(call: Call, named: str) -> RunId:
    """Return the run that a caller's own word stands for: the id itself, or one that the word always leads to."""
    if _HEX.fullmatch(named) is not None and named != _NO_TRACE:
        return RunId(named)
    word = f"{call.identity.project}\0{named}".encode("utf-8", "replace")
    return RunId(hashlib.sha256(word, usedforsecurity=False).hexdigest()[:32])


def header(call: Call, name: bytes) -> str | None:
    """Return a header's text, bounded."""
    value = call.headers.get(name)
    return value.decode("utf-8", "replace").strip()[:_MOST] or None if value is not None else None


def told_agent(call: Call) -> str | None:
    """Return the name that the caller gives the agent it calls for, bounded."""
    if AGENT_HEADER not in call.headers and "metadata" not in call.members:
        return None
    said = metadata(call)
    named = header(call, AGENT_HEADER) or said.get("agent") or said.get("agent_name") or ""
    return named.strip()[:_MOST_AGENT] or None


def metadata(call: Call) -> dict[str, str]:
    """Return the texts in the body's `metadata`."""
    raw = call.members.get("metadata")
    if raw is None:
        return {}
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    items = cast("dict[str, object]", found).items()
    return {name: value[:_MOST] for name, value in items if isinstance(value, str)}


def user_of(call: Call) -> str | None:
    """Return whom the call is made for."""
    if _NAMING.isdisjoint(call.members):
        return None
    for name in ("safety_identifier", "user"):
        raw = call.members.get(name)
        if raw is not None and bytes(raw)[:1] == b'"':
            try:
                return _TEXT.decode(raw)[:_MOST] or None
            except (msgspec.DecodeError, UnicodeDecodeError):
                return None
    told = metadata(call)
    return told.get("user_id") or told.get("langfuse_user_id")
