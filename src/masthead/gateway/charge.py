"""What one call used up: its tokens and its money, computed once for all budgets that it counts against."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from masthead.gateway.call import Charge, Exchange
from masthead.gateway.reply import usage_in
from masthead.model.reading import Usage

CostOf = Callable[[str, Usage], Decimal | None]
"""What a model's tokens cost in USD; None where its price is unknown."""
CACHE: Final = "masthead.gateway.cache"
"""The attribute that says whether the answer was a kept one."""
_NOTHING: Final = Charge(0, Decimal(0))


def charge_of(exchange: Exchange, cost_of: CostOf) -> Charge | None:
    """Return what the call used; None where nobody said how many tokens it took. An answer from the cache is free."""
    if exchange.charge is ...:
        exchange.charge = _charge(exchange, cost_of)
    return exchange.charge


def _charge(exchange: Exchange, cost_of: CostOf) -> Charge | None:
    if exchange.attributes.get(CACHE) == "hit":
        return _NOTHING
    usage = usage_in(exchange)
    if usage is None:
        return None
    by = exchange.answered_by
    model = exchange.call.model if by is None else by.target.model
    return Charge((usage.input_tokens or 0) + (usage.output_tokens or 0), cost_of(model, usage))
