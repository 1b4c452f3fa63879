"""Spans as Parquet, written by ClickHouse itself."""

from collections.abc import Iterator

from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter
from masthead.store.traces.engine import Engine
from masthead.store.traces.filters import where

_PARQUET = """
SELECT lower(hex(run_id)) AS run_id, lower(hex(span_id)) AS span_id,
    nullIf(lower(hex(parent_span_id)), '0000000000000000') AS parent_span_id,
    fromUnixTimestamp64Nano(start_ns, 'UTC') AS start, fromUnixTimestamp64Nano(end_ns, 'UTC') AS end,
    toString(name) AS name, kind, status, nullIf(status_message, '') AS status_message,
    toString(operation) AS operation, nullIf(toString(agent_id), '') AS agent_id,
    nullIf(toString(agent), '') AS agent, nullIf(toString(model), '') AS model,
    nullIf(toString(provider), '') AS provider, nullIf(toString(tool), '') AS tool, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd,
    nullIf(toString(price_version), '') AS price_version, nullIf(session_id, '') AS session_id,
    nullIf(user_id, '') AS user_id, nullIf(task, '') AS task, nullIf(toString(system), '') AS system,
    nullIf(toString(outcome), '') AS outcome, nullIf(toString(scope_name), '') AS scope_name,
    nullIf(toString(scope_version), '') AS scope_version, attributes, nullIf(events, '') AS events,
    nullIf(links, '') AS links, resource
FROM spans FINAL
WHERE project_id = {{project:String}} AND run_id IN (SELECT run_id FROM runs FINAL WHERE {where})
SETTINGS prefer_column_name_to_alias = 1, max_threads = 1, max_block_size = 1024,
    output_format_parquet_row_group_size = 20000
"""


def parquet(engine: Engine, project: ProjectId, chosen: RunFilter) -> Iterator[bytes]:
    """Yield a Parquet file, one row a span; JSON columns are text."""
    conditions, params = where(project, chosen)
    return engine.stream(_PARQUET.format(where=conditions), params, output="Parquet")
