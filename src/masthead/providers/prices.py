"""What a model call cost: the catalogue of `genai-prices`, resolved once per model, multiplied out in Decimal.

The catalogue's own arithmetic costs 0.5 ms a call and gives the same figures (a test compares the two over all models).
Nothing is fetched but by `masthead models --refresh`; the version of the prices is noted with every cost.
"""

import contextlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from masthead.model.errors import SettingsError
from masthead.providers.limits import FETCHED_LIMITS
from masthead.providers.overrides import FILE_NAME as OVERRIDES
from masthead.providers.overrides import Override, read_overrides
from masthead.providers.rates import Rate, Rates
from masthead.providers.vendors import known_vendor

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

_log = logging.getLogger(__name__)
PRICE_VERSION: Final = f"genai-prices/{version('genai-prices')}"
SOURCE_URL: Final = (
    "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json"
)
FETCHED_PRICES: Final = "catalogue/prices.json"
_PER_TOKEN: Final = Decimal(1_000_000)
_PER_REQUEST: Final = Decimal(1000)
_MINUTE_NS: Final = 60_000_000_000
_REMEMBERED: Final = 20_000
_OWN_MACHINE: Final = frozenset(
    {
        "ollama",
        "vllm",
        "llama_cpp",
        "llamacpp",
        "llama.cpp",
        "lmstudio",
        "lm_studio",
        "xllamacpp",
        "localai",
        "sglang",
        "openai-compatible",
    }
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


def version_of(folder: Path | None) -> str:
    """Return which prices stand in a folder: the package's or those fetched on a day, and whether a team's own do."""
    if folder is None:
        return PRICE_VERSION
    version = PRICE_VERSION
    with contextlib.suppress(FileNotFoundError):
        fetched_s = (folder / FETCHED_PRICES).stat().st_mtime
        version += f"+{datetime.fromtimestamp(fetched_s, tz=UTC):%Y-%m-%d}"
    return f"{version}+{OVERRIDES}" if (folder / OVERRIDES).exists() else version


def stamps_of(folder: Path | None) -> tuple[object, ...]:
    """Return what changes when a file does that prices are read from, or limits, which are fetched after them."""
    if folder is None:
        return ()
    found: list[object] = []
    for name in (OVERRIDES, FETCHED_PRICES, FETCHED_LIMITS):
        try:
            stat = (folder / name).stat()
            found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            found.append(None)
    return tuple(found)


class Prices:
    """The catalogue. Belongs to one thread; reading it takes 1.2 s and 28 MB, at the first question.

    Where a folder is given, prices that were fetched into it stand instead of the package's, and what the team says in
    its `models.toml` goes before both.

    Raises:
        SettingsError: `models.toml` is wrong, said at once and not at the first call.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._stamps = stamps_of(folder)
        self._overrides: tuple[Override, ...] = () if folder is None else read_overrides(folder / OVERRIDES)
        self.version = version_of(folder)
        """Which prices these are, as it is noted with every cost."""
        self._catalogue: DataSnapshot | None = None
        self._models: dict[tuple[str | None, str], ModelInfo | None] = {}
        self._rates: dict[int, tuple[int, Rates]] = {}
        """Rates in force by model (by identity), with the minute that they were asked for."""

    def renew(self) -> bool:
        """Read anew what stands in the folder, where that changed; say whether it did. Belongs to the prices' thread.

        What cannot be taken is logged, and changes nothing.
        """
        stamps = stamps_of(self._folder)
        if stamps == self._stamps or self._folder is None:
            return False
        self._stamps = stamps
        try:
            self._overrides = read_overrides(self._folder / OVERRIDES)
        except SettingsError as error:
            _log.error("the prices stay as they were: %s", error)
            return False
        self.version = version_of(self._folder)
        if self._catalogue is not None:
            self._catalogue = self._read()
        self._models.clear()
        self._rates.clear()
        return True

    def load(self) -> "DataSnapshot":
        """Read the catalogue now rather than at the first question."""
        if self._catalogue is None:
            self._catalogue = self._read()
        return self._catalogue

    def _read(self) -> "DataSnapshot":
        from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - 0.8 s: it would delay every start

        if self._folder is None:
            return get_snapshot()
        fetched = self._folder / FETCHED_PRICES
        if not fetched.exists():
            return get_snapshot()
        try:
            return read_prices(fetched.read_bytes(), str(fetched))
        except (OSError, SettingsError) as error:
            _log.warning("the package's prices are used, as the fetched ones cannot be read: %s", error)
            self.version = PRICE_VERSION
            return get_snapshot()

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
        cache_write_hour_tokens: int | None = None,
        input_audio_tokens: int | None = None,
        output_audio_tokens: int | None = None,
        has_output: bool = True,
    ) -> Decimal | None:
        """Return what the call cost at `start_ns`, None where model, price or tokens are unknown.

        `input_tokens` includes the cached ones; where the cached ones are more, it plainly does not, and both are paid.
        `has_output` is false for calls that give no tokens back, such as embeddings.
        """
        if input_tokens is None or (output_tokens is None and has_output):
            return None
        rates = self.rates(provider=provider, model=model, at_ns=start_ns)
        if rates is None:
            return None
        return rates.cost_usd(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=cache_read_tokens or 0,
            cache_write_tokens=cache_write_tokens or 0,
            cache_write_hour_tokens=cache_write_hour_tokens or 0,
            input_audio_tokens=input_audio_tokens or 0,
            output_audio_tokens=output_audio_tokens or 0,
        )

    def rates(self, *, provider: str | None, model: str, at_ns: int) -> Rates | None:
        """Return what a model costs at a time, None where it is not known; the team's own file goes first."""
        self.load()
        for override in self._overrides:
            if override.is_of(provider, model) and override.rates is not None:
                return override.rates
        info = self._find(provider, model)
        return None if info is None else self._rates_at(info, at_ns)

    def is_known(self, provider: str | None, model: str) -> bool:
        """Say whether the catalogue has the model, whatever it knows of its price."""
        return self._find(provider, model) is not None

    def context_tokens(self, provider: str | None, model: str) -> int | None:
        """Return the context window, where the catalogue of prices knows it."""
        info = self._find(provider, model)
        return None if info is None else info.context_window

    def _find(self, provider: str | None, model: str) -> "ModelInfo | None":
        key = (provider, model)
        if key not in self._models:
            if len(self._models) >= _REMEMBERED:
                self._models.clear()
            self._models[key] = _look_up(self.load(), provider.lower() if provider else None, model.lower())
        return self._models[key]

    def _rates_at(self, info: "ModelInfo", start_ns: int) -> Rates:
        minute = start_ns // _MINUTE_NS
        known = self._rates.get(id(info))
        if known is not None and (known[0] == minute or not isinstance(info.prices, list)):
            return known[1]
        rates = _rates(info.get_prices(datetime.fromtimestamp(minute * 60, tz=UTC)))
        self._rates[id(info)] = (minute, rates)
        return rates


def read_prices(data: bytes, where: str) -> "DataSnapshot":
    """Return the catalogue that fetched data hold.

    Raises:
        SettingsError: they are not of the catalogue's form.
    """
    from genai_prices.data_snapshot import DataSnapshot  # noqa: PLC0415 - as in `load`
    from genai_prices.types import (  # noqa: PLC0415 - as in `load`
        _providers_from_raw,  # pyright: ignore[reportPrivateUsage] - the package has no public reader of its own format
    )

    try:
        return DataSnapshot(_providers_from_raw(msgspec.json.decode(data)), from_auto_update=True)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{where} is not of the form of {SOURCE_URL}: {error}") from error


def _look_up(catalogue: "DataSnapshot", provider: str | None, model: str) -> "ModelInfo | None":
    """Find a model: at its provider, at the provider named before a slash, or by its own name alone."""
    from genai_prices.data_snapshot import find_provider_by_id  # noqa: PLC0415 - as in `load`

    if provider in _OWN_MACHINE:
        return None
    if provider is not None:
        row = known_vendor(provider)
        provider = (row.prices_as if row else None) or _OTHER_NAMES.get(provider, provider)
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


def _rates(price: "ModelPrice") -> Rates:
    return Rates(
        _rate(price.input_mtok),
        _rate(price.output_mtok),
        _rate(price.cache_read_mtok),
        _rate(price.cache_write_mtok),
        price.requests_kcount / _PER_REQUEST if isinstance(price.requests_kcount, Decimal) else Decimal(0),
        _rate(getattr(price, "cache_write_1h_mtok", None)),
        _rate(getattr(price, "input_audio_mtok", None)),
        _rate(getattr(price, "output_audio_mtok", None)),
    )


def _rate(price: "Decimal | TieredPrices | None") -> Rate | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(price / _PER_TOKEN)
    tiers = sorted(((tier.start, tier.price / _PER_TOKEN) for tier in price.tiers), reverse=True)
    return Rate(price.base / _PER_TOKEN, tuple(tiers))
