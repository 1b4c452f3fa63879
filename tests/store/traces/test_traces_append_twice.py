"""A span that stands twice in one append is one span, and the last one counts."""

from collections.abc import Callable, Sequence

import pytest

from masthead.model.ids import ProjectId
from masthead.store.traces.append import SpanRow
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import run_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]


def test_the_last_of_two_rows_of_one_span_counts(
    store: TraceStore, append: Append, project: ProjectId, other: ProjectId
) -> None:
    append(
        [
            span_row(project, span=1, name="first", input_tokens=5, operation="llm"),
            span_row(other, span=1, name="of the other project"),
            span_row(project, span=2, parent=1),
            span_row(project, span=1, name="second", input_tokens=7, operation="llm"),
        ]
    )
    assert [span.name for span in store.spans(project, run_id(1))].count("second") == 1
    assert len(store.spans(project, run_id(1))) == 2
    row = store.run(project, run_id(1))
    assert row is not None
    assert (row.name, row.spans, row.input_tokens) == ("second", 2, 7)
    assert [span.name for span in store.spans(other, run_id(1))] == ["of the other project"]
