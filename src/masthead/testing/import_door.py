"""A project to import into, in memory."""

from collections.abc import Sequence

from masthead.model.ids import RunId, SpanId
from masthead.model.score import Score
from masthead.model.span import Span


class MemoryImportDoor:
    """Fills the `ImportDoor` port: keeps what it is given, each span and score once."""

    def __init__(self) -> None:
        self.spans: dict[RunId, dict[SpanId, Span]] = {}
        self.scores: dict[str, Score] = {}
        self.flushes = 0

    def span_counts(self, run_ids: Sequence[RunId]) -> dict[RunId, int]:
        """Return which of these runs are here, and how many spans each has."""
        return {run_id: len(self.spans[run_id]) for run_id in run_ids if run_id in self.spans}

    def span_starts(self, run_id: RunId) -> dict[SpanId, int]:
        """Return the ids of a run's spans, and when each starts."""
        return {span_id: span.start_ns for span_id, span in self.spans.get(run_id, {}).items()}

    def existing_scores(self, run_ids: Sequence[RunId]) -> set[str]:
        """Return the ids of the scores on these runs."""
        return {score.id for score in self.scores.values() if score.subject.run_id in set(run_ids)}

    def accept(self, spans: Sequence[Span]) -> None:
        """Keep the spans."""
        for span in spans:
            self.spans.setdefault(span.trace_id, {})[span.span_id] = span

    def add_scores(self, scores: Sequence[Score]) -> None:
        """Keep the scores."""
        self.scores.update({score.id: score for score in scores})

    def flush(self) -> None:
        """Count that it was asked."""
        self.flushes += 1
