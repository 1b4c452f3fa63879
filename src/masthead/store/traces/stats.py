"""Figures over runs: by time and group, which values occur, and which models have no price."""

from decimal import Decimal
from typing import NamedTuple

from masthead.model.ids import ProjectId
from masthead.model.run import Facets, FacetValue, RunFilter, StatRow, UnpricedModel
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.filters import where
from masthead.store.traces.port import Bucket, StatGroup
from masthead.store.traces.tags import BY_PEOPLE, TAGS

_WEEK_SHIFT_NS = 4 * 86_400_000_000_000
"""1970-01-05 was the first Monday."""

BUCKETS: dict[Bucket, str] = {
    "minute": "intDiv(start_ns, 60000000000) * 60000000000",
    "hour": "intDiv(start_ns, 3600000000000) * 3600000000000",
    "day": "intDiv(start_ns, 86400000000000) * 86400000000000",
    "week": f"intDiv(start_ns - {_WEEK_SHIFT_NS}, 604800000000000) * 604800000000000 + {_WEEK_SHIFT_NS}",
    "total": "toInt64(0)",
}

# A run's parts are by agent and model: figures of a group add up only the parts that are the group's.
_WHOLE_RUN = """
    SELECT {bucket} AS bucket, {group} AS grouped, start_ns, duration_ns, outcome, errors, spans, llm_calls,
        input_tokens, output_tokens, cost_usd
    FROM runs FINAL {joined}
    WHERE {where}
"""
_BY_PART = """
    SELECT bucket, part.{group} AS grouped, any(start_ns) AS start_ns, anyOrNull(duration_ns) AS duration_ns,
        any(outcome) AS outcome, sum(part.errors) AS errors, sum(part.spans) AS spans,
        sum(part.llm_calls) AS llm_calls, sum(part.input_tokens) AS input_tokens,
        sum(part.output_tokens) AS output_tokens, sum(part.cost_usd) AS cost_usd
    FROM (
        SELECT run_id, {bucket} AS bucket, start_ns, duration_ns, outcome, arrayJoin(parts) AS part
        FROM runs FINAL
        WHERE {where}
    )
    GROUP BY run_id, bucket, grouped
"""
_STATS = """
SELECT {start}, nullIf(toString(grouped), ''), count(), countIf(outcome = 'failure'),
    countIf(errors > 0 OR outcome = 'error'), sum(spans), sum(llm_calls), sum(input_tokens), sum(output_tokens),
    toString(sum(cost_usd)), quantileExact(0.5)(duration_ns / 1e9),
    quantileExact(0.95)(duration_ns / 1e9)
FROM ({rows})
GROUP BY bucket, grouped
ORDER BY bucket, grouped
"""
_GROUPS: dict[StatGroup, tuple[str, str]] = {
    "agent": (_BY_PART, "agent"),
    "model": (_BY_PART, "model"),
    "system": (_WHOLE_RUN, "system"),
    "outcome": (_WHOLE_RUN, "outcome"),
    "tag": (_WHOLE_RUN, f"arrayJoin(emptyArrayToSingle({TAGS}))"),
}

_FACETS = """
SELECT facet.1 AS kind, facet.2 AS value, count() AS runs
FROM (
    SELECT arrayJoin(arrayConcat(
        arrayMap(x -> ('agent', toString(x)), agents),
        arrayMap(x -> ('model', toString(x)), models),
        arrayMap(x -> ('tag', x), {tags}),
        [('system', toString(system)), ('outcome', toString(outcome))]
    )) AS facet
    FROM runs FINAL {joined}
    WHERE {where}
)
WHERE value != ''
GROUP BY kind, value
ORDER BY runs DESC, value
LIMIT {{limit:UInt32}} BY kind
"""

_UNPRICED = """
SELECT part.model AS model, sum(part.unpriced) AS calls, sum(part.input_tokens), sum(part.output_tokens)
FROM (SELECT arrayJoin(parts) AS part FROM runs FINAL WHERE {where})
WHERE part.unpriced > 0
GROUP BY model
ORDER BY calls DESC, model
"""


class _Row(NamedTuple):
    start_ns: int
    group: str | None
    runs: int
    failures: int
    errors: int
    spans: int
    llm_calls: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    latency_p50_s: float | None
    latency_p95_s: float | None


def stats(
    engine: Engine, project: ProjectId, chosen: RunFilter, *, bucket: Bucket, group_by: StatGroup | None
) -> list[StatRow]:
    """Return figures of the chosen runs by time of start and group, oldest first."""
    conditions, params = where(project, chosen)
    rows, group = (_WHOLE_RUN, "''") if group_by is None else _GROUPS[group_by]
    sql = _STATS.format(
        start="min(start_ns)" if bucket == "total" else "bucket",
        rows=rows.format(
            bucket=BUCKETS[bucket], group=group, where=conditions, joined=BY_PEOPLE if group_by == "tag" else ""
        ),
    )
    return [StatRow(**row._asdict()) for row in fetch(engine, _Row, sql, params)]


def facets(engine: Engine, project: ProjectId, chosen: RunFilter, *, limit: int) -> Facets:
    """Return the commonest values among the chosen runs."""
    conditions, params = where(project, chosen)
    params["limit"] = limit
    found: dict[str, list[FacetValue]] = {}
    sql = _FACETS.format(where=conditions, tags=TAGS, joined=BY_PEOPLE)
    for kind, value, runs in fetch(engine, tuple[str, str, int], sql, params):
        found.setdefault(kind, []).append(FacetValue(value, runs))
    return Facets(
        agents=tuple(found.get("agent", ())),
        models=tuple(found.get("model", ())),
        systems=tuple(found.get("system", ())),
        outcomes=tuple(found.get("outcome", ())),
        tags=tuple(found.get("tag", ())),
    )


class _Unpriced(NamedTuple):
    model: str
    spans: int
    input_tokens: int | None
    output_tokens: int | None


def unpriced(engine: Engine, project: ProjectId, *, since_ns: int | None, until_ns: int | None) -> list[UnpricedModel]:
    """Return models whose calls have tokens but no cost; '' where the span does not name its model."""
    conditions, params = where(project, RunFilter(since_ns=since_ns, until_ns=until_ns))
    rows = fetch(engine, _Unpriced, _UNPRICED.format(where=conditions), params)
    return [UnpricedModel(**row._asdict()) for row in rows]
