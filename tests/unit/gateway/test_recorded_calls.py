"""A recorded model call as a request that can be made again."""

import json
from typing import Any

import pytest

from masthead.gateway.recorded import recorded_call
from masthead.model.errors import InvalidInput
from masthead.model.ids import RunId, SpanId
from masthead.model.span import Span

pytestmark = pytest.mark.unit


def _span(scope: str | None = "masthead.gateway", operation: str = "chat", **attributes: Any) -> Span:
    said = {name.replace("__", "."): value for name, value in attributes.items()}
    return Span(
        trace_id=RunId("1" * 32),
        span_id=SpanId("2" * 16),
        name="chat m",
        kind="client",
        start_ns=1,
        end_ns=2,
        status="unset",
        scope_name=scope,
        attributes={"gen_ai.operation.name": operation, "gen_ai.request.model": "gpt-4o"} | said,
    )


def test_a_call_in_chat_completions_comes_back_as_it_was_sent() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function"}]},
        {"role": "tool", "content": "7", "tool_call_id": "c1"},
    ]
    tools = [{"type": "function", "function": {"name": "look"}}]
    call = recorded_call(
        _span(
            gen_ai__input__messages=json.dumps(messages),
            gen_ai__tool__definitions=json.dumps(tools),
            gen_ai__request__temperature=0.5,
            gen_ai__request__seed=7,
            masthead__gateway__model_asked="best",
        )
    )
    assert (call.model, call.messages, call.tools, call.losses) == ("best", messages, tools, [])
    assert call.parameters == {"temperature": 0.5, "seed": 7}


def test_a_call_in_anthropics_dialect_is_read_into_chat_completions() -> None:
    messages = [
        {"role": "user", "content": "How deep?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "depth", "input": {"at": "mouth"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "7 fathoms"}]},
    ]
    tools = [{"name": "depth", "description": "Soundings", "input_schema": {"type": "object"}}]
    call = recorded_call(
        _span(
            gen_ai__system_instructions="You are the pilot.",
            gen_ai__input__messages=json.dumps(messages),
            gen_ai__tool__definitions=json.dumps(tools),
        )
    )
    assert [message["role"] for message in call.messages] == ["system", "user", "assistant", "tool"]
    assert call.messages[0]["content"] == "You are the pilot."
    (asked,) = call.messages[2]["tool_calls"]
    assert (asked["id"], asked["function"]["name"]) == ("t1", "depth")
    assert json.loads(asked["function"]["arguments"]) == {"at": "mouth"}
    assert call.messages[3] == {"role": "tool", "content": "7 fathoms", "tool_call_id": "t1"}
    (tool,) = call.tools
    assert tool["function"] == {"name": "depth", "description": "Soundings", "parameters": {"type": "object"}}


def test_what_the_record_only_names_is_said_to_be_missing() -> None:
    messages = [{"role": "user", "parts": [{"type": "blob", "mime_type": "image/png", "data": "AAAA"}]}]
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    call = recorded_call(
        _span(
            scope="another.sdk",
            gen_ai__input__messages=json.dumps([*messages, {"role": "user", "content": "And this?"}]),
            gen_ai__tool__definitions=json.dumps(tools),
        )
    )
    assert call.tools == []
    assert any("web_search" in loss for loss in call.losses)
    assert call.messages[-1] == {"role": "user", "content": "And this?"}


def test_a_span_that_is_no_call_or_has_no_content_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no call of a model"):
        recorded_call(_span(operation="execute_tool"))
    with pytest.raises(InvalidInput, match="was not recorded"):
        recorded_call(_span())


@pytest.mark.parametrize("text", ["{", "[]", "7", '[{"role": 3}]', '["x"]', "[" * 5000])
def test_odd_records_do_no_harm(text: str) -> None:
    try:
        call = recorded_call(_span(gen_ai__input__messages=text, gen_ai__tool__definitions=text))
    except InvalidInput:
        return
    assert all(isinstance(message["role"], str) for message in call.messages)
