"""Lists of the store read to their end, page by page."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from masthead.model.ids import ProjectId, RunId
from masthead.model.run import items_of
from masthead.model.score import Score, ScoreFilter, ScoreSource
from masthead.store.traces.port import SpanStore

_PAGE: Final = 10_000


def every_score(store: SpanStore, project: ProjectId, chosen: ScoreFilter) -> Iterator[Score]:
    """Yield the chosen scores, the latest first."""
    ask = partial(store.scores, project, chosen, limit=_PAGE)
    yield from items_of(lambda cursor: ask(cursor=cursor))


def scores_by_run(
    store: SpanStore, project: ProjectId, run_ids: Sequence[RunId], *, source: ScoreSource | None = None
) -> defaultdict[RunId, list[Score]]:
    """Return the scores of these runs by run, of each the latest first; empty for a run without, and for no runs."""
    found: defaultdict[RunId, list[Score]] = defaultdict(list)
    if run_ids:  # a filter that names no run means every run
        for score in every_score(store, project, ScoreFilter(run_ids=tuple(run_ids), source=source)):
            found[score.subject.run_id].append(score)
    return found
