"""Scores come back as they were given; the last verdict of an evaluator on a subject and name counts."""

from dataclasses import replace

import pytest

from masthead.model.errors import InvalidInput
from masthead.model.ids import AgentId, EvaluatorId, ProjectId, RunId
from masthead.model.score import Score, ScoreFilter, Subject
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import EPOCH_NS, run_id, span_id

pytestmark = pytest.mark.store

SCORE = Score(
    id="s 1 'é",
    name="FM-1.3",
    subject=Subject(kind="turn", run_id=run_id(256), turn=0),
    flag=False,
    reason='it said\n"again" \\N \'',
    evidence=(0, 3),
    confidence=0.25,
    source="code",
    evaluator=EvaluatorId("repeated-step"),
    evaluator_version="2",
    time_ns=EPOCH_NS,
)


def _all(store: TraceStore, project: ProjectId, chosen: ScoreFilter | None = None) -> list[Score]:
    return store.scores(project, chosen or ScoreFilter(), limit=50).items


def test_scores_come_back_as_they_went_in(store: TraceStore, project: ProjectId) -> None:
    given = [
        SCORE,
        replace(SCORE, id="2", subject=Subject(kind="run", run_id=run_id(256)), flag=None, number=0.1, time_ns=5),
        replace(
            SCORE,
            id="3",
            subject=Subject(kind="span", run_id=run_id(256), span_id=span_id(3)),
            flag=None,
            label="good",
            reason=None,
            evidence=(),
            confidence=None,
            source="human",
            time_ns=4,
        ),
        replace(SCORE, id="4", subject=Subject(kind="agent", run_id=run_id(1), agent=AgentId("coder")), time_ns=3),
    ]
    store.add_scores(project, given)
    assert _all(store, project) == given


def test_the_last_verdict_counts(store: TraceStore, project: ProjectId) -> None:
    store.add_scores(project, [SCORE, replace(SCORE, id="2", flag=True, time_ns=EPOCH_NS + 1)])
    store.add_scores(project, [replace(SCORE, id="3", evaluator=EvaluatorId("me"), source="human")])
    assert [score.id for score in _all(store, project)] == ["2", "3"]


def test_the_same_score_twice_is_one(store: TraceStore, project: ProjectId) -> None:
    for _ in range(2):
        store.add_scores(project, [SCORE])
    assert _all(store, project) == [SCORE]
    store.add_scores(project, [])


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        (ScoreFilter(run_ids=(run_id(256),)), "21"),
        (ScoreFilter(run_ids=(run_id(1), run_id(256))), "321"),
        (ScoreFilter(run_ids=(RunId("no id"),)), ""),
        (ScoreFilter(name="FM-3.1"), "2"),
        (ScoreFilter(source="human"), "3"),
        (ScoreFilter(evaluator="me"), "3"),
        (ScoreFilter(subject_kind="run"), "3"),
        (ScoreFilter(since_ns=EPOCH_NS + 1), "32"),
        (ScoreFilter(until_ns=EPOCH_NS + 1), "1"),
    ],
)
def test_each_filter_leaves_what_it_says(store: TraceStore, project: ProjectId, chosen: ScoreFilter, ids: str) -> None:
    store.add_scores(
        project,
        [
            replace(SCORE, id="1"),
            replace(SCORE, id="2", name="FM-3.1", time_ns=EPOCH_NS + 1),
            replace(
                SCORE,
                id="3",
                subject=Subject(kind="run", run_id=run_id(1)),
                source="human",
                evaluator=EvaluatorId("me"),
                time_ns=EPOCH_NS + 2,
            ),
        ],
    )
    assert [score.id for score in _all(store, project, chosen)] == list(ids)


def test_pages_of_scores_follow_each_other(store: TraceStore, project: ProjectId) -> None:
    given = [replace(SCORE, id=f"é {n:02}", name=f"name {n}", time_ns=EPOCH_NS + n // 3) for n in range(11)]
    store.add_scores(project, given)
    seen: list[Score] = []
    cursor = None
    for _ in range(9):
        page = store.scores(project, ScoreFilter(), limit=4, cursor=cursor)
        seen += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == given[::-1]


def test_a_score_on_no_run_id_is_refused(store: TraceStore, project: ProjectId) -> None:
    with pytest.raises(InvalidInput, match="run id"):
        store.add_scores(project, [replace(SCORE, subject=Subject(kind="run", run_id=RunId("x")))])
