"""What a model call cost: the catalogue of `genai-prices`, resolved once per model, multiplied out in Decimal.

The catalogue's own arithmetic costs 0.5 ms a call and gives the same figures (a test compares the two over all models).
No network: prices are those of the installed package, and its version is noted with every cost.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

PRICE_VERSION: Final = f"genai-prices/{version('genai-prices')}"
_PER_TOKEN: Final = Decimal(1_000_000)
_PER_REQUEST: Final = Decimal(1000)
_MINUTE_NS: Final = 60_000_000_000
_REMEMBERED: Final = 20_000
_OWN_MACHINE: Final = frozenset(
    {"ollama", "vllm", "llama_cpp", "llamacpp", "llama.cpp", "lmstudio", "lm_studio", "xllamacpp", "localai", "sglang"}
)
"""Providers that serve models on one's own machine: what that costs is not in any catalogue."""
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "az.ai.openai": "azure",
    "gcp.gen_ai": "google",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
"""OpenTelemetry's names of providers that the catalogue knows under another."""


class _Rates(NamedTuple):
    """USD for one token (or one request); a tiered rate is a list of (from input tokens, rate), highest first."""

    input: "_Rate | None"
    output: "_Rate | None"
    cache_read: "_Rate | None"
    cache_write: "_Rate | None"
    request: Decimal


class _Rate(NamedTuple):
    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def at(self, input_tokens: int) -> Decimal:
        for start, rate in self.tiers:
            if input_tokens > start:
                return rate
        return self.base


class Prices:
    """The catalogue. Belongs to one thread; reading it takes 1.2 s and 28 MB, at the first question."""

    def __init__(self) -> None:
        self._catalogue: DataSnapshot | None = None
        self._models: dict[tuple[str | None, str], ModelInfo | None] = {}
        self._rates: dict[int, tuple[int, _Rates]] = {}
        """Rates in force by model (by identity), with the minute that they were asked for."""

    def load(self) -> "DataSnapshot":
        """Read the catalogue now rather than at the first question."""
        if self._catalogue is None:
            from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - 0.8 s: it would delay every start

            self._catalogue = get_snapshot()
        return self._catalogue

    def cost_usd(
        self,
        *,
        provider: str | None,
        model: str,
        start_ns: int,
        input_tokens: int | None,
        output_tokens: int | None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        has_output: bool = True,
    ) -> Decimal | None:
        """Return what the call cost at `start_ns`, None where model, price or tokens are unknown.

        `input_tokens` includes the cached ones; where the cached ones are more, it plainly does not, and both are paid.
        `has_output` is false for calls that give no tokens back, such as embeddings.
        """
        if input_tokens is None or (output_tokens is None and has_output):
            return None
        info = self._find(provider, model)
        if info is None:
            return None
        rates = self._rates_at(info, start_ns)
        if rates.input is None or (rates.output is None and output_tokens):
            return None
        read, written = cache_read_tokens or 0, cache_write_tokens or 0
        total = input_tokens if read + written <= input_tokens else input_tokens + read + written
        fresh = total
        cost = rates.request
        for tokens, rate in ((read, rates.cache_read), (written, rates.cache_write)):
            if tokens and rate is not None:
                fresh -= tokens
                cost += rate.at(total) * tokens
        cost += rates.input.at(total) * fresh
        if output_tokens and rates.output is not None:
            cost += rates.output.at(total) * output_tokens
        return cost

    def _find(self, provider: str | None, model: str) -> "ModelInfo | None":
        key = (provider, model)
        if key not in self._models:
            if len(self._models) >= _REMEMBERED:
                self._models.clear()
            self._models[key] = _look_up(self.load(), provider.lower() if provider else None, model.lower())
        return self._models[key]

    def _rates_at(self, info: "ModelInfo", start_ns: int) -> _Rates:
        minute = start_ns // _MINUTE_NS
        known = self._rates.get(id(info))
        if known is not None and (known[0] == minute or not isinstance(info.prices, list)):
            return known[1]
        rates = _rates(info.get_prices(datetime.fromtimestamp(minute * 60, tz=UTC)))
        self._rates[id(info)] = (minute, rates)
        return rates


def _look_up(catalogue: "DataSnapshot", provider: str | None, model: str) -> "ModelInfo | None":
    """Find a model: at its provider, at the provider named before a slash, or by its own name alone."""
    from genai_prices.data_snapshot import find_provider_by_id  # noqa: PLC0415 - as in `load`

    if provider in _OWN_MACHINE:
        return None
    provider = _OTHER_NAMES.get(provider, provider) if provider else None
    known = find_provider_by_id(catalogue.providers, provider) if provider else None
    if known is not None:
        found = known.find_model(model, all_providers=catalogue.providers)
        if found is not None:
            return found
    prefix, slash, rest = model.partition("/")
    if slash and prefix in _OWN_MACHINE:
        return None
    if slash and find_provider_by_id(catalogue.providers, prefix) is not None:
        return _look_up(catalogue, prefix, rest)
    if known is not None:
        return None
    try:
        return catalogue.find_provider_model(model, None, None, None)[1]
    except LookupError:
        return None


def _rates(price: "ModelPrice") -> _Rates:
    return _Rates(
        _rate(price.input_mtok),
        _rate(price.output_mtok),
        _rate(price.cache_read_mtok),
        _rate(price.cache_write_mtok),
        price.requests_kcount / _PER_REQUEST if isinstance(price.requests_kcount, Decimal) else Decimal(0),
    )


def _rate(price: "Decimal | TieredPrices | None") -> _Rate | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return _Rate(price / _PER_TOKEN)
    tiers = sorted(((tier.start, tier.price / _PER_TOKEN) for tier in price.tiers), reverse=True)
    return _Rate(price.base / _PER_TOKEN, tuple(tiers))
