"""A model's card: what the catalogue knows of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from masthead.providers.rates import Rates

Capability = Literal["tools", "vision", "documents", "audio", "reasoning", "structured_output", "embeddings"]


class ModelLimits(NamedTuple):
    """How much a model can read and write, in tokens; None is unknown."""

    context_tokens: int | None = None
    max_output_tokens: int | None = None


def unknown_limits() -> ModelLimits | None:
    """Know nothing."""
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """One model at one provider. What is not known is None; an empty set of capabilities is `none known`."""

    provider: str
    """The id of a vendor."""
    model: str
    name: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    capabilities: frozenset[Capability] | None = None
    rates: Rates | None = None
    released: str | None = None
    """A date, as the catalogue has it."""


def newest_first(cards: Iterable[ModelCard]) -> list[ModelCard]:
    """Return the models of known context first, the latest released before others, then by name."""
    named = sorted(cards, key=lambda card: (card.model, card.provider))
    dated = sorted(named, key=lambda card: card.released or "", reverse=True)
    return sorted(dated, key=lambda card: card.context_tokens is None)
