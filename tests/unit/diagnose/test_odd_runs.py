"""Runs that nobody would write: empty, of one turn, of other languages, of bytes, of huge turns."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.detect.registry import RULES
from masthead.detect.suite import Suite
from masthead.diagnose.run import diagnose, scores_of
from masthead.model.conversation import Act, Agent, AgentKind, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.testing.turns import answer, call, hand, say, talk

pytestmark = pytest.mark.unit

KINDS: list[AgentKind] = ["agent", "human", "tool", "system"]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(), max_size=60),
    st.sampled_from(["这是一个测试。", "Ошибка: нет файла", "هل انتهيت؟", "\x00\x01\x02", "\ud800"]),
    st.sampled_from(["{", "```", "a/b.py", "12,", "\\boxed{", "I assume your_ x"]),
)  # fmt: skip


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    names = draw(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique=True))
    listed = names if draw(st.booleans()) else []
    turns = draw(
        st.lists(st.tuples(st.sampled_from(names), st.sampled_from(Act), TEXTS, TEXTS, st.booleans()), max_size=12)
    )
    return Conversation(
        run_id=RunId("2" * 32),
        task=draw(st.none() | TEXTS),
        turns=tuple(
            Turn(
                index=index, speaker=AgentId(name), act=act, text=text, is_error=is_error,
                addressees=(AgentId(names[-1]),) if act is Act.HANDOFF else (),
                tool_name=other if act in {Act.TOOL_CALL, Act.TOOL_RESULT} else None,
                tool_arguments=other if act is Act.TOOL_CALL else None,
            )
            for index, (name, act, text, other, is_error) in enumerate(turns)
        ),
        agents=tuple(Agent(id=AgentId(name), name=name, kind=draw(st.sampled_from(KINDS))) for name in listed),
        ending=Ending(kind=draw(st.sampled_from(EndingKind)), answer=draw(st.none() | TEXTS)),
        is_success=draw(st.none() | st.booleans()),
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(conversations())
def test_any_run_is_diagnosed_and_what_is_said_points_into_it(run: Conversation):
    diagnosis = diagnose(run, [Suite([make() for make in RULES])])
    turns = range(len(run.turns))
    for finding in diagnosis.findings:
        assert finding.evidence
        assert all(turn in turns for turn in finding.evidence)
    assert (diagnosis.attribution is None) == (run.is_success is True)
    if diagnosis.attribution is not None:
        found = diagnosis.attribution.hypotheses
        assert bool(found) != bool(diagnosis.attribution.unknown_because)
        assert all(item.turn in turns and item.agent == run.turns[item.turn].speaker for item in found)
        assert len({item.turn for item in found}) == len(found)
        assert sum(item.confidence for item in found) <= 1 + 1e-9
    if diagnosis.spread is not None:
        assert diagnosis.spread.path[0] == diagnosis.spread.origin
        assert all(edge.source < edge.target for edge in diagnosis.spread.edges)
    scores = scores_of(diagnosis, time_ns=1)
    assert len({score.id for score in scores}) == len(scores)


@pytest.mark.parametrize("turns", [(), (say("a", ""),), (say("user", "Hello?"),), (answer("x", "1", is_error=True),)])
def test_a_run_of_nothing_or_of_one_turn_is_diagnosed(turns: tuple[Turn, ...]):
    diagnosis = diagnose(talk(*turns, is_success=False), [Suite([make() for make in RULES])])
    assert diagnosis.attribution is not None


_NOISE = random.Random(1)
HUGE = {
    "one letter": "a" * 200_000,
    "base64": "".join(_NOISE.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", k=200_000)),
    "digits": "7" * 200_000,
    "open tags": "<a" * 100_000,
    "tags never closed": "<a>" * 70_000,
    "quotes": '"abc ' * 40_000,
    "questions": "?" * 200_000,
    "assumptions on one line": "assume your_ " * 15_000,
    "nested brackets": '{"a":[' * 30_000,
    "dotted": "a." * 100_000,
    "paths": "a/" * 100_000,
    "Chinese": "这是一个测试。" * 28_000,
}


@pytest.mark.parametrize("name", sorted(HUGE))
def test_a_huge_turn_is_read_in_time_that_grows_with_it(name: str):
    """A pattern that goes back and forth over such a text would take hours; all of them together take a second."""
    text = HUGE[name]
    run = talk(
        say("user", text), hand("planner", "coder", text), call("coder", "python", text, text), answer("python", text),
        say("coder", text), say("reviewer", text), say("coder", text),
        task=f"{text} Answer in XML.", final=text, is_success=False,
    )  # fmt: skip
    assert diagnose(run, [Suite([make() for make in RULES])]).attribution is not None
