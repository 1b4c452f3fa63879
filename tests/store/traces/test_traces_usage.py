"""What calls through the gateway used: by time and group, checked by hand, for calls stored before the columns too."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from masthead.model.ids import ProjectId
from masthead.model.usage import USAGE_BY, UsageBy
from masthead.store.traces.append import Appender, SpanRow
from masthead.store.traces.migrate import migrate
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import EPOCH_NS, run_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]

DAY_S = 86_400
DAY_NS = DAY_S * 1_000_000_000


def _call(
    project: ProjectId,
    span: int,
    *,
    key: str | None = "k1",
    connection: str = "openai",
    cache: str | None = None,
    first_chunk_s: float | None = None,
    also: Mapping[str, object] | None = None,
    **more: Any,
) -> SpanRow:
    attributes = {
        "masthead.gateway.key": key,
        "masthead.gateway.connection": connection,
        "masthead.gateway.cache": cache,
        "gen_ai.response.time_to_first_chunk": first_chunk_s,
    } | dict(also or {})
    said = {name: value for name, value in attributes.items() if value is not None}
    fields: dict[str, Any] = {
        "name": "chat m",
        "scope_name": "masthead.gateway",
        "operation": "llm",
        "model": "m",
        "attributes": json.dumps(said).encode(),
    }
    return span_row(project, span=span, **(fields | more))


def _rows(project: ProjectId) -> list[SpanRow]:
    """Four calls, the second one after a failed try, and a span that another program recorded."""
    return [
        _call(project, 1, took_s=1, agent="a", user_id="u1", input_tokens=100, output_tokens=10, cost_usd=Decimal(1),
              first_chunk_s=0.25, cache_read_tokens=40),
        _call(project, 2, took_s=3, agent="b", key="k2", input_tokens=50, connection="other", status=2, at_s=60),
        span_row(project, span=20, parent=2, at_s=60, name="attempt 1 openai", scope_name="masthead.gateway",
                 attributes=b'{"masthead.gateway.connection":"openai"}', status=2),
        _call(project, 3, run=2, took_s=0.5, cache="hit", key=None, at_s=DAY_S, input_tokens=7, cost_usd=Decimal(0)),
        _call(project, 4, run=2, took_s=2, agent="a", at_s=DAY_S + 1, input_tokens=1, cost_usd=Decimal("0.5"),
              model="n"),
        span_row(project, span=5, operation="llm", model="m", scope_name="openinference", input_tokens=9999),
    ]  # fmt: skip


@pytest.fixture
def used(append: Append, project: ProjectId, other: ProjectId) -> ProjectId:
    rows = _rows(project)
    append(rows)
    append(rows[:2])
    append([_call(other, 1, input_tokens=5, cost_usd=Decimal(99))])
    return project


def test_the_whole_is_the_calls_of_the_gateway_each_once(store: TraceStore, used: ProjectId) -> None:
    (whole,) = store.usage(used)
    assert (whole.calls, whole.errors, whole.unpriced, whole.cache_hits) == (4, 1, 1, 1)
    assert (whole.input_tokens, whole.output_tokens, whole.cache_read_tokens) == (158, 10, 40)
    assert whole.cost_usd == Decimal("1.5")
    assert (whole.latency_p50_s, whole.latency_p95_s) == (2.0, 3.0)
    assert (whole.first_chunk_p50_s, whole.first_chunk_p95_s) == (0.25, 0.25)
    assert whole.agents == ("a", "b")
    assert whole.start_ns == EPOCH_NS
    assert whole.last_ns == EPOCH_NS + (DAY_S + 1) * 1_000_000_000


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("key", {"k1": 2, "k2": 1, None: 1}),
        ("model", {"m": 3, "n": 1}),
        ("agent", {"a": 2, "b": 1, None: 1}),
        ("user", {"u1": 1, None: 3}),
        ("run", {run_id(1): 2, run_id(2): 2}),
        ("connection", {"openai": 3, "other": 1}),
    ],
)
def test_use_is_added_up_by(store: TraceStore, used: ProjectId, by: UsageBy, groups: dict[str | None, int]) -> None:
    assert {row.group: row.calls for row in store.usage(used, by=by)} == groups


def test_every_way_of_adding_up_is_tested() -> None:
    assert set(USAGE_BY) == {"key", "model", "agent", "user", "run", "connection"}


def test_the_dearest_comes_first_and_what_has_no_price_last(store: TraceStore, used: ProjectId) -> None:
    assert [row.group for row in store.usage(used, by="key")] == ["k1", None, "k2"]
    assert [row.group for row in store.usage(used, by="key", limit=1)] == ["k1"]


def test_buckets_are_in_order_of_time(store: TraceStore, used: ProjectId) -> None:
    days = store.usage(used, bucket="day")
    assert [row.calls for row in days] == [2, 2]
    assert days[1].start_ns - days[0].start_ns == DAY_NS


def test_a_window_of_time_takes_its_start_and_leaves_its_end(store: TraceStore, used: ProjectId) -> None:
    later = EPOCH_NS + DAY_NS
    (within,) = store.usage(used, since_ns=later, until_ns=later + 1_000_000_000)
    assert within.calls == 1
    assert within.cache_hits == 1
    assert store.usage(used, since_ns=later + DAY_NS) == []


def test_nothing_is_known_of_first_chunks_where_nothing_was_streamed(store: TraceStore, used: ProjectId) -> None:
    (row,) = store.usage(used, since_ns=EPOCH_NS + DAY_NS)
    assert row.first_chunk_p50_s is None
    assert row.output_tokens is None


def test_shadow_calls_are_counted_by_themselves(store: TraceStore, append: Append, project: ProjectId) -> None:
    shadow = {"masthead.gateway.shadow_of": "00000000000000aa"}
    append(
        [
            _call(project, 1, cost_usd=Decimal(1)),
            _call(project, 2, run=2, cost_usd=Decimal(2), also=shadow),
            _call(project, 3, run=3, cost_usd=Decimal(4), also=shadow | {"masthead.gateway.is_billed": True}),
        ]
    )
    assert [(row.calls, row.cost_usd) for row in store.usage(project)] == [(2, Decimal(5))]
    assert [(row.calls, row.cost_usd) for row in store.usage(project, of_shadows=True)] == [(1, Decimal(2))]


def test_calls_that_were_stored_before_the_columns_are_added_up_as_well(store: TraceStore, project: ProjectId) -> None:
    for name in ("gateway_key", "connection", "cache", "first_chunk_s", "is_shadow"):
        store.engine.query(f"ALTER TABLE spans DROP COLUMN {name}", {})
    Appender(store.engine).append(_rows(project), token="before", received_ns=EPOCH_NS)
    store.engine.query("ALTER TABLE masthead DELETE WHERE version >= 5 SETTINGS mutations_sync = 2", {})
    migrate(store.engine)
    assert {row.group: row.calls for row in store.usage(project, by="key")} == {"k1": 2, "k2": 1, None: 1}
    (whole,) = store.usage(project)
    assert (whole.cache_hits, whole.first_chunk_p50_s) == (1, 0.25)
