"""The suite as a detector: the same findings however it is fed, state that can be saved and stays small."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.codebook.load import mast
from masthead.detect.behaviours import BEHAVIOURS
from masthead.detect.registry import RULES, codes_seen, entries, first_tier, measurements, suite
from masthead.detect.suite import Suite
from masthead.model.conversation import Act, Ending, EndingKind, Turn
from masthead.model.errors import InvalidInput, NotFound
from masthead.model.ids import AgentId
from masthead.model.ports import Detector
from masthead.model.score import Finding
from masthead.testing.turns import numbered, say, talk

pytestmark = pytest.mark.unit

TEXTS = (
    "", "ok", "Continue. Please keep solving the problem until you need to query.", "Which file do you mean?",
    "We assume that the length is 1 m, because it is not given anywhere.", "Traceback (most recent call last): boom",
    "All tests pass.", "The task is complete.", "Thank you!", "2 failed, 3 passed",
    "see src/app/core.py line 1042 load_all",
    "\n".join(f"def step_{i}(): return compute({i})" for i in range(12)),
    "So the answer is \\boxed{78}.", "kaputt \ud800 \u2028 text",
)  # fmt: skip
TURNS = st.builds(
    Turn,
    index=st.just(0),
    speaker=st.sampled_from([AgentId(name) for name in ("user", "planner", "coder", "reviewer")]),
    addressees=st.sampled_from([(), (AgentId("coder"),)]),
    act=st.sampled_from(Act),
    text=st.sampled_from(TEXTS),
    tool_name=st.sampled_from([None, "bash", "editor", "search", "read_log"]),
    tool_arguments=st.sampled_from([None, "{}", '{"q": "bug in the parser"}']),
    is_error=st.booleans(),
)
RUNS = st.lists(TURNS, max_size=60).map(numbered)
ENDINGS = st.builds(Ending, kind=st.sampled_from(EndingKind), answer=st.sampled_from([None, "78"]))


def everything() -> Suite:
    return Suite([make() for make in RULES], limit=3)


def read(detector: Detector, turns: tuple[Turn, ...], ending: Ending) -> list[Finding]:
    found = [finding for turn in turns for finding in detector.feed(turn)]
    return [*found, *detector.close(ending)]


def a_suite_is_a_detector(detector: Detector) -> Detector:
    return detector


def test_a_suite_fills_the_port():
    assert set(codes_seen()) < set(a_suite_is_a_detector(suite()).codes)
    assert a_suite_is_a_detector(suite(["restart"])).id == "restart"


@settings(max_examples=150, deadline=None)
@given(turns=RUNS, ending=ENDINGS, cuts=st.lists(st.integers(0, 60), max_size=3))
def test_saving_and_taking_up_the_state_anywhere_changes_nothing(
    turns: tuple[Turn, ...], ending: Ending, cuts: list[int]
):
    whole = everything()
    whole.start("Solve it.", {AgentId("user"): "human"})
    expected = read(whole, turns, ending)
    detector = everything()
    detector.start("Solve it.", {AgentId("user"): "human"})
    found: list[Finding] = []
    for turn in turns:
        if turn.index in cuts:
            saved = json.loads(json.dumps(detector.snapshot()))
            detector = everything()
            detector.restore(saved)
        found.extend(detector.feed(turn))
    assert [*found, *detector.close(ending)] == expected


@settings(max_examples=60, deadline=None)
@given(turns=RUNS, ending=ENDINGS)
def test_a_run_leaves_nothing_behind(turns: tuple[Turn, ...], ending: Ending):
    fresh, used = everything(), everything()
    fresh.start(None)
    expected = read(fresh, turns, ending)
    used.start("Another task in JSON, please.")
    read(used, numbered([say("coder", TEXTS[11])] * 9), ending)
    used.start(None)
    assert read(used, turns, ending) == expected


@settings(max_examples=60, deadline=None)
@given(turns=RUNS, ending=ENDINGS)
def test_evidence_are_turns_that_were_read_and_each_rule_reports_within_its_limit(
    turns: tuple[Turn, ...], ending: Ending
):
    found = read(everything(), turns, ending)
    counts: dict[str, int] = {}
    for finding in found:
        counts[finding.evaluator] = counts.get(finding.evaluator, 0) + 1
        assert finding.evidence
        assert list(finding.evidence) == sorted(set(finding.evidence))
        assert finding.evidence[-1] < len(turns)
        assert 0 <= finding.confidence <= 1
    assert all(count <= 3 for count in counts.values())


def _size(turns: int) -> int:
    detector = everything()
    detector.start("Find the bug in the parser of configuration files", None)
    for index in range(turns):
        kind = (Act.MESSAGE, Act.TOOL_CALL, Act.TOOL_RESULT, Act.HANDOFF)[index % 4]
        text = "\n".join(f"line {index} {line} of a text that nobody has said before?" for line in range(12))
        detector.feed(
            Turn(
                index=index,
                speaker=AgentId(f"agent {index % 700}"),
                act=kind,
                text=text,
                tool_name=f"tool_{index % 300}",
                tool_arguments=text if kind is Act.TOOL_CALL else None,
                tool_call_id=str(index),
                is_error=index % 3 == 0,
            )
        )
    return len(json.dumps(detector.snapshot()))


def test_the_state_stops_growing():
    small, large = _size(9_000), _size(18_000)
    assert large < 1.25 * small
    assert large < 10_000_000


def test_a_foreign_snapshot_is_refused():
    with pytest.raises(InvalidInput, match="start the run again"):
        suite(["restart"]).restore(suite(["cycle"]).snapshot())


def test_a_guard_may_hear_of_a_rule_again_on_other_evidence():
    work = TEXTS[11]
    turns = [t for _ in range(4) for t in (say("coder", work), say("reviewer", "hm"))]
    conversation = talk(*turns)
    assert len(suite(["repeated-work"]).findings(conversation)) == 1
    assert len(suite(["repeated-work"], limit=10).findings(conversation)) == 3


def test_parameters_are_taken_and_unknown_ones_refused():
    turns = [say("user", "go"), *[t for i in range(2) for t in (say("a", TEXTS[4]), say("b", f"no {i}"))]]
    assert suite(["repeated-step"]).findings(talk(*turns)) == []
    assert suite(["repeated-step"], parameters={"repeated-step": {"times": 2}}).findings(talk(*turns))
    with pytest.raises(InvalidInput, match="'tiems'"):
        suite(["repeated-step"], parameters={"repeated-step": {"tiems": 2}})
    with pytest.raises(NotFound, match="'repaeted'"):
        suite(["repaeted"])


def test_every_rule_is_described_measured_and_named_by_its_code():
    by_code = {entry.id: set(entry.detectors) for entry in mast().codes}
    ids = [entry.id for entry in entries()]
    assert len(set(ids)) == len(ids)
    assert set(measurements().rules) == set(ids)
    assert {(code, rule) for code, rules in by_code.items() for rule in rules} == {
        (entry.codes[0], entry.id) for entry in entries()
    }
    for entry in entries():
        assert len(entry.about.sees) > 40
        assert len(entry.about.blind) > 20
        assert entry.version


def test_a_rule_is_on_where_it_beat_the_baselines_or_keeps_to_the_record_and_was_never_measured():
    defaults = {rule.id for rule in (make() for make in RULES) if rule.is_on_unmeasured}
    for entry in entries():
        measured = entry.measured
        assert measured is not None
        if measured.fired:
            assert entry.is_on == ((measured.kappa or 0) > (measured.baseline_kappa or 0)), entry.id
        else:
            assert entry.is_on == (entry.id in defaults)
    assert {"repeated-call", "failing-retry", "cycle", "early-end", "context-truncated"} < defaults
    found = suite().findings(talk(say("a", "I need the file."), ending=EndingKind.LIMIT))
    assert [(finding.code, finding.is_calibrated) for finding in found] == [("FM-3.1", False)]


def test_each_code_gets_a_verdict_and_those_beyond_rules_need_a_judge():
    work = TEXTS[11]
    verdicts = first_tier(talk(say("coder", "x"), say("tester", work), say("reviewer", "hm"), say("tester", work)))
    by_code = {str(verdict.code): verdict for verdict in verdicts}
    assert len(verdicts) == 14
    assert by_code["FM-1.3"].standing == "found"
    assert by_code["FM-1.3"].is_calibrated
    assert by_code["FM-2.1"].standing == "not found"
    assert by_code["FM-2.1"].flag is False
    assert (by_code["FM-2.1"].confidence or 1) < 0.2
    assert by_code["FM-2.6"].standing == "needs a judge"
    assert by_code["FM-2.6"].flag is None


def test_a_rule_that_reads_the_outcome_says_nothing_where_none_is_recorded():
    assert [entry.id for entry in entries() if entry.reads_outcome] == ["uncritical-acceptance"]
    turns = (say("solver", "43."), say("checker", "Seen."))
    standing = {
        is_success: next(v.standing for v in first_tier(talk(*turns, is_success=is_success)) if v.code == "FM-3.3")
        for is_success in (True, None)
    }
    assert standing == {True: "not found", None: "needs a judge"}


def test_every_rule_looks_for_a_named_behaviour_and_every_behaviour_has_a_rule():
    assert {rule for behaviour in BEHAVIOURS for rule in behaviour.rules} == {entry.id for entry in entries()}
    assert len({behaviour.name for behaviour in BEHAVIOURS}) == len(BEHAVIOURS)


def test_turn_indices_need_not_begin_at_zero():
    turns = [
        replace(turn, index=turn.index + 100)
        for turn in numbered([say("a", TEXTS[11]), say("b", "hm"), say("a", TEXTS[11])])
    ]
    detector = suite(["repeated-work"])
    detector.start(None)
    assert [f.evidence for turn in turns for f in detector.feed(turn)] == [(100, 102)]
