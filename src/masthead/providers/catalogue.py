"""The catalogue: which models there are, what they can do, and what they cost.

Prices are those of `genai-prices`, limits and capabilities those of models.dev; both come with the installed packages,
are renewed by `masthead models --refresh`, and give way to the team's own `models.toml`.
"""

import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

from masthead.providers.cards import Capability, ModelCard, ModelLimits
from masthead.providers.limits import FETCHED_LIMITS, Known, Limits, load_limits
from masthead.providers.overrides import FILE_NAME as OVERRIDES
from masthead.providers.overrides import Override, read_overrides
from masthead.providers.prices import Prices
from masthead.providers.vendors import VENDORS, Vendor, known_vendor

_log = logging.getLogger(__name__)
_REMEMBERED: Final = 20_000
_MAKERS: Final = ("openai", "anthropic", "google")
_MAKERS_FIRST: Final = sorted(VENDORS.values(), key=lambda vendor: vendor.id not in _MAKERS)
"""Where a model is looked for when its provider is not named."""
_DATED: Final = re.compile(r"(-\d{4}-\d{2}-\d{2}|-\d{8}|@[\w-]+|-latest|-v\d+(:\d+)?|:\d+)$")
_FAMILY: Final = re.compile(r"^(ft:|regional\.)|[-:.]$")
"""Entries of the catalogue of prices that stand for many models, and are the name of none."""
_NAMED_BY_TEAMS: Final = frozenset({"azure"})
"""Vendors where a model is called by the name of a deployment."""
_REGION: Final = re.compile(r"^(us|eu|apac|jp|au|global|us-gov)\.")


