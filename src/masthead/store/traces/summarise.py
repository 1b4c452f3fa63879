"""Compute run summaries from the stored spans, each read once however often it was sent.

A sum kept up by a materialized view would count a repeated span again (docs/decisions/002-spans-in-two-tables.md).
`summary` computes the same in memory; the tests hold the two together.
"""

from collections.abc import Sequence
from typing import NamedTuple

from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.filters import hour_of
from masthead.store.traces.rows import SpanRow

_KNOWN = """
SELECT min(start_ns), max(end_ns), count()
FROM runs
WHERE project_id = {project:String} AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
"""

# Tokens and costs are those of model calls; only a run that has none there takes what its other spans say, because
# several conventions repeat the sum of the calls on the agent's span.
_SUMMARISE = """
INSERT INTO runs
SELECT
    project_id,
    run_id,
    argMin(name, first),
    argMinIf(system, system_place, system != ''),
    argMinIf(task, task_place, task != ''),
    min(started_ns),
    max(ended_ns),
    if(min(is_dated), max(ended_ns) - min(started_ns), NULL),
    multiIf(max(outcome) != '', argMinIf(outcome, outcome_place, outcome != ''),
            min(first).1 = 0 AND argMin(is_first_error, first), 'error', ''),
    sum(spans),
    sum(llm_calls),
    sum(tool_calls),
    sum(errors),
    arraySort(groupUniqArrayIf(agent, agent != '')),
    arraySort(groupUniqArrayIf(model, model != '')),
    coalesce(sum(input_tokens), sum(other_input_tokens)),
    coalesce(sum(output_tokens), sum(other_output_tokens)),
    coalesce(sum(cost_usd), sum(other_cost_usd)),
    argMinIf(session_id, session_place, session_id != ''),
    argMinIf(user_id, user_place, user_id != ''),
    arraySort(groupUniqArrayArray(tags)),
    argMin(metadata, metadata_place),
    arraySort(groupArray((agent, model, spans, llm_calls, errors, unpriced, input_tokens, output_tokens, cost_usd))),
    max(received_ns),
    max(kept_until)
FROM (
    SELECT
        project_id,
        run_id,
        agent,
        model,
        min(place) AS first,
        argMin(name, place) AS name,
        argMin(is_error, place) AS is_first_error,
        argMinIf(system, place, system != '') AS system,
        minIf(place, system != '') AS system_place,
        argMinIf(task, place, task != '') AS task,
        minIf(place, task != '') AS task_place,
        min(start_ns) AS started_ns,
        greatest(max(end_ns), max(start_ns)) AS ended_ns,
        min(is_dated) AS is_dated,
        argMinIf(outcome, place, outcome != '') AS outcome,
        minIf(place, outcome != '') AS outcome_place,
        count() AS spans,
        countIf(operation = 'llm') AS llm_calls,
        countIf(operation = 'tool') AS tool_calls,
        countIf(is_error) AS errors,
        countIf(is_call AND cost_usd IS NULL AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)) AS unpriced,
        sumIf(input_tokens, is_call) AS input_tokens,
        sumIf(output_tokens, is_call) AS output_tokens,
        sumIf(cost_usd, is_call) AS cost_usd,
        sumIf(input_tokens, NOT is_call) AS other_input_tokens,
        sumIf(output_tokens, NOT is_call) AS other_output_tokens,
        sumIf(cost_usd, NOT is_call) AS other_cost_usd,
        argMinIf(session_id, place, session_id != '') AS session_id,
        minIf(place, session_id != '') AS session_place,
        argMinIf(user_id, place, user_id != '') AS user_id,
        minIf(place, user_id != '') AS user_place,
        groupUniqArrayArray(tags) AS tags,
        argMin(metadata, (empty(metadata), place)) AS metadata,
        min((empty(metadata), place)) AS metadata_place,
        max(received_ns) AS received_ns,
        max(kept_until) AS kept_until
    FROM (
        SELECT
            project_id, run_id, start_ns, end_ns, is_dated, name, is_error, operation, agent, model, input_tokens,
            output_tokens, cost_usd, session_id, user_id, tags, metadata, task, system, outcome, received_ns,
            kept_until,
            operation IN ('llm', 'embedding') AS is_call,
            (parent_span_id != toFixedString(unhex('0000000000000000'), 8), start_ns, span_id) AS place
        FROM spans
        WHERE project_id = {project:String}
            AND start_hour BETWEEN {from_hour:UInt32} AND {to_hour:UInt32}
            AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
        ORDER BY received_ns DESC
        LIMIT 1 BY run_id, span_id
    )
    GROUP BY project_id, run_id, agent, model
)
GROUP BY project_id, run_id
SETTINGS prefer_column_name_to_alias = 1
"""


class Touched(NamedTuple):
    """A run, and the spans of it that were just appended."""

    project: str
    run_id: bytes
    spans: Sequence[SpanRow]


def summarise(engine: Engine, touched: Sequence[Touched]) -> None:
    """Compute the summaries of these runs from all their spans, and store them."""
    for project in sorted({run.project for run in touched}):
        here = [run for run in touched if run.project == project]
        starts = [span.start_ns for run in here for span in run.spans]
        run_ids = [run.run_id.hex() for run in here]
        known = fetch(engine, tuple[int, int, int], _KNOWN, {"project": project, "run_ids": run_ids})
        if known[0][2]:
            starts += known[0][:2]
        hours = {"from_hour": hour_of(min(starts)), "to_hour": hour_of(max(starts))}
        engine.query(_SUMMARISE, {"project": project, "run_ids": run_ids, **hours})
