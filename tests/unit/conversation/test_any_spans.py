"""Whatever spans come in, a conversation comes out: no exception, dense turns, everyone in the roster."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masthead.conversation import conversation_of, flow_of, spans_of
from masthead.conversation.written import span_id_of
from masthead.model.conversation import Conversation, EndingKind
from masthead.model.ids import RunId, SpanId
from masthead.model.span import AttributeValue, Span, SpanEvent
from masthead.semconv import narrow, read
from masthead.semconv.conventions import ALL

pytestmark = pytest.mark.unit

RUN = RunId("ab" * 16)
IDS = [SpanId(f"{number:016x}") for number in range(8)]
NAMES = [
    "alice",
    "bob",
    "transfer_to_bob",
    "Alice → unknown.handoff",
    "handoff to bob",
    "agent run",
    "",
    "x.agent",
    "\x00",
]

KEYS = sorted(
    {"role", "content", "parts", "type", "text", "tool_calls", "id", "name", "function", "arguments", "messages"}
    | {"kwargs", "lc", "data", "message", "output", "update", "goto", "tool_call_id", "prompt"}
)

JSON: st.SearchStrategy[AttributeValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | st.sampled_from([*NAMES, "user", "tool"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
WORDS = st.sampled_from(["text", "tool_call", "tool_call_response", "reasoning", "blob", "c1", "c2", *NAMES])
PART = st.dictionaries(st.sampled_from(["type", "content", "id", "name", "arguments"]), WORDS, max_size=4)
ROLES = st.sampled_from(["system", "user", "assistant", "tool", "model"])


def _message(role: str, rest: dict[str, AttributeValue], parts: list[dict[str, str]]) -> dict[str, object]:
    return {"role": role, **rest, "parts": parts}


PARTS = st.builds(
    _message,
    ROLES,
    st.dictionaries(st.sampled_from(["content", "tool_call_id", "name", "tool_calls"]), JSON | WORDS, max_size=3),
    st.lists(PART, max_size=3),
)


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return repr(value)


ENCODED = st.lists(PARTS, max_size=4).map(_json) | JSON.map(_json) | st.just('[{"')

OPERATIONS = st.one_of(
    *(
        st.tuples(st.just(name), st.sampled_from(sorted(values)))
        for one in ALL
        for name, values in one.operations.items()
    )
)
FIELDS = sorted({name for one in ALL for names in one.fields.values() for name in names})
FLAT = [
    f"{prefix}.{number}.{rest}"
    for prefix in ("llm.input_messages", "llm.output_messages", "gen_ai.prompt", "gen_ai.completion")
    for number in (0, 1, 10**9)
    for rest in (
        "role",
        "message.role",
        "message.content",
        "content",
        "message.tool_calls.0.tool_call.function.name",
        "",
    )
]


def _with_operation(operation: tuple[str, str], rest: dict[str, AttributeValue]) -> dict[str, AttributeValue]:
    return {operation[0]: operation[1], **rest}


ATTRIBUTES = st.builds(
    _with_operation,
    OPERATIONS,
    st.dictionaries(
        st.sampled_from(FIELDS + FLAT), ENCODED | JSON | st.sampled_from(NAMES) | st.integers(-1, 100), max_size=8
    ),
)
EVENTS = st.lists(
    st.builds(
        SpanEvent,
        name=st.sampled_from(
            ["exception", "gen_ai.choice", "gen_ai.user.message", "gen_ai.client.inference.operation.details"]
        ),
        time_ns=st.integers(0, 10),
        attributes=st.dictionaries(
            st.sampled_from(["exception.type", "exception.message", "content", "message", "gen_ai.input.messages"]),
            ENCODED | JSON,
            max_size=3,
        ),
    ),
    max_size=2,
).map(tuple)
SPANS = st.lists(
    st.builds(
        Span,
        trace_id=st.just(RUN),
        span_id=st.sampled_from(IDS),
        parent_span_id=st.none() | st.sampled_from(IDS),
        name=st.sampled_from(NAMES),
        start_ns=st.integers(0, 20),
        end_ns=st.integers(0, 20),
        status=st.sampled_from(["unset", "ok", "error"]),
        attributes=ATTRIBUTES,
        events=EVENTS,
    ),
    max_size=10,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans=SPANS)
def test_any_spans_give_a_well_formed_conversation(spans: Sequence[Span]):
    conversation = conversation_of(spans)
    assert [turn.index for turn in conversation.turns] == list(range(len(conversation.turns)))
    roster = conversation.by_id()
    assert len(roster) == len(conversation.agents)
    for turn in conversation.turns:
        assert turn.speaker in roster
        assert set(turn.addressees) <= set(roster)
    flow_of(conversation)
    identified = replace(
        conversation,
        turns=tuple(replace(turn, span_id=span_id_of(conversation.run_id, turn.index)) for turn in conversation.turns),
    )
    assert conversation_of(spans_of(conversation, start_ns=0)) == identified


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans=SPANS, order=st.randoms(use_true_random=False))
def test_order_of_arrival_and_doubled_spans_change_nothing(spans: Sequence[Span], order: Random):
    once = list({span.span_id: span for span in reversed(spans)}.values())
    times = {span.span_id: 2 * number for number, span in enumerate(once)}
    apart = [replace(span, start_ns=times[span.span_id], end_ns=times[span.span_id] + 1) for span in once]
    shuffled = [*apart, *apart]
    order.shuffle(shuffled)
    assert conversation_of(shuffled) == conversation_of(apart)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spans=SPANS)
def test_narrow_says_what_read_says(spans: Sequence[Span]):
    for span in spans:
        scalars, reading = narrow(span.attributes, span.name, is_root=span.parent_span_id is None), read(span)
        assert scalars.operation is reading.operation
        assert (scalars.agent_id, scalars.agent_name) == (reading.agent_id, reading.agent_name)
        assert (scalars.model, scalars.provider) == (reading.model, reading.provider)
        assert (scalars.session_id, scalars.user_id, scalars.tags) == (
            reading.session_id,
            reading.user_id,
            reading.tags,
        )
        usage = reading.usage
        assert scalars.input_tokens == (usage.input_tokens if usage else None)
        assert scalars.output_tokens == (usage.output_tokens if usage else None)


def test_no_spans_are_an_empty_conversation():
    assert conversation_of([]) == Conversation(run_id=RunId(""))


def test_a_cycle_of_parents_loses_no_turn():
    spans = [_chat(number, parent=IDS[(number + 1) % 3], said=f"I am number {number}") for number in range(3)]
    assert sorted(turn.text for turn in conversation_of(spans).turns if turn.text.startswith("I am")) == [
        "I am number 0",
        "I am number 1",
        "I am number 2",
    ]


def test_a_lost_root_leaves_the_run_unfinished():
    run = conversation_of([_chat(1, parent=SpanId("f" * 16), said="hello")])
    assert run.ending.kind is EndingKind.UNFINISHED
    assert run.turns[-1].text == "hello"


def test_a_child_whose_clock_is_behind_comes_after_what_set_it_to_work():
    root = Span(
        trace_id=RUN,
        span_id=IDS[7],
        name="r",
        start_ns=100,
        end_ns=200,
        attributes={"gen_ai.operation.name": "invoke_agent"},
    )
    first = replace(_chat(0, parent=IDS[7], said="first"), start_ns=110, end_ns=120)
    skewed = replace(_chat(1, parent=IDS[0], said="inside"), start_ns=5, end_ns=6)
    tool = replace(skewed, attributes={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"})
    run = conversation_of([root, tool, first])
    assert run.turns[0].start_ns is not None
    assert [turn.start_ns for turn in run.turns] == sorted(turn.start_ns or 0 for turn in run.turns)


def _chat(number: int, *, parent: SpanId | None, said: str) -> Span:
    return Span(
        trace_id=RUN,
        span_id=IDS[number],
        parent_span_id=parent,
        name="chat",
        start_ns=number * 10,
        end_ns=number * 10 + 5,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.output.messages": _json([{"role": "assistant", "parts": [{"type": "text", "content": said}]}]),
        },
    )
