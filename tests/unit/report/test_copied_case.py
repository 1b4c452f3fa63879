"""A finding copied as a test: the file runs, passes today, and holds no more of the run than it takes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.detect.registry import suite
from masthead.model.conversation import Conversation, EndingKind
from masthead.model.score import Finding
from masthead.report.test_case import Claim, CopiedCase, copied_case
from masthead.testing.turns import answer, call, hand, say, talk

pytestmark = pytest.mark.unit


def _refund() -> Conversation:
    again = [part for _ in range(4) for part in (call("Refunds", "refund", '{"id": 7}'), answer("refund", "no order"))]
    return talk(
        say("user", "I want my money back"),
        hand("Triage", "Refunds", 'The customer said: """now\'s the time\\n"""'),
        *again,
        say("Refunds", "I give up"),
        say("user", "And?"),
        ending=EndingKind.LIMIT,
        is_success=False,
    )


def _found(conversation: Conversation, evaluator: str) -> Finding:
    return next(each for each in suite().findings(conversation) if each.evaluator == evaluator)


def _run(case: CopiedCase) -> list[str]:
    """Execute the file as pytest would import it, and call its tests; return their names."""
    names: dict[str, Any] = {"__name__": "copied"}
    exec(compile(case.source, case.name, "exec"), names)  # noqa: S102 - running the copied file is what is tested
    tests = [name for name in names if name.startswith("test_")]
    for name in tests:
        names[name]()
    return tests


def test_a_detectors_finding_becomes_a_test_with_the_turns_it_takes() -> None:
    conversation = _refund()
    finding = _found(conversation, "repeated-call")
    case = copied_case(
        conversation, Claim(code="FM-1.3", evaluator="repeated-call", evidence=finding.evidence, reason=finding.reason)
    )
    assert case.name == "test_fm_1_3_00000000.py"
    assert case.turns < len(conversation.turns)
    assert "And?" not in case.source
    ran = _run(case)
    assert ran[0] == "test_fm_1_3_is_found"
    assert ran[1].startswith("test_a_guard_speaks_up_at_turn_")


def test_what_only_the_end_tells_keeps_the_whole_run() -> None:
    conversation = _refund()
    finding = _found(conversation, "early-end")
    case = copied_case(
        conversation, Claim(code="FM-3.1", evaluator="early-end", evidence=finding.evidence, reason=None)
    )
    assert case.turns == len(conversation.turns)
    assert _run(case) == ["test_fm_3_1_is_found"]


def test_what_a_person_said_is_an_expected_failure_until_a_detector_finds_it() -> None:
    case = copied_case(
        _refund(), Claim(code="FM-2.6", evaluator="human:ada", evidence=(3,), reason="It said otherwise")
    )
    assert "@pytest.mark.xfail(strict=True" in case.source
    with pytest.raises(AssertionError):
        _run(case)


def test_what_a_person_said_and_a_detector_finds_too_is_a_plain_test() -> None:
    case = copied_case(_refund(), Claim(code="FM-1.3", evaluator="human:ada", evidence=(3,), reason=None))
    assert "xfail" not in case.source
    _run(case)


def test_a_detector_that_no_longer_finds_it_leaves_an_expected_failure() -> None:
    case = copied_case(talk(say("A", "hello")), Claim(code="FM-1.3", evaluator="cycle", evidence=(0,), reason=None))
    assert "xfail" in case.source


@given(st.text(), st.text())
def test_nothing_in_a_run_can_break_out_of_its_literal(text: str, code: str) -> None:
    conversation = talk(say("A", text), say("B", text), task=text)
    case = copied_case(conversation, Claim(code=code, evaluator=text or "x", evidence=(0,), reason=text))
    names: dict[str, Any] = {"__name__": "copied"}
    exec(compile(case.source.encode("utf-8", "backslashreplace"), case.name, "exec"), names)  # noqa: S102 - see above
    assert [turn.text for turn in names["RUN"].turns] == [text, text]
    assert Path(case.name).name == case.name
