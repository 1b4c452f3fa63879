"""Conversations that are being read: built once, rebuilt when spans come, bounded."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from masthead.api.conversations import Conversations
from masthead.conversation import spans_of
from masthead.model.errors import NotFound
from masthead.model.ids import DEFAULT_PROJECT, EvaluatorId, ProjectId, RunId
from masthead.model.run import Page, RunRow
from masthead.model.score import Score, ScoreFilter, Subject
from masthead.model.span import Span
from masthead.store.traces.port import SpanStore
from masthead.testing.site import conversation, run_id

pytestmark = pytest.mark.unit


class Runs:
    """The two questions that conversations ask of a store, answered from memory and counted."""

    def __init__(self, *numbers: int) -> None:
        self.turns = dict.fromkeys((run_id(number) for number in numbers), 4)
        self.reads = list[RunId]()
        self.said = list[Score]()
        self._lock = threading.Lock()

    def run(self, project: ProjectId, wanted: RunId) -> RunRow | None:
        if project != DEFAULT_PROJECT or wanted not in self.turns:
            return None
        return RunRow(
            run_id=wanted, name="n", system=None, task=None, start_ns=0, end_ns=1, duration_s=1e-9,
            outcome=None, spans=self.turns[wanted], llm_calls=0, tool_calls=0, errors=0, agents=(), models=(),
            input_tokens=None, output_tokens=None, cost_usd=None, session_id=None, user_id=None, tags=(),
        )  # fmt: skip

    def spans(self, project: ProjectId, wanted: RunId) -> list[Span]:
        with self._lock:
            self.reads.append(wanted)
        time.sleep(0.02)
        return spans_of(conversation(int(wanted, 16), turns=self.turns[wanted]), start_ns=10**18)

    def scores(self, project: ProjectId, wanted: ScoreFilter, *, limit: int, cursor: str | None) -> Page[Score]:
        return Page(items=[score for score in self.said if score.subject.run_id in wanted.run_ids], cursor=None)


def conversations(runs: Runs, most_characters: int = 10**9) -> Conversations:
    return Conversations(cast("SpanStore", runs), most_characters=most_characters)


def test_many_readers_of_one_run_build_it_once() -> None:
    runs = Runs(1)
    kept = conversations(runs)

    def read(_: int) -> int:
        return len(kept.get(DEFAULT_PROJECT, run_id(1))[1].turns)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(16)))
    assert found == [4] * 16
    assert runs.reads == [run_id(1)]


def test_new_spans_are_read() -> None:
    runs = Runs(1)
    kept = conversations(runs)
    kept.get(DEFAULT_PROJECT, run_id(1))
    runs.turns[run_id(1)] = 6
    assert len(kept.get(DEFAULT_PROJECT, run_id(1))[1].turns) == 6


def test_the_least_recently_read_is_forgotten_first() -> None:
    runs = Runs(1, 2, 3)
    kept = conversations(runs, most_characters=2 * 4 * 220)
    for number in (1, 2, 1, 3, 1, 2):
        kept.get(DEFAULT_PROJECT, run_id(number))
    assert runs.reads == [run_id(number) for number in (1, 2, 3, 2)]


def test_a_run_that_was_deleted_or_is_another_projects_is_not_found() -> None:
    runs = Runs(1)
    kept = conversations(runs)
    kept.get(DEFAULT_PROJECT, run_id(1))
    with pytest.raises(NotFound):
        kept.get(ProjectId("other"), run_id(1))
    runs.turns.clear()
    with pytest.raises(NotFound):
        kept.get(DEFAULT_PROJECT, run_id(1))


def test_a_diagnosis_is_kept_until_spans_or_verdicts_come() -> None:
    runs = Runs(1)
    kept = conversations(runs)
    first = kept.diagnosis(DEFAULT_PROJECT, run_id(1))
    assert kept.diagnosis(DEFAULT_PROJECT, run_id(1)) is first
    runs.said.append(
        Score(
            id="1", name="FM-2.6", subject=Subject(kind="turn", run_id=run_id(1), turn=1), flag=True, evidence=(1,),
            source="human", evaluator=EvaluatorId("ada"), evaluator_version="1", time_ns=1,
        )
    )  # fmt: skip
    judged = kept.diagnosis(DEFAULT_PROJECT, run_id(1))
    assert "FM-2.6" in [finding.code for finding in judged.findings]
    runs.turns[run_id(1)] = 6
    assert kept.diagnosis(DEFAULT_PROJECT, run_id(1)) is not judged
