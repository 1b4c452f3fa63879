"""What tokens cost and how much models can read, known a moment after the gateway began to serve.

What stands in the data folder (`models.toml`, prices that were fetched) is read anew when it changes.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from masthead.clock import Clock
from masthead.ingest.allocator import give_back
from masthead.model.errors import SettingsError
from masthead.model.reading import Usage
from masthead.providers.cards import ModelLimits
from masthead.providers.catalogue import Catalogue
from masthead.providers.prices import Prices, stamps_of

_LOG = logging.getLogger(__name__)
_PRICES_WITHIN_S: Final = 10.0
_LOOK_S: Final = 0.05
_LOOKED_EVERY_S: Final = 1.0


class Costs:
    """What tokens cost, and how many fit. Reading the catalogue takes a second: it is done in the background."""

    def __init__(self, clock: Clock, folder: Path) -> None:
        self._clock = clock
        self._folder = folder
        self._prices = Prices(folder)
        self._catalogue = Catalogue(self._prices, folder)
        self._is_ready = threading.Event()
        self._has_limits = threading.Event()
        self._are_limits_wanted = False
        self._names: Mapping[str, tuple[str, ...]] = {}
        self._stamps = stamps_of(folder)
        self._looked_s = clock.monotonic_s()
        self._reading: threading.Thread | None = None
        threading.Thread(target=self._load, name="gateway-prices", daemon=True).start()

    def __call__(self, provider: str | None, model: str, usage: Usage) -> Decimal | None:
        """Return the cost, None where the price is not known, or not yet."""
        if not self._is_ready.is_set():
            return None
        self._look()
        return self._prices.cost_usd(
            provider=provider,
            model=model,
            start_ns=self._clock.now_ns(),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_hour_tokens=usage.cache_write_hour_tokens,
            input_audio_tokens=usage.input_audio_tokens,
            output_audio_tokens=usage.output_audio_tokens,
        )

    async def are_known(self) -> bool:
        """Wait until the prices are read, and say whether they are; a call that cannot be paid for later waits so."""
        self._look()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PRICES_WITHIN_S):
                while not self._is_ready.is_set() or self._is_reading():  # noqa: ASYNC110 - a thread does it, seldom
                    await asyncio.sleep(_LOOK_S)
        return self._is_ready.is_set()

    def of_a_million(self, provider: str, model: str) -> Decimal | None:
        """Return what a million tokens cost, half of them in and half out."""
        return self(provider, model, Usage(input_tokens=500_000, output_tokens=500_000))

    def limits_of(self, provider: str, model: str) -> ModelLimits | None:
        """Return how much a model can read and write, None where that is not known, or not yet."""
        self._look()
        if self._has_limits.is_set():
            return self._catalogue.limits_of(provider, model)
        if self._is_ready.is_set() and not self._are_limits_wanted:
            self._are_limits_wanted = True  # 10 MB that most gateways do not need: no route asks what fits
            threading.Thread(target=self._load_limits, name="gateway-limits", daemon=True).start()
        return None

    def names_of(self, vendor: str) -> tuple[str, ...]:
        """Return the models that the catalogue knows of a vendor; none in the first two seconds after the start."""
        self._look()
        return self._names.get(vendor, ())

    def _is_reading(self) -> bool:
        return self._reading is not None and self._reading.is_alive()

    def _look(self) -> None:
        """Have it all read anew where a file changed; until that is done, what was known counts."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s < _LOOKED_EVERY_S or not self._is_ready.is_set() or self._is_reading():
            return
        self._looked_s = now_s
        stamps = stamps_of(self._folder)
        if stamps != self._stamps:
            self._stamps = stamps
            self._reading = threading.Thread(target=self._read_anew, name="gateway-prices-anew", daemon=True)
            self._reading.start()

    def _read_anew(self) -> None:
        try:
            prices = Prices(self._folder)
            catalogue, names = Catalogue(prices, self._folder), Catalogue(prices, self._folder).names()
            if self._has_limits.is_set():
                catalogue.limits_of("openai", "")
        except SettingsError as error:
            _LOG.error("the prices stay as they were: %s", error)
            return
        self._prices, self._catalogue, self._names = prices, catalogue, names
        _LOG.warning("prices were read anew: %s", prices.version)
        give_back()

    def _load(self) -> None:
        self._prices.load()
        self._is_ready.set()
        self._names = Catalogue(self._prices, self._folder).names()  # all else that it read is let go: 10 MB
        give_back()

    def _load_limits(self) -> None:
        self._catalogue.limits_of("openai", "")
        self._has_limits.set()
        give_back()
