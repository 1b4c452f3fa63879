"""What each convention's spans say, from their documented shapes."""

import json
from collections.abc import Mapping, Sequence

import pytest

from masthead.model.ids import RunId, SpanId
from masthead.model.reading import Message, Operation, Reading, ToolCall, ToolUse, Usage
from masthead.model.span import AttributeValue, Span, SpanEvent, SpanStatus
from masthead.semconv import read

pytestmark = pytest.mark.unit


def _read(
    name: str,
    attributes: Mapping[str, AttributeValue],
    *,
    events: Sequence[tuple[str, Mapping[str, AttributeValue]]] = (),
    status: SpanStatus = "unset",
    parent: str | None = "1" * 16,
) -> Reading:
    return read(
        Span(
            trace_id=RunId("0" * 32),
            span_id=SpanId("0" * 16),
            parent_span_id=SpanId(parent) if parent else None,
            name=name,
            start_ns=0,
            end_ns=1,
            status=status,
            attributes=attributes,
            events=tuple(SpanEvent(name=kind, time_ns=0, attributes=fields) for kind, fields in events),
        )
    )


SYSTEM = Message(role="system", text="Be brief.")
USER = Message(role="user", text="Weather in Paris?")
CALL = ToolCall(id="c1", name="weather", arguments='{"city": "Paris"}')
ASKS = Message(role="assistant", text="Let me look.", tool_calls=(CALL,))
RESULT = Message(role="tool", text="rain", tool_call_id="c1")
ANSWER = Message(role="assistant", text="Rain.")

