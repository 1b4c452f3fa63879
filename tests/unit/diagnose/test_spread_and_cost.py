from dataclasses import replace
from decimal import Decimal

import pytest

from masthead.codebook.load import mast
from masthead.diagnose.advice import advise, weigh
from masthead.diagnose.case import prepare
from masthead.diagnose.cost import cost_of_failure
from masthead.diagnose.provenance import trace
from masthead.diagnose.run import diagnose, findings_of, scores_of
from masthead.diagnose.spread import spread_of
from masthead.model.conversation import Act
from masthead.model.diagnosis import Diagnosis, FailureCost, Spending
from masthead.model.ids import Code, EvaluatorId, RunId
from masthead.model.score import Finding
from masthead.testing.conversations import conversation

pytestmark = pytest.mark.unit

RUN = [
    "Reader: The file report_2024.csv gives a turnover of 88412 for the region North Sea.",
    "Clerk: The weather is fine today, and nothing else is to be said about it here.",
    "Analyst: With 88412 the growth is 17.25 percent.",
    "Checker: I verified the growth of 17.25 percent and confirm that it is correct and accurate.",
    "Writer: The report says that growth was 17.25 percent in the region, which is the final answer of this team.",
]


def finding(code: str, turn: int | None = 1, evaluator: str = "rule") -> Finding:
    return Finding(
        code=Code(code),
        evaluator=EvaluatorId(evaluator),
        evaluator_version="1",
        evidence=(turn or 0,),
        reason="because",
        confidence=0.7,
        began_turn=turn,
    )


def test_the_spread_follows_values_and_leaves_out_who_took_no_part():
    case = prepare(conversation(RUN))
    spread = spread_of(case, trace(case), 0)
    assert spread.standing == (2, 3, 4)
    assert spread.reaches_end
    assert spread.path[0] == 0
    assert spread.path[-1] == 4
    first = next(edge for edge in spread.edges if (edge.source, edge.target) == (0, 2))
    assert [(item.kind, item.text) for item in first.carried] == [("value", "88412")]


def test_every_edge_of_the_path_is_an_edge_of_the_graph():
    case = prepare(conversation(RUN))
    spread = spread_of(case, trace(case), 0)
    edges = {(edge.source, edge.target) for edge in spread.edges}
    assert all(pair in edges for pair in zip(spread.path, spread.path[1:], strict=False))


def test_a_checker_that_confirmed_what_was_wrong_is_a_missed_check():
    case = prepare(conversation(RUN))
    (check,) = spread_of(case, trace(case), 0).missed_checks
    assert (check.turn, check.agent) == (3, "Checker")


def test_a_checker_that_objected_missed_nothing():
    lines = [*RUN[:3], "Checker: I could not verify 17.25, the check failed.", RUN[4]]
    case = prepare(conversation(lines))
    assert spread_of(case, trace(case), 0).missed_checks == ()


def test_what_the_task_itself_says_is_carried_by_nobody():
    case = prepare(conversation(["A: We look for 88412.", "B: Yes, 88412."], task="Explain 88412"))
    assert spread_of(case, trace(case), 0).edges == ()


def test_cost_counts_what_came_after_in_the_most_telling_unit_known():
    told = conversation(RUN)
    assert cost_of_failure(told, 1).avoidable_share == pytest.approx(3 / 5)
    priced = replace(
        told,
        turns=tuple(
            replace(
                turn,
                cost_usd=Decimal("0.10"),
                input_tokens=100,
                output_tokens=None if turn.index else 5,
                start_ns=turn.index * 10**9,
            )
            for turn in told.turns
        ),
    )
    cost = cost_of_failure(priced, 3)
    assert (cost.after.turns, cost.after.cost_usd, cost.total.cost_usd) == (1, Decimal("0.10"), Decimal("0.50"))
    assert (cost.after.output_tokens, cost.total.output_tokens) == (None, 5)
    assert cost.after.seconds == pytest.approx(1.0)
    assert (cost.avoidable_unit, cost.avoidable_share) == ("usd", pytest.approx(0.2))


