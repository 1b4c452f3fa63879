"""A substring is found whatever its case and however JSON spells it; the latest come first."""

import json
from collections.abc import Callable, Sequence

import pytest

from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter
from masthead.store.traces.append import SpanRow
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import EPOCH_NS, run_id, span_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]

SAID = 'The "Quick" brown_fox\njumps 100% over C:\\dogs in KÖLN, 東京 and 😀'


def _found(store: TraceStore, project: ProjectId, text: str) -> list[str]:
    return [hit.span_id.lstrip("0") for hit in store.search(project, text, limit=20).items]


@pytest.fixture
def told(append: Append, project: ProjectId) -> ProjectId:
    inner = {True: json.dumps([{"content": SAID}]), False: json.dumps([{"content": SAID}], ensure_ascii=False)}
    rows = [
        span_row(project, span=1, at_s=1, attributes=json.dumps({"text": SAID}, ensure_ascii=False).encode()),
        span_row(project, span=2, at_s=2, attributes=json.dumps({"m": inner[True]}, ensure_ascii=False).encode()),
        span_row(project, span=3, at_s=3, attributes=json.dumps({"m": inner[False]}, ensure_ascii=False).encode()),
        span_row(project, span=4, at_s=4, events=json.dumps([{"name": "e", "body": SAID}]).encode()),
        span_row(project, span=5, at_s=5, status_message="Timeout in brown_fox"),
        span_row(project, span=6, at_s=6, attributes=b'{"text":"brownXfox, 100 percent"}'),
    ]
    append(rows)
    return project


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("brown_fox", "54321"),
        ("BROWN_F", "54321"),
        ("rown", "654321"),
        ("100%", "4321"),
        ('"quick"', "4321"),
        ("fox\njumps", "4321"),
        ("c:\\dogs", "4321"),
        ("köln", "4321"),
        ("in KÖLN, 東京", "4321"),
        ("京", "4321"),
        ("😀", "4321"),
        ("a" * 20_000, ""),
        ("'; DROP TABLE spans; --", ""),
        (".*", ""),
        ("\\", "4321"),
        ("", ""),
    ],
)
def test_a_text_is_found_however_it_is_spelt(store: TraceStore, told: ProjectId, text: str, spans: str) -> None:
    assert _found(store, told, text) == list(spans)


def test_runs_can_be_filtered_by_what_was_said(store: TraceStore, told: ProjectId) -> None:
    assert len(store.runs(told, RunFilter(text='"QUICK" Brown'), limit=5).items) == 1
    assert store.runs(told, RunFilter(text="slow brown"), limit=5).items == []


def test_a_hit_says_where_and_what(store: TraceStore, told: ProjectId) -> None:
    hit = store.search(told, "jumps", limit=1).items[0]
    assert (hit.run_id, hit.span_id, hit.name, hit.start_ns) == (
        run_id(1),
        span_id(4),
        "span 4",
        EPOCH_NS + 4_000_000_000,
    )
    assert 'The "Quick" brown_fox jumps 100% over C:' in hit.excerpt


def test_the_window_is_half_open(store: TraceStore, told: ProjectId) -> None:
    hits = store.search(
        told, "brown", since_ns=EPOCH_NS + 2_000_000_000, until_ns=EPOCH_NS + 4_000_000_000, limit=9
    ).items
    assert [hit.span_id for hit in hits] == [span_id(3), span_id(2)]


def test_pages_of_hits_follow_each_other_over_hours(store: TraceStore, append: Append, project: ProjectId) -> None:
    rows = [span_row(project, span=n, at_s=n * 1_000, attributes=b'{"t":"needle"}') for n in range(1, 12)]
    append(rows)
    append(rows[4:6])
    seen: list[str] = []
    cursor = None
    for _ in range(9):
        page = store.search(project, "NEEDLE", limit=3, cursor=cursor)
        seen += [hit.span_id for hit in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == [span_id(n) for n in range(11, 0, -1)]


def test_runs_that_share_span_ids_are_found_apart(store: TraceStore, append: Append, project: ProjectId) -> None:
    append(
        [span_row(project, run=run, span=7, attributes=f'{{"text":"shared in {run}"}}'.encode()) for run in (1, 2, 3)]
    )
    hits = store.search(project, "shared", limit=9).items
    assert [(hit.run_id, hit.excerpt) for hit in hits] == [
        (run_id(run), f'{{"text":"shared in {run}"}}') for run in (3, 2, 1)
    ]
    paged, cursor = list[str](), None
    while len(paged) < 4:
        page = store.search(project, "shared", limit=1, cursor=cursor)
        paged += [hit.run_id for hit in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert paged == [run_id(3), run_id(2), run_id(1)]
