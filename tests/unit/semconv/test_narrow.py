"""The scalars that lists and prices need."""

import json
from decimal import Decimal

import pytest

from masthead.conversation import spans_of
from masthead.model.conversation import Act, Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.model.reading import Operation
from masthead.model.span import AttributeValue
from masthead.semconv import narrow
from masthead.semconv.conventions import ALL
from masthead.semconv.page import page

pytestmark = pytest.mark.unit


def test_a_written_run_gives_its_row_from_its_root_and_its_calls_from_its_turns():
    asks = Turn(index=0, speaker=AgentId("user"), text="2+2?")
    calls = Turn(
        index=1,
        speaker=AgentId("a"),
        act=Act.TOOL_CALL,
        tool_name="sum",
        model="gpt-4o",
        input_tokens=5,
        output_tokens=2,
    )
    result = Turn(index=2, speaker=AgentId("tool:sum"), act=Act.TOOL_RESULT, tool_name="sum", text="4", is_error=True)
    paid = Turn(index=3, speaker=AgentId("a"), text="4", cost_usd=Decimal("0.25"))
    handed = Turn(index=4, speaker=AgentId("a"), act=Act.HANDOFF, addressees=(AgentId("b"),))
    run = Conversation(
        run_id=RunId("0" * 32),
        system="AG2",
        task="2+2?",
        turns=(asks, calls, result, paid, handed),
        agents=(Agent(id=AgentId("a"), name="Solver"),),
        ending=Ending(kind=EndingKind.COMPLETED),
        is_success=False,
        session_id="s",
        user_id="u",
        tags=("x",),
        metadata={"seed": 3, "note": "n"},
    )
    root, *turns = [
        narrow(span.attributes, span.name, is_root=not span.parent_span_id) for span in spans_of(run, start_ns=0)
    ]
    assert (root.operation, root.system, root.task, root.outcome) == (Operation.WORKFLOW, "AG2", "2+2?", "failure")
    assert (root.session_id, root.user_id, root.tags, root.metadata) == ("s", "u", ("x",), {"seed": "3", "note": "n"})
    assert [turn.operation for turn in turns] == [
        Operation.OTHER,
        Operation.LLM,
        Operation.TOOL,
        Operation.LLM,
        Operation.HANDOFF,
    ]
    assert (turns[1].agent_name, turns[1].model, turns[1].input_tokens, turns[1].output_tokens) == (
        "Solver",
        "gpt-4o",
        5,
        2,
    )
    assert (turns[2].tool_name, turns[3].cost_usd) == ("sum", Decimal("0.25"))


@pytest.mark.parametrize(
    "attributes",
    [
        {"input.value": "Why?"},
        {
            "input.value": json.dumps(
                {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Why?"}]}
            )
        },
        {
            "traceloop.entity.input": json.dumps(
                {"inputs": {"messages": [{"type": "human", "data": {"content": "Why?"}}]}}
            )
        },
        {"gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}])},
        {"input.value": json.dumps({"messages": [[{"lc": 1, "kwargs": {"content": "Why?", "type": "human"}}]]})},
        {"langfuse.observation.input": '{"question": "Why?"}'},
        {"llm.input_messages.1.message.role": "user", "llm.input_messages.1.message.content": "Why?"},
        {"ai.prompt": '{"prompt": "Why?"}'},
        {"masthead.run.task": "Why?", "input.value": "something else"},
    ],
)
def test_the_task_is_what_the_root_was_asked(attributes: dict[str, AttributeValue]):
    assert narrow(attributes, "root", is_root=True).task == "Why?"
    assert narrow(attributes, "child", is_root=False).task is None


@pytest.mark.parametrize("value", ["{", "[" * 3000, "[[[]]]", "{}", '{"a": {"b": 1}}', 7, None, True])
def test_a_task_that_cannot_be_seen_is_unknown_or_text(value: AttributeValue):
    assert narrow({"input.value": value}, "root", is_root=True).task in [None, value]


@pytest.mark.parametrize("tokens", [-1, True, "12", 1.5e300, [3], {"a": 1}])
def test_tokens_that_are_no_count_are_unknown(tokens: AttributeValue):
    attributes: dict[str, AttributeValue] = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": tokens}
    assert narrow(attributes).input_tokens is None


@pytest.mark.parametrize("cost", ["NaN", "-1", "Infinity", "many", True, [1]])
def test_a_cost_that_is_no_amount_is_unknown(cost: AttributeValue):
    assert narrow({"gen_ai.operation.name": "chat", "masthead.cost_usd": cost}).cost_usd is None


def test_the_reference_page_names_every_attribute_that_is_read():
    text = page()
    for one in ALL:
        assert f"## {one.title}\n" in text
        for attribute in (*one.operations, *(name for names in one.fields.values() for name in names)):
            assert f"`{attribute}`" in text
