"""What is written in a dialect and read back says the same."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.model.errors import InvalidInput
from masthead.providers.dialects import Dialect, translate
from masthead.providers.dialects.anthropic import read_request as anthropic_in
from masthead.providers.dialects.anthropic import write_request as anthropic_out
from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.form import (
    Call,
    File,
    Format,
    Image,
    Part,
    Request,
    Result,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    Turn,
)  # fmt: skip
from masthead.providers.dialects.openai_chat import read_request as chat_in
from masthead.providers.dialects.openai_chat import write_request as chat_out
from masthead.providers.dialects.openai_responses import read_request as responses_in
from masthead.providers.dialects.openai_responses import write_request as responses_out
from masthead.providers.dialects.parity_row import CALLERS

pytestmark = pytest.mark.unit

WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=12)
NAMES = st.text(st.sampled_from("abcxyz_"), min_size=1, max_size=6)
ARGUMENTS = st.dictionaries(NAMES, st.integers(0, 9) | WORDS, max_size=2).map(
    lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
)
TEXTS = WORDS.map(lambda text: Text(text=text))
MEDIA = st.one_of(
    st.just(Image(media_type="image/png", data="AAAA")),
    st.just(Image(url="https://example.org/a.png")),
    st.just(File(name="a.pdf", media_type="application/pdf", data="JVBERg==")),
)
USER = st.lists(TEXTS | MEDIA, min_size=1, max_size=3).map(tuple)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Turn, ...]:
    turns: list[Turn] = [Turn(role="system", parts=(draw(TEXTS),))] if draw(st.booleans()) else []
    turns.append(Turn(role="user", parts=draw(USER)))
    for number in range(draw(st.integers(0, 2))):
        said: list[Part] = [draw(TEXTS)] if draw(st.booleans()) else []
        calls = [
            Call(id=f"c{number}_{place}", name=draw(NAMES), arguments=draw(ARGUMENTS))
            for place in range(draw(st.integers(1, 2)))
        ]
        turns.append(Turn(role="assistant", parts=(*said, *calls)))
        results = tuple(Result(call_id=call.id, parts=(draw(TEXTS),)) for call in calls)
        turns.append(Turn(role="user", parts=results))
    return tuple(turns)


TOOL = st.builds(Tool, name=NAMES, description=WORDS, parameters=st.just({"type": "object"}), strict=st.booleans())
REQUESTS = st.builds(
    Request,
    model=st.just("m"),
    turns=conversations(),
    tools=st.lists(TOOL, min_size=1, max_size=2, unique_by=lambda tool: tool.name).map(tuple),
    tool_choice=st.none() | st.sampled_from([ToolChoice(mode="auto"), ToolChoice(mode="none"),
                                             ToolChoice(mode="required")]),
    format=st.none() | st.just(Format(schema={"type": "object"}, strict=True)),
    max_output_tokens=st.integers(1, 9999),
    temperature=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    top_p=st.none() | st.just(0.5),
    user=st.none() | NAMES,
    is_streamed=st.booleans(),
)  # fmt: skip


def plain(request: Request) -> dict[str, Any]:
    """Return what is compared: a turn of results apart, as chat completions write one message for each."""
    parts = [(turn.role, part) for turn in request.turns for part in turn.parts]
    names = ("model", "tools", "max_output_tokens", "temperature", "top_p", "user", "is_streamed", "is_parallel")
    choice = request.tool_choice or ToolChoice(mode="auto")
    return {name: getattr(request, name) for name in names} | {"parts": parts, "choice": choice}


@settings(deadline=None, max_examples=60)
@given(REQUESTS)
def test_chat_completions_come_back(request: Request):
    losses = Losses()
    again = chat_in.read(chat_out.write(request, losses), losses)
    assert plain(again) == plain(request)
    assert (again.format is None) == (request.format is None)
    assert not losses.all()


@settings(deadline=None, max_examples=60)
@given(REQUESTS)
def test_responses_come_back(request: Request):
    losses = Losses()
    again = responses_in.read(responses_out.write(request, losses), losses)
    assert plain(again) == plain(request)
    assert not losses.all()


@settings(deadline=None, max_examples=60)
@given(REQUESTS)
def test_anthropics_messages_come_back(request: Request):
    losses = Losses()
    again = anthropic_in.read(anthropic_out.write(request, losses), losses)
    assert plain(again) == plain(request)
    assert again.format == request.format
    assert not losses.all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "tools", "function", "name", "messages", "input"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@pytest.mark.parametrize("source", CALLERS)
@settings(deadline=None, max_examples=120)
@given(body=st.dictionaries(
    st.sampled_from(["model", "messages", "input", "tools", "tool_choice", "stop", "system", "stream", "thinking",
                     "response_format", "text", "reasoning", "max_tokens", "n", "metadata", "stream_options"]),
    JSON, max_size=6))  # fmt: skip
def test_garbage_from_a_caller_is_refused_and_never_raises_otherwise(source: Dialect, body: dict[str, Any]):
    for target in Dialect:
        if target is source:
            continue
        with contextlib.suppress(InvalidInput):
            translate(body, source=source, target=target, model="m", reply_id="r", now_s=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [1]}}},
        {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": [1]}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "extra_content": {"google": 1}}]}]},
    ],
)
def test_wrong_shapes_deep_inside_are_refused_too(wrong: dict[str, Any]):
    body = {"messages": [{"role": "user", "content": "hi"}], **wrong}
    with pytest.raises(InvalidInput):
        translate(body, source=Dialect.OPENAI_CHAT, target=Dialect.ANTHROPIC, model="m", reply_id="r", now_s=1)


def test_reasoning_of_openai_returns_to_openai_through_anthropics_dialect():
    """A caller of Anthropic's dialect keeps what it got and sends it back: OpenAI gets its own item."""
    first = translate(
        {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
        source=Dialect.ANTHROPIC, target=Dialect.OPENAI_RESPONSES, model="gpt-5.6", reply_id="r", now_s=1,
    )  # fmt: skip
    item = {"type": "reasoning", "id": "rs_9", "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "enc"}  # fmt: skip
    said: dict[str, Any] = {"type": "message", "content": [{"type": "output_text", "text": "yes", "annotations": []}]}
    answer = first.reply({"id": "resp_1", "model": "gpt", "status": "completed", "output": [item, said]})
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": answer["content"]},
        {"role": "user", "content": "more"},
    ]
    second = translate(
        {"model": "m", "max_tokens": 9, "messages": messages},
        source=Dialect.ANTHROPIC, target=Dialect.OPENAI_RESPONSES, model="gpt-5.6", reply_id="r", now_s=1,
    )  # fmt: skip
    assert item in second.body["input"]
    third = translate(
        {"model": "m", "max_tokens": 9, "messages": messages},
        source=Dialect.ANTHROPIC, target=Dialect.GEMINI, model="gemini-3.5-flash", reply_id="r", now_s=1,
    )  # fmt: skip
    assert "enc" not in json.dumps(third.body)
    assert [loss.field for loss in third.losses] == ["messages[1].content[0]"]


@pytest.mark.parametrize("source", CALLERS)
def test_geminis_signature_of_a_call_comes_back_with_the_call(source: Dialect):
    call: dict[str, Any] = {"functionCall": {"name": "look", "args": {}}, "thoughtSignature": "c2ln"}
    answer = {"candidates": [{"content": {"parts": [call]}, "finishReason": "STOP"}]}
    plain_body: dict[str, Any] = {"model": "m", "max_tokens": 9} if source is Dialect.ANTHROPIC else {"model": "m"}

    def ask(history: list[Any]) -> Any:
        body = {**plain_body, ("input" if source is Dialect.OPENAI_RESPONSES else "messages"): history}
        return translate(body, source=source, target=Dialect.GEMINI, model="gemini-3.5-flash", reply_id="r", now_s=1)

    first = ask([{"role": "user", "content": "hi"}]).reply(answer)
    match source:
        case Dialect.OPENAI_CHAT:
            message = first["choices"][0]["message"]
            back = [message, {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "1"}]
        case Dialect.OPENAI_RESPONSES:
            identity = first["output"][-1]["call_id"]
            back = [*first["output"], {"type": "function_call_output", "call_id": identity, "output": "1"}]
        case _:
            result = {"type": "tool_result", "tool_use_id": first["content"][-1]["id"], "content": "1"}
            back = [{"role": "assistant", "content": first["content"]}, {"role": "user", "content": [result]}]
    second = ask([{"role": "user", "content": "hi"}, *back])
    assert second.body["contents"][1]["parts"] == [call]
    assert not second.losses


@pytest.mark.parametrize(("limit", "budget"), [(None, 16384), (20_000, 16384), (8000, 4000), (1500, 1024), (900, None)])
def test_thinking_leaves_room_for_the_answer(limit: int | None, budget: int | None):
    request = Request(model="claude-sonnet-4-5", turns=(), thinking=Thinking(effort="high"), max_output_tokens=limit)
    body = anthropic_out.write(request, Losses())
    assert body.get("thinking", {}).get("budget_tokens") == budget
    assert body["max_tokens"] == (limit or 4096 + 16384) > (budget or 0)


@pytest.mark.parametrize("target", [Dialect.ANTHROPIC, Dialect.GEMINI, Dialect.BEDROCK])
def test_turn_of_which_nothing_is_left_is_left_out(target: Dialect):
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "reasoning_content": "hm"},
        {"role": "user", "content": "go on"},
    ]
    call = translate(
        {"model": "m", "messages": messages},
        source=Dialect.OPENAI_CHAT,
        target=target,
        model="m",
        reply_id="r",
        now_s=1,
    )
    said = call.body["contents" if target is Dialect.GEMINI else "messages"]
    assert [message["role"] for message in said] == ["user"], "and its neighbours are joined"
    assert "messages[1].reasoning_content" in {loss.field for loss in call.losses}


def test_bedrock_is_told_the_tools_that_were_called_before():
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "1"},
    ]
    call = translate(
        {"model": "m", "messages": messages}, source=Dialect.OPENAI_CHAT, target=Dialect.BEDROCK, model="m",
        reply_id="r", now_s=1,
    )  # fmt: skip
    assert [tool["toolSpec"]["name"] for tool in call.body["toolConfig"]["tools"]] == ["look"]
    assert "tools" in {loss.field for loss in call.losses}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-sonnet-4-5-20250929", {"type": "enabled", "budget_tokens": 2048}),
        ("claude-haiku-4-5", {"type": "enabled", "budget_tokens": 2048}),
        ("anthropic.claude-opus-4-1-20250805-v1:0", {"type": "enabled", "budget_tokens": 2048}),
        ("claude-opus-4-6", {"type": "adaptive"}),
        ("claude-sonnet-5", {"type": "adaptive"}),
    ],
)
def test_effort_is_told_as_the_model_takes_it(model: str, expected: dict[str, Any]):
    request = Request(model=model, turns=(), thinking=Thinking(effort="low"), max_output_tokens=8000)
    assert anthropic_out.write(request, Losses())["thinking"] == expected
