"""What one vendor alone has: why Claude declined, tools that it knows, tools told later, levels and caches."""

from typing import Any

import pytest

from masthead.model.errors import InvalidInput
from masthead.providers.dialects import Dialect, Translation, translate, usage_of
from masthead.providers.dialects.parity import MODELS, PLAIN
from masthead.testing import wires

pytestmark = pytest.mark.unit

DECLINED = {"type": "refusal", "category": "cyber", "explanation": "This may harm."}
NO_CALLS: wires.Calls = ()


def call_of(source: Dialect, target: Dialect, **more: Any) -> Translation:
    body = {**PLAIN[source], **more}
    return translate(body, source=source, target=target, model=MODELS[target], reply_id="mh-1", now_s=1)


def noted(call: Translation) -> set[str]:
    return {loss.field for loss in call.losses}


def test_why_claude_declined_is_told_whole_and_streamed():
    call = call_of(Dialect.OPENAI_CHAT, Dialect.ANTHROPIC)
    answer = {**wires.answer(Dialect.ANTHROPIC, NO_CALLS), "stop_reason": "refusal", "stop_details": DECLINED}
    message = call.reply(answer)["choices"][0]
    assert (message["message"]["refusal"], message["finish_reason"]) == ("This may harm.", "content_filter")
    assert "stop_details.category" in noted(call)
    told = wires.stream(Dialect.ANTHROPIC, NO_CALLS).replace(
        b'"stop_reason": "tool_use", "stop_sequence": null}',
        b'"stop_reason": "refusal", "stop_details": {"type": "refusal", "explanation": "This may harm."}}',
    )
    stream = call_of(Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, stream=True).stream()
    events = stream.feed(told)
    assert b"response.refusal.delta" in events
    assert stream.reply()["output"][-1]["content"] == [{"type": "refusal", "refusal": "This may harm."}]


@pytest.mark.parametrize(
    ("kind", "name", "parameter"),
    [
        ("bash_20250124", "bash", "restart"),
        ("text_editor_20250124", "str_replace_editor", "new_str"),
        ("text_editor_20250728", "str_replace_based_edit_tool", "insert_text"),
        ("memory_20250818", "memory", "old_path"),
    ],
)
def test_tools_that_claude_knows_are_told_to_others(kind: str, name: str, parameter: str):
    call = call_of(Dialect.ANTHROPIC, Dialect.OPENAI_CHAT, tools=[{"type": kind, "name": name}])
    function = call.body["tools"][0]["function"]
    assert function["name"] == name and function["description"]
    assert parameter in function["parameters"]["properties"]
    assert "tools[0].type" in noted(call)


@pytest.mark.parametrize("kind", ["web_fetch_20260318", "code_execution_20260521", "computer_toolset_20260801"])
def test_tools_of_anthropic_alone_are_refused_by_name(kind: str):
    with pytest.raises(InvalidInput, match=kind) as refusal:
        call_of(Dialect.ANTHROPIC, Dialect.OPENAI_CHAT, tools=[{"type": kind, "name": "x"}])
    assert refusal.value.where == "tools[0].type"


def test_tools_that_a_search_found_are_told_once():
    tool = {"type": "function", "name": "find", "description": "Finds.", "parameters": {"type": "object"}}
    found: list[dict[str, Any]] = [
        {"role": "user", "content": "hi"},
        {"type": "tool_search_call", "arguments": {}, "call_id": None},
        {"type": "tool_search_output", "tools": [tool], "call_id": None, "status": "completed"},
    ]
    tools = [{"type": "tool_search"}, {**tool, "defer_loading": True}]
    call = call_of(Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, tools=tools, input=found)
    assert [one["name"] for one in call.body["tools"]] == ["find"]
    assert noted(call) >= {"tools[0]", "tools[1].defer_loading", "input[1]"}
    assert [message["role"] for message in call.body["messages"]] == ["user"]


def test_references_to_tools_become_text():
    content = [{"type": "tool_reference", "tool_name": "find"}]
    messages: list[dict[str, Any]] = [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "search", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": content}]},
    ]
    call = call_of(Dialect.ANTHROPIC, Dialect.OPENAI_CHAT, messages=messages)
    assert call.body["messages"][1]["content"] == "Found: find"
    assert "messages[1].content[0].content[0]" in noted(call)


