"""What a list says of a run beside its row: how many turns it has, what was found in it, and with whom it began.

A diagnosed run's stored row answers at once, and what people said since counts over it. A run that was not diagnosed
shows the scores that it has, and its turns are counted by reading it; that is remembered while the process lives.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from masthead.conversation import conversation_of
from masthead.model.ids import ProjectId, RunId
from masthead.model.observation import Observation
from masthead.model.score import Score
from masthead.store.traces.every import scores_by_run
from masthead.store.traces.port import SpanStore

MOST_SPANS: Final = 5_000
"""Of a longer run the turns are not counted for a list's sake: reading it takes over a second."""
_SPANS_AT_ONCE: Final = 4_000
_REMEMBERED: Final = 50_000
_ORIGIN: Final = "origin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Brief:
    """`turns` is None where they were not counted; `codes` are in the order in which they began, where known."""

    run_id: RunId
    turns: int | None
    is_diagnosed: bool
    codes: tuple[str, ...]
    origin_agent: str | None


class Briefs:
    """Makes briefs, and remembers counts of turns by run and number of spans."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self._lock = Lock()
        """Guards the counts."""
        self._counts: OrderedDict[tuple[ProjectId, RunId, int], int] = OrderedDict()

    def of_runs(self, project: ProjectId, run_ids: Sequence[RunId]) -> list[Brief]:
        """Return the briefs of those of the runs that are the project's, in the order asked for."""
        spans = self._store.span_counts(project, run_ids)
        known = self._store.observations_of(project, list(spans))
        scores = scores_by_run(self._store, project, [run_id for run_id in spans if run_id not in known])
        scores |= scores_by_run(self._store, project, list(known), source="human")
        turns = self._turns(project, {run_id: count for run_id, count in spans.items() if run_id not in known})
        return [
            _brief(run_id, known.get(run_id), scores.get(run_id, ()), turns.get(run_id))
            for run_id in run_ids
            if run_id in spans
        ]

    def _turns(self, project: ProjectId, spans: Mapping[RunId, int]) -> dict[RunId, int]:
        with self._lock:
            kept = {run_id: self._counts.get((project, run_id, count)) for run_id, count in spans.items()}
        turns = {run_id: count for run_id, count in kept.items() if count is not None}
        missing = {run_id: spans[run_id] for run_id, count in kept.items() if count is None}
        for run_ids in _batches({run_id: count for run_id, count in missing.items() if count <= MOST_SPANS}):
            for run_id, found in self._store.spans_of_runs(project, run_ids).items():
                turns[run_id] = len(conversation_of(found).turns)
                self._remember((project, run_id, spans[run_id]), turns[run_id])
        return turns

    def _remember(self, key: tuple[ProjectId, RunId, int], turns: int) -> None:
        with self._lock:
            self._counts[key] = turns
            while len(self._counts) > _REMEMBERED:
                self._counts.popitem(last=False)


def _batches(spans: Mapping[RunId, int]) -> Iterator[list[RunId]]:
    batch, held = list[RunId](), 0
    for run_id, count in spans.items():
        if batch and held + count > _SPANS_AT_ONCE:
            yield batch
            batch, held = [], 0
        batch.append(run_id)
        held += count
    if batch:
        yield batch


def _brief(run_id: RunId, known: Observation | None, scores: Sequence[Score], turns: int | None) -> Brief:
    people = [score for score in scores if score.source == "human"]
    heeded = scores if known is None else people
    found: list[str] = [*known.codes] if known else []
    for score in sorted(heeded, key=_place):
        if score.name not in {_ORIGIN, *found} and score.flag:
            found.append(score.name)
    denied = {score.name for score in people if score.flag is False} - {score.name for score in people if score.flag}
    return Brief(
        run_id=run_id,
        turns=known.total.turns if known else turns,
        is_diagnosed=known is not None,
        codes=tuple(code for code in found if code not in denied),
        origin_agent=_origin(people) or (known.origin_agent if known else _origin(scores)),
    )


def _place(score: Score) -> tuple[int, str]:
    turn = score.subject.turn
    return (-1 if turn is None else turn, score.name)


def _origin(scores: Sequence[Score]) -> str | None:
    """Return the agent of the likeliest origin: a person's, else the one of the lowest rank."""
    origins = [
        score
        for score in scores
        if score.name == _ORIGIN
        and (score.subject.agent or score.label)
        and not (score.number is None and score.label is None)  # without a value it was taken back
    ]
    best = min(origins, key=lambda score: (score.number is None, score.number or 0), default=None)
    return None if best is None else best.subject.agent or best.label
