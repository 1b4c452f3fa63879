"""Trying a model over HTTP: what may be named, and recorded calls that can be made again."""

from typing import Self

from pydantic import JsonValue

from masthead.api.schema.base import Output
from masthead.api.schema.models import ModelPrices, prices_of
from masthead.gateway.offer import Kind, Offered
from masthead.gateway.recorded import RecordedCall as Recorded
from masthead.providers.cards import Capability, ModelCard


class ServedPlace(Output):
    """One place where calls of a model may go."""

    connection: str
    provider: str
    model: str


class ServedModel(Output):
    """One name that the caller may use as a model. What is not known is null; of a route it is its first target's."""

    model: str
    kind: Kind
    """`route`: an alias; `named`: a connection names it; `known`: a connection takes any model, and the catalogue knows
    that its provider has this one."""
    places: list[ServedPlace]
    context_tokens: int | None
    max_output_tokens: int | None
    capabilities: list[Capability] | None
    usd_per_million: ModelPrices | None
    limit_field: str
    """What its chat completions call the limit of output tokens."""

    @classmethod
    def of(cls, one: Offered, card: ModelCard | None, limit_field: str) -> Self:
        """Render a name with the card of its first place."""
        known = None if card is None else card.capabilities
        return cls(
            model=one.model,
            kind=one.kind,
            places=[ServedPlace(connection=at.connection, provider=at.provider, model=at.model) for at in one.places],
            context_tokens=None if card is None else card.context_tokens,
            max_output_tokens=None if card is None else card.max_output_tokens,
            capabilities=None if known is None else sorted(known),
            usd_per_million=None if card is None or card.rates is None else prices_of(card.rates),
            limit_field=limit_field,
        )


class ServedModels(Output):
    """What the caller may name as a model, routes first."""

    items: list[ServedModel]
    takes_any: bool
    """Whether some connection takes any model, also one that is not listed."""


class RecordedCall(Output):
    """A recorded model call as a request in OpenAI's chat completions."""

    model: str | None
    """As its caller named it; null where the record does not say."""
    messages: list[dict[str, JsonValue]]
    tools: list[dict[str, JsonValue]]
    parameters: dict[str, float]
    losses: list[str]
    """What of the call is missing here, in words."""

    @classmethod
    def of(cls, call: Recorded) -> Self:
        """Render a call."""
        return cls.trusted(
            model=call.model,
            messages=list(call.messages),
            tools=list(call.tools),
            parameters=dict(call.parameters),
            losses=list(call.losses),
        )
