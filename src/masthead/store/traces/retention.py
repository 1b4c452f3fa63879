"""How long rows are kept: each carries the second at which ClickHouse's TTL removes it."""

from collections.abc import Collection

from masthead.model.ids import ProjectId
from masthead.store.traces.engine import Engine, fetch

FOR_EVER_S = 4_294_967_295
"""The last second that `DateTime` can hold: 2106-02-07."""

_KEPT_UNTIL = """
SELECT project_id, toUnixTimestamp(now()) + days * 86400
FROM retention FINAL
WHERE project_id IN {projects:Array(String)} AND days > 0
"""
# A time of 0 says that rows stored before may still have another date.
_FORGET = """
ALTER TABLE retention DELETE WHERE project_id = {project:String} SETTINGS mutations_sync = 2
"""
_BEGIN = """
INSERT INTO retention SELECT {project:String}, {days:UInt32}, 0
"""
_DONE = """
INSERT INTO retention SELECT {project:String}, {days:UInt32}, toUnixTimestamp64Nano(now64(9))
"""
_DONE_DAYS = """
SELECT days
FROM retention FINAL
WHERE project_id = {project:String} AND changed_ns > 0
"""
_STORED_S = {
    "spans": "intDiv(received_ns, 1000000000)",
    "runs": "intDiv(received_ns, 1000000000)",
    "scores": "intDiv(time_ns, 1000000000)",
    "run_tags": "intDiv(time_ns, 1000000000)",
    "observations": "intDiv(time_ns, 1000000000)",
    "words": "intDiv(arrayMin(batches), 1000000000)",
}
_UNTIL = """
toDateTime(if({{days:UInt32}} = 0, 4294967295, least(4294967295, {stored_s} + {{days:UInt32}} * 86400)), 'UTC')
""".strip()
_REDATE = """
ALTER TABLE {table} UPDATE kept_until = {until}
WHERE project_id = {{project:String}} AND kept_until != {until}
SETTINGS mutations_sync = 2
"""
_EXPIRE = """
ALTER TABLE {table} DELETE WHERE project_id = {{project:String}} AND kept_until < now() SETTINGS mutations_sync = 2
"""


def kept_until(engine: Engine, projects: Collection[str]) -> dict[str, int]:
    """Return, for each project, the Unix second until which a row stored now is kept."""
    limited = dict(fetch(engine, tuple[str, int], _KEPT_UNTIL, {"projects": sorted(projects)}))
    return {project: min(limited.get(project, FOR_EVER_S), FOR_EVER_S) for project in projects}


def keep(engine: Engine, project: ProjectId, days: int | None) -> None:
    """Keep rows for `days` after they were stored; what is older goes now. Nothing to do where it is so already."""
    params = {"project": project, "days": days or 0}
    with engine.rewriting:
        if fetch(engine, tuple[int], _DONE_DAYS, {"project": project}) == [(days or 0,)]:
            return
        engine.erased()
        engine.query(_FORGET, {"project": project})
        engine.query(_BEGIN, params)
        for table, stored_s in _STORED_S.items():
            until = _UNTIL.format(stored_s=stored_s)
            engine.query(_REDATE.format(table=table, until=until), params)
            engine.query(_EXPIRE.format(table=table), {"project": project})
        engine.query(_DONE, params)
