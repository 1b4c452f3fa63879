"""Scores: written as they come, read so that the last verdict of an evaluator on a subject counts."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from masthead.model.errors import InvalidInput
from masthead.model.ids import AgentId, EvaluatorId, ProjectId, RunId, SpanId
from masthead.model.run import Page
from masthead.model.score import EvaluatorRow, Score, ScoreFilter, ScoreSource, Subject, SubjectKind
from masthead.store.traces import native
from masthead.store.traces.bind import Param
from masthead.store.traces.cursors import Place, place_of
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.hexadecimal import is_run_id, run_ids_of
from masthead.store.traces.retention import kept_until

# Conditions on what makes two scores verdicts on the same thing stand inside; the others see only those that count.
_INSIDE = {
    "name": "name = {name:String}",
    "evaluator": "evaluator = {evaluator:String}",
    "subject_kind": "subject = {subject_kind:String}",
}
_OUTSIDE = {
    "source": "source = {source:String}",
    "since_ns": "time_ns >= {since_ns:Int64}",
    "until_ns": "time_ns < {until_ns:Int64}",
}
_RUNS = "run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))"
_AFTER = "(time_ns, id) < ({at_ns:Int64}, {after:String})"

_SCORES = """
SELECT id, lower(hex(run_id)), name, subject, nullIf(span_id, ''), turn, nullIf(agent, ''), number, label, flag, reason,
    evidence, confidence, source, evaluator, evaluator_version, time_ns
FROM (
    SELECT *
    FROM scores FINAL
    WHERE {inside}
    ORDER BY time_ns DESC, id DESC
    LIMIT 1 BY run_id, name, subject, span_id, turn, agent, evaluator
)
WHERE {outside}
ORDER BY time_ns DESC, id DESC
LIMIT {{limit:UInt32}}
"""


_LABELLED = """
SELECT DISTINCT lower(hex(run_id))
FROM scores FINAL
WHERE project_id = {project:String} AND source = 'human'
    AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
"""


_EVALUATORS = """
SELECT evaluator, any(source), arraySort(groupUniqArray(name)), count()
FROM scores FINAL
WHERE project_id = {project:String}
GROUP BY evaluator
ORDER BY evaluator
"""


class _Row(NamedTuple):
    id: str
    run_id: RunId
    name: str
    subject: SubjectKind
    span_id: SpanId | None
    turn: int | None
    agent: AgentId | None
    number: float | None
    label: str | None
    flag: bool | None
    reason: str | None
    evidence: tuple[int, ...]
    confidence: float | None
    source: ScoreSource
    evaluator: EvaluatorId
    evaluator_version: str
    time_ns: int


def page(engine: Engine, project: ProjectId, chosen: ScoreFilter, *, limit: int, cursor: str | None) -> Page[Score]:
    """Return the scores that count, the latest first."""
    params: dict[str, Param] = {"project": project, "limit": limit + 1}
    inside, outside = ["project_id = {project:String}"], ["true"]
    for conditions, known in ((inside, _INSIDE), (outside, _OUTSIDE)):
        for name, sql in known.items():
            value = getattr(chosen, name)
            if value is not None:
                conditions.append(sql)
                params[name] = value
    if chosen.run_ids:
        inside.append(_RUNS)
        params["run_ids"] = run_ids_of(chosen.run_ids)
    if cursor is not None:
        place = place_of(cursor)
        outside.append(_AFTER)
        params |= {"at_ns": place.time_ns, "after": place.id}
    sql = _SCORES.format(inside=" AND ".join(inside), outside=" AND ".join(outside))
    items = [_score(row) for row in fetch(engine, _Row, sql, params)]
    more = len(items) > limit
    return Page(items[:limit], Place(items[limit - 1].time_ns, items[limit - 1].id).text() if more else None)


def labelled(engine: Engine, project: ProjectId, run_ids: Sequence[RunId]) -> set[RunId]:
    """Return those of the runs on which a person has written a score."""
    params: dict[str, Param] = {"project": project, "run_ids": run_ids_of(run_ids)}
    return {RunId(run_id) for (run_id,) in fetch(engine, tuple[str], _LABELLED, params)}


def evaluators(engine: Engine, project: ProjectId) -> list[EvaluatorRow]:
    """Return who scored anything in the project, and what."""
    return fetch(engine, EvaluatorRow, _EVALUATORS, {"project": project})


def _score(row: _Row) -> Score:
    return Score(
        id=row.id,
        name=row.name,
        subject=Subject(kind=row.subject, run_id=row.run_id, span_id=row.span_id, turn=row.turn, agent=row.agent),
        number=row.number,
        label=row.label,
        flag=row.flag,
        reason=row.reason,
        evidence=row.evidence,
        confidence=row.confidence,
        source=row.source,
        evaluator=row.evaluator,
        evaluator_version=row.evaluator_version,
        time_ns=row.time_ns,
    )


def add(engine: Engine, project: ProjectId, scores: Sequence[Score]) -> None:
    """Write scores durably; the same score again changes nothing.

    Raises:
        InvalidInput: a subject's run id is none.
    """
    if not scores:
        return
    until = kept_until(engine, {project})[project]
    subjects = [score.subject for score in scores]
    for subject in subjects:
        if not is_run_id(subject.run_id):
            raise InvalidInput(
                f"{subject.run_id[:80]!r} is no run id: 32 hexadecimal characters", where="subject.run_id"
            )
    block = native.block(
        len(scores),
        (
            ("project_id", "String", native.words([project] * len(scores))),
            ("run_id", "FixedString(16)", native.fixed([bytes.fromhex(subject.run_id) for subject in subjects])),
            ("name", "String", native.words([score.name for score in scores])),
            ("subject", "String", native.words([subject.kind for subject in subjects])),
            ("span_id", "String", native.words([subject.span_id for subject in subjects])),
            ("turn", "Nullable(Int64)", native.nullable_int64s([subject.turn for subject in subjects])),
            ("agent", "String", native.words([subject.agent for subject in subjects])),
            ("evaluator", "String", native.words([score.evaluator for score in scores])),
            ("time_ns", "Int64", native.int64s([score.time_ns for score in scores])),
            ("id", "String", native.words([score.id for score in scores])),
            ("number", "Nullable(Float64)", native.nullable_float64s([score.number for score in scores])),
            ("label", "Nullable(String)", native.nullable_words([score.label for score in scores])),
            ("flag", "Nullable(Bool)", native.nullable_bools([score.flag for score in scores])),
            ("reason", "Nullable(String)", native.nullable_words([score.reason for score in scores])),
            ("evidence", "Array(Int64)", native.int64_lists([score.evidence for score in scores])),
            ("confidence", "Nullable(Float64)", native.nullable_float64s([score.confidence for score in scores])),
            ("source", "String", native.words([score.source for score in scores])),
            ("evaluator_version", "String", native.words([score.evaluator_version for score in scores])),
            ("kept_until", "DateTime('UTC')", native.uint32s([until] * len(scores))),
        ),
    )
    engine.insert("scores", block, token=hashlib.blake2b(block, digest_size=16).hexdigest())
