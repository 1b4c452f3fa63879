"""Tags that people put on runs. They lie over those of the spans: what was taken off is hidden."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from masthead.model.ids import ProjectId, RunId
from masthead.model.run import RunRow
from masthead.store.traces import native
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.hexadecimal import is_run_id, run_ids_of
from masthead.store.traces.retention import kept_until

HAS_TAG: Final = """(
    has(tags, {tag:String}) AND run_id NOT IN (
        SELECT run_id FROM run_tags FINAL
        WHERE project_id = {project:String} AND tag = {tag:String} AND NOT is_set
    ) OR run_id IN (
        SELECT run_id FROM run_tags FINAL
        WHERE project_id = {project:String} AND tag = {tag:String} AND is_set
    )
)"""
"""The condition on a run's summary that it carries a tag now."""

BY_PEOPLE: Final = """
LEFT JOIN (
    SELECT run_id, groupArrayIf(tag, is_set) AS tags_set, groupArrayIf(tag, NOT is_set) AS tags_taken
    FROM run_tags FINAL
    WHERE project_id = {project:String}
    GROUP BY run_id
) AS by_people USING (run_id)
"""
"""Joins what people said to the runs of a query, for `TAGS`."""

TAGS: Final = """arrayDistinct(arrayConcat(
    arrayFilter(x -> NOT has(tags_taken, x), arrayMap(x -> toString(x), tags)), tags_set
))"""
"""The tags that a run carries now."""

_OVER = """
SELECT lower(hex(run_id)), groupArrayIf(tag, is_set), groupArrayIf(tag, NOT is_set)
FROM run_tags FINAL
WHERE project_id = {project:String} AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
GROUP BY run_id
"""


class _Over(NamedTuple):
    run_id: RunId
    are_set: frozenset[str]
    are_taken: frozenset[str]


def laid_over(engine: Engine, project: ProjectId, rows: Sequence[RunRow]) -> list[RunRow]:
    """Return the rows with the tags that they carry now."""
    if not rows:
        return []
    params = {"project": project, "run_ids": run_ids_of([row.run_id for row in rows])}
    by_run = {over.run_id: over for over in fetch(engine, _Over, _OVER, params)}
    return [_with(row, by_run[row.run_id]) if row.run_id in by_run else row for row in rows]


def _with(row: RunRow, over: _Over) -> RunRow:
    return replace(row, tags=tuple(sorted((frozenset(row.tags) - over.are_taken) | over.are_set)))


def put(
    engine: Engine, project: ProjectId, run_ids: Sequence[RunId], changes: Mapping[str, bool], *, time_ns: int
) -> None:
    """Put tags on these runs (True) or take them off (False); the later word counts."""
    ids = [run_id for run_id in dict.fromkeys(run_ids) if is_run_id(run_id)]
    rows = [(run_id, tag, is_set) for run_id in ids for tag, is_set in sorted(changes.items())]
    if not rows:
        return
    until = kept_until(engine, {project})[project]
    block = native.block(
        len(rows),
        (
            ("project_id", "String", native.words([project] * len(rows))),
            ("run_id", "FixedString(16)", native.fixed([bytes.fromhex(run_id) for run_id, _, _ in rows])),
            ("tag", "String", native.words([tag for _, tag, _ in rows])),
            ("is_set", "Bool", native.uint8s([is_set for _, _, is_set in rows])),
            ("time_ns", "Int64", native.int64s([time_ns] * len(rows))),
            ("kept_until", "DateTime('UTC')", native.uint32s([until] * len(rows))),
        ),
    )
    engine.insert("run_tags", block, token=hashlib.blake2b(block, digest_size=16).hexdigest())
