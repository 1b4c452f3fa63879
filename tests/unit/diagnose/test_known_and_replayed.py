"""What judges said and what replaying showed, joined with what the methods say."""

from dataclasses import replace
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.detect.registry import entries
from masthead.diagnose.attribution import VERIFIED, attribute
from masthead.diagnose.known import known_of
from masthead.diagnose.replaying import fisher, verify
from masthead.diagnose.run import EVALUATOR, diagnose, scores_of
from masthead.model.diagnosis import Attribution, Hypothesis
from masthead.model.ids import AgentId, EvaluatorId, RunId
from masthead.model.replay import ReplayOutcome, ReplayRequest
from masthead.model.score import Score, ScoreSource, Subject
from masthead.testing.conversations import conversation

pytestmark = pytest.mark.unit

RUN = conversation(
    [
        "planner: We need the price of pears, then the total.",
        "searcher: I assume that pears cost 3 each, as last year.",
        "counter: 6 pears at 3 each make 18 in total, I computed it.",
        "teller: The answer is 18, thank you for asking.",
    ],
    answer="18",
)
JUDGE = EvaluatorId("origin-all-at-once:some-model")


def told(
    turn: int | None, rank: int | None, *, by: str = JUDGE, time_ns: int = 1, source: ScoreSource = "llm"
) -> Score:
    agent = None if turn is None else RUN.turns[turn].speaker
    return Score(
        id=f"{by}{turn}{rank}{time_ns}",
        name="origin",
        subject=Subject(kind="run" if turn is None else "turn", run_id=RunId("1" * 32), turn=turn, agent=agent),
        number=rank,
        reason="1. inferred by all-at-once: it guesses “as last year”",
        evidence=() if turn is None else (turn,),
        confidence=0.8,
        source=source,
        evaluator=EvaluatorId(by),
        evaluator_version="1",
        time_ns=time_ns,
    )


def test_a_judges_last_word_counts_and_peoples_labels_are_no_part_of_the_ranking():
    scores = [told(0, 1), told(1, 1, time_ns=2), told(2, 2, time_ns=2), told(3, 1, by="ada", source="human")]
    judged = known_of(scores).judged
    assert [(item.turn, item.method, item.reason) for item in judged] == [
        (1, JUDGE, "it guesses “as last year”"),
        (2, JUDGE, "it guesses “as last year”"),
    ]
    assert known_of([told(1, 1), told(None, None, time_ns=2)]).judged == ()


def test_what_a_judge_names_is_ranked_with_the_rest_and_says_who_said_so():
    judged = known_of([told(1, 1)]).judged
    plain, joined = attribute(RUN), attribute(RUN, judged=judged)
    before = {item.turn: item.confidence for item in plain.hypotheses}
    (named,) = [item for item in joined.hypotheses if item.turn == 1]
    assert named.confidence > before[1]
    assert JUDGE in named.method
    assert "it guesses" in named.reason
    assert joined.is_calibrated is False
    assert sum(item.confidence for item in joined.hypotheses) <= 1 + 1e-9
    assert [vote.turn for vote in joined.votes if vote.method == JUDGE] == [1]


def test_a_judge_that_names_a_turn_which_no_agent_said_is_not_heard():
    run = conversation(["user: How many pears?", "counter: There are 18 pears in the basket."])
    odd = Hypothesis(agent=AgentId("user"), turn=0, confidence=1.0, basis="inferred", method=JUDGE, reason="r")
    assert attribute(run, judged=[odd]) == attribute(run)


def test_a_finding_of_a_judge_that_gave_no_confidence_is_not_taken_as_certain():
    (finding,) = known_of([replace(told(1, None), name="FM-2.3", flag=True, number=None, confidence=None)]).findings
    assert (finding.confidence, finding.is_calibrated) == (0.5, False)
    (person,) = known_of(
        [replace(told(1, None, source="human"), name="FM-2.3", flag=True, number=None, confidence=None)]
    ).findings
    assert person.confidence == 1.0


def test_what_a_later_diagnosis_no_longer_says_is_taken_back():
    rule = next(entry for entry in entries() if entry.is_on)
    finding = replace(
        told(1, None, by=rule.id, source="code"), name=rule.codes[0], flag=True, number=None, evaluator_version="0"
    )
    current = replace(finding, id="current", evaluator_version=rule.version)
    gone = told(0, 5, by=EVALUATOR, source="code")
    foreign = replace(finding, id="foreign", evaluator=EvaluatorId("somebody's check"))
    before = known_of([finding, current, gone, foreign]).before
    assert {score.id for score in before} == {finding.id, gone.id}
    diagnosis = replace(diagnose(RUN, []), attribution=Attribution())
    back = scores_of(diagnosis, time_ns=9, before=before)
    assert [(score.name, score.subject, score.flag, score.number) for score in back] == [
        (finding.name, finding.subject, None, None), ("origin", gone.subject, None, None),
    ]  # fmt: skip
    assert all(score.time_ns == 9 and score.id not in {finding.id, gone.id} for score in back)


class Scripted:
    """Passes where one of these turns is changed."""

    def __init__(self, *deciding: int) -> None:
        self.deciding = deciding
        self.asked: list[ReplayRequest] = []

    def replay(self, request: ReplayRequest) -> ReplayOutcome:
        self.asked.append(request)
        return ReplayOutcome(is_success=request.is_changed and request.turn in self.deciding)


def test_the_earliest_verified_turn_leads_and_the_others_share_what_is_left():
    attribution = attribute(RUN)
    assert attribution.hypotheses[0].turn == 2
    found, trials = verify(RUN, attribution, Scripted(1, 3), corrections={1: "5 each", 3: "30"}, times=5, most=0)
    assert [trial.turn for trial in trials if trial.is_verified] == [
        item.turn for item in attribution.hypotheses if item.turn in {1, 3}
    ]
    assert [(item.turn, item.basis) for item in found.hypotheses[:2]] == [(1, VERIFIED), (3, VERIFIED)]
    assert found.hypotheses[0].confidence > found.hypotheses[1].confidence
    assert sum(item.confidence for item in found.hypotheses) == pytest.approx(1)
    assert not found.is_calibrated


def test_both_ways_are_tried_as_often_and_the_correction_is_for_the_changed_one_alone():
    scripted = Scripted()
    found, trials = verify(RUN, attribute(RUN), scripted, corrections={1: "Look it up."}, times=2, most=1)
    ways = [(request.turn, request.is_changed, request.correction) for request in scripted.asked]
    assert ways.count((1, True, "Look it up.")) == ways.count((1, False, None)) == 2
    assert all(trial.changed == trial.kept == 2 for trial in trials)
    assert [item.turn for item in found.hypotheses] == [item.turn for item in attribute(RUN).hypotheses]


def test_fishers_test_by_hand():
    assert fisher(3, 0, 0, 3) == pytest.approx(1 / 20)
    assert fisher(2, 1, 0, 3) == pytest.approx(3 * 1 / comb(6, 2))
    assert fisher(0, 3, 0, 3) == 1
    assert fisher(4, 1, 0, 5) == pytest.approx(5 / comb(10, 4))


@given(st.tuples(*[st.integers(0, 6)] * 4))
def test_fishers_chance_is_a_chance_and_sinks_with_success(counts: tuple[int, int, int, int]):
    passed, failed, other_passed, other_failed = counts
    chance = fisher(passed, failed, other_passed, other_failed)
    assert 0 < chance <= 1
    if failed:
        assert fisher(passed + 1, failed - 1, other_passed, other_failed) <= chance + 1e-12