class Catalogue:
    """Belongs to one thread, but for `listed`. The first question reads it: 0.9 s, 90 MB with the package of prices."""

    def __init__(self, prices: Prices | None = None, folder: Path | None = None) -> None:
        self._prices = prices or Prices(folder)
        self._folder = folder
        self._limits: Limits | None = None
        self._overrides: tuple[Override, ...] = ()
        self._guard = threading.Lock()
        """Protects the catalogue from the threads that ask for lists."""
        self._asked: dict[tuple[str | None, str], ModelCard | None] = {}
        self._read_write: dict[tuple[str, str], ModelLimits | None] = {}

    def find(self, provider: str | None, model: str, *, at_ns: int) -> ModelCard | None:
        """Return a model's card with its prices at a time; None, and a warning once, where nothing is known of it."""
        key = (provider, model)
        if key not in self._asked:
            self._asked[key] = self._find(provider, model)
            if self._asked[key] is None:
                _log.warning("nothing is known of the model %r of %r: its calls have no price", model, provider)
        card = self._asked[key]
        if card is None:
            return None
        return replace(card, rates=self._prices.rates(provider=provider, model=model, at_ns=at_ns))

    def limits_of(self, provider: str, model: str) -> ModelLimits | None:
        """Return how much a model can read and write; None where nothing is known of it."""
        key = (provider, model)
        if key not in self._read_write:
            card = self._find(provider, model)
            if len(self._read_write) >= _REMEMBERED:
                self._read_write.clear()
            known = None if card is None else ModelLimits(card.context_tokens, card.max_output_tokens)
            self._read_write[key] = known
        return self._read_write[key]

    def cards(
        self, *, at_ns: int, provider: str | None = None, query: str = "", capability: Capability | None = None
    ) -> Iterator[ModelCard]:
        """Yield the cards of the vendors' models, by vendor and name; `query` is a part of either, any case."""
        limits = self._load()
        wanted = query.lower()
        for vendor in VENDORS.values():
            if provider is not None and vendor.id != provider:
                continue
            known = limits.get(vendor.limits_as or vendor.id, {})
            for name in sorted(known.keys() | self._priced(vendor)):
                if wanted and wanted not in name and wanted not in vendor.id:
                    continue
                card = self._card(vendor, name, known.get(name))
                if capability is not None and capability not in (card.capabilities or ()):
                    continue
                yield replace(card, rates=self._prices.rates(provider=_priced_as(vendor), model=name, at_ns=at_ns))

    def names(self) -> dict[str, tuple[str, ...]]:
        """Return how models may be named, by the vendor's id; not of vendors where each team names its own."""
        limits = self._load()
        told = [one for one in VENDORS.values() if one.id not in _NAMED_BY_TEAMS]
        names = {one.id: limits.get(one.limits_as or one.id, {}).keys() | self._priced(one) for one in told}
        return {
            vendor: tuple(sorted(name for name in found if _FAMILY.search(name) is None))
            for vendor, found in names.items()
            if found
        }

    def listed(
        self, *, at_ns: int, provider: str | None = None, query: str = "", capability: Capability | None = None
    ) -> list[ModelCard]:
        """Return what `cards` yields; any thread may ask."""
        with self._guard:
            self._renew()
            return list(self.cards(at_ns=at_ns, provider=provider, query=query, capability=capability))

    def card(self, provider: str | None, model: str, *, at_ns: int) -> ModelCard | None:
        """Return what `find` finds; any thread may ask."""
        with self._guard:
            self._renew()
            return self.find(provider, model, at_ns=at_ns)

    def _renew(self) -> None:
        """Read anew what stands in the folder, where that changed."""
        if self._prices.renew():
            self._limits = None
            self._asked.clear()
            self._read_write.clear()

    def _load(self) -> Limits:
        if self._limits is None:
            fetched = None if self._folder is None else self._folder / FETCHED_LIMITS
            self._limits = load_limits(fetched)
            self._overrides = () if self._folder is None else read_overrides(self._folder / OVERRIDES)
        return self._limits

    def _priced(self, vendor: Vendor) -> set[str]:
        provider = _priced_as(vendor)
        names = {
            model.id.lower() for one in self._prices.load().providers if one.id == provider for model in one.models
        }
        return {name for name in names if "claude" in name} if vendor.id == "vertex-anthropic" else names

    def _find(self, provider: str | None, model: str) -> ModelCard | None:
        limits = self._load()
        vendor = known_vendor(provider) if provider else None
        vendors = [vendor] if vendor else list(_MAKERS_FIRST) if provider is None else []
        for one in vendors:
            known = limits.get(one.limits_as or one.id, {})
            for name in _spellings(model):
                if name in known:
                    return self._card(one, model, known[name])
        is_said = any(override.is_of(provider, model) for override in self._overrides)
        if is_said or self._prices.is_known(provider, model):
            context_tokens = self._prices.context_tokens(provider, model)
            name = vendor.id if vendor else provider or ""
            return self._overridden(ModelCard(provider=name, model=model, context_tokens=context_tokens))
        return None

    def _card(self, vendor: Vendor, model: str, known: Known | None) -> ModelCard:
        context_tokens = self._prices.context_tokens(_priced_as(vendor), model)
        card = ModelCard(provider=vendor.id, model=known.id if known else model, context_tokens=context_tokens)
        if known is not None:
            card = replace(
                card,
                name=known.name,
                context_tokens=known.limit.context or context_tokens,
                max_output_tokens=known.limit.output or None,
                capabilities=known.capabilities,
                released=known.release_date,
            )
        return self._overridden(card)

    def _overridden(self, card: ModelCard) -> ModelCard:
        for override in self._overrides:
            if not override.is_of(card.provider, card.model):
                continue
            said = cast("frozenset[Capability]", frozenset(override.capabilities or ()))
            return replace(
                card,
                context_tokens=override.context_tokens or card.context_tokens,
                max_output_tokens=override.max_output_tokens or card.max_output_tokens,
                capabilities=card.capabilities if override.capabilities is None else said,
            )
        return card


def _priced_as(vendor: Vendor) -> str:
    return vendor.prices_as or vendor.id


def _spellings(model: str) -> Iterator[str]:
    """Yield the names under which a model may stand: as it is, without a region, without a date."""
    name = model.lower()
    yield name
    name = _REGION.sub("", name)
    yield name
    while (shorter := _DATED.sub("", name)) != name:
        name = shorter
        yield name
