"""Remove rows for good: a run's, a project's, or those of every run of one end user.

Two steps: the rows are marked, and no query sees them again; then `purge` rewrites the parts that hold them, so that
they leave the disk. The first takes tenths of a second at a million spans, the second about 15 s of CPU; so several
erasures are purged together, by `upkeep`.

Nothing is appended while rows are marked (`Engine.rewriting`): what came before is gone with its summary, what comes
after counts alone. Another process on the same server may append in between; the next span of that run puts its summary
right.
"""

from collections.abc import Sequence

from masthead.model.ids import ProjectId, RunId
from masthead.model.run import Removed
from masthead.store.traces.bind import Param
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.hexadecimal import run_ids_of

_RUNS_AT_ONCE = 5_000
_TABLES = ("spans", "runs", "scores", "run_tags", "observations")

_CHOSEN = (
    "project_id = {project:String} AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))"
)
_ALL = "project_id = {project:String}"

_COUNT = """
SELECT
    (SELECT uniqExact(run_id) FROM runs WHERE {where}),
    (SELECT uniqExact(run_id, span_id) FROM spans WHERE {where}),
    (SELECT count() FROM scores FINAL WHERE {where})
"""

# What `DELETE FROM` does too, in words that the client of a server can put a format behind.
_DELETE = "ALTER TABLE {table} UPDATE _row_exists = 0 WHERE {where} SETTINGS mutations_sync = 2"

_BATCHES = "SELECT DISTINCT received_ns FROM spans WHERE {where}"
_OF_BATCHES = "project_id = {project:String} AND hasAny(batches, {batches:Array(Int64)})"

_MARKED = """
SELECT DISTINCT table
FROM system.parts
WHERE active AND database = currentDatabase() AND has_lightweight_delete
ORDER BY table
"""
_PURGE = "ALTER TABLE {table} APPLY DELETED MASK SETTINGS mutations_sync = 2"

_RUNS_OF_USER = """
SELECT DISTINCT lower(hex(run_id)) FROM spans WHERE project_id = {project:String} AND user_id = {user_id:String}
"""


def runs(engine: Engine, project: ProjectId, run_ids: Sequence[RunId]) -> Removed:
    """Remove these runs of the project."""
    with engine.rewriting:
        return _runs(engine, project, run_ids)


def everything(engine: Engine, project: ProjectId) -> Removed:
    """Remove all that the project has here."""
    with engine.rewriting:
        removed = _remove(engine, _ALL, {"project": project})
        engine.query(_DELETE.format(table="retention", where=_ALL), {"project": project})
    return removed


def runs_of_user(engine: Engine, project: ProjectId, user_id: str) -> set[RunId]:
    """Return every run in which this end user took part."""
    found = fetch(engine, tuple[str], _RUNS_OF_USER, {"project": project, "user_id": user_id})
    return {RunId(run_id) for (run_id,) in found}


def purge(engine: Engine) -> bool:
    """Take marked rows off the disk, whoever marked them; False where there are none.

    The old parts leave the disk within seconds after this returns.
    """
    tables = [table for (table,) in fetch(engine, tuple[str], _MARKED, {})]
    for table in tables:
        engine.query(_PURGE.format(table=table), {})
    return bool(tables)


def _runs(engine: Engine, project: ProjectId, run_ids: Sequence[RunId]) -> Removed:
    removed = Removed(0, 0, 0)
    chosen = run_ids_of(run_ids)
    for at in range(0, len(chosen), _RUNS_AT_ONCE):
        params: dict[str, Param] = {"project": project, "run_ids": chosen[at : at + _RUNS_AT_ONCE]}
        part = _remove(engine, _CHOSEN, params)
        removed = Removed(removed.runs + part.runs, removed.spans + part.spans, removed.scores + part.scores)
    return removed


def _remove(engine: Engine, where: str, params: dict[str, Param]) -> Removed:
    removed = Removed(*fetch(engine, tuple[int, int, int], _COUNT.format(where=where), params)[0])
    engine.erased()
    batches = [batch for (batch,) in fetch(engine, tuple[int], _BATCHES.format(where=where), params)]
    if batches:
        engine.query(_DELETE.format(table="words", where=_OF_BATCHES), params | {"batches": batches})
    for table in _TABLES:
        engine.query(_DELETE.format(table=table, where=where), params)
    return removed