GENAI_INPUT: list[AttributeValue] = [
    {"role": "user", "parts": [{"type": "text", "content": "Weather in Paris?"}]},
    {
        "role": "assistant",
        "parts": [
            {"type": "text", "content": "Let me look."},
            {"type": "tool_call", "id": "c1", "name": "weather", "arguments": '{"city": "Paris"}'},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
]
GENAI_OUTPUT: list[AttributeValue] = [
    {"role": "assistant", "parts": [{"type": "text", "content": "Rain."}], "finish_reason": "stop"}
]


def test_genai_current_attributes():
    reading = _read(
        "chat gpt-4o",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.agent.id": "asst_1",
            "gen_ai.agent.name": "Weather",
            "gen_ai.conversation.id": "conv-1",
            "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
            "gen_ai.input.messages": json.dumps(GENAI_INPUT),
            "gen_ai.output.messages": json.dumps(GENAI_OUTPUT),
            "gen_ai.usage.input_tokens": 50,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read.input_tokens": 32,
            "gen_ai.usage.cache_creation.input_tokens": 8,
            "gen_ai.usage.reasoning.output_tokens": 3,
        },
    )
    assert reading == Reading(
        convention="opentelemetry-genai",
        operation=Operation.LLM,
        agent_id=reading.agent_id,
        agent_name="Weather",
        provider="openai",
        model_requested="gpt-4o",
        model="gpt-4o-2024-08-06",
        input=(SYSTEM, USER, ASKS, RESULT),
        output=(ANSWER,),
        usage=Usage(input_tokens=50, output_tokens=7, cache_read_tokens=32, cache_write_tokens=8, reasoning_tokens=3),
        session_id="conv-1",
    )
    assert reading.agent_id == "asst_1"


def test_genai_structured_attributes_and_details_event_are_the_same():
    operation: dict[str, AttributeValue] = {"gen_ai.operation.name": "chat"}
    structured = _read(
        "chat", {**operation, "gen_ai.input.messages": GENAI_INPUT, "gen_ai.output.messages": GENAI_OUTPUT}
    )
    details: dict[str, AttributeValue] = {
        "gen_ai.input.messages": json.dumps(GENAI_INPUT),
        "gen_ai.output.messages": json.dumps(GENAI_OUTPUT),
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
    }
    in_event = _read("chat", operation, events=[("gen_ai.client.inference.operation.details", details)])
    assert structured.input == (USER, ASKS, RESULT)
    assert in_event.input == (SYSTEM, USER, ASKS, RESULT)
    assert structured.output == in_event.output == (ANSWER,)


def test_genai_events_a_message():
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
    reading = _read(
        "chat",
        {"gen_ai.operation.name": "chat", "gen_ai.system": "openai"},
        events=[
            ("gen_ai.system.message", {"content": "Be brief."}),
            ("gen_ai.user.message", {"content": "Weather in Paris?"}),
            ("gen_ai.assistant.message", {"content": "Let me look.", "tool_calls": json.dumps([call])}),
            ("gen_ai.tool.message", {"id": "c1", "content": "rain"}),
            ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": json.dumps({"content": "Rain."})}),
        ],
    )
    assert reading.input == (SYSTEM, USER, ASKS, RESULT)
    assert reading.output == (ANSWER,)
    assert reading.provider == "openai"


def test_genai_flattened_prompts_of_openllmetry():
    reading = _read(
        "openai.chat",
        {
            "llm.request.type": "chat",
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "Be brief.",
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": '[{"type": "text", "text": "Weather in Paris?"}]',
            "gen_ai.prompt.2.role": "assistant",
            "gen_ai.prompt.2.content": "Let me look.",
            "gen_ai.prompt.2.tool_calls.0.id": "c1",
            "gen_ai.prompt.2.tool_calls.0.name": "weather",
            "gen_ai.prompt.2.tool_calls.0.arguments": '{"city": "Paris"}',
            "gen_ai.prompt.3.role": "tool",
            "gen_ai.prompt.3.tool_call_id": "c1",
            "gen_ai.prompt.3.content": "rain",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Rain.",
            "gen_ai.completion.0.finish_reason": "stop",
            "gen_ai.usage.prompt_tokens": 5,
            "gen_ai.usage.completion_tokens": 2,
            "traceloop.association.properties.session_id": "s",
            "traceloop.workflow.name": "forecast",
        },
    )
    assert (reading.operation, reading.input, reading.output) == (
        Operation.LLM,
        (SYSTEM, USER, ASKS, RESULT),
        (ANSWER,),
    )
    assert reading.usage == Usage(input_tokens=5, output_tokens=2)
    assert reading.session_id == "s"


def test_openinference_flattened_messages_with_contents():
    stem = "llm.input_messages."
    reading = _read(
        "ChatCompletion",
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o",
            "llm.provider": "azure",
            f"{stem}0.message.role": "user",
            f"{stem}0.message.contents.0.message_content.type": "text",
            f"{stem}0.message.contents.0.message_content.text": "What is on it?",
            f"{stem}0.message.contents.1.message_content.type": "image",
            f"{stem}0.message.contents.1.message_content.image.image.url": "https://example.org/cat.png",
            f"{stem}10.message.role": "user",
            f"{stem}10.message.content": "last",
            f"{stem}2.message.role": "assistant",
            f"{stem}2.message.tool_calls.0.tool_call.id": "c1",
            f"{stem}2.message.tool_calls.0.tool_call.function.name": "weather",
            f"{stem}2.message.tool_calls.0.tool_call.function.arguments": '{"city": "Paris"}',
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": "A cat.",
            "output.value": "ignored: the flattened messages say more",
            "llm.token_count.prompt": 11,
            "llm.token_count.prompt_details.cache_read": 4,
            "tag.tags": ["a", "b"],
            "metadata": '{"tier": "gold", "langgraph_step": 3}',
        },
    )
    assert [(message.role, message.text) for message in reading.input] == [
        ("user", "What is on it?"),
        ("assistant", ""),
        ("user", "last"),
    ]
    assert reading.input[0].media == ("https://example.org/cat.png",)
    assert reading.input[1].tool_calls == (CALL,)
    assert reading.output == (Message(role="assistant", text="A cat."),)
    assert reading.usage == Usage(input_tokens=11, cache_read_tokens=4)
    assert (reading.provider, reading.tags, reading.metadata) == ("azure", ("a", "b"), {"tier": "gold"})


def test_openinference_tool_takes_arguments_from_its_input_not_from_its_schema():
    reading = _read(
        "weather",
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "weather",
            "tool.parameters": '{"properties": {"city": {"type": "string"}}}',
            "input.value": '{"city": "Paris"}',
            "output.value": '{"type": "tool", "data": {"content": "rain", "tool_call_id": "c1"}}',
        },
    )
    assert reading.tool == ToolUse(name="weather", call_id="c1", arguments='{"city": "Paris"}', result="rain")


