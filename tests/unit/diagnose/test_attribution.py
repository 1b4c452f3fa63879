from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.diagnose.attribution import RANKER, attribute, method_votes
from masthead.diagnose.case import prepare
from masthead.diagnose.features import candidates_of
from masthead.diagnose.provenance import trace
from masthead.diagnose.ranker import Weights, rank, shipped
from masthead.diagnose.repeats import first_divergence, spectrum
from masthead.diagnose.rules import backward_slice, before_first_error, dropped_at_handoff
from masthead.model.conversation import Conversation
from masthead.model.ids import AgentId, Code, EvaluatorId
from masthead.model.score import Finding
from masthead.testing.conversations import conversation

pytestmark = pytest.mark.unit

CHAT = [
    "Planner: Let us begin with the figures of the first quarter, as the task says, and add them up.",
    "Coder: ```python\nprint(total)\n```",
    "terminal: Error: name 'total' is not defined",
    "Coder: Assume the total is 4711, which is a likely value for such a quarter in this business.",
    "Checker: I verified and confirm that the total is 4711, everything is correct. TERMINATE",
]
HUB = [
    "human: Find the opening hours of the museum.",
    "Boss: Initial plan: we ask the Surfer for the page and read the hours from it.",
    "Boss -> Surfer: Please open the museum's page.",
    "Surfer: I typed 'museum' and see a page of results.",
    "Boss -> Surfer: Please click the first result and read the hours.",
    "Surfer: Just a moment... verify you are not a robot (Cloudflare).",
    "Boss -> Surfer: Please try again.",
    "Surfer: The page shows the opening hours 09:15 to 16:45.",
    "Boss: FINAL ANSWER 09:15 to 16:45, as the Surfer has read on the page of the museum.",
]


def case(lines: list[str]):
    return prepare(conversation(lines))


def test_the_step_before_the_first_error_is_named_with_the_error_as_evidence():
    votes = before_first_error(case(CHAT))
    assert (votes[0].turn, votes[0].agent, votes[0].evidence) == (1, "Coder", (1, 2))


def test_without_errors_that_rule_says_nothing():
    assert before_first_error(case(["A: hello there, shall we begin?", "B: yes, let us begin now."])) == []


def test_the_slice_leads_back_to_who_first_said_the_answer():
    prepared = case(CHAT)
    votes = backward_slice(prepared, trace(prepared))
    assert votes[0].turn == 3
    assert "4711" in votes[0].reason


def test_a_value_from_a_tool_is_laid_at_the_door_of_who_called_it():
    prepared = case(
        [
            "A: ```python\ncompute()\n```",
            "terminal: result 8128",
            "B: The answer of the whole task is 8128, and that is all.",
        ]
    )
    assert backward_slice(prepared, trace(prepared))[0].turn == 0


def test_a_handoff_that_drops_what_later_turns_need_is_named():
    lines = [
        "Reader: The invoice number is 99817 and the limit is 250.75 euros for this customer.",
        "Boss -> Payer: Please pay the invoice of the customer.",
        "Payer: Which invoice? I need the number 99817 or something like it.",
        "Reader: It was 99817.",
        "Payer: I pay 99817 now.",
    ]
    prepared = case(lines)
    (vote,) = dropped_at_handoff(prepared, trace(prepared))
    assert vote.turn == 1
    assert "99817" in vote.reason


def test_the_first_divergence_from_a_passing_run_is_named():
    passing = ["A: step 11 of the plan", "B: value 22 is right", "A: so 22 it is"]
    failing = ["A: step 11 of the plan", "B: value 77 is right", "A: so 77 it is"]
    votes = first_divergence(case(failing), [case(passing)])
    assert votes[0].turn == 1
    assert first_divergence(case(failing), []) == []


def test_ochiai_is_the_hand_worked_value_and_ranks_what_only_failed_runs_do():
    good = ["Solver: compute it carefully", "Checker: looks good to me"]
    bad = ["Solver: compute it carefully", "Guesser: perhaps it is seven"]
    votes = spectrum(case(bad), [case(good), case(good)], [case(bad)])
    assert votes[0].turn == 1
    assert votes[0].reason == "Ochiai 1.00 over 4 runs"
    # the first step: 2 failed runs have it of 2, 2 passing ones too: 2 / sqrt(2 * 4) = 0.71
    assert votes[1].reason == "Ochiai 0.71 over 4 runs"


def test_kinds_are_told_apart_by_who_directs_whom():
    assert (case(HUB).kind, case(HUB).hub) == ("hub", "Boss")
    assert case(CHAT).kind == "peers"
    assert case(["user: hi", "Agent: hello, how can I help you?"]).kind == "solo"


