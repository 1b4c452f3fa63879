"""The spans of a run: whole, a page at a time, or narrow."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.run import Page, SpanSummary
from masthead.model.span import Span, SpanEvent, SpanKind, SpanLink, SpanStatus
from masthead.store.traces.bind import Param
from masthead.store.traces.cursors import Place, place_of
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.hexadecimal import is_run_id, is_span_id, run_ids_of

KINDS: Final[tuple[SpanKind, ...]] = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES: Final[tuple[SpanStatus, ...]] = ("unset", "ok", "error")
_ROOT: Final = "0" * 16

# The summary knows the hours of the run, so that only its stretch of the sorted table is read. Asked first rather than
# in subqueries, it costs half; one thread is quicker than two for so few rows.
_HOURS = """
SELECT intDiv(min(start_ns), 3600000000000), intDiv(max(end_ns), 3600000000000)
FROM runs
WHERE project_id = {project:String} AND run_id = toFixedString(unhex({run_id:String}), 16)
HAVING count() > 0
SETTINGS max_threads = 1
"""
_RUN = """
project_id = {project:String}
AND start_hour BETWEEN {from_hour:UInt32} AND {to_hour:UInt32}
AND run_id = toFixedString(unhex({run_id:String}), 16)
"""
_AFTER = " AND (start_ns, span_id) > ({at_ns:Int64}, toFixedString(unhex({after:String}), 8))"
_ONE = " AND span_id = toFixedString(unhex({span_id:String}), 8)"
_RUNS = """
project_id = {project:String}
AND start_hour BETWEEN
    (SELECT intDiv(min(start_ns), 3600000000000) FROM runs WHERE project_id = {project:String}
        AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16)))
    AND (SELECT intDiv(max(end_ns), 3600000000000) FROM runs WHERE project_id = {project:String}
        AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16)))
AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
ORDER BY run_id, start_ns, span_id, received_ns DESC
LIMIT 1 BY run_id, span_id
"""
_ORDER = """
ORDER BY start_ns, span_id, received_ns DESC
LIMIT 1 BY span_id
"""
_LIMIT = "LIMIT {limit:UInt32}"
_ONE_THREAD = "\nSETTINGS max_threads = 1"

_WHOLE = """
SELECT lower(hex(run_id)), lower(hex(span_id)), lower(hex(parent_span_id)), name, kind, start_ns, end_ns, status,
    nullIf(status_message, ''), attributes, events, links, resource, nullIf(toString(scope_name), ''),
    nullIf(toString(scope_version), ''), toString(cost_usd), nullIf(toString(price_version), '')
FROM spans
WHERE
"""

_NARROW = """
SELECT lower(hex(span_id)), lower(hex(parent_span_id)), name, kind, start_ns, end_ns, status,
    nullIf(status_message, ''), toString(operation), nullIf(toString(agent_id), ''), nullIf(toString(agent), ''),
    nullIf(toString(model), ''), nullIf(toString(tool), ''), input_tokens, output_tokens, toString(cost_usd)
FROM spans
WHERE
"""


class _Whole(NamedTuple):
    run_id: RunId
    span_id: SpanId
    parent_span_id: SpanId
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    status_message: str | None
    attributes: str
    events: str
    links: str
    resource: str
    scope_name: str | None
    scope_version: str | None
    cost_usd: Decimal | None
    price_version: str | None


class _Narrow(NamedTuple):
    span_id: SpanId
    parent_span_id: SpanId
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    status_message: str | None
    operation: str
    agent_id: str | None
    agent: str | None
    model: str | None
    tool_name: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None


T = TypeVar("T")


def _of_run(engine: Engine, row: type[T], select: str, more: str, params: dict[str, Param]) -> list[T]:
    """Return rows of the run that `params` names; none where it names no run."""
    if not is_run_id(str(params["run_id"])):
        return []
    hours = fetch(engine, tuple[int, int], _HOURS, params)
    if not hours:
        return []
    params = params | {"from_hour": max(0, hours[0][0]), "to_hour": max(0, hours[0][1])}
    return fetch(engine, row, select + _RUN + more + _ONE_THREAD, params)


def all_of(engine: Engine, project: ProjectId, run_id: RunId) -> list[Span]:
    """Return the run's spans in order of start, each once."""
    params: dict[str, Param] = {"project": project, "run_id": run_id}
    return [_span(run_id, row) for row in _of_run(engine, _Whole, _WHOLE, _ORDER, params)]


