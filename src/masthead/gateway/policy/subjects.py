"""Whom a call is from, as limits, conditions and sticky shares ask for it: on every endpoint alike.

Guards find the agent of calls that belong to a conversation. Embeddings, images or files belong to none: of those, what
the caller itself says counts, so that an agent's budget cannot be passed by on another endpoint.
"""

from masthead.gateway.call import Call, Exchange
from masthead.gateway.joining import SESSION_HEADER, header, metadata, told_agent
from masthead.model import attributes as names


def agent_of(exchange: Exchange) -> str | None:
    """Return the agent's name: as the guards found it, else as the caller says."""
    found = exchange.attributes.get(names.AGENT_NAME)
    return found if isinstance(found, str) else told_agent(exchange.call)


def session_of(call: Call) -> str | None:
    """Return the session that the caller names."""
    return header(call, SESSION_HEADER) or metadata(call).get("session_id")