def test_vercel_model_call():
    reading = _read(
        "ai.generateText.doGenerate",
        {
            "operation.name": "ai.generateText.doGenerate trip",
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.id": "gpt-4o",
            "ai.model.provider": "openai.chat",
            "ai.response.model": "gpt-4o-2024-08-06",
            "ai.telemetry.functionId": "trip",
            "ai.telemetry.metadata.userId": "u-1",
            "ai.telemetry.metadata.plan": "free",
            "ai.prompt.messages": json.dumps(
                [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "text", "text": "Weather in Paris?"}]},
                    {
                        "role": "assistant",
                        "content": [
                            {"type": "text", "text": "Let me look."},
                            {
                                "type": "tool-call",
                                "toolCallId": "c1",
                                "toolName": "weather",
                                "args": '{"city": "Paris"}',
                            },
                        ],
                    },
                    {
                        "role": "tool",
                        "content": [
                            {
                                "type": "tool-result",
                                "toolCallId": "c1",
                                "toolName": "weather",
                                "output": {"type": "text", "value": "rain"},
                            }
                        ],
                    },
                ]
            ),
            "ai.response.text": "Rain.",
            "ai.response.toolCalls": json.dumps([{"toolCallId": "c2", "toolName": "map", "input": {"zoom": 3}}]),
            "ai.usage.inputTokens": 9,
            "ai.usage.outputTokens": 4,
            "ai.usage.cachedInputTokens": 1,
        },
    )
    assert reading.convention == "vercel-ai"
    assert reading.input[:3] == (SYSTEM, USER, ASKS)
    assert (reading.input[3].text, reading.input[3].tool_call_id, reading.input[3].name) == ("rain", "c1", "weather")
    assert reading.output == (
        Message(role="assistant", text="Rain.", tool_calls=(ToolCall(id="c2", name="map", arguments='{"zoom":3}'),)),
    )
    assert reading.usage == Usage(input_tokens=9, output_tokens=4, cache_read_tokens=1)
    assert (reading.agent_name, reading.user_id, reading.metadata["plan"]) == ("trip", "u-1", "free")


def test_vercel_tool_and_outer_call():
    tool = _read(
        "ai.toolCall",
        {
            "ai.operationId": "ai.toolCall",
            "ai.toolCall.name": "weather",
            "ai.toolCall.id": "c1",
            "ai.toolCall.args": '{"city":"Paris"}',
            "ai.toolCall.result": '"rain"',
        },
    )
    assert tool.tool == ToolUse(name="weather", call_id="c1", arguments='{"city":"Paris"}', result="rain")
    outer = _read(
        "ai.generateText",
        {"ai.operationId": "ai.generateText", "ai.prompt": '{"system":"Be brief.","prompt":"Weather in Paris?"}'},
    )
    assert (outer.operation, outer.input) == (Operation.AGENT, (SYSTEM, USER))


def test_pydantic_ai_of_the_first_format():
    events = [
        {"event.name": "gen_ai.system.message", "content": "Be brief.", "role": "system"},
        {"event.name": "gen_ai.user.message", "content": "Weather in Paris?", "role": "user"},
        {"event.name": "gen_ai.assistant.message", "content": "Rain.", "role": "assistant"},
    ]
    reading = _read(
        "agent run",
        {
            "agent_name": "weather_agent",
            "model_name": "gpt-4o",
            "all_messages_events": json.dumps(events),
            "final_result": "Rain.",
            "logfire.msg": "weather_agent run",
        },
    )
    assert (reading.convention, reading.operation, reading.agent_name) == (
        "pydantic-ai",
        Operation.AGENT,
        "weather_agent",
    )
    assert (reading.input, reading.output) == ((SYSTEM, USER), (ANSWER,))


def test_pydantic_ai_tool_of_the_second_format():
    reading = _read(
        "running tool",
        {
            "gen_ai.tool.name": "weather",
            "gen_ai.tool.call.id": "c1",
            "tool_arguments": '{"city":"Paris"}',
            "tool_response": "rain",
            "logfire.msg": "running tool: weather",
        },
    )
    assert reading.tool == ToolUse(name="weather", call_id="c1", arguments='{"city":"Paris"}', result="rain")


def test_langfuse_words_win_over_what_they_were_put_on():
    reading = _read(
        "answer",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.input.messages": json.dumps(GENAI_INPUT),
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "gpt-4o-mini",
            "langfuse.observation.input": '"What now?"',
            "langfuse.observation.usage_details": '{"input": 5, "output": 2, "input_cached_tokens": 3}',
            "langfuse.observation.level": "ERROR",
            "langfuse.observation.status_message": "rate limited",
            "langfuse.session.id": "old-name",
        },
    )
    assert (reading.convention, reading.model) == ("langfuse", "gpt-4o-mini")
    assert [message.text for message in reading.input] == ['"What now?"']
    assert reading.usage == Usage(input_tokens=5, output_tokens=2, cache_read_tokens=3)
    assert (reading.error, reading.session_id) == ("rate limited", "old-name")


