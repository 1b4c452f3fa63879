"""Search over what was said, figures over time, and models without a price."""

from typing import Annotated

from fastapi import APIRouter, Query

from masthead.api.routes.taken import Viewer, With
from masthead.api.schema import run as r
from masthead.api.schema.filters import time_range
from masthead.providers.prices import version_of

router = APIRouter(tags=["search and figures"])


@router.get("/search")
def search(services: With, caller: Viewer, query: Annotated[r.SearchQuery, Query()]) -> r.HitPage:
    """Find the spans in which a text occurs, latest first."""
    since_ns, until_ns = time_range(query.since, query.until)
    page = services.store.search(
        caller.project_id,
        query.text,
        since_ns=since_ns,
        until_ns=until_ns,
        limit=query.limit,
        cursor=query.cursor,
    )
    return r.HitPage.trusted(items=[r.Hit.of(hit) for hit in page.items], cursor=page.cursor)


@router.get("/stats")
def get_stats(services: With, caller: Viewer, query: Annotated[r.StatsQuery, Query()]) -> r.Stats:
    """Sum up the runs that the filter leaves, by time and by one group."""
    rows = services.store.stats(caller.project_id, query.filter(), bucket=query.bucket, group_by=query.group_by)
    return r.Stats.trusted(items=[r.Stat.of(row) for row in rows])


@router.get("/prices")
def get_prices(services: With, _: Viewer) -> r.PriceCatalogue:
    """Name the catalogue that model calls are priced by as they come in."""
    return r.PriceCatalogue(catalogue=version_of(services.settings.data_dir))


@router.get("/models/unpriced")
def list_unpriced_models(
    services: With, caller: Viewer, query: Annotated[r.UnpricedQuery, Query()]
) -> r.UnpricedModels:
    """List the models that were called and whose price is not known."""
    since_ns, until_ns = time_range(query.since, query.until)
    models = services.store.unpriced(caller.project_id, since_ns=since_ns, until_ns=until_ns)
    return r.UnpricedModels(items=[r.UnpricedModel.of(model) for model in models])
