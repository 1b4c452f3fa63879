"""Operating the gateway by looking at it: usage, limits, live traffic, targets, and whether all of it is recorded."""

from functools import partial
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, Query

from masthead.api.routes.taken import Viewer, With
from masthead.api.schema import gateway_watch as w
from masthead.api.schema.filters import time_range
from masthead.api.services import Services
from masthead.api.watching import alerts_of, records_of, targets_of
from masthead.gateway.policy.limits import of_key
from masthead.gateway.shown import scrub_of
from masthead.model.access import Caller
from masthead.model.errors import StoreError

router = APIRouter(tags=["gateway"])
_MOST_LIMITS: Final = 500


@router.get("/gateway/usage")
def get_usage(services: With, caller: Viewer, query: Annotated[w.UsageQuery, Query()]) -> w.Usage:
    """Add up what calls through the gateway used: calls, tokens, cost, errors and latencies."""
    since_ns, until_ns = time_range(query.since, query.until)
    add_up = partial(services.store.usage, caller.project_id, since_ns=since_ns, until_ns=until_ns)
    rows = add_up(by=query.by, bucket=query.bucket, limit=query.limit + 1)
    is_whole = query.by is None and query.bucket == "total"
    shadows = add_up(of_shadows=True) if is_whole else []
    labels = _key_names(services, caller) if query.by == "key" else {}
    return w.Usage(
        items=[w.UsageRow.of(row, labels.get(row.group or "")) for row in rows[: query.limit]],
        is_cut=len(rows) > query.limit,
        shadows=w.UsageRow.of(shadows[0]) if shadows else None,
    )


@router.get("/gateway/limits")
async def list_limits(services: With, caller: Viewer, _: Annotated[w.WatchQuery, Query()]) -> w.LimitStates:
    """Show how much of each limit is used up at present, and when it begins anew."""
    config = await to_thread.run_sync(services.gateway.config_of, caller.project_id)
    keys = await to_thread.run_sync(services.keyring.all_of, caller)
    of_keys = {key.id: of_key(key.limits) for key in keys if key.limits and key.revoked_ns is None}
    try:
        found = await services.gateway.operations.limits_used(caller.project_id, config.limits, of_keys)
    except (OSError, TimeoutError) as error:
        raise StoreError(f"what was used of limits cannot be read: {error}") from error
    labels = {key.id: key.name for key in keys}
    scrub = await to_thread.run_sync(_scrub, services, caller)
    return w.LimitStates(
        items=[w.LimitState.of(one, labels.get(one.subject or ""), scrub) for one in found[:_MOST_LIMITS]],
        is_cut=len(found) > _MOST_LIMITS,
    )


@router.get("/gateway/traffic")
def get_traffic(services: With, caller: Viewer, _: Annotated[w.WatchQuery, Query()]) -> w.GatewayTraffic:
    """Show the calls that are under way and the latest that ended, over all processes of the gateway."""
    found = services.gateway.operations.processes()
    now_ns = services.clock.now_ns()
    return w.GatewayTraffic.of(now_ns, found.alive, found.ignored, caller.project_id, _scrub(services, caller))


@router.get("/gateway/targets")
def list_targets(services: With, caller: Viewer, _: Annotated[w.WatchQuery, Query()]) -> w.GatewayTargets:
    """Show how each target fares: whether it is set aside, its errors by kind, its latency and its last error."""
    config = services.gateway.config_of(caller.project_id)
    found = services.gateway.operations.processes()
    return targets_of(found.alive, caller.project_id, config, _scrub(services, caller))


@router.get("/gateway/records")
def get_records(services: With, _caller: Viewer, _: Annotated[w.WatchQuery, Query()]) -> w.GatewayRecords:
    """Show whether every call was recorded, and what waits to be; all projects together."""
    found = services.gateway.operations.processes()
    return w.GatewayRecords(alerts=alerts_of(found.alive), processes=records_of(found.alive))


def _key_names(services: Services, caller: Caller) -> dict[str, str]:
    return {key.id: key.name for key in services.keyring.all_of(caller)}


def _scrub(services: Services, caller: Caller) -> w.Scrub:
    return scrub_of(services.directory.project(caller.project_id).redaction)
