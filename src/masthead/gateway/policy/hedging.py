"""Hedged requests: which calls may be made twice at once, because making them twice does nothing but cost."""

from typing import Final, NamedTuple, cast

from masthead.gateway.call import Call

_ANSWERED_ONLY: Final = frozenset({"chat", "responses", "messages", "count_tokens", "embeddings", "moderations"})
"""Endpoints that answer and do no more."""
_RUN_BY_THE_CALLER: Final = frozenset({None, "function", "custom"})
"""Tools, by `type`, that a model only asks for."""
_ACTING: Final = ("mcp_servers", "conversation", "container", "web_search_options")
"""Members that let the vendor act, or change what it keeps."""


class Hedge(NamedTuple):
    """When a call gets a second target."""

    call: Call
    after_s: float


def may_be_made_twice(call: Call) -> bool:
    """Say whether a second copy of the call, beside the first, can do no harm but its cost.

    Not so: what the caller itself marks as to happen once, work in the background, and tools that run at the vendor.
    """
    if call.endpoint.name not in _ANSWERED_ONLY or b"idempotency-key" in call.headers:
        return False
    if call.member("background") or any(name in call.members for name in _ACTING):
        return False
    tools = call.member("tools")
    if not isinstance(tools, list):
        return tools is None
    listed = cast("list[dict[str, object] | str]", tools)
    return all(isinstance(tool, dict) and tool.get("type") in _RUN_BY_THE_CALLER for tool in listed)