def test_an_empty_compaction_says_nothing():
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "compaction", "content": None}, {"type": "text", "text": "yes"}]},
    ]
    call = call_of(Dialect.ANTHROPIC, Dialect.OPENAI_CHAT, messages=messages)
    assert call.body["messages"][1]["content"] == "yes"
    assert "messages[1].content[0]" in noted(call)


def test_phases_of_an_answer_are_noted_once():
    items = [{"role": "assistant", "content": text, "phase": "commentary"} for text in ("a", "b")]
    call = call_of(Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, input=[{"role": "user", "content": "hi"}, *items])
    assert [loss.field for loss in call.losses].count("input[].phase") == 1


@pytest.mark.parametrize(
    ("effort", "level"), [("minimal", "minimal"), ("medium", "medium"), ("xhigh", "high"), ("max", "high")]
)
def test_gemini_is_told_a_level_that_it_has(effort: str, level: str):
    call = call_of(Dialect.OPENAI_CHAT, Dialect.GEMINI, reasoning_effort=effort)
    assert call.body["generationConfig"]["thinkingConfig"] == {"thinkingLevel": level}
    assert ("reasoning_effort" in noted(call)) is (effort != level)


def test_bedrock_tells_how_long_its_cache_keeps_tokens():
    details = [{"ttl": "1h", "inputTokens": 7}, {"ttl": "5m", "inputTokens": 3}]
    usage = {"inputTokens": 1, "outputTokens": 2, "cacheWriteInputTokens": 10, "cacheDetails": details}
    found = usage_of(Dialect.BEDROCK, {"usage": usage})
    assert found is not None
    assert (found.input_tokens, found.cache_write_tokens, found.cache_write_hour_tokens) == (11, 10, 7)
    odd = usage_of(Dialect.BEDROCK, {"usage": {**usage, "cacheDetails": "?"}})
    assert odd is not None and odd.cache_write_hour_tokens is None


def test_tokens_kept_for_an_hour_reach_claudes_callers_apart():
    call = call_of(Dialect.ANTHROPIC, Dialect.BEDROCK)
    usage = {"inputTokens": 1, "outputTokens": 2, "cacheWriteInputTokens": 10}
    answer = {**wires.answer(Dialect.BEDROCK), "usage": {**usage, "cacheDetails": [{"ttl": "1h", "inputTokens": 7}]}}
    told = call.reply(answer)["usage"]
    assert told["cache_creation"] == {"ephemeral_1h_input_tokens": 7, "ephemeral_5m_input_tokens": 3}
    assert usage_of(Dialect.ANTHROPIC, {"usage": told}) == call.usage


def test_tokens_of_sound_are_read_and_told():
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 8,
        "prompt_tokens_details": {"audio_tokens": 5},
        "completion_tokens_details": {"audio_tokens": 4},
    }
    found = usage_of(Dialect.OPENAI_CHAT, {"usage": usage})
    assert found is not None
    assert (found.input_audio_tokens, found.output_audio_tokens) == (5, 4)
    call = call_of(Dialect.OPENAI_CHAT, Dialect.GEMINI)
    counted = {
        "promptTokenCount": 9,
        "candidatesTokenCount": 8,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}, {"modality": "AUDIO", "tokenCount": 5}],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 4}],
    }
    told = call.reply({**wires.answer(Dialect.GEMINI), "usageMetadata": counted})["usage"]
    assert usage_of(Dialect.OPENAI_CHAT, {"usage": told}) == found


def test_a_conversation_held_at_anthropic_is_refused():
    with pytest.raises(InvalidInput) as refusal:
        call_of(Dialect.ANTHROPIC, Dialect.OPENAI_CHAT, thread={"type": "continue", "id": "t"})
    assert refusal.value.where == "thread"


@pytest.mark.parametrize(
    "odd",
    [
        {"response_format": {"type": "json_object", "odd": 1}},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"odd": 1}}]}]},
    ],
)
def test_fields_that_nobody_knows_are_noted_however_deep(odd: dict[str, Any]):
    assert any(field.endswith(".odd") for field in noted(call_of(Dialect.OPENAI_CHAT, Dialect.BEDROCK, **odd)))
