"""Free-form tools of OpenAI's callers at targets that know functions alone: what is asked, told back and streamed."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.model.errors import InvalidInput
from masthead.providers.dialects import Dialect, Translation, translate
from masthead.providers.dialects.freeform import InputReader, arguments_with, input_in
from masthead.providers.dialects.parity import MODELS, PLAIN
from masthead.providers.sse import Parser
from masthead.testing import wires

pytestmark = pytest.mark.unit

PATCH = '*** Begin Patch\n+ "é\\n" \t𝄞\n*** End Patch'
CALLS = (("call_a", "patch", arguments_with(PATCH)), ("call_b", "look", '{"city":"Bergen"}'))
TOOLS: dict[Dialect, list[Any]] = {
    Dialect.OPENAI_CHAT: [
        {"type": "custom", "custom": {"name": "patch"}},
        {"type": "function", "function": {"name": "look"}},
    ],
    Dialect.OPENAI_RESPONSES: [
        {"type": "custom", "name": "patch"},
        {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False},
    ],
}
PAIRS = [(source, target) for source in TOOLS for target in Dialect if source is not target]


def call_of(source: Dialect, target: Dialect, **more: Any) -> Translation:
    body = {**PLAIN[source], "tools": TOOLS[source], **more}
    return translate(body, source=source, target=target, model=MODELS[target], reply_id="mh-1", now_s=1_700_000_000)


def calls_at(target: Dialect, text: str = PATCH) -> wires.Calls:
    """Return the calls as a model of the target makes them: the responses dialect has free-form ones itself."""
    given = text if target is Dialect.OPENAI_RESPONSES else arguments_with(text)
    return (("call_a", "patch", given), CALLS[1])


def calls_in(source: Dialect, body: dict[str, Any]) -> list[Any]:
    if source is Dialect.OPENAI_RESPONSES:
        return [
            (item["type"], item["name"], item.get("input", item.get("arguments")))
            for item in body["output"]
            if item["type"].endswith("call")
        ]
    return [(call["type"], *call[call["type"]].values()) for call in body["choices"][0]["message"]["tool_calls"]]


def expected(source: Dialect, text: str = PATCH) -> list[Any]:
    kinds = ("custom", "function") if source is Dialect.OPENAI_CHAT else ("custom_tool_call", "function_call")
    return [(kinds[0], "patch", text), (kinds[1], "look", '{"city":"Bergen"}')]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_calls_of_a_whole_answer_are_those_that_the_caller_asked_for(source: Dialect, target: Dialect):
    call = call_of(source, target)
    before = call.losses
    assert calls_in(source, call.reply(wires.answer(target, calls_at(target)))) == expected(source)
    assert call.losses == before


def streamed(source: Dialect, data: bytes) -> tuple[list[str], str]:
    """Return the kinds of what streamed of the first call, and its input put together."""
    kinds: list[str] = []
    pieces: list[str] = []
    for told in [json.loads(event.data) for event in Parser().feed(data) if event.data != b"[DONE]"]:
        if source is Dialect.OPENAI_RESPONSES:
            if "custom_tool_call" in told["type"]:
                kinds.append(told["type"])
                pieces.append(told.get("delta", ""))
            continue
        calls: list[dict[str, Any]] = told["choices"][0]["delta"].get("tool_calls", []) if told["choices"] else []
        for one in calls:
            if one["index"] == 0:
                kinds += {"custom", "function"} & set(one)
                pieces.append(one["custom"]["input"])
    return kinds, "".join(pieces)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_input_streams_piece_by_piece(source: Dialect, target: Dialect):
    stream = call_of(source, target, stream=True).stream()
    upstream = wires.stream(target, calls_at(target))
    data = b"".join(stream.feed(upstream[at : at + 7]) for at in range(0, len(upstream), 7)) + stream.close()
    kinds, text = streamed(source, data)
    assert text == PATCH
    assert set(kinds) <= {"custom", "response.custom_tool_call_input.delta", "response.custom_tool_call_input.done"}
    assert len(kinds) > 3 or target is Dialect.GEMINI, "Gemini tells a call in one piece"
    assert calls_in(source, stream.reply()) == expected(source)
    if source is Dialect.OPENAI_RESPONSES:
        items = [json.loads(event.data) for event in Parser().feed(data)]
        done = [one["item"] for one in items if one["type"] == "response.output_item.done"]
        assert calls_in(source, {"output": done}) == expected(source)
        assert calls_in(source, items[-1]["response"]) == expected(source)


@given(
    text=st.text(),
    is_ascii=st.booleans(),
    indent=st.none() | st.just(1),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
def test_input_comes_out_whole_wherever_its_json_is_cut(text: str, is_ascii: bool, indent: int | None, cuts: list[int]):
    arguments = json.dumps({"input": text}, ensure_ascii=is_ascii, indent=indent)
    places = sorted({0, *(cut for cut in cuts if cut < len(arguments)), len(arguments)})
    reader = InputReader()
    pieces = [reader.feed(arguments[start:end]) for start, end in pairwise(places)]
    assert all(is_whole(piece) for piece in pieces), "no half of a character is told"
    assert "".join(pieces) == text
    assert (reader.finish(), reader.is_exact) == ("", True)


def is_whole(text: str) -> bool:
    return not any(0xD800 <= ord(one) < 0xE000 for one in text)


@pytest.mark.parametrize(
    ("arguments", "text", "is_exact"),
    [
        ("", "", True),
        ("{}", "", True),
        ('{"\\u0069nput": "a"}', "a", True),
        ('{"input": "a", "note": "b"}', "a", False),
        ('{"note": "b", "input": "a"}', "a", False),
        ('{"patch": "a"}', "a", False),
        ('{"patch": "a", "path": "b"}', '{"patch": "a", "path": "b"}', False),
        ('{"input": {"a": 1}}', '{"a":1}', False),
        ("*** Begin Patch", "*** Begin Patch", False),
        ("*** Begin Patch" + "+" * 300, "*** Begin Patch" + "+" * 300, False),
        ('"a\\nb"', "a\nb", False),
        ('{"input": "a\\d\nb"}', "a\\d\nb", True),
        ('{"input": "a\\ud800b\\udc00\\ud800\\n"}', "a\ufffdb\ufffd\ufffd\n", True),
        ('{"input": "a', "a", False),
        ('{"input": "a\\u00', "a\\u00", False),
    ],
)
def test_what_a_model_gives_otherwise_is_read_as_far_as_it_can_be(arguments: str, text: str, is_exact: bool):
    assert input_in(arguments) == (text, is_exact)
    reader = InputReader()
    pieces = [reader.feed(letter) for letter in arguments]
    assert ("".join(pieces) + reader.finish(), reader.is_exact) == (text, is_exact)


@pytest.mark.parametrize("source", TOOLS)
def test_input_in_another_form_is_told_and_noted(source: Dialect):
    odd = (("call_a", "patch", '{"patch":"a"}'), CALLS[1])
    whole, stream = call_of(source, Dialect.ANTHROPIC), call_of(source, Dialect.ANTHROPIC)
    assert calls_in(source, whole.reply(wires.answer(Dialect.ANTHROPIC, odd))) == expected(source, "a")
    told = stream.stream()
    kinds, text = streamed(source, told.feed(wires.stream(Dialect.ANTHROPIC, odd)) + told.close())
    assert text == "a" and kinds
    for call in (whole, stream):
        assert "patch.input" in {loss.field for loss in call.losses}


def test_input_in_another_form_is_told_though_the_vendor_does_not_say_why_it_stopped():
    odd = (("call_a", "patch", '{"patch":"a"}'),)
    upstream = wires.stream(Dialect.OPENAI_CHAT, odd).replace(
        b'"finish_reason": "tool_calls"', b'"finish_reason": null'
    )
    stream = call_of(Dialect.OPENAI_RESPONSES, Dialect.OPENAI_CHAT, stream=True).stream()
    assert streamed(Dialect.OPENAI_RESPONSES, stream.feed(upstream) + stream.close())[1] == "a"


def test_grammar_that_no_model_is_held_to_is_described_and_noted():
    form = {"type": "grammar", "syntax": "lark", "definition": "start: /a+/"}
    tools = [{"type": "custom", "name": "patch", "description": "Patches.", "format": form}]
    call = call_of(Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, tools=tools)
    assert call.body["tools"][0]["description"].endswith("lark grammar:\nstart: /a+/")
    assert [loss.field for loss in call.losses if "grammar" in loss.why] == ["tools[0].format"]
    assert call.reply(wires.answer(Dialect.ANTHROPIC))["tools"] == tools, "the caller is told its own tool"


def test_tools_of_namespaces_are_called_by_their_namespace():
    function = {"type": "function", "name": "patch", "parameters": {"type": "object"}, "strict": False}
    tools = [{"type": "namespace", "name": name, "description": "", "tools": [function]} for name in ("git", "svn")]
    history = [
        {"role": "user", "content": "hi"},
        {"type": "function_call", "call_id": "c", "namespace": "git", "name": "patch", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "1"},
    ]
    call = call_of(Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, tools=tools, input=history)
    assert [tool["name"] for tool in call.body["tools"]] == ["git__patch", "svn__patch"]
    assert call.body["messages"][1]["content"][0]["name"] == "git__patch"
    calls = (("call_a", "svn__patch", "{}"),)
    whole = call.reply(wires.answer(Dialect.ANTHROPIC, calls))
    assert (whole["output"][-1]["namespace"], whole["output"][-1]["name"]) == ("svn", "patch")
    assert whole["tools"] == [{**tool, "tools": [{**function, "description": None}]} for tool in tools]
    stream = call.stream()
    stream.feed(wires.stream(Dialect.ANTHROPIC, calls))
    assert stream.reply()["output"][-1]["namespace"] == "svn"


@pytest.mark.parametrize(
    "tools",
    [
        [{"type": "custom", "name": "a"}, {"type": "function", "name": "a", "parameters": {}}],
        [{"type": "namespace", "name": "n" * 60, "tools": [{"type": "custom", "name": "patch"}]}],
        [{"type": "custom", "name": "a", "format": {"type": "grammar", "syntax": "lark"}}],
        [{"type": "custom", "name": "a", "format": {"type": "sql"}}],
        [{"type": "tool_search", "execution": "client"}],
        [{"type": "local_shell"}],
    ],
)
def test_tools_that_cannot_be_told_are_refused_by_name(tools: list[Any]):
    with pytest.raises(InvalidInput) as refusal:
        call_of(Dialect.OPENAI_RESPONSES, Dialect.GEMINI, tools=tools)
    assert (refusal.value.where or "").startswith("tools[")
