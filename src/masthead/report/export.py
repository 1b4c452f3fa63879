"""Stored runs, one after the other, for writing out. Memory holds one page of rows and one run at a time."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from masthead.conversation import conversation_of
from masthead.model.conversation import Conversation
from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter, RunRow
from masthead.model.score import Score, ScoreFilter
from masthead.model.span import Span
from masthead.store.traces.port import SpanStore

_PAGE: Final = 200
_MOST_SCORES: Final = 10_000


class ExportedRun(NamedTuple):
    """A run with everything that is known of it."""

    row: RunRow
    conversation: Conversation
    scores: list[Score]


def exported_runs(store: SpanStore, project: ProjectId, chosen: RunFilter) -> Iterator[ExportedRun]:
    """Yield the chosen runs as conversations with their scores, the latest started first."""
    for row in _rows(store, project, chosen):
        conversation = conversation_of(store.spans(project, row.run_id))
        scores = store.scores(project, ScoreFilter(run_ids=(row.run_id,)), limit=_MOST_SCORES).items
        yield ExportedRun(row, conversation, scores)


def exported_spans(store: SpanStore, project: ProjectId, chosen: RunFilter) -> Iterator[list[Span]]:
    """Yield the spans of each of the chosen runs, the latest started run first."""
    for row in _rows(store, project, chosen):
        yield store.spans(project, row.run_id)


def _rows(store: SpanStore, project: ProjectId, chosen: RunFilter) -> Iterator[RunRow]:
    cursor: str | None = None
    while True:
        page = store.runs(project, chosen, limit=_PAGE, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
