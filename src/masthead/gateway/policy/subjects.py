"""Whom a call is from, as limits, conditions and sticky shares ask for it: on every endpoint alike.

Guards find the agent of calls that belong to a conversation. Embeddings, images or files belong to none: of those, what
the caller itself says counts, so that an agent's budget cannot be passed by on another endpoint.
"""

from typing import Final

from masthead.gateway.call import Call, Exchange
from masthead.gateway.joining import AGENT_HEADER, SESSION_HEADER, header, metadata
from masthead.model import attributes as names

_MOST: Final = 80
"""Characters of an agent's name, as guards cut it."""


def agent_of(exchange: Exchange) -> str | None:
    """Return the agent's name: as the guards found it, else as the caller says."""
    found = exchange.attributes.get(names.AGENT_NAME)
    if isinstance(found, str):
        return found
    call = exchange.call
    if AGENT_HEADER not in call.headers and "metadata" not in call.members:
        return None
    said = metadata(call)
    named = header(call, AGENT_HEADER) or said.get("agent") or said.get("agent_name") or ""
    return named.strip()[:_MOST] or None


def session_of(call: Call) -> str | None:
    """Return the session that the caller names."""
    return header(call, SESSION_HEADER) or metadata(call).get("session_id")
