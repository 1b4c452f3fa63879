"""Diagnosed runs in narrow rows: written by a diagnosis, read by everything that looks at many runs."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from masthead.model.conversation import EndingKind
from masthead.model.diagnosis import Spending
from masthead.model.ids import AgentId, Code, ProjectId, RunId
from masthead.model.observation import Coverage, Observation, StoredObservation
from masthead.model.run import RunFilter
from masthead.store.traces import native
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.filters import where
from masthead.store.traces.hexadecimal import run_ids_of
from masthead.store.traces.retention import kept_until

_COLUMNS = """
    lower(hex(run_id)), task_id, task, system, is_success, ending, agents, models, tags, metadata, day, codes, reasons,
    origin_agent, origin_turn, origin_confidence, origin_because, total_turns, total_input_tokens, total_output_tokens,
    toString(total_usd), total_seconds, after_turns, after_input_tokens, after_output_tokens, toString(after_usd),
    after_seconds, share_lost
"""
_LIST = """
SELECT {columns}
FROM observations FINAL
INNER JOIN (SELECT run_id, start_ns FROM runs FINAL WHERE {where}) AS chosen USING (run_id)
WHERE project_id = {{project:String}}
ORDER BY chosen.start_ns DESC, run_id DESC
LIMIT {{limit:UInt32}}
"""
_OF_RUNS = f"""
SELECT {_COLUMNS}
FROM observations FINAL
WHERE project_id = {{project:String}}
    AND run_id IN (SELECT toFixedString(unhex(arrayJoin({{run_ids:Array(String)}})), 16))
"""  # noqa: S608 - the columns are a constant of this module
# A row holds where the run has no more spans than it was made from, and no later verdict of a judge or a person.
_STATE = """
SELECT run_id, start_ns, is_diagnosed, is_diagnosed AND version = {{version:String}} AND made_from = spans
    AND seen_ns >= verdict_ns AS is_current
FROM (SELECT run_id, start_ns, spans FROM runs FINAL WHERE {where}) AS chosen
LEFT JOIN (
    SELECT run_id, version, spans AS made_from, verdict_ns AS seen_ns, true AS is_diagnosed
    FROM observations FINAL WHERE project_id = {{project:String}}
) AS made USING (run_id)
LEFT JOIN (
    SELECT run_id, max(time_ns) AS verdict_ns FROM scores
    WHERE project_id = {{project:String}} AND source != 'code' GROUP BY run_id
) AS judged USING (run_id)
"""
_COVERAGE = "SELECT count(), countIf(is_diagnosed), countIf(is_current) FROM ({state})"
_DUE = """
SELECT lower(hex(run_id)) FROM ({state}) WHERE NOT is_current
ORDER BY start_ns DESC, run_id DESC
LIMIT {{limit:UInt32}}
"""


class _Row(NamedTuple):
    run_id: RunId
    task_id: str | None
    task: str | None
    system: str | None
    is_success: bool | None
    ending: EndingKind
    agents: tuple[AgentId, ...]
    models: tuple[str, ...]
    tags: tuple[str, ...]
    metadata: dict[str, str]
    day: int | None
    codes: tuple[Code, ...]
    reasons: tuple[str, ...]
    origin_agent: AgentId | None
    origin_turn: int | None
    origin_confidence: float | None
    origin_because: str | None
    total_turns: int
    total_input_tokens: int | None
    total_output_tokens: int | None
    total_usd: Decimal | None
    total_seconds: float | None
    after_turns: int | None
    after_input_tokens: int | None
    after_output_tokens: int | None
    after_usd: Decimal | None
    after_seconds: float | None
    share_lost: float | None


def listed(engine: Engine, project: ProjectId, chosen: RunFilter, *, limit: int) -> list[Observation]:
    """Return those of the chosen runs that are diagnosed, the latest started first."""
    conditions, params = where(project, chosen)
    params["limit"] = limit
    return [_observation(row) for row in fetch(engine, _Row, _LIST.format(columns=_COLUMNS, where=conditions), params)]


def of_runs(engine: Engine, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, Observation]:
    """Return those of the named runs that are diagnosed."""
    rows = fetch(engine, _Row, _OF_RUNS, {"project": project, "run_ids": run_ids_of(run_ids)})
    return {row.run_id: _observation(row) for row in rows}


def coverage(engine: Engine, project: ProjectId, chosen: RunFilter, *, version: str) -> Coverage:
    """Count the chosen runs, those with a diagnosis, and those whose diagnosis by this version still holds."""
    conditions, params = where(project, chosen)
    sql = _COVERAGE.format(state=_STATE.format(where=conditions))
    runs, diagnosed, current = fetch(engine, tuple[int, int, int], sql, {**params, "version": version})[0]
    return Coverage(runs=runs, diagnosed=diagnosed, current=current)


def due(engine: Engine, project: ProjectId, chosen: RunFilter, *, version: str, limit: int) -> list[RunId]:
    """Return those of the chosen runs that have no diagnosis that still holds, the latest started first."""
    conditions, params = where(project, chosen)
    sql = _DUE.format(state=_STATE.format(where=conditions))
    return [
        RunId(run_id) for (run_id,) in fetch(engine, tuple[str], sql, {**params, "version": version, "limit": limit})
    ]


def _observation(row: _Row) -> Observation:
    after = None
    if row.after_turns is not None:
        after = Spending(
            turns=row.after_turns,
            input_tokens=row.after_input_tokens,
            output_tokens=row.after_output_tokens,
            cost_usd=row.after_usd,
            seconds=row.after_seconds,
        )
    return Observation(
        run_id=row.run_id,
        task_id=row.task_id,
        task=row.task,
        system=row.system,
        is_success=row.is_success,
        ending=row.ending,
        agents=row.agents,
        models=row.models,
        tags=row.tags,
        metadata=row.metadata,
        day=row.day,
        codes=row.codes,
        reasons=dict(zip(row.codes, row.reasons, strict=True)),
        origin_agent=row.origin_agent,
        origin_turn=row.origin_turn,
        origin_confidence=row.origin_confidence,
        origin_because=row.origin_because,
        total=Spending(
            turns=row.total_turns,
            input_tokens=row.total_input_tokens,
            output_tokens=row.total_output_tokens,
            cost_usd=row.total_usd,
            seconds=row.total_seconds,
        ),
        after=after,
        share_lost=row.share_lost,
    )


def add(engine: Engine, project: ProjectId, rows: Sequence[StoredObservation]) -> None:
    """Write rows durably; each takes the place of the run's row before."""
    if not rows:
        return
    until = kept_until(engine, {project})[project]
    runs = [row.run for row in rows]
    block = native.block(
        len(rows),
        (
            ("project_id", "String", native.words([project] * len(rows))),
            ("run_id", "FixedString(16)", native.fixed([bytes.fromhex(run.run_id) for run in runs])),
            ("time_ns", "Int64", native.int64s([row.time_ns for row in rows])),
            ("version", "String", native.words([row.version for row in rows])),
            ("spans", "UInt32", native.uint32s([row.spans for row in rows])),
            ("verdict_ns", "Int64", native.int64s([row.verdict_ns for row in rows])),
            *_about(runs),
            *_found(runs),
            *_spent("total", [run.total for run in runs]),
            *_spent("after", [run.after for run in runs]),
            ("share_lost", "Nullable(Float64)", native.nullable_float64s([run.share_lost for run in runs])),
            ("kept_until", "DateTime('UTC')", native.uint32s([until] * len(rows))),
        ),
    )
    engine.insert("observations", block, token=hashlib.blake2b(block, digest_size=16).hexdigest())


