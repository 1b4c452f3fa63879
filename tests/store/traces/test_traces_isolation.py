"""No row crosses a project, and no value is ever read as SQL."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest

from masthead.model.ids import EvaluatorId, ProjectId, RunId, SpanId
from masthead.model.run import Facets, Removed, RunFilter
from masthead.model.score import Score, ScoreFilter, Subject
from masthead.store.traces.append import SpanRow
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import EPOCH_NS, run_id, span_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]

SCORE = Score(
    id="1",
    name="n",
    subject=Subject(kind="run", run_id=run_id(1)),
    flag=True,
    source="code",
    evaluator=EvaluatorId("e"),
    evaluator_version="1",
    time_ns=EPOCH_NS,
)
HOSTILE = [
    "' OR 1=1 --",
    "'); ALTER TABLE spans DELETE WHERE 1; --",
    "\\' OR ''='",
    "{project:String}",
    "' UNION ALL SELECT * FROM system.parts --",
    "%",
    "\0\t\n\\",
    "*/ /*",
    '`"',
]


@pytest.fixture
def theirs(store: TraceStore, append: Append, other: ProjectId) -> ProjectId:
    """Another project with a run, of the same ids that the test asks for."""
    append([
        span_row(
            other, span=1, operation="llm", agent="a", model="m", input_tokens=5, user_id="u", tags=("t",),
            system="s", outcome="failure", attributes=b'{"text":"needle"}',
        )
    ])  # fmt: skip
    store.add_scores(other, [SCORE])
    return other


def test_nothing_of_another_project_is_seen(store: TraceStore, theirs: ProjectId, project: ProjectId) -> None:
    assert store.runs(project, RunFilter(), limit=9) == ([], None)
    assert store.runs(project, RunFilter(text="needle"), limit=9) == ([], None)
    assert store.run(project, run_id(1)) is None
    assert store.spans(project, run_id(1)) == []
    assert store.span(project, run_id(1), span_id(1)) is None
    assert store.span_page(project, run_id(1), limit=9).items == []
    assert store.span_summaries(project, run_id(1), limit=9).items == []
    assert store.existing(project, [run_id(1)]) == set()
    assert store.span_counts(project, [run_id(1)]) == {}
    assert store.search(project, "needle", limit=9).items == []
    assert store.stats(project, RunFilter(), bucket="total") == []
    assert store.stats(project, RunFilter(), bucket="total", group_by="agent") == []
    assert store.facets(project, RunFilter()) == Facets(agents=(), models=(), systems=(), outcomes=(), tags=())
    assert store.unpriced(project) == []
    assert store.scores(project, ScoreFilter(run_ids=(run_id(1),)), limit=9).items == []
    assert store.scores(project, ScoreFilter(), limit=9).items == []
    assert b"needle" not in b"".join(store.parquet(project, RunFilter()))
    assert store.run(theirs, run_id(1)) is not None


def test_nothing_of_another_project_is_erased(
    store: TraceStore, append: Append, theirs: ProjectId, project: ProjectId
) -> None:
    assert store.delete_runs(project, [run_id(1)]) == Removed(0, 0, 0)
    assert store.delete_runs(project, store.runs_of_user(project, "u")) == Removed(0, 0, 0)
    assert store.delete_project(project) == Removed(0, 0, 0)
    append([span_row(project, span=1)])
    store.set_retention(project, 1)
    assert len(store.spans(theirs, run_id(1))) == 1
    assert store.scores(theirs, ScoreFilter(), limit=9).items == [SCORE]


TEXTS = [field.name for field in fields(RunFilter) if field.type in {"str | None", str | None}]


def test_every_text_of_a_filter_is_tried() -> None:
    assert {"run_id_prefix", "agent", "model", "system", "text", "session_id", "user_id", "tag"} <= set(TEXTS)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_filter_is_never_read_as_sql(
    store: TraceStore, append: Append, theirs: ProjectId, project: ProjectId, text: str
) -> None:
    append([span_row(project, span=1)])
    for name in TEXTS:
        values: dict[str, Any] = {name: text}
        assert store.runs(project, RunFilter(**values), limit=9).items == [], name
        assert store.stats(project, RunFilter(**values), bucket="total") == [], name
    for pair in ((text, "x"), ("x", text), (text, text)):
        assert store.runs(project, RunFilter(metadata=(pair,)), limit=9).items == []
    assert store.search(project, text, limit=9).items == []
    for name in ("name", "evaluator", "source", "subject_kind"):
        values = {name: text}
        assert store.scores(project, ScoreFilter(**values), limit=9).items == [], name
    assert store.scores(project, ScoreFilter(run_ids=(RunId(text),)), limit=9).items == []
    assert store.span(project, RunId(text), SpanId(text)) is None
    assert store.delete_runs(project, store.runs_of_user(project, text)) == Removed(0, 0, 0)
    assert len(store.spans(theirs, run_id(1))) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_a_project_is_never_read_as_sql(store: TraceStore, append: Append, theirs: ProjectId, text: str) -> None:
    hostile = ProjectId(text)
    assert store.runs(hostile, RunFilter(), limit=9).items == []
    assert store.search(hostile, "needle", limit=9).items == []
    assert store.facets(hostile, RunFilter()).agents == ()
    append([span_row(hostile, run=5, span=5, name=text, agent=text, tags=(text,), metadata={text: text})])
    store.add_scores(hostile, [replace(SCORE, id=text, name=text, reason=text)])
    (run,) = store.runs(hostile, RunFilter(agent=text, tag=text, metadata=((text, text),)), limit=9).items
    assert (run.run_id, run.name, run.agents, run.tags) == (run_id(5), text, (text,), (text,))
    assert [score.reason for score in store.scores(hostile, ScoreFilter(name=text), limit=9).items] == [text]
    assert store.delete_project(hostile) == Removed(1, 1, 1)
    assert store.run(theirs, run_id(1)) is not None


def test_numbers_out_of_range_are_answered(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([span_row(project, span=1, cost_usd=Decimal("1e20"), operation="llm")])
    chosen = RunFilter(min_duration_s=float("-inf"), max_duration_s=float("inf"), min_cost_usd=Decimal("-1e30"))
    assert len(store.runs(project, chosen, limit=9).items) == 1
    for far in (RunFilter(since_ns=1 << 80), RunFilter(min_tokens=1 << 80), RunFilter(until_ns=-(1 << 80))):
        assert store.runs(project, far, limit=9).items == []
    assert store.search(project, "x", since_ns=1 << 80, until_ns=-(1 << 80), limit=9).items == []
