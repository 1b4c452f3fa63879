"""Read from the store what people and evaluators said of the labelled runs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from masthead.judge.first_tier import rule_codes
from masthead.judge.people import Material, verdicts_of
from masthead.model.ids import ProjectId, RunId
from masthead.model.score import EvaluatorRow, Score, ScoreFilter, ScoreSource
from masthead.store.traces.every import every_score
from masthead.store.traces.port import SpanStore

_RUNS_AT_ONCE: Final = 500
_NO_CODES: Final = frozenset({"origin"})


class Labelled(NamedTuple):
    """What was said of the labelled runs, and whether older labels were left out."""

    material: Material
    is_cut: bool


def material_of(store: SpanStore, project: ProjectId, *, most_labels: int) -> Labelled:
    """Return what people said, the latest labels, and what evaluators said of the same runs."""
    labels: list[Score] = []
    for score in every_score(store, project, ScoreFilter(source="human")):
        labels.append(score)
        if len(labels) == most_labels:
            break
    people = {run_id: codes for run_id, codes in verdicts_of(labels).items() if codes}
    run_ids = list(people)
    others: list[Score] = []
    for part in _parts(run_ids):
        others += [s for s in every_score(store, project, ScoreFilter(run_ids=tuple(part))) if s.source != "human"]
    observed = {
        run_id: seen for part in _parts(run_ids) for run_id, seen in store.observations_of(project, part).items()
    }
    return Labelled(Material(people=people, others=verdicts_of(others), observed=observed), len(labels) == most_labels)


def people_and_judges(rows: Iterable[EvaluatorRow]) -> dict[str, ScoreSource]:
    """Return the evaluators that are no built-in rules, by name."""
    rules = rule_codes()
    return {row.evaluator: row.source for row in rows if row.evaluator not in rules and set(row.names) - _NO_CODES}


def _parts(run_ids: Sequence[RunId]) -> Iterator[Sequence[RunId]]:
    for at in range(0, len(run_ids), _RUNS_AT_ONCE):
        yield run_ids[at : at + _RUNS_AT_ONCE]
