"""One answer, from every dialect to every caller: whole, and streamed in any pieces, read by the callers' own SDKs."""

import json
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, cast

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from masthead.model.reading import Usage
from masthead.providers.dialects import Dialect, Stream, Translation, translate
from masthead.providers.dialects.parity import MODELS, PLAIN
from masthead.providers.dialects.parity_row import CALLERS
from masthead.providers.sse import Event, Parser
from masthead.testing import wires

pytestmark = pytest.mark.unit

PAIRS = [(source, target) for source in CALLERS for target in Dialect if source is not target]
USAGE = Usage(input_tokens=1000, output_tokens=50, cache_read_tokens=600, cache_write_tokens=None, reasoning_tokens=20)


def call_of(source: Dialect, target: Dialect) -> Translation:
    body = {**PLAIN[source], "stream": True}
    if source is Dialect.OPENAI_CHAT:
        body["stream_options"] = {"include_usage": True}
    return translate(body, source=source, target=target, model=MODELS[target], reply_id="mh-1", now_s=1_700_000_000)


def events_of(data: bytes) -> list[Event]:
    return Parser().feed(data)


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def accumulated(dialect: Dialect, data: bytes) -> dict[str, Any]:
    """Return what the caller's own SDK puts together from a stream."""
    events = events_of(data)
    match dialect:
        case Dialect.OPENAI_CHAT:
            assert events[-1].data == b"[DONE]"
            state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
            for event in events[:-1]:
                list(state.handle_chunk(ChatCompletionChunk.model_validate_json(event.data, strict=True)))
            return state.get_final_completion().to_dict()
        case Dialect.OPENAI_RESPONSES:
            whole: list[Any] = [adapter(ResponseStreamEvent).validate_json(event.data, strict=True) for event in events]
            assert [one.sequence_number for one in whole] == list(range(len(whole)))
            assert [one.type for one in whole] == [event.name for event in events]
            return whole[-1].response.to_dict()
        case _:
            snapshot: Any = None
            buffers: dict[int, bytes] = {}
            for event in events:
                parsed = adapter(RawMessageStreamEvent).validate_json(event.data, strict=True)
                snapshot = accumulate_event(event=parsed, current_snapshot=snapshot, json_bufs=buffers)
            return cast("Message", snapshot).to_dict()


