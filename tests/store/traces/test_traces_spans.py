"""Spans come back as they went in, in order, each once."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import orjson
import pytest

from masthead.model.errors import InvalidInput
from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.run import RunFilter
from masthead.model.span import Span, SpanEvent, SpanLink
from masthead.store.traces.append import SpanRow
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import EPOCH_NS, run_id, span_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]
NASTY = "tab\t nl\n nul\0 quote' dquote\" back\\ slash\\\\N \\N é 😀 {x:String} %_ \x7f"


def test_a_span_comes_back_as_it_went_in(store: TraceStore, append: Append, project: ProjectId) -> None:
    span = Span(
        trace_id=run_id(7),
        span_id=span_id(8),
        parent_span_id=span_id(9),
        name=NASTY,
        kind="client",
        start_ns=EPOCH_NS + 1,
        end_ns=EPOCH_NS + 3,
        status="error",
        status_message=NASTY,
        attributes={NASTY: NASTY, "n": 1, "f": 0.5, "b": True, "none": None, "l": [1, [NASTY]], "d": {"x": {}}},
        events=(SpanEvent(name="said", time_ns=EPOCH_NS + 2, attributes={"text": NASTY}),),
        links=(SpanLink(trace_id=run_id(1), span_id=span_id(2), attributes={"why": NASTY}),),
        resource={"service.name": NASTY},
        scope_name="scope",
        scope_version="1.2",
        cost_usd=Decimal("0.000000123457"),
        price_version="2026-11",
    )
    row = SpanRow(
        project=project,
        run_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span_id(9)),
        name=span.name,
        kind=3,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        status=2,
        status_message=span.status_message,
        scope_name="scope",
        scope_version="1.2",
        attributes=orjson.dumps(span.attributes),
        events=orjson.dumps([{"name": "said", "time_ns": EPOCH_NS + 2, "attributes": {"text": NASTY}}]),
        links=orjson.dumps([{"trace_id": run_id(1), "span_id": span_id(2), "attributes": {"why": NASTY}}]),
        resource=orjson.dumps(span.resource),
        cost_usd=Decimal("0.0000001234567"),
        price_version="2026-11",
    )
    append([row])
    assert store.spans(project, span.trace_id) == [span]
    assert store.span(project, span.trace_id, span.span_id) == span


def test_spans_come_in_order_of_start_over_hours_each_once(
    store: TraceStore, append: Append, project: ProjectId
) -> None:
    rows = [span_row(project, span=number, at_s=1_700 * number, took_s=0) for number in range(1, 9)]
    append(rows[::-1])
    append(rows[3:5])
    assert [span.span_id for span in store.spans(project, run_id(1))] == [span_id(number) for number in range(1, 9)]


def test_the_last_sent_version_of_a_span_counts(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([span_row(project, span=1, took_s=0, name="begun")])
    append([span_row(project, span=1, took_s=5, name="ended", status=1)])
    (span,) = store.spans(project, run_id(1))
    row = store.run(project, run_id(1))
    assert (span.name, span.status) == ("ended", "ok")
    assert row is not None
    assert (row.name, row.end_ns - row.start_ns, row.spans) == ("ended", 5_000_000_000, 1)


@pytest.mark.parametrize("number", [0, 256, 0xAB00, 0xCD0000, 1 << 120, 0xFF << 120])
def test_ids_that_end_or_begin_in_zeros_are_found(
    store: TraceStore, append: Append, project: ProjectId, number: int
) -> None:
    append([span_row(project, run=number, span=256)])
    run = run_id(number)
    assert store.existing(project, [run]) == {run}
    assert store.run(project, run) is not None
    assert len(store.spans(project, run)) == 1
    assert store.span(project, run, span_id(256)) is not None
    assert store.runs(project, RunFilter(run_id_prefix=run[:31]), limit=1).items[0].run_id == run
    append([span_row(project, run=number, span=512, name="zebra", attributes=b'{"x":"zebra"}')])
    assert store.search(project, "zebra", limit=5).items[0].excerpt == '{"x":"zebra"}'
    assert store.delete_runs(project, [run]) == (1, 2, 0)


def test_pages_of_spans_follow_each_other(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([span_row(project, span=number, at_s=number // 2, operation="llm", tool="t") for number in range(1, 12)])
    for pages in (store.span_page, store.span_summaries):
        seen: list[str] = []
        cursor = None
        for _ in range(9):
            page = pages(project, run_id(1), limit=4, cursor=cursor)
            seen += [span.span_id for span in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert seen == [span_id(number) for number in range(1, 12)]
        with pytest.raises(InvalidInput):
            pages(project, run_id(1), limit=4, cursor="bm9uZQ")


def test_a_summary_has_the_narrow_fields(store: TraceStore, append: Append, project: ProjectId) -> None:
    append([
        span_row(
            project, span=2, parent=1, operation="llm", agent="coder", agent_id="c1", model="m", provider="p",
            input_tokens=3, cost_usd=Decimal("0.5"), status=1,
        )
    ])  # fmt: skip
    (summary,) = store.span_summaries(project, run_id(1), limit=4).items
    assert (summary.parent_span_id, summary.operation, summary.agent, summary.agent_id) == (
        span_id(1),
        "llm",
        "coder",
        "c1",
    )
    assert (summary.model, summary.tool_name, summary.input_tokens, summary.output_tokens) == ("m", None, 3, None)
    assert (summary.cost_usd, summary.status, summary.kind) == (Decimal("0.5"), "ok", "internal")


@pytest.mark.parametrize("run", ["", "x", "' OR 1=1", "0" * 31, "0" * 33, "G" * 32, "é" * 32, "0" * 5000])
def test_what_is_no_id_is_not_found(store: TraceStore, append: Append, project: ProjectId, run: str) -> None:
    append([span_row(project, run=0, span=1)])
    assert store.run(project, RunId(run)) is None
    assert store.spans(project, RunId(run)) == []
    assert store.span(project, run_id(0), SpanId(run)) is None
    assert store.span_page(project, RunId(run), limit=1).items == []
    assert store.existing(project, [RunId(run)]) == set()
    assert store.delete_runs(project, [RunId(run)]) == (0, 0, 0)


def test_a_large_span_comes_back_whole(store: TraceStore, append: Append, project: ProjectId) -> None:
    text = "0123456789" * 1_000_000
    append([span_row(project, span=1, attributes=orjson.dumps({"text": text}))])
    assert store.spans(project, run_id(1))[0].attributes == {"text": text}
