"""Evaluators against people: whose word counts as a label, what silence says, and what is contested."""

from typing import Any

import pytest

from masthead.judge.people import (
    DETECTORS,
    Material,
    contested,
    labelled_runs,
    measure_detectors,
    measure_others,
    verdicts_of,
)
from masthead.model.conversation import EndingKind
from masthead.model.diagnosis import Spending
from masthead.model.ids import EvaluatorId, RunId
from masthead.model.observation import Observation
from masthead.model.score import Score, ScoreSource, Subject

pytestmark = pytest.mark.unit

RULE, CODE = "restart", "FM-2.1"


def score(
    run: str, by: str, *, flag: bool | None, code: str = CODE, source: ScoreSource = "human", **more: Any
) -> Score:
    turn: int | None = more.get("turn")
    return Score(
        id=f"{run}{by}{code}{turn}",
        name=code,
        subject=Subject(kind="run" if turn is None else "turn", run_id=RunId(run), turn=turn),
        flag=flag,
        confidence=more.get("confidence"),
        source=source,
        evaluator=EvaluatorId(by),
        evaluator_version="1",
        time_ns=0,
    )


def observed(*runs: str) -> dict[RunId, Observation]:
    return {
        RunId(run): Observation(
            run_id=RunId(run),
            task_id=f"task {run}",
            task="a task",
            system="team",
            is_success=False,
            ending=EndingKind.COMPLETED,
            total=Spending(turns=1),
        )
        for run in runs
    }


def material(people: list[Score], others: list[Score] | None = None, *, diagnosed: tuple[str, ...] = ()) -> Material:
    return Material(people=verdicts_of(people), others=verdicts_of(others or []), observed=observed(*diagnosed))


def labels(given: Material) -> dict[str, dict[str, bool]]:
    return {run.run: {str(code): label for code, label in run.labels.items()} for run in labelled_runs(given)}


def test_a_persons_positive_verdict_on_any_turn_counts_before_negative_ones() -> None:
    given = material([score("a", "ada", flag=False, turn=1), score("a", "ada", flag=True, turn=4)])
    assert labels(given) == {"a": {CODE: True}}
    assert given.people[RunId("a")]["FM-2.1"]["ada"].turn == 4  # pyright: ignore[reportArgumentType] - a plain code


def test_a_verdict_that_was_taken_back_is_none() -> None:
    assert labels(material([score("a", "ada", flag=None)])) == {}


def test_the_label_is_what_most_people_say_and_there_is_none_where_they_are_even() -> None:
    people = [score("a", by, flag=flag) for by, flag in (("ada", True), ("ben", True), ("cy", False))]
    people += [score("b", "ada", flag=True), score("b", "ben", flag=False)]
    assert labels(material(people)) == {"a": {CODE: True}}


def test_the_silence_of_a_proven_detector_says_no_but_only_of_runs_that_it_has_seen() -> None:
    people = [score(run, "ada", flag=run in "ab") for run in "abcdx"]
    found = [score("a", RULE, flag=True, source="code", confidence=0.9)]
    measured = {each.evaluator: each for each in measure_detectors(material(people, found, diagnosed=tuple("abcd")))}
    for name in (DETECTORS, RULE):
        calibration = measured[name].calibration
        assert calibration is not None
        table = next(line.table for line in calibration.codes if line.name == CODE)
        assert (table.true_positive, table.false_negative, table.true_negative, table.n) == (1, 1, 2, 4)


def test_detectors_are_not_yet_measured_without_labels_on_runs_that_they_saw() -> None:
    assert {each.calibration for each in measure_detectors(material([score("a", "ada", flag=True)]))} == {None}


def test_a_judges_silence_is_an_abstention() -> None:
    people = [score(run, "ada", flag=True) for run in "ab"]
    given = material(people, [score("a", "judge:m", flag=True, source="llm")])
    (judge,) = measure_others(given, {"judge:m": "llm"})
    assert judge.calibration is not None
    assert judge.calibration.runs == 1
    assert judge.calibration.codes[0].table.true_positive == 1


def test_a_person_is_measured_against_the_others_alone() -> None:
    people = [score("a", "ada", flag=True), score("a", "ben", flag=False), score("b", "ada", flag=True)]
    ada, ben = measure_others(material(people), {"ada": "human", "ben": "human"})
    for person in (ada, ben):
        assert person.calibration is not None
        assert person.calibration.pooled.answered == 1
    (alone,) = measure_others(material(people[2:]), {"ada": "human"})
    assert alone.calibration is None


def test_people_who_differ_come_first_and_then_the_surest_mistakes() -> None:
    people = [score(run, "ada", flag=False) for run in "abc"] + [score("c", "ben", flag=True)]
    wrong = [score("a", RULE, flag=True, source="code", confidence=0.5, turn=3)]
    wrong += [score("b", RULE, flag=True, source="code", confidence=0.9)]
    found = contested(material(people, wrong, diagnosed=tuple("abc")))
    assert [item.run_id for item in found] == ["c", "b", "a"]
    assert found[0].label is None
    assert found[2].verdicts[0].turn == 3


def test_a_detector_that_missed_what_people_saw_is_contested() -> None:
    given = material([score("a", "ada", flag=True)], diagnosed=("a",))
    (item,) = contested(given, evaluator=RULE)
    assert (item.label, item.verdicts[0].flag, item.verdicts[0].evaluator) == (True, False, RULE)
    assert contested(given, evaluator="judge:m") == []
    assert contested(given, code="FM-1.3") == []


def test_the_order_of_the_labels_changes_no_figure() -> None:
    people = [score(f"r{n}", "ada", flag=n % 3 == 0) for n in range(30)]
    found = [score(f"r{n}", RULE, flag=True, source="code", confidence=0.9) for n in range(0, 30, 2)]
    seen = tuple(f"r{n}" for n in range(30))
    one = measure_detectors(material(people, found, diagnosed=seen))
    other = measure_detectors(material(people[::-1], found[::-1], diagnosed=seen))
    assert [each.calibration for each in one] == [each.calibration for each in other]