_Column = tuple[str, str, bytes]


def _about(runs: Sequence[Observation]) -> tuple[_Column, ...]:
    return (
        ("task_id", "Nullable(String)", native.nullable_words([run.task_id for run in runs])),
        ("task", "Nullable(String)", native.nullable_words([run.task for run in runs])),
        ("system", "Nullable(String)", native.nullable_words([run.system for run in runs])),
        ("is_success", "Nullable(Bool)", native.nullable_bools([run.is_success for run in runs])),
        ("ending", "String", native.words([run.ending.value for run in runs])),
        ("agents", "Array(String)", native.word_lists([run.agents for run in runs])),
        ("models", "Array(String)", native.word_lists([run.models for run in runs])),
        ("tags", "Array(String)", native.word_lists([run.tags for run in runs])),
        ("metadata", "Map(String, String)", native.word_maps([dict(run.metadata) for run in runs])),
        ("day", "Nullable(Int64)", native.nullable_int64s([run.day for run in runs])),
    )


def _found(runs: Sequence[Observation]) -> tuple[_Column, ...]:
    reasons = [[run.reasons.get(code, "") for code in run.codes] for run in runs]
    return (
        ("codes", "Array(String)", native.word_lists([run.codes for run in runs])),
        ("reasons", "Array(String)", native.word_lists(reasons)),
        ("origin_agent", "Nullable(String)", native.nullable_words([run.origin_agent for run in runs])),
        ("origin_turn", "Nullable(Int64)", native.nullable_int64s([run.origin_turn for run in runs])),
        ("origin_confidence", "Nullable(Float64)", native.nullable_float64s([run.origin_confidence for run in runs])),
        ("origin_because", "Nullable(String)", native.nullable_words([run.origin_because for run in runs])),
    )


def _spent(name: str, spent: Sequence[Spending | None]) -> tuple[_Column, ...]:
    turns = [each.turns if each else None for each in spent]
    return (
        (f"{name}_turns", "Nullable(Int64)", native.nullable_int64s(turns))
        if name == "after"
        else (f"{name}_turns", "Int64", native.int64s([count or 0 for count in turns])),
        *(
            (f"{name}_{kind}", "Nullable(Int64)", native.nullable_int64s([getattr(each, kind, None) for each in spent]))
            for kind in ("input_tokens", "output_tokens")
        ),
        (
            f"{name}_usd",
            "Nullable(Decimal(38, 12))",
            native.nullable_costs([each.cost_usd if each else None for each in spent]),
        ),
        (
            f"{name}_seconds",
            "Nullable(Float64)",
            native.nullable_float64s([each.seconds if each else None for each in spent]),
        ),
    )
