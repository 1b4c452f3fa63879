"""Lists of runs: what a row says, what each filter leaves, and how pages follow each other."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from masthead.model.errors import InvalidInput
from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter, RunRow
from masthead.store.traces.append import Appender, SpanRow
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import EPOCH_NS, run_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]


def _team_run(project: ProjectId) -> list[SpanRow]:
    root: dict[str, Any] = {
        "operation": "workflow",
        "name": "workflow desk",
        "system": "desk",
        "task": "book it",
        "outcome": "failure",
        "session_id": "s1",
        "user_id": "u1",
        "tags": ("nightly", "canary"),
        "metadata": {"build": "9"},
    }
    return [
        span_row(project, span=1, took_s=10, **root),
        span_row(project, span=2, parent=1, at_s=1, operation="agent", agent="planner", input_tokens=999),
        span_row(
            project, span=3, parent=2, at_s=2, operation="llm", agent="planner", model="gpt-4o", input_tokens=100,
            output_tokens=10, cost_usd=Decimal("0.25"),
        ),
        span_row(
            project, span=4, parent=2, at_s=3, operation="llm", agent="coder", model="house-7b", input_tokens=50,
            output_tokens=5,
        ),
        span_row(project, span=5, parent=2, at_s=4, operation="tool", agent="coder", tool="search", status=2),
    ]  # fmt: skip


def _ids(rows: Sequence[RunRow]) -> list[str]:
    return [row.run_id.lstrip("0") for row in rows]


def test_a_row_sums_up_its_run(store: TraceStore, append: Append, project: ProjectId) -> None:
    append(_team_run(project))
    assert store.run(project, run_id(1)) == RunRow(
        run_id=run_id(1),
        name="workflow desk",
        system="desk",
        task="book it",
        start_ns=EPOCH_NS,
        end_ns=EPOCH_NS + 10_000_000_000,
        duration_s=10.0,
        outcome="failure",
        spans=5,
        llm_calls=2,
        tool_calls=1,
        errors=1,
        agents=("coder", "planner"),
        models=("gpt-4o", "house-7b"),
        input_tokens=150,
        output_tokens=15,
        cost_usd=Decimal("0.25"),
        session_id="s1",
        user_id="u1",
        tags=("canary", "nightly"),
        metadata={"build": "9"},
    )


def test_what_no_span_says_is_unknown(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([span_row(project, span=1)])
    row = store.run(project, run_id(1))
    assert row is not None
    assert (row.system, row.task, row.outcome, row.session_id, row.user_id) == (None,) * 5
    assert (row.input_tokens, row.output_tokens, row.cost_usd) == (None,) * 3
    assert (row.agents, row.models, row.tags, row.metadata) == ((), (), (), {})


def test_tokens_of_agents_count_only_where_no_call_has_any(
    store: TraceStore, append: Append, project: ProjectId
) -> None:
    append([span_row(project, span=1, operation="agent", input_tokens=7, cost_usd=Decimal("0.5"))])
    row = store.run(project, run_id(1))
    assert row is not None
    assert (row.input_tokens, row.cost_usd) == (7, Decimal("0.5"))


def test_a_root_that_broke_off_makes_the_outcome_an_error(
    store: TraceStore, append: Append, project: ProjectId
) -> None:
    append([span_row(project, run=1, span=1, status=2), span_row(project, run=2, span=2, parent=9, status=2)])
    outcomes = {row.run_id: row.outcome for row in store.runs(project, RunFilter(), limit=9).items}
    assert outcomes == {run_id(1): "error", run_id(2): None}


def test_a_run_that_comes_in_pieces_is_one_run(store: TraceStore, append: Append, project: ProjectId) -> None:
    whole = _team_run(project)
    for place in (4, 2, 0, 3, 1):
        append([whole[place]])
    pieces = store.run(project, run_id(1))
    elsewhere = ProjectId(f"{project}-whole")
    append([row._replace(project=elsewhere) for row in whole])
    assert pieces == store.run(elsewhere, run_id(1))


def test_the_same_token_changes_nothing(store: TraceStore, appender: Appender, project: ProjectId) -> None:
    rows = _team_run(project)
    for received_ns in (1, 2):
        appender.append(rows, token=f"once '{project}", received_ns=EPOCH_NS + received_ns)
    row = store.run(project, run_id(1))
    assert row is not None
    assert (row.spans, row.input_tokens) == (5, 150)


def test_a_span_sent_twice_counts_once(store: TraceStore, append: Append, project: ProjectId) -> None:
    rows = _team_run(project)
    append(rows)
    append([*rows[2:], span_row(project, span=6, parent=1, at_s=5, operation="tool")])
    row = store.run(project, run_id(1))
    assert row is not None
    assert (row.spans, row.input_tokens, row.tool_calls, row.cost_usd) == (6, 150, 2, Decimal("0.25"))
    assert len(store.spans(project, run_id(1))) == 6


def test_a_run_known_from_before_a_restart_goes_on(store: TraceStore, append: Append, project: ProjectId) -> None:
    rows = _team_run(project)
    append(rows[:3])
    Appender(store.engine).append(rows[3:], token=f"after restart {project}", received_ns=EPOCH_NS + 10**9)
    row = store.run(project, run_id(1))
    assert row is not None
    assert (row.spans, row.agents, row.outcome) == (5, ("coder", "planner"), "failure")


FILTERS: list[tuple[RunFilter, list[str]]] = [
    (RunFilter(), ["3", "2", "1"]),
    (RunFilter(since_ns=EPOCH_NS + 100 * 10**9), ["3", "2"]),
    (RunFilter(until_ns=EPOCH_NS + 100 * 10**9), ["1"]),
    (RunFilter(run_id_prefix="0000000000000000000000000000000"), ["3", "2", "1"]),
    (RunFilter(run_id_prefix=run_id(2)), ["2"]),
    (RunFilter(run_id_prefix="f"), []),
    (RunFilter(agent="planner"), ["1"]),
    (RunFilter(agent="PLANNER"), []),
    (RunFilter(model="house-7b"), ["2", "1"]),
    (RunFilter(system="desk"), ["1"]),
    (RunFilter(outcome="failure"), ["1"]),
    (RunFilter(outcome="error"), ["3"]),
    (RunFilter(has_error=True), ["3", "1"]),
    (RunFilter(has_error=False), ["2"]),
    (RunFilter(min_cost_usd=Decimal("0.25")), ["1"]),
    (RunFilter(max_cost_usd=Decimal("0.249999999999")), []),
    (RunFilter(min_cost_usd=Decimal("-1e40"), max_cost_usd=Decimal("1e40")), ["1"]),
    (RunFilter(min_tokens=165), ["1"]),
    (RunFilter(max_tokens=164), ["2"]),
    (RunFilter(min_duration_s=9.5), ["1"]),
    (RunFilter(max_duration_s=1), ["3", "2"]),
    (RunFilter(text="ZEBRA"), ["2"]),
    (RunFilter(text="no such words"), []),
    (RunFilter(session_id="s1"), ["1"]),
    (RunFilter(user_id="u1"), ["1"]),
    (RunFilter(tag="canary"), ["1"]),
    (RunFilter(metadata=(("build", "9"),)), ["1"]),
    (RunFilter(metadata=(("build", "9"), ("build", "8"))), []),
    (RunFilter(metadata=(("absent", ""),)), []),
    (RunFilter(agent="planner", has_error=True, tag="nightly", min_tokens=1, text="book"), []),
]


def test_each_filter_leaves_what_it_says(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([
        *_team_run(project),
        span_row(
            project, run=2, span=11, at_s=100, operation="llm", model="house-7b", output_tokens=3,
            attributes=b'{"said":"a zebra crossing"}',
        ),
        span_row(project, run=3, span=21, at_s=200, took_s=0.5, status=2),
    ])  # fmt: skip
    left = {str(chosen): _ids(store.runs(project, chosen, limit=9).items) for chosen, _ in FILTERS}
    assert left == {str(chosen): expected for chosen, expected in FILTERS}


def test_pages_follow_each_other_without_gap_or_repeat(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([span_row(project, run=number, span=number, at_s=number // 3) for number in range(1, 24)])
    seen: list[str] = []
    cursor = None
    for _ in range(9):
        page = store.runs(project, RunFilter(), limit=5, cursor=cursor)
        seen += _ids(page.items)
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [f"{number:x}" for number in range(23, 0, -1)]


@pytest.mark.parametrize("cursor", ["", "x", "äö", "' OR 1=1 --", "MTIz", "a" * 5000, "MSAgJyBPUiAx"])
def test_a_foreign_cursor_is_refused(store: TraceStore, project: ProjectId, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        store.runs(project, RunFilter(), limit=5, cursor=cursor)


def test_span_counts_follow_a_run_as_it_grows(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([span_row(project, run=1, span=1), span_row(project, run=2, span=2)])
    append([span_row(project, run=1, span=1), span_row(project, run=1, span=3)])
    assert store.span_counts(project, [run_id(1), run_id(2), run_id(3)]) == {run_id(1): 2, run_id(2): 1}
    assert store.span_counts(project, []) == {}


def test_existing_says_which_ids_are_runs(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([span_row(project, run=1, span=1), span_row(project, run=2, span=2)])
    assert store.existing(project, [run_id(2), run_id(3)]) == {run_id(2)}
    assert store.existing(project, []) == set()
    assert store.existing(project, [run_id(number) for number in range(1, 3000)]) == {run_id(1), run_id(2)}


def test_a_run_without_times_has_no_duration_and_is_in_no_range_of_them(
    store: TraceStore, append: Append, project: ProjectId
) -> None:
    append([span_row(project, run=1, span=1, took_s=5, is_dated=False), span_row(project, run=1, span=2, parent=1)])
    append([span_row(project, run=2, span=3, took_s=7)])
    rows = store.runs(project, RunFilter(), limit=9).items
    assert {row.run_id: row.duration_s for row in rows} == {run_id(1): None, run_id(2): 7.0}
    assert _ids(store.runs(project, RunFilter(min_duration_s=0), limit=9).items) == ["2"]
    assert _ids(store.runs(project, RunFilter(max_duration_s=99), limit=9).items) == ["2"]
    (total,) = store.stats(project, RunFilter(), bucket="total")
    assert (total.runs, total.latency_p50_s, total.latency_p95_s) == (2, 7.0, 7.0)
    (alone,) = store.stats(project, RunFilter(run_ids=(run_id(1),)), bucket="total", group_by="agent")
    assert (alone.latency_p50_s, alone.latency_p95_s) == (None, None)
