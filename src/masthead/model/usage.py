"""What calls through the gateway have used: the nouns that the store, the API and the command line share."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

UsageBy = Literal["key", "model", "agent", "user", "run", "connection"]
"""What use is added up by."""
USAGE_BY: tuple[UsageBy, ...] = get_args(UsageBy)


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageRow:
    """The calls of one bucket of time and one group. What nobody counted is None."""

    start_ns: int
    group: str | None
    """The key's id, the model, …; None for the calls that name none."""
    calls: int
    errors: int
    unpriced: int
    """Calls with tokens and no known price: what they cost is missing from `cost_usd`."""
    cache_hits: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    """Of the input tokens, those that the provider had cached."""
    cost_usd: Decimal | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    first_chunk_p50_s: float | None
    """Of streamed answers, from the call's arrival."""
    first_chunk_p95_s: float | None
    agents: tuple[str, ...]
    """Who called, at most five of them."""
    last_ns: int
    """When the latest call began."""
