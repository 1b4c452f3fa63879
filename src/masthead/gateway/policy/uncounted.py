"""Calls that would spend past a budget unseen: their tokens are told to nobody, or long after.

A batch holds calls of its own, which the provider makes within a day; a background reply is looked up later. Neither
comes with its tokens, so a caller who has a budget of tokens or money may not make them: no limit is quietly not one.
"""

from collections.abc import Iterable

from masthead.gateway.call import Call
from masthead.gateway.config_routes import LimitConfig
from masthead.gateway.seams import Refused


def refuse_uncounted(call: Call, limits: Iterable[LimitConfig]) -> None:
    """Raise `Refused` for a call whose use cannot be counted, where a limit of tokens or money holds for it."""
    what = _uncounted(call)
    if what is None or not any(one.tokens is not None or one.cost_usd is not None for one in limits):
        return
    message = f"{what} cannot be counted against the budget of tokens or money that holds for this call"
    raise Refused(message, status=403, kind="budget_uncountable", headers=((b"x-should-retry", b"false"),))


def _uncounted(call: Call) -> str | None:
    if call.endpoint.name == "passed_through" and call.method == "POST" and call.endpoint.path.startswith("/batches"):
        return "what a batch will use"
    if call.endpoint.name == "responses" and bytes(call.members.get("background", b"")) == b"true":
        return "what a background reply will use"
    return None
