"""Narrow rows come back as they went in, follow the run filter, and say when they no longer hold."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from masthead.model.conversation import EndingKind
from masthead.model.diagnosis import Spending
from masthead.model.ids import AgentId, Code, EvaluatorId, ProjectId, RunId
from masthead.model.observation import Coverage, Observation, StoredObservation
from masthead.model.run import RunFilter
from masthead.model.score import Score, Subject
from masthead.store.traces.append import SpanRow
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import EPOCH_NS, run_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]

FULL = Observation(
    run_id=run_id(1),
    task_id="t 'é",
    task="a\ntask",
    system="team",
    is_success=False,
    ending=EndingKind.COMPLETED,
    agents=(AgentId("Planner"), AgentId("Coder")),
    models=("m",),
    tags=("x", "y"),
    metadata={"design": "a", "seed": "1"},
    day=20_000,
    codes=(Code("FM-3.3"), Code("FM-1.3")),
    reasons={Code("FM-3.3"): "said \\N '", Code("FM-1.3"): ""},
    origin_agent=AgentId("Coder"),
    origin_turn=3,
    origin_confidence=0.25,
    origin_because="the first error",
    total=Spending(turns=9, input_tokens=10, output_tokens=5, cost_usd=Decimal("0.012345678901"), seconds=1.5),
    after=Spending(turns=6, input_tokens=None, output_tokens=2, cost_usd=None, seconds=0.0),
    share_lost=0.4,
)
BARE = Observation(
    run_id=run_id(2),
    task_id=None,
    task=None,
    system=None,
    is_success=None,
    ending=EndingKind.UNKNOWN,
    total=Spending(turns=0),
)


def _row(run: Observation, *, version: str = "v1", spans: int = 1, verdict_ns: int = 0) -> StoredObservation:
    return StoredObservation(run=run, version=version, spans=spans, verdict_ns=verdict_ns, time_ns=EPOCH_NS)


@pytest.fixture
def two(append: Append, project: ProjectId) -> ProjectId:
    """Store two runs of one span each, the second the later one."""
    append([span_row(project, run=1, span=1), span_row(project, run=2, span=2, at_s=1)])
    return project


def test_rows_come_back_as_they_went_in_the_latest_run_first(store: TraceStore, two: ProjectId) -> None:
    store.add_observations(two, [_row(FULL), _row(BARE)])
    assert store.observations(two, RunFilter(), limit=10) == [BARE, FULL]
    assert store.observations(two, RunFilter(), limit=1) == [BARE]
    assert store.observations_of(two, [run_id(1), run_id(9)]) == {run_id(1): FULL}


def test_a_later_diagnosis_takes_the_place_of_the_one_before(store: TraceStore, two: ProjectId) -> None:
    store.add_observations(two, [_row(FULL)])
    again = replace(FULL, codes=(), reasons={})
    store.add_observations(two, [replace(_row(again), time_ns=EPOCH_NS + 1)])
    assert store.observations(two, RunFilter(), limit=10) == [again]


def test_rows_of_another_project_are_not_seen(store: TraceStore, two: ProjectId, other: ProjectId) -> None:
    store.add_observations(other, [_row(FULL)])
    assert store.observations(two, RunFilter(), limit=10) == []
    assert store.observations_of(two, [run_id(1)]) == {}
    assert store.coverage(two, RunFilter(), version="v1") == Coverage(runs=2, diagnosed=0, current=0)
    assert store.observations(other, RunFilter(), limit=10) == []


@pytest.mark.parametrize(
    ("chosen", "runs"),
    [
        (RunFilter(code="FM-1.3"), [1]),
        (RunFilter(code="FM-9.9' OR 1=1"), []),
        (RunFilter(origin_agent="Coder"), [1]),
        (RunFilter(origin_agent="Planner"), []),
    ],
)
def test_runs_are_found_by_what_their_diagnosis_says(
    store: TraceStore, two: ProjectId, chosen: RunFilter, runs: list[int]
) -> None:
    store.add_observations(two, [_row(FULL), _row(BARE)])
    assert [row.run_id for row in store.runs(two, chosen, limit=10).items] == [run_id(n) for n in runs]


def test_a_diagnosis_holds_until_spans_verdicts_or_evaluators_change(
    store: TraceStore, append: Append, two: ProjectId
) -> None:
    def due(version: str = "v1") -> list[RunId]:
        return store.undiagnosed(two, RunFilter(), version=version, limit=10)

    assert due() == [run_id(2), run_id(1)]
    store.add_observations(two, [_row(FULL), _row(BARE)])
    assert due() == []
    assert due("v2") == [run_id(2), run_id(1)]
    append([span_row(two, run=1, span=7)])
    assert due() == [run_id(1)]
    assert store.coverage(two, RunFilter(), version="v1") == Coverage(runs=2, diagnosed=2, current=1)
    store.add_scores(two, [_verdict(2, "code")])
    assert due() == [run_id(1)]
    store.add_scores(two, [_verdict(2, "human")])
    assert due() == [run_id(2), run_id(1)]
    store.add_observations(two, [replace(_row(BARE, verdict_ns=EPOCH_NS + 5), time_ns=EPOCH_NS + 6)])
    assert due() == [run_id(1)]


def test_an_erased_run_takes_its_row_along(store: TraceStore, two: ProjectId) -> None:
    store.add_observations(two, [_row(FULL), _row(BARE)])
    store.delete_runs(two, [run_id(1)])
    assert store.observations_of(two, [run_id(1), run_id(2)]) == {run_id(2): BARE}
    store.delete_project(two)
    assert store.observations_of(two, [run_id(2)]) == {}


def test_evaluators_are_listed_with_what_they_speak_to(store: TraceStore, two: ProjectId, other: ProjectId) -> None:
    store.add_scores(two, [_verdict(1, "human"), _verdict(2, "human"), _verdict(1, "code")])
    assert [(row.evaluator, row.source, row.names, row.scores) for row in store.evaluators(two)] == [
        ("by code", "code", ("FM-1.3",), 1),
        ("by human", "human", ("FM-1.3",), 2),
    ]
    assert store.evaluators(other) == []


def _verdict(run: int, source: str) -> Score:
    return Score(
        id=f"{run} {source}",
        name="FM-1.3",
        subject=Subject(kind="run", run_id=run_id(run)),
        flag=True,
        source="human" if source == "human" else "code",
        evaluator=EvaluatorId(f"by {source}"),
        evaluator_version="1",
        time_ns=EPOCH_NS + 5,
    )