def test_three_ranked_hypotheses_with_agents_reasons_and_decreasing_belief():
    for lines in (CHAT, HUB):
        attribution = attribute(conversation(lines))
        assert len(attribution.hypotheses) >= 3
        assert not attribution.is_calibrated
        beliefs = [item.confidence for item in attribution.hypotheses]
        assert beliefs == sorted(beliefs, reverse=True)
        assert sum(beliefs) <= 1 + 1e-9
        turns = conversation(lines).turns
        assert all(turns[item.turn].speaker == item.agent and item.reason for item in attribution.hypotheses)


def test_beliefs_are_calibrated_only_for_the_systems_that_they_were_measured_on():
    labelled = replace(conversation(CHAT), system="CaptainAgent")
    assert attribute(labelled).is_calibrated
    assert not attribute(replace(labelled, system="Another")).is_calibrated
    assert not attribute(replace(conversation(HUB), system="CaptainAgent")).is_calibrated


def test_what_a_mark_in_the_record_supports_is_observed_and_the_rest_inferred():
    found = {item.turn: item for item in attribute(conversation(CHAT)).hypotheses}
    assert found[1].basis == "observed"
    assert "before-first-error" in found[1].method
    assert found[0].basis == "inferred"


def test_a_run_without_agents_is_unknown():
    attribution = attribute(conversation(["terminal: nothing"]))
    assert attribution.hypotheses == ()
    assert attribution.unknown_because == "no turn of an agent is recorded"


def test_a_kind_that_nobody_labelled_is_unknown_where_no_rule_speaks():
    attribution = attribute(conversation(["user: hi", "Agent: hello", "user: thanks", "Agent: bye"]))
    assert attribution.hypotheses == ()
    assert attribution.unknown_because is not None
    assert "other kinds" in attribution.unknown_because


def test_a_kind_that_nobody_labelled_is_answered_by_rules_and_says_that_it_is_uncalibrated():
    lines = [
        "user: add it up",
        "Agent: I call it",
        "tool: Error: no such account",
        "Agent: It is 5512.",
        "user: thanks",
    ]
    attribution = attribute(conversation(lines))
    assert not attribution.is_calibrated
    assert attribution.hypotheses[0].turn == 1


def test_findings_name_their_turn_among_the_votes():
    finding = Finding(
        code=Code("FM-2.6"),
        evaluator=EvaluatorId("e"),
        evaluator_version="1",
        evidence=(3,),
        reason="says and does differ",
        confidence=0.8,
        began_turn=3,
        began_agent=AgentId("Coder"),
    )
    attribution = attribute(conversation(CHAT), findings=[finding])
    assert any(vote.method == "finding" and vote.turn == 3 for vote in attribution.votes)


def test_labels_in_the_metadata_change_nothing():
    plain = conversation(CHAT)
    labels = {"ground_truth": "12", "mistake_step": "0", "mistake_agent": "Planner"}
    labelled = replace(plain, metadata=labels, is_success=None)
    assert attribute(plain).hypotheses == attribute(labelled).hypotheses


def test_without_coefficients_the_ranker_says_nothing():
    assert rank(case(CHAT), {}) == []


def test_the_ranker_is_a_softmax_of_the_weighted_features():
    weights = {"peers": Weights(by_feature={"guesses": 3.0}, agent_power=0.0)}
    ranked = rank(case(CHAT), weights)
    assert ranked[0].turn == 3
    assert ranked[0].because == "it guesses or assumes"
    assert sum(item.confidence for item in ranked) == pytest.approx(1.0)


def test_shipped_coefficients_speak_only_of_features_that_exist():
    for kind, lines in (("peers", CHAT), ("hub", HUB)):
        prepared = case(lines)
        votes = method_votes(prepared, trace(prepared), weights=shipped())
        assert votes[RANKER]
        known = {name for candidate in _features(lines) for name in candidate}
        assert set(shipped()[kind].by_feature) <= known


def _features(lines: list[str]) -> list[set[str]]:
    return [set(candidate.features) for candidate in candidates_of(case(lines))]


lines = st.lists(
    st.tuples(st.sampled_from(["A", "B", "A -> B", "terminal", "user"]), st.text(max_size=60)).map(": ".join),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(lines)
def test_any_conversation_gets_an_answer_or_an_unknown(written: list[str]):
    told: Conversation = conversation(written)
    attribution = attribute(told)
    agents = {agent.id for agent in told.agents if agent.kind == "agent"}
    assert bool(attribution.hypotheses) != bool(attribution.unknown_because)
    assert all(item.agent in agents and 0 <= item.confidence <= 1 for item in attribution.hypotheses)
    assert len({item.turn for item in attribution.hypotheses}) == len(attribution.hypotheses)
