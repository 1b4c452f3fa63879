"""What one call used up: its tokens and its money, computed once for all budgets that it counts against."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

from masthead.gateway.call import Charge, Exchange
from masthead.gateway.estimate import usage_or_estimate
from masthead.gateway.reply import usage_in
from masthead.model.reading import Usage

CostOf = Callable[[str | None, str, Usage], Decimal | None]
"""What the tokens of a provider's model cost in USD; None where its price is unknown."""
CACHE: Final = "masthead.gateway.cache"
"""The attribute that says whether the answer was a kept one."""
_NOTHING: Final = Charge(0, Decimal(0))
_WITHOUT_OUTPUT: Final = frozenset({"embeddings", "moderations", "count_tokens"})
"""Endpoints whose answers are no tokens, so that nobody counts any."""


class Used(NamedTuple):
    """What a call took, of whom."""

    provider: str | None
    model: str
    usage: Usage
    tokens: int


def charge_of(exchange: Exchange, cost_of: CostOf) -> Charge | None:
    """Return what the call used; None where it took none, or nobody can know. An answer from the cache is free.

    Where the provider did not say, or the caller left before it did, it is an estimate.
    """
    if exchange.charge is ...:
        exchange.charge = _charge(exchange, cost_of)
    return exchange.charge


def _charge(exchange: Exchange, cost_of: CostOf) -> Charge | None:
    if exchange.attributes.get(CACHE) == "hit":
        return _NOTHING
    used = used_by(exchange)
    return None if used is None else Charge(used.tokens, cost_of(used.provider, used.model, used.usage))


def used_by(exchange: Exchange) -> Used | None:
    """Return what an answer from a provider took, without its price; None where it took nothing, or nobody can know."""
    usage, is_estimated = usage_or_estimate(exchange, usage_in(exchange))
    if usage is None:
        return None
    if usage.output_tokens is None and exchange.call.endpoint.name in _WITHOUT_OUTPUT:
        usage = replace(usage, output_tokens=0)
    by = exchange.answered_by
    provider, model = (None, exchange.call.model) if by is None else (by.target.connection.provider, by.target.model)
    tokens = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    if is_estimated:
        exchange.attributes["masthead.gateway.charged_tokens"] = tokens
    return Used(provider, model, usage, tokens)
