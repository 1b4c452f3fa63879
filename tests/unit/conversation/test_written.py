"""The written form keeps a conversation exactly."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masthead.conversation import conversation_of, spans_of
from masthead.conversation.written import span_id_of
from masthead.model import attributes as names
from masthead.model.conversation import Act, Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.model.span import AttributeValue

pytestmark = pytest.mark.unit

RUN = RunId("0123456789abcdef0123456789abcdef")
TEXT = st.text(max_size=40)
MAYBE_TEXT = st.none() | TEXT
AGENT_ID = st.text(max_size=8).map(AgentId)
TIME = st.none() | st.integers(min_value=0, max_value=2**62)
TOKENS = st.none() | st.integers(min_value=0, max_value=10**9)
JSON: st.SearchStrategy[AttributeValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)

AGENTS = st.builds(
    Agent,
    id=AGENT_ID,
    name=TEXT,
    kind=st.sampled_from(["agent", "human", "tool", "system"]),
    description=MAYBE_TEXT,
    instructions=MAYBE_TEXT,
    models=st.lists(TEXT, max_size=2).map(tuple),
)
TURNS = st.builds(
    Turn,
    index=st.just(0),
    speaker=AGENT_ID,
    addressees=st.lists(AGENT_ID, max_size=2).map(tuple),
    act=st.sampled_from(Act),
    text=TEXT,
    reasoning=MAYBE_TEXT,
    tool_name=MAYBE_TEXT,
    tool_arguments=MAYBE_TEXT,
    tool_call_id=MAYBE_TEXT,
    is_error=st.booleans(),
    start_ns=TIME,
    end_ns=TIME,
    model=MAYBE_TEXT,
    input_tokens=TOKENS,
    output_tokens=TOKENS,
    cost_usd=st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=0, max_value=1000),
)
CONVERSATIONS = st.builds(
    Conversation,
    run_id=st.just(RUN),
    system=MAYBE_TEXT,
    task=MAYBE_TEXT,
    task_id=MAYBE_TEXT,
    turns=st.lists(TURNS, max_size=6).map(
        lambda turns: tuple(replace(turn, index=i, span_id=span_id_of(RUN, i)) for i, turn in enumerate(turns))
    ),
    agents=st.lists(AGENTS, max_size=4).map(tuple),
    ending=st.builds(Ending, kind=st.sampled_from(EndingKind), reason=MAYBE_TEXT, answer=MAYBE_TEXT),
    is_success=st.none() | st.booleans(),
    session_id=MAYBE_TEXT,
    user_id=MAYBE_TEXT,
    tags=st.lists(TEXT, max_size=3).map(tuple),
    metadata=st.dictionaries(TEXT, JSON, max_size=3),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conversation=CONVERSATIONS, start_ns=st.integers(0, 2**62))
def test_a_conversation_survives_being_written_as_spans(conversation: Conversation, start_ns: int):
    assert conversation_of(spans_of(conversation, start_ns=start_ns)) == conversation


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conversation=CONVERSATIONS, order=st.randoms(use_true_random=False))
def test_order_and_repetition_of_the_spans_do_not_matter(conversation: Conversation, order: Random):
    spans = spans_of(conversation, start_ns=5)
    shuffled = [*spans, *spans]
    order.shuffle(shuffled)
    assert conversation_of(shuffled) == conversation


def _two_turns() -> Conversation:
    asks = Turn(index=0, speaker=AgentId("user"), addressees=(AgentId("a"),), text="2+2?")
    answers = Turn(index=1, speaker=AgentId("a"), text="4", model="gpt-4o", input_tokens=9, cost_usd=Decimal("0.001"))
    agents = (Agent(id=AgentId("user"), name="User", kind="human"), Agent(id=AgentId("a"), name="Solver"))
    return Conversation(run_id=RUN, system="AG2", task="2+2?", turns=(asks, answers), agents=agents)


def test_spans_say_in_genai_words_what_they_can():
    root, asks, answers = spans_of(_two_turns(), start_ns=1_000_000_000)
    assert root.parent_span_id is None
    assert root.attributes[names.RUN_TIMES] == "synthetic"
    assert (asks.parent_span_id, answers.parent_span_id) == (root.span_id, root.span_id)
    assert (root.start_ns, asks.start_ns, answers.start_ns) == (1_000_000_000, 1_000_000_000, 1_001_000_000)
    assert answers.attributes["gen_ai.operation.name"] == "chat"
    assert answers.attributes["gen_ai.agent.name"] == "Solver"
    assert answers.attributes["gen_ai.usage.input_tokens"] == 9
    assert (answers.cost_usd, answers.price_version) == (Decimal("0.001"), "recorded")
    assert "gen_ai.operation.name" not in asks.attributes
    assert "gen_ai.agent.name" not in asks.attributes, "a person is no agent: lists of agents must not show them"


def test_writing_twice_gives_the_same_span_ids():
    first = [span.span_id for span in spans_of(_two_turns(), start_ns=1)]
    again = [span.span_id for span in spans_of(_two_turns(), start_ns=99)]
    assert first == again
    assert len(set(first)) == 3


def test_lost_root_leaves_turns_and_the_agents_they_name():
    _, *turns = spans_of(_two_turns(), start_ns=0)
    read = conversation_of(turns)
    assert [turn.text for turn in read.turns] == ["2+2?", "4"]
    assert [agent.name for agent in read.agents] == ["user", "Solver"]


def test_lost_turn_closes_up():
    root, _, second = spans_of(_two_turns(), start_ns=0)
    assert [(turn.index, turn.text) for turn in conversation_of([root, second]).turns] == [(0, "4")]


@pytest.mark.parametrize("broken", ["{", "[1]", "{}", '[{"id": 3}]', "[" * 100_000, 7])
def test_broken_roster_never_raises(broken: AttributeValue):
    root, *turns = spans_of(_two_turns(), start_ns=0)
    broken_root = replace(root, attributes={**root.attributes, names.RUN_AGENTS: broken, names.RUN_METADATA: broken})
    assert len(conversation_of([broken_root, *turns]).turns) == 2
