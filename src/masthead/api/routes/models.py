"""The catalogue of models."""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query

from masthead.api.routes.taken import Viewer, With
from masthead.api.schema import models as m
from masthead.providers.cards import newest_first

router = APIRouter(tags=["models"])


@router.get("/models")
def list_models(services: With, _: Viewer, query: Annotated[m.ModelsQuery, Query()]) -> m.CatalogueModels:
    """List the models that vendors serve, with limits, capabilities and prices."""
    start = int(query.cursor or 0)
    cards = services.models.listed(
        at_ns=services.clock.now_ns(), provider=query.provider, query=query.text, capability=query.capability
    )
    if query.order == "newest":
        cards = newest_first(cards)
    items = [m.CatalogueModel.of(card) for card in islice(cards, start, start + query.limit + 1)]
    has_more = len(items) > query.limit
    return m.CatalogueModels(items=items[: query.limit], cursor=str(start + query.limit) if has_more else None)
