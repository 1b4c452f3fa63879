"""The catalogue of models over HTTP."""

from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from masthead.api.schema.base import Input, Output, Usd
from masthead.providers.cards import Capability, ModelCard
from masthead.providers.rates import Rate, Rates

_MILLION: Final = Decimal(1_000_000)


class ModelsQuery(Input):
    """Which models."""

    project: str | None = None
    """The project, for callers without a key."""
    provider: Annotated[str, Field(max_length=100)] | None = None
    """A vendor's id, such as `anthropic`."""
    text: Annotated[str, Field(max_length=200)] = ""
    """A part of the model's or the vendor's name, any case."""
    capability: Capability | None = None
    """What it must be able to do."""
    order: Literal["vendor", "newest"] = "vendor"
    """By vendor and name; or those of known context first, the latest released before others."""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    """How many at most."""
    cursor: Annotated[str, Field(pattern=r"^\d{1,6}$")] | None = None
    """Where to go on: the `cursor` of the page before, with the same filters."""


class ModelPrices(Output):
    """US dollars for a million tokens; of short prompts, where a model has tiers. Null is unknown, never free."""

    input: Usd | None
    output: Usd | None
    cache_read: Usd | None
    cache_write: Usd | None


class CatalogueModel(Output):
    """One model at one vendor. What is not known is null."""

    provider: str
    model: str
    name: str | None
    context_tokens: int | None
    max_output_tokens: int | None
    capabilities: list[Capability] | None
    released: str | None
    usd_per_million: ModelPrices | None
    """Null where the model has no known price: its calls cost null too."""

    @classmethod
    def of(cls, card: ModelCard) -> Self:
        """Render a card."""
        return cls(
            provider=card.provider,
            model=card.model,
            name=card.name,
            context_tokens=card.context_tokens,
            max_output_tokens=card.max_output_tokens,
            capabilities=None if card.capabilities is None else sorted(card.capabilities),
            released=card.released,
            usd_per_million=None if card.rates is None else prices_of(card.rates),
        )


class CatalogueModels(Output):
    """A page of the catalogue."""

    items: list[CatalogueModel]
    cursor: str | None
    """Where the next page begins; null at the end."""


def prices_of(rates: Rates) -> ModelPrices:
    """Render what a million tokens cost."""
    return ModelPrices(
        input=_price(rates.input),
        output=_price(rates.output),
        cache_read=_price(rates.cache_read),
        cache_write=_price(rates.cache_write),
    )


def _price(rate: Rate | None) -> str | None:
    return None if rate is None else f"{(rate.base * _MILLION).normalize():f}"