def test_advice_is_ranked_by_how_often_times_how_costly():
    def diagnosed(number: int, share: float, *codes: str) -> Diagnosis:
        cost = FailureCost(after=Spending(turns=1), total=Spending(turns=2), avoidable_share=share)
        return Diagnosis(
            run_id=RunId(f"{number:032x}"), is_success=False, findings=tuple(finding(code) for code in codes), cost=cost
        )

    runs = [
        diagnosed(1, 0.1, "FM-1.3"),
        diagnosed(2, 0.1, "FM-1.3"),
        diagnosed(3, 0.9, "FM-3.2"),
        diagnosed(4, 0.0, "XX"),
    ]
    advice = advise(mast(), weigh(runs), len(runs))
    assert [item.code for item in advice] == ["FM-3.2", "FM-1.3"]
    assert advice[0].changes == mast().code(Code("FM-3.2")).fixes[:3]
    assert advice[1].runs == 2


class EveryThird:
    """A detector that fires on every third turn."""

    id = EvaluatorId("every-third")
    version = "1"
    codes = (Code("FM-1.3"),)

    def start(self, task: str | None) -> None:
        del task
        self.seen = 0

    def feed(self, turn: object) -> list[Finding]:
        del turn
        self.seen += 1
        return [finding("FM-1.3", self.seen - 1)] if self.seen % 3 == 0 else []

    def close(self, ending: object) -> list[Finding]:
        del ending
        return [finding("FM-3.1", None)]

    def snapshot(self) -> dict[str, int]:
        return {"seen": self.seen}

    def restore(self, state: object) -> None:
        raise NotImplementedError


def test_detectors_read_every_turn_and_the_ending():
    assert [(f.code, f.began_turn) for f in findings_of(conversation(RUN), [EveryThird()])] == [
        ("FM-1.3", 2),
        ("FM-3.1", None),
    ]


def test_a_failed_run_is_diagnosed_whole():
    diagnosis = diagnose(conversation(RUN), [EveryThird()])
    assert [f.code for f in diagnosis.findings] == ["FM-3.1", "FM-1.3"]
    assert diagnosis.attribution is not None
    assert diagnosis.spread is not None
    assert diagnosis.cost is not None
    assert diagnosis.spread.origin == diagnosis.attribution.hypotheses[0].turn
    assert {item.code for item in diagnosis.advice} == {"FM-1.3", "FM-3.1"}


def test_a_successful_run_is_not_asked_where_it_failed():
    diagnosis = diagnose(conversation(RUN, is_success=True), [EveryThird()])
    assert diagnosis.attribution is None
    assert diagnosis.cost is None
    assert diagnosis.findings


def test_scores_are_the_same_however_often_a_run_is_diagnosed():
    told = conversation(RUN)
    first = scores_of(diagnose(told, [EveryThird()]), time_ns=1)
    again = scores_of(diagnose(told, [EveryThird()]), time_ns=2)
    assert [score.id for score in first] == [score.id for score in again]
    assert len({score.id for score in first}) == len(first)
    origin = [score for score in first if score.name == "origin"]
    assert len(origin) >= 3
    assert [score.number for score in origin] == list(range(1, len(origin) + 1))
    assert origin[0].subject.kind == "turn"
    assert all(score.subject.agent == told.turns[score.subject.turn or 0].speaker for score in origin)


def test_findings_that_are_stored_already_are_not_stored_again():
    judged = finding("FM-2.2", 1, "judge")
    diagnosis = diagnose(conversation(RUN), [], findings=[judged])
    assert judged in diagnosis.findings
    assert all(score.evaluator != "judge" for score in scores_of(diagnosis, time_ns=1, stored=[judged]))


def test_long_runs_are_traced_in_linear_work():
    """Links a turn has are bounded, whatever the length: a value said by everybody gives each turn one source."""
    lines = [f"{'AB'[n % 2]}: the shared value 424242 and the own value {n}00{n}" for n in range(400)]
    case = prepare(conversation(lines))
    provenance = trace(case)
    assert max(len(links) for links in provenance.into.values()) <= 6
    assert case.conversation.turns[0].act is Act.MESSAGE
    assert spread_of(case, provenance, 0).standing == tuple(range(1, 400))
