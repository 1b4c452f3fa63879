"""A project as importers see it, straight over the store and the door of this process."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from masthead.ingest.door import Door
from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.run import items_of
from masthead.model.score import Score, ScoreFilter
from masthead.model.span import Span
from masthead.store.traces.port import SpanStore

_PAGE: Final = 5_000


class ProjectDoor:
    """The `ImportDoor` of one project."""

    def __init__(self, project: ProjectId, store: SpanStore, door: Door) -> None:
        self._project = project
        self._store = store
        self._door = door

    def span_counts(self, run_ids: Sequence[RunId]) -> dict[RunId, int]:
        """Return which of these runs are stored, and how many spans each has."""
        return self._store.span_counts(self._project, run_ids)

    def span_starts(self, run_id: RunId) -> dict[SpanId, int]:
        """Return the ids of a stored run's spans, and when each starts."""
        ask = partial(self._store.span_summaries, self._project, run_id, limit=_PAGE)
        return {span.span_id: span.start_ns for span in items_of(lambda cursor: ask(cursor=cursor))}

    def existing_scores(self, run_ids: Sequence[RunId]) -> set[str]:
        """Return the ids of the scores on these runs."""
        ask = partial(self._store.scores, self._project, ScoreFilter(run_ids=tuple(run_ids)), limit=_PAGE)
        return {score.id for score in items_of(lambda cursor: ask(cursor=cursor))}

    def accept(self, spans: Sequence[Span]) -> None:
        """Take the spans for good, or raise."""
        self._door.accept(self._project, spans)

    def add_scores(self, scores: Sequence[Score]) -> None:
        """Take the scores for good, or raise."""
        self._store.add_scores(self._project, scores)

    def flush(self) -> None:
        """Return once what was accepted can be found."""
        self._door.flush()
