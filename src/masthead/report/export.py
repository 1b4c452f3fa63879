"""Stored runs, one after the other, for writing out. Memory holds one batch of runs, of bounded size, at a time."""

from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from masthead.conversation import conversation_of
from masthead.model.conversation import Conversation
from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter, RunRow, items_of
from masthead.model.score import Score
from masthead.model.span import Span
from masthead.store.traces.every import scores_by_run
from masthead.store.traces.port import SpanStore

_PAGE: Final = 200
_MOST_SPANS: Final = 4_000
"""Spans read together; a run that has more is read alone."""


class ExportedRun(NamedTuple):
    """A run with everything that is known of it."""

    row: RunRow
    conversation: Conversation
    scores: list[Score]


def exported_runs(store: SpanStore, project: ProjectId, chosen: RunFilter) -> Iterator[ExportedRun]:
    """Yield the chosen runs as conversations with their scores, the latest started first."""
    for rows in _batches(store, project, chosen):
        run_ids = [row.run_id for row in rows]
        spans = store.spans_of_runs(project, run_ids)
        scores = scores_by_run(store, project, run_ids)
        for row in rows:
            yield ExportedRun(row, conversation_of(spans.pop(row.run_id, [])), scores.get(row.run_id, []))


def exported_spans(store: SpanStore, project: ProjectId, chosen: RunFilter) -> Iterator[list[Span]]:
    """Yield the spans of each of the chosen runs, the latest started run first."""
    for rows in _batches(store, project, chosen):
        spans = store.spans_of_runs(project, [row.run_id for row in rows])
        for row in rows:
            yield spans.pop(row.run_id, [])


def _batches(store: SpanStore, project: ProjectId, chosen: RunFilter) -> Iterator[list[RunRow]]:
    """Yield runs to be read together: a query a run would cost more than the run."""
    batch: list[RunRow] = []
    spans = 0
    ask = partial(store.runs, project, chosen, limit=_PAGE)
    for row in items_of(lambda cursor: ask(cursor=cursor)):
        if batch and (len(batch) >= _PAGE or spans + row.spans > _MOST_SPANS):
            yield batch
            batch, spans = [], 0
        batch.append(row)
        spans += row.spans
    if batch:
        yield batch