def said(dialect: Dialect, body: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer says, in one form for all callers."""
    match dialect:
        case Dialect.OPENAI_CHAT:
            message = body["choices"][0]["message"]
            calls = [call["function"] for call in message["tool_calls"]]
            thought, text = message["reasoning_content"], message["content"]
            usage = body["usage"]
            tokens = (
                usage["prompt_tokens"],
                usage["completion_tokens"],
                usage["prompt_tokens_details"]["cached_tokens"],
            )
            stop = body["choices"][0]["finish_reason"]
        case Dialect.OPENAI_RESPONSES:
            of = {kind: [item for item in body["output"] if item["type"] == kind] for kind in ("message", "reasoning")}
            calls = [item for item in body["output"] if item["type"] == "function_call"]
            thought = "".join(part["text"] for item in of["reasoning"] for part in item["summary"])
            text = "".join(part["text"] for item in of["message"] for part in item["content"])
            usage = body["usage"]
            tokens = (usage["input_tokens"], usage["output_tokens"], usage["input_tokens_details"]["cached_tokens"])
            stop = "tool_calls" if body["status"] == "completed" and calls else body["status"]
        case _:
            blocks = body["content"]
            calls = [
                {**block, "arguments": json.dumps(block["input"])} for block in blocks if block["type"] == "tool_use"
            ]
            thought = "".join(block["thinking"] for block in blocks if block["type"] == "thinking")
            text = "".join(block["text"] for block in blocks if block["type"] == "text")
            usage = body["usage"]
            read = usage["cache_read_input_tokens"]
            tokens = (usage["input_tokens"] + read, usage["output_tokens"], read)
            stop = {"tool_use": "tool_calls"}.get(body["stop_reason"], body["stop_reason"])
    named = [(call["name"], json.loads(call["arguments"])) for call in calls]
    return {"thought": thought, "text": text, "calls": named, "tokens": tokens, "stop": stop}


EXPECTED = {
    "thought": wires.THOUGHT,
    "text": wires.TEXT,
    "calls": [(name, json.loads(arguments)) for _, name, arguments in wires.CALLS],
    "tokens": (1000, 50, 600),
    "stop": "tool_calls",
}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_whole_answer_says_the_same_in_the_callers_dialect(source: Dialect, target: Dialect):
    call = call_of(source, target)
    body = call.reply(wires.answer(target))
    kind: Any = {Dialect.OPENAI_CHAT: ChatCompletion, Dialect.OPENAI_RESPONSES: Response}.get(source, Message)
    parsed = kind.model_validate_json(json.dumps(body), strict=True)
    assert said(source, parsed.to_dict()) == EXPECTED
    assert call.usage is not None
    assert (call.usage.input_tokens, call.usage.output_tokens, call.usage.cache_read_tokens) == (1000, 50, 600)
    assert call.losses == call_of(source, target).losses


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_streamed_answer_is_the_whole_answer(source: Dialect, target: Dialect):
    stream = call_of(source, target).stream()
    data = stream.feed(wires.stream(target)) + stream.close()
    assert said(source, accumulated(source, data)) == EXPECTED
    assert said(source, stream.reply()) == EXPECTED
    assert stream.failed is None and stream.is_ended


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    places = sorted(draw(st.sets(st.integers(0, len(data)), max_size=30)))
    ends = [0, *places, len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_stream_does_not_depend_on_where_it_is_cut(source: Dialect, target: Dialect, data: st.DataObject):
    upstream = wires.stream(target)
    whole = call_of(source, target).stream()
    pieces = call_of(source, target).stream()
    cut = data.draw(cuts(upstream))
    assert b"".join(map(pieces.feed, cut)) + pieces.close() == whole.feed(upstream) + whole.close()


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_stream_that_breaks_off_is_told_as_an_error_and_never_as_an_end(
    source: Dialect, target: Dialect, data: st.DataObject
):
    upstream = wires.stream(target)
    at = data.draw(st.integers(0, len(upstream) - 1))
    stream = call_of(source, target).stream()
    told = stream.feed(upstream[:at])
    stopped = stream.has_stopped
    told += stream.close()
    assert stopped or is_failure(source, events_of(told)[-1])
    assert stream.feed(upstream[at:]) + stream.close() == b""


def is_failure(source: Dialect, event: Event) -> bool:
    body: dict[str, Any] = json.loads(event.data) if event.data != b"[DONE]" else {}
    match source:
        case Dialect.OPENAI_CHAT:
            return "error" in body
        case Dialect.OPENAI_RESPONSES:
            return event.name == "response.failed" and bool(body["response"]["error"]["message"])
        case _:
            return event.name == "error" and bool(body["error"]["message"])


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=25, deadline=None)
@given(garbage=st.one_of(st.binary(max_size=200), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "delta", "type", "message", "usage", "candidates", "content", "index", "error"]),
        inner, max_size=4),
    max_leaves=12,
).map(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n")))  # fmt: skip
def test_garbage_from_upstream_never_raises(source: Dialect, target: Dialect, garbage: bytes):
    stream = call_of(source, target).stream()
    told = stream.feed(garbage) + stream.close()
    assert is_failure(source, events_of(told)[-1]) or stream.has_stopped


def upstream_errors() -> Iterator[tuple[Dialect, bytes]]:
    yield Dialect.OPENAI_CHAT, b'data: {"error":{"message":"too busy","type":"server_error","code":429}}\n\n'
    yield Dialect.OPENAI_RESPONSES, b'data: {"type":"error","message":"too busy","code":"server_error"}\n\n'
    yield Dialect.ANTHROPIC, b'data: {"type":"error","error":{"type":"overloaded_error","message":"too busy"}}\n\n'
    yield Dialect.GEMINI, b'data: {"error":{"code":503,"message":"too busy","status":"UNAVAILABLE"}}\n\n'
    yield (
        Dialect.BEDROCK,
        wires.bedrock_event("throttlingException", {"message": "too busy"}, kind="exception"),
    )


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_error_amid_a_stream_reaches_the_caller(source: Dialect, target: Dialect):
    data = dict(upstream_errors())[target]
    stream: Stream = call_of(source, target).stream()
    (event,) = [one for one in events_of(stream.feed(data)) if is_failure(source, one)]
    assert b"too busy" in event.data
    assert stream.failed == "too busy"
