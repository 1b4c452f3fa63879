"""Calls that would spend past a budget unseen: their tokens are told to nobody, or long after, or nobody knows a price.

A batch holds calls of its own, which the provider makes within a day; a background reply is looked up later; speech and
most images are billed by characters, seconds or pieces. None comes with its tokens, so a caller who has a budget of
tokens or money may not make them; nor, with a budget of money, a call of a model without a price: no limit is quietly
not one.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from masthead.gateway.call import Call, Exchange, Target
from masthead.gateway.charge import CostOf
from masthead.gateway.config_routes import LimitConfig
from masthead.gateway.seams import Refused
from masthead.model.reading import Usage

TargetsOf = Callable[[Exchange], Sequence[Target]]
"""Where a call may be sent; nowhere where that is not known, or the call is refused anyway."""

_PAID: Final = frozenset({"chat", "responses", "messages", "embeddings", "passed_through"})
_MEDIA: Final = ("/audio/", "/images/")
_TELLS_TOKENS: Final = re.compile(r"(?:.*/)?(?:(?:chat)?gpt-image|gpt-4o(?:-mini)?-transcribe(?!-diarize))", re.DOTALL)
"""Models of media whose whole answers say how many tokens they took."""
_STREAM_PART: Final = re.compile(rb'name="?stream["\s;]')
_NEVER: Final = ((b"x-should-retry", b"false"),)


def _nowhere(_exchange: Exchange) -> Sequence[Target]:
    return ()


async def _at_once() -> bool:
    return True


class Uncounted:
    """Refuses what cannot be counted against the limits that hold for a call."""

    def __init__(
        self,
        cost_of: CostOf,
        targets_of: TargetsOf = _nowhere,
        are_prices_known: Callable[[], Awaitable[bool]] = _at_once,
    ) -> None:
        """Look prices up so; `are_prices_known` waits for them a while, and says whether they have come."""
        self._cost_of = cost_of
        self._targets_of = targets_of
        self._are_prices_known = are_prices_known

    async def refuse(self, exchange: Exchange, limits: Iterable[LimitConfig]) -> None:
        """Raise `Refused` for a call whose tokens or cost nobody will tell, where a limit of them holds for it."""
        held = [one for one in limits if one.tokens is not None or one.cost_usd is not None]
        if not held:
            return
        call = exchange.call
        what = _deferred(call) or (self._media(exchange) if _is_media(call) else None)
        if what is not None:
            message = f"{what} cannot be counted against the budget of tokens or money that holds for this call"
            raise _refused(f"{message}: limit its requests instead")
        if call.model and call.endpoint.name in _PAID and any(one.cost_usd is not None for one in held):
            await self._refuse_unpriced(exchange)

    def _media(self, exchange: Exchange) -> str | None:
        models = [target.model for target in self._targets_of(exchange)] or [exchange.call.model]
        if all(_TELLS_TOKENS.match(model) for model in models) and not _is_streamed(exchange.call):
            return None
        return f"what {exchange.call.endpoint.path} of {exchange.call.model!r} will use"

    async def _refuse_unpriced(self, exchange: Exchange) -> None:
        """Raise `Refused` where none of the targets has a price. What another one takes then costs nothing."""
        targets = self._targets_of(exchange)
        if not targets:
            return
        if not await self._are_prices_known():
            message = "a budget of money holds for this call, and prices are still being read; try again in a moment"
            raise Refused(message, status=503, kind="limits_unavailable", headers=((b"retry-after", b"2"),))
        said = 0 if exchange.call.endpoint.name == "embeddings" else 1
        one_each = Usage(input_tokens=1, output_tokens=said)
        if any(self._cost_of(to.connection.provider, to.model, one_each) is not None for to in targets):
            return
        names = ", ".join(sorted({f"{to.model!r} of {to.connection.provider!r}" for to in targets}))
        raise _refused(
            f"a budget of money holds for this call, and no price is known of {names}: give it one in models.toml "
            "(of 0, if it is free), or limit requests or tokens instead of money"
        )


def _refused(message: str) -> Refused:
    return Refused(message, status=403, kind="budget_uncountable", headers=_NEVER)


def _deferred(call: Call) -> str | None:
    if call.endpoint.name == "passed_through" and call.method == "POST" and call.endpoint.path.startswith("/batches"):
        return "what a batch will use"
    if call.endpoint.name == "responses" and bytes(call.members.get("background", b"")) == b"true":
        return "what a background reply will use"
    return None


def _is_media(call: Call) -> bool:
    return call.endpoint.name == "passed_through" and call.method == "POST" and call.endpoint.path.startswith(_MEDIA)


def _is_streamed(call: Call) -> bool:
    """Say whether media may be streamed, whose tokens nobody reads."""
    if call.is_stream or bytes(call.members.get("stream", b"")) == b"true":
        return True
    return b"multipart" in call.headers.get(b"content-type", b"").lower() and bool(_STREAM_PART.search(call.body))
