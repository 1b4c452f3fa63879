"""What calls through the gateway have used, by time and by who or what used it: from narrow columns of their spans."""

from decimal import Decimal
from typing import Final, NamedTuple

from masthead.model.ids import ProjectId
from masthead.model.usage import UsageBy, UsageRow
from masthead.store.traces.bind import Param
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.filters import hour_of
from masthead.store.traces.port import Bucket
from masthead.store.traces.stats import BUCKETS

_ALWAYS: Final = (1 << 63) - 1

# A call is one span; each of its tries is a span `attempt …` below it. FINAL leaves out what was sent twice. Shadow
# calls are asked for by themselves: nobody's answer came from them.
_USAGE = """
SELECT {start}, nullIf({group}, '') AS grouped, count() AS calls, countIf(is_error),
    countIf(cost_usd IS NULL AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)),
    countIf(cache NOT IN ('', 'miss')), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens),
    toString(sum(cost_usd) AS cost), quantilesExact(0.5, 0.95)((end_ns - start_ns) / 1e9),
    quantileExactOrNull(0.5)(first_chunk_s), quantileExactOrNull(0.95)(first_chunk_s),
    arraySort(groupUniqArrayIf(5)(toString(agent), agent != '')), max(start_ns)
FROM spans FINAL
PREWHERE project_id = {{project:String}} AND start_hour BETWEEN {{from_hour:UInt32}} AND {{to_hour:UInt32}}
WHERE scope_name = 'masthead.gateway' AND NOT startsWith(name, 'attempt ')
    AND is_shadow = {{is_shadow:Bool}} AND start_ns >= {{since_ns:Int64}} AND start_ns < {{until_ns:Int64}}
GROUP BY {bucket} AS bucket, grouped
ORDER BY bucket, cost DESC NULLS LAST, calls DESC, grouped
LIMIT {{limit:UInt32}}
"""
_GROUPS: Final[dict[UsageBy | None, str]] = {
    None: "''",
    "key": "toString(gateway_key)",
    "model": "toString(model)",
    "agent": "toString(agent)",
    "user": "user_id",
    "run": "lower(hex(run_id))",
    "connection": "toString(connection)",
}


class _Row(NamedTuple):
    start_ns: int
    group: str | None
    calls: int
    errors: int
    unpriced: int
    cache_hits: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cost_usd: Decimal | None
    latencies: tuple[float | None, float | None]
    first_chunk_p50_s: float | None
    first_chunk_p95_s: float | None
    agents: tuple[str, ...]
    last_ns: int


def usage(
    engine: Engine,
    project: ProjectId,
    *,
    since_ns: int | None,
    until_ns: int | None,
    by: UsageBy | None,
    bucket: Bucket,
    limit: int,
    of_shadows: bool,
) -> list[UsageRow]:
    """Return what was used, oldest bucket first, and within one the dearest first."""
    since_ns, until_ns = since_ns or 0, _ALWAYS if until_ns is None else until_ns
    sql = _USAGE.format(
        start="min(start_ns)" if bucket == "total" else "bucket", group=_GROUPS[by], bucket=BUCKETS[bucket]
    )
    params: dict[str, Param] = {
        "project": project,
        "from_hour": hour_of(since_ns),
        "to_hour": hour_of(until_ns),
        "since_ns": since_ns,
        "until_ns": until_ns,
        "limit": limit,
        "is_shadow": of_shadows,
    }
    return [_usage(row) for row in fetch(engine, _Row, sql, params)]


def _usage(row: _Row) -> UsageRow:
    return UsageRow(
        start_ns=row.start_ns,
        group=row.group,
        calls=row.calls,
        errors=row.errors,
        unpriced=row.unpriced,
        cache_hits=row.cache_hits,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cost_usd=row.cost_usd,
        latency_p50_s=row.latencies[0],
        latency_p95_s=row.latencies[1],
        first_chunk_p50_s=row.first_chunk_p50_s,
        first_chunk_p95_s=row.first_chunk_p95_s,
        agents=row.agents,
        last_ns=row.last_ns,
    )
