"""Several runs come in one query, each as it comes alone."""

from collections.abc import Callable, Sequence

import pytest

from masthead.model.ids import ProjectId, RunId
from masthead.store.traces.append import SpanRow
from masthead.store.traces.store import TraceStore
from masthead.testing.span_rows import run_id, span_id, span_row

pytestmark = pytest.mark.store

Append = Callable[[Sequence[SpanRow]], None]


def test_several_runs_come_as_each_comes_alone(store: TraceStore, append: Append, project: ProjectId) -> None:
    runs = [run_id(300 + number) for number in range(3)]
    rows = [
        span_row(project, run=300 + number, span=900 + number * 10 + part, at_s=number * 3600 - part)
        for number in range(3)
        for part in range(4)
    ]
    append(rows)
    append(rows)
    found = store.spans_of_runs(project, [runs[2], runs[0]])
    assert set(found) == {runs[0], runs[2]}
    for run in found:
        assert found[run] == store.spans(project, run)
        assert len(found[run]) == 4


def test_runs_of_another_project_or_of_no_id_are_left_out(
    store: TraceStore, append: Append, project: ProjectId, other: ProjectId
) -> None:
    append([span_row(project, run=400, span=1400)])
    assert store.spans_of_runs(other, [run_id(400)]) == {}
    assert store.spans_of_runs(project, [RunId("' OR 1=1"), RunId("")]) == {}
    assert [span.span_id for span in store.spans_of_runs(project, [run_id(400), run_id(401)])[run_id(400)]] == [
        span_id(1400)
    ]
