"""Tags that people put on runs: filtered, counted and shown like those of the spans, and gone with the run."""

import time
from collections.abc import Callable, Sequence

import pytest

from masthead.model.ids import EvaluatorId, ProjectId
from masthead.model.run import FacetValue, RunFilter
from masthead.model.score import Score, ScoreSource, Subject
from masthead.store.traces.append import SpanRow
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import run_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]


@pytest.fixture
def tagged(store: TraceStore, append: Append, project: ProjectId) -> ProjectId:
    """Three runs; the spans tag the first two `nightly`, people tag the last two `golden` and clear the first."""
    append([
        span_row(project, run=run, span=run, parent=None, tags=("nightly",) if run < 3 else (), task=f"Task {run}")
        for run in (1, 2, 3)
    ])  # fmt: skip
    store.tag(project, [run_id(2), run_id(3)], {"golden": True}, time_ns=time.time_ns())
    store.tag(project, [run_id(1)], {"nightly": False}, time_ns=time.time_ns())
    return project


def _with(store: TraceStore, project: ProjectId, tag: str) -> list[str]:
    return sorted(row.run_id for row in store.runs(project, RunFilter(tag=tag), limit=9).items)


def test_a_run_shows_the_tags_that_it_carries_now(store: TraceStore, tagged: ProjectId) -> None:
    rows = store.runs(tagged, RunFilter(), limit=9).items
    assert {row.run_id: row.tags for row in rows} == {
        run_id(1): (),
        run_id(2): ("golden", "nightly"),
        run_id(3): ("golden",),
    }
    one = store.run(tagged, run_id(2))
    assert one is not None
    assert one.tags == ("golden", "nightly")


def test_the_filter_sees_both_kinds(store: TraceStore, tagged: ProjectId) -> None:
    assert _with(store, tagged, "golden") == [run_id(2), run_id(3)]
    assert _with(store, tagged, "nightly") == [run_id(2)]
    assert _with(store, tagged, "other") == []


def test_the_last_word_counts(store: TraceStore, tagged: ProjectId) -> None:
    store.tag(tagged, [run_id(1)], {"nightly": True, "golden": True}, time_ns=time.time_ns())
    store.tag(tagged, [run_id(3)], {"golden": False}, time_ns=time.time_ns())
    assert _with(store, tagged, "nightly") == [run_id(1), run_id(2)]
    assert _with(store, tagged, "golden") == [run_id(1), run_id(2)]


def test_facets_and_figures_count_each_run_once(store: TraceStore, tagged: ProjectId) -> None:
    store.tag(tagged, [run_id(2)], {"nightly": True}, time_ns=time.time_ns())
    facets = store.facets(tagged, RunFilter())
    assert facets.tags == (FacetValue("golden", 2), FacetValue("nightly", 1))
    rows = store.stats(tagged, RunFilter(), bucket="total", group_by="tag")
    assert {row.group: row.runs for row in rows} == {None: 1, "golden": 2, "nightly": 1}


@pytest.mark.usefixtures("tagged")
def test_other_projects_see_nothing_of_it(store: TraceStore, append: Append, other: ProjectId) -> None:
    append([span_row(other, run=2, span=2, parent=None)])
    row = store.run(other, run_id(2))
    assert row is not None
    assert row.tags == ()
    assert _with(store, other, "golden") == []


def test_tags_go_with_the_run(store: TraceStore, append: Append, tagged: ProjectId) -> None:
    assert store.delete_runs(tagged, [run_id(1), run_id(2)]).runs == 2
    append([span_row(tagged, run=run, span=run, parent=None) for run in (1, 2)])
    assert _with(store, tagged, "golden") == [run_id(3)]
    store.delete_project(tagged)
    append([span_row(tagged, run=3, span=3, parent=None)])
    assert _with(store, tagged, "golden") == []


def test_runs_are_chosen_by_id_and_by_what_they_are_about(store: TraceStore, tagged: ProjectId) -> None:
    def found(chosen: RunFilter) -> list[str]:
        return sorted(row.run_id for row in store.runs(tagged, chosen, limit=9).items)

    assert found(RunFilter(run_ids=(run_id(1), run_id(3), run_id(99)))) == [run_id(1), run_id(3)]
    assert found(RunFilter(about="tAsK 2")) == [run_id(2)]
    assert found(RunFilter(about="task", tag="golden")) == [run_id(2), run_id(3)]
    assert found(RunFilter(about="%")) == []


def test_runs_on_which_a_person_wrote_are_labelled(store: TraceStore, tagged: ProjectId) -> None:
    def score(run: int, source: ScoreSource) -> Score:
        return Score(
            id=f"{run}{source}",
            name="FM-1.3",
            subject=Subject(kind="run", run_id=run_id(run)),
            flag=True,
            source=source,
            evaluator=EvaluatorId("somebody"),
            evaluator_version="1",
            time_ns=time.time_ns(),
        )

    store.add_scores(tagged, [score(1, "human"), score(2, "code")])
    assert store.labelled(tagged, [run_id(1), run_id(2), run_id(3)]) == {run_id(1)}
    assert store.labelled(tagged, []) == set()
