"""Figures over time and group, facets and unpriced models, checked against sums by hand."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from masthead.model.ids import ProjectId
from masthead.model.run import Facets, FacetValue, RunFilter, StatRow, UnpricedModel
from masthead.store.traces.append import SpanRow
from masthead.store.traces.port import Bucket
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import EPOCH_NS, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]

DAY_S = 86_400


@pytest.fixture
def counted(append: Append, project: ProjectId) -> ProjectId:
    """Three runs: two on one day (one of them failed), one with an error the next day."""
    rows: list[SpanRow] = []
    for run, at_s, took_s, outcome in ((1, 0, 10, "success"), (2, 60, 30, "failure"), (3, DAY_S, 20, None)):
        first = run * 10
        rows += [
            span_row(
                project, run=run, span=first, at_s=at_s, took_s=took_s, operation="workflow", outcome=outcome,
                system="desk" if run < 3 else None, tags=("t1", "t2") if run == 1 else (),
            ),
            span_row(
                project, run=run, span=first + 1, parent=first, at_s=at_s, operation="llm", agent="a", model="m",
                input_tokens=100, output_tokens=10, cost_usd=Decimal("0.1"),
            ),
            span_row(
                project, run=run, span=first + 2, parent=first, at_s=at_s, operation="llm", agent="b", model="house",
                input_tokens=5, output_tokens=1,
            ),
            span_row(
                project, run=run, span=first + 3, parent=first, at_s=at_s, operation="tool", agent="b",
                status=2 if run == 3 else 0,
            ),
        ]  # fmt: skip
    append(rows)
    append(rows[:5])
    return project


def _stat(start_ns: int, runs: int, latency: tuple[float, float], *, failures: int = 0, errors: int = 0) -> StatRow:
    return StatRow(
        start_ns=start_ns,
        group=None,
        runs=runs,
        failures=failures,
        errors=errors,
        spans=4 * runs,
        llm_calls=2 * runs,
        input_tokens=105 * runs,
        output_tokens=11 * runs,
        cost_usd=Decimal("0.1") * runs,
        latency_p50_s=latency[0],
        latency_p95_s=latency[1],
    )


def test_figures_by_day(store: TraceStore, counted: ProjectId) -> None:
    day_ns = EPOCH_NS // (DAY_S * 10**9) * DAY_S * 10**9
    assert store.stats(counted, RunFilter(), bucket="day") == [
        _stat(day_ns, 2, (30.0, 30.0), failures=1),
        _stat(day_ns + DAY_S * 10**9, 1, (20.0, 20.0), errors=1),
    ]


def test_figures_of_everything_begin_with_the_first_run(store: TraceStore, counted: ProjectId) -> None:
    assert store.stats(counted, RunFilter(), bucket="total") == [_stat(EPOCH_NS, 3, (20.0, 30.0), failures=1, errors=1)]
    assert store.stats(counted, RunFilter(has_error=True), bucket="total")[0].runs == 1
    assert store.stats(counted, RunFilter(agent="nobody"), bucket="total") == []


@pytest.mark.parametrize(("bucket", "seconds"), [("minute", 60), ("hour", 3_600), ("day", DAY_S)])
def test_buckets_begin_on_the_clock(store: TraceStore, counted: ProjectId, bucket: Bucket, seconds: int) -> None:
    starts = [row.start_ns for row in store.stats(counted, RunFilter(), bucket=bucket)]
    size_ns = seconds * 10**9
    assert starts == sorted({(EPOCH_NS + at * 10**9) // size_ns * size_ns for at in (0, 60, DAY_S)})


def test_a_week_begins_on_monday(store: TraceStore, counted: ProjectId) -> None:
    (row,) = store.stats(counted, RunFilter(), bucket="week")
    assert row.start_ns == 1_789_948_800 * 10**9  # Monday 2026-09-21T00:00:00Z


def test_figures_by_agent_count_only_what_is_the_agents(store: TraceStore, counted: ProjectId) -> None:
    rows = {row.group: row for row in store.stats(counted, RunFilter(), bucket="total", group_by="agent")}
    assert {group: (row.runs, row.spans, row.llm_calls) for group, row in rows.items()} == {
        None: (3, 3, 0),
        "a": (3, 3, 3),
        "b": (3, 6, 3),
    }
    assert (rows["a"].cost_usd, rows["b"].cost_usd, rows["b"].input_tokens) == (Decimal("0.3"), None, 15)
    assert (rows["a"].errors, rows["b"].errors, rows["b"].latency_p95_s) == (0, 1, 30.0)


def test_figures_by_model_system_outcome_and_tag(store: TraceStore, counted: ProjectId) -> None:
    def runs(group_by: str) -> dict[str | None, int]:
        rows = store.stats(counted, RunFilter(), bucket="total", group_by=group_by)  # pyright: ignore[reportArgumentType] - each is a StatGroup
        return {row.group: row.runs for row in rows}

    assert runs("model") == {None: 3, "m": 3, "house": 3}
    assert runs("system") == {None: 1, "desk": 2}
    assert runs("outcome") == {None: 1, "success": 1, "failure": 1}
    assert runs("tag") == {None: 2, "t1": 1, "t2": 1}


def test_facets_count_runs(store: TraceStore, counted: ProjectId) -> None:
    assert store.facets(counted, RunFilter()) == Facets(
        agents=(FacetValue("a", 3), FacetValue("b", 3)),
        models=(FacetValue("house", 3), FacetValue("m", 3)),
        systems=(FacetValue("desk", 2),),
        outcomes=(FacetValue("failure", 1), FacetValue("success", 1)),
        tags=(FacetValue("t1", 1), FacetValue("t2", 1)),
    )
    assert store.facets(counted, RunFilter(tag="t1"), limit=1).agents == (FacetValue("a", 1),)


def test_models_without_a_price_are_listed(store: TraceStore, counted: ProjectId) -> None:
    assert store.unpriced(counted) == [UnpricedModel(model="house", spans=3, input_tokens=15, output_tokens=3)]
    assert store.unpriced(counted, since_ns=EPOCH_NS + DAY_S * 10**9)[0].spans == 1
    assert store.unpriced(counted, until_ns=EPOCH_NS) == []
