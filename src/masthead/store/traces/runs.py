"""Lists of runs, one run's row, and which ids are runs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from masthead.model.ids import ProjectId, RunId
from masthead.model.run import Outcome, Page, RunFilter, RunRow
from masthead.store.traces.bind import Params
from masthead.store.traces.cursors import Place, place_of
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.filters import where
from masthead.store.traces.hexadecimal import is_run_id, run_ids_of
from masthead.store.traces.tags import laid_over

_COLUMNS = """
    lower(hex(run_id)), name, nullIf(toString(system), ''), nullIf(task, ''), start_ns, end_ns,
    duration_ns / 1e9, nullIf(toString(outcome), ''), spans, llm_calls, tool_calls, errors, agents, models,
    input_tokens, output_tokens, toString(cost_usd), nullIf(session_id, ''), nullIf(user_id, ''), tags, metadata
"""

# The latest ids are chosen from four narrow columns; only their rows are read whole.
_LIST = """
SELECT {columns}
FROM runs FINAL
WHERE project_id = {{project:String}} AND run_id IN (
    SELECT run_id FROM runs FINAL WHERE {where} ORDER BY start_ns DESC, run_id DESC LIMIT {{limit:UInt32}}
)
ORDER BY start_ns DESC, run_id DESC
"""
_AFTER = " AND (start_ns, run_id) < ({at_ns:Int64}, toFixedString(unhex({after:String}), 16))"

_ONE = f"""
SELECT {_COLUMNS}
FROM runs FINAL
WHERE project_id = {{project:String}} AND run_id = toFixedString(unhex({{run_id:String}}), 16)
"""  # noqa: S608 - the columns are a constant of this module

_EXISTING = """
SELECT DISTINCT lower(hex(run_id))
FROM runs
WHERE project_id = {project:String} AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
"""

_SPAN_COUNTS = """
SELECT lower(hex(run_id)), spans
FROM runs FINAL
WHERE project_id = {project:String} AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
"""


class _Row(NamedTuple):
    run_id: RunId
    name: str
    system: str | None
    task: str | None
    start_ns: int
    end_ns: int
    duration_s: float | None
    outcome: Outcome | None
    spans: int
    llm_calls: int
    tool_calls: int
    errors: int
    agents: tuple[str, ...]
    models: tuple[str, ...]
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    session_id: str | None
    user_id: str | None
    tags: tuple[str, ...]
    metadata: dict[str, str]


def page(engine: Engine, project: ProjectId, chosen: RunFilter, *, limit: int, cursor: str | None) -> Page[RunRow]:
    """Return the chosen runs, the latest started first."""
    conditions, params = where(project, chosen)
    if cursor is not None:
        place = place_of(cursor)
        conditions += _AFTER
        params |= {"at_ns": place.time_ns, "after": place.run_id()}
    params["limit"] = limit + 1
    rows = _rows(engine, _LIST.format(columns=_COLUMNS, where=conditions), params)
    more = len(rows) > limit
    items = laid_over(engine, project, rows[:limit])
    return Page(items, Place(items[-1].start_ns, items[-1].run_id).text() if more and items else None)


def one(engine: Engine, project: ProjectId, run_id: RunId) -> RunRow | None:
    """Return one run's row, or None."""
    if not is_run_id(run_id):
        return None
    rows = _rows(engine, _ONE, {"project": project, "run_id": run_id})
    return laid_over(engine, project, rows)[0] if rows else None


def existing(engine: Engine, project: ProjectId, run_ids: Sequence[RunId]) -> set[RunId]:
    """Return those of the ids that are runs of this project."""
    found = fetch(engine, tuple[str], _EXISTING, {"project": project, "run_ids": run_ids_of(run_ids)})
    return {RunId(run_id) for (run_id,) in found}


def span_counts(engine: Engine, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, int]:
    """Return how many spans each of those of the ids has that are runs of this project."""
    params: Params = {"project": project, "run_ids": run_ids_of(run_ids)}
    return {RunId(run_id): spans for run_id, spans in fetch(engine, tuple[str, int], _SPAN_COUNTS, params)}


def _rows(engine: Engine, sql: str, params: Params) -> list[RunRow]:
    return [RunRow(**row._asdict()) for row in fetch(engine, _Row, sql, params)]