def all_of_runs(engine: Engine, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, list[Span]]:
    """Return the spans of several runs, each run's in order of start, each once; runs without spans are left out."""
    found: dict[RunId, list[Span]] = {}
    known = run_ids_of(run_ids)
    if known:
        for row in fetch(engine, _Whole, _WHOLE + _RUNS, {"project": project, "run_ids": known}):
            found.setdefault(row.run_id, []).append(_span(row.run_id, row))
    return found


def one(engine: Engine, project: ProjectId, run_id: RunId, span_id: SpanId) -> Span | None:
    """Return one span of a run, or None."""
    if not is_span_id(span_id):
        return None
    params: dict[str, Param] = {"project": project, "run_id": run_id, "span_id": span_id}
    rows = _of_run(engine, _Whole, _WHOLE, _ONE + _ORDER, params)
    return _span(run_id, rows[0]) if rows else None


def page(engine: Engine, project: ProjectId, run_id: RunId, *, limit: int, cursor: str | None) -> Page[Span]:
    """Return the run's spans a page at a time, in order of start."""
    after, params = _after(project, run_id, limit, cursor)
    rows = _of_run(engine, _Whole, _WHOLE, after + _ORDER + _LIMIT, params)
    return Page([_span(run_id, row) for row in rows[:limit]], _cursor(rows, limit))


def summaries(
    engine: Engine, project: ProjectId, run_id: RunId, *, limit: int, cursor: str | None
) -> Page[SpanSummary]:
    """Return the run's spans in order of start, without their bodies."""
    after, params = _after(project, run_id, limit, cursor)
    rows = _of_run(engine, _Narrow, _NARROW, after + _ORDER + _LIMIT, params)
    return Page([_summary(row) for row in rows[:limit]], _cursor(rows, limit))


def _after(project: ProjectId, run_id: RunId, limit: int, cursor: str | None) -> tuple[str, dict[str, Param]]:
    params: dict[str, Param] = {"project": project, "run_id": run_id, "limit": limit + 1}
    if cursor is None:
        return "", params
    place = place_of(cursor)
    return _AFTER, params | {"at_ns": place.time_ns, "after": place.span_id()}


def _cursor(rows: list[_Whole] | list[_Narrow], limit: int) -> str | None:
    if len(rows) <= limit or limit == 0:
        return None
    last = rows[limit - 1]
    return Place(last.start_ns, last.span_id).text()


def _parent(span_id: SpanId) -> SpanId | None:
    return None if span_id == _ROOT else span_id


def _span(run_id: RunId, row: _Whole) -> Span:
    return Span(
        trace_id=run_id,
        span_id=row.span_id,
        parent_span_id=_parent(row.parent_span_id),
        name=row.name,
        kind=KINDS[row.kind],
        start_ns=row.start_ns,
        end_ns=row.end_ns,
        status=STATUSES[row.status],
        status_message=row.status_message,
        attributes=orjson.loads(row.attributes or "{}"),
        events=tuple(SpanEvent(**event) for event in orjson.loads(row.events or "[]")),
        links=tuple(SpanLink(**link) for link in orjson.loads(row.links or "[]")),
        resource=orjson.loads(row.resource or "{}"),
        scope_name=row.scope_name,
        scope_version=row.scope_version,
        cost_usd=row.cost_usd,
        price_version=row.price_version,
    )


def _summary(row: _Narrow) -> SpanSummary:
    fields: dict[str, Any] = row._asdict() | {
        "parent_span_id": _parent(row.parent_span_id),
        "kind": KINDS[row.kind],
        "status": STATUSES[row.status],
    }
    return SpanSummary(**fields)