def test_langchain_dumps_of_both_kinds():
    constructor = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"]}
    call = {"name": "weather", "args": {"city": "Paris"}, "id": "c1", "type": "tool_call"}
    kwargs = {"content": "Let me look.", "tool_calls": [call], "type": "ai"}
    generations = {"generations": [[{"text": "Let me look.", "message": {**constructor, "kwargs": kwargs}}]]}
    reading = _read(
        "ChatOpenAI",
        {
            "openinference.span.kind": "LLM",
            "input.value": json.dumps({"messages": [[{"type": "human", "data": {"content": "Weather in Paris?"}}]]}),
            "output.value": json.dumps(generations),
        },
    )
    assert reading.input == (USER,)
    assert reading.output[0].text == "Let me look."
    assert reading.output[0].tool_calls == (ToolCall(id="c1", name="weather", arguments='{"city":"Paris"}'),)


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ('[{"role": "user", "content": "cut', ['[{"role": "user", "content": "cut']),
        ("plain words", ["plain words"]),
        ('{"question": "Why?"}', ["Why?"]),
        ('{"a": 1, "b": 2}', ['{"a":1,"b":2}']),
        ("[" * 5000, ["[" * 5000]),
        ('{"role": ["user"], "content": {"x": 1}}', ['{"x":1}']),
        ("[1, null, true]", ["1", "true"]),
        ('{"messages": []}', []),
    ],
)
def test_broken_and_odd_json_is_kept_as_text(value: str, texts: list[str]):
    reading = _read("chat", {"gen_ai.operation.name": "chat", "gen_ai.input.messages": value})
    assert [message.text for message in reading.input] == texts


def test_reasoning_and_media_parts():
    parts: list[AttributeValue] = [
        {"type": "reasoning", "content": "It is wet."},
        {"type": "text", "content": "Rain."},
        {"type": "uri", "modality": "image", "uri": "https://example.org/map.png"},
        {"type": "blob", "mime_type": "image/png", "content": "aGVsbG8="},
    ]
    message = _read(
        "chat", {"gen_ai.operation.name": "chat", "gen_ai.output.messages": [{"role": "assistant", "parts": parts}]}
    )
    assert message.output == (
        Message(
            role="assistant",
            text="Rain.",
            reasoning="It is wet.",
            media=("https://example.org/map.png", "image/png"),
        ),
    )


def test_errors_are_told_and_control_flow_is_none():
    raised = [("exception", {"exception.type": "openai.RateLimitError", "exception.message": "slow down"})]
    steered = [("exception", {"exception.type": "langgraph.errors.ParentCommand", "exception.message": "Command(…)"})]
    assert _read("chat", {}, events=raised, status="error").error == "RateLimitError: slow down"
    assert _read("chat", {}, status="error").error == "error"
    assert _read("chat", {}, events=steered, status="error").error is None
    assert _read("chat", {}, events=raised).error is None


@pytest.mark.parametrize(
    ("attributes", "name", "agent"),
    [
        ({"metadata": '{"langgraph_checkpoint_ns": "research:1|agent:2"}'}, "ChatOpenAI", "research"),
        ({"metadata": '{"langgraph_checkpoint_ns": "team:1|research:2|tools:3"}'}, "ChatOpenAI", "research"),
        ({"metadata": '{"lc_agent_name": "planner", "langgraph_checkpoint_ns": "x:1"}'}, "ChatOpenAI", "planner"),
        ({"metadata": '{"langgraph_checkpoint_ns": "model:1"}'}, "ChatOpenAI", None),
        ({"agent.name": "named", "metadata": '{"lc_agent_name": "planner"}'}, "ChatOpenAI", "named"),
    ],
)
def test_the_agent_of_a_graph_is_its_innermost_node_that_is_no_inner_one(
    attributes: dict[str, AttributeValue], name: str, agent: str | None
):
    assert _read(name, {"openinference.span.kind": "LLM", **attributes}).agent_name == agent


@pytest.mark.parametrize(
    ("name", "attributes", "source", "target"),
    [
        (
            "handoff to Flight Agent",
            {"input.value": "Triage", "output.value": "Flight Agent"},
            "Triage",
            "Flight Agent",
        ),
        ("handoff from Triage to Flight", {}, "Triage", "Flight"),
        ("Triage → unknown.handoff", {"gen_ai.handoff.from_agent": "Triage"}, "Triage", None),
        ("Triage → Flight.handoff", {}, "Triage", "Flight"),
    ],
)
def test_handoff_spans(name: str, attributes: dict[str, AttributeValue], source: str | None, target: str | None):
    reading = _read(name, {"openinference.span.kind": "TOOL", **attributes})
    assert (reading.operation, reading.handoff_from, reading.handoff_to) == (Operation.HANDOFF, source, target)


def test_tokens_of_an_agent_are_not_counted_again():
    attributes: dict[str, AttributeValue] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 99}
    assert _read("invoke_agent x", attributes).usage is None
