"""Streams on their way: whole events only, and put together as one answer."""

import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.gateway.assemble import assembled_chat, assembled_message, assembled_response
from masthead.gateway.streams import Pipe, UsageTaken, WholeEvents
from masthead.gateway.upstream.port import UpstreamFailed
from masthead.providers.dialects import Dialect

pytestmark = pytest.mark.unit


def sse(*events: dict[str, Any], name: str | None = None) -> bytes:
    start = b"" if name is None else f"event: {name}\n".encode()
    return b"".join(start + b"data: " + json.dumps(one).encode() + b"\n\n" for one in events)


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"b\n\n", b"c\r\n\r\n", b"\r\r", b"data: x\n\n"]), max_size=30))
def test_whatever_the_cuts_nothing_is_lost_and_only_whole_events_go_out(pieces: list[bytes]) -> None:
    gate = WholeEvents()
    out = b""
    for piece in pieces:
        events = gate.feed(piece)
        assert not events or events.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
        out += events
    assert b"".join(pieces).startswith(out)


def test_a_stream_that_ends_within_an_event_is_broken() -> None:
    pipe = Pipe(Dialect.OPENAI_CHAT, None, ())
    assert pipe.feed(b"data: 1\n\ndata: 2") == b"data: 1\n\n"
    with pytest.raises(UpstreamFailed):
        pipe.end(is_delimited=True)


@pytest.mark.parametrize("half", [b"data: {1", b'data: {"a":', b"data: [DON", b"event: mess", b"da", b": x\ndata: "])
def test_half_an_event_at_the_end_never_goes_out(half: bytes) -> None:
    pipe = Pipe(Dialect.OPENAI_CHAT, None, ())
    assert pipe.feed(b"data: 1\n\n" + half) == b"data: 1\n\n"
    with pytest.raises(UpstreamFailed):
        pipe.end(is_delimited=True)
    assert not pipe.broken("it broke off").startswith(half + b"\n")


@pytest.mark.parametrize("last", [b"data: [DONE]", b'data: {"a": 1}', b"event: x\ndata: {}", b": that was all"])
@pytest.mark.parametrize("line_end", [b"", b"\n", b"\r\n"])
def test_a_last_event_that_only_lacks_its_blank_line_goes_out_whole(last: bytes, line_end: bytes) -> None:
    pipe = Pipe(Dialect.OPENAI_CHAT, None, ())
    assert pipe.feed(b"data: 1\n\n" + last + line_end) == b"data: 1\n\n"
    assert pipe.end(is_delimited=True) == last + b"\n\n"
    assert pipe.close() == b""


def test_an_empty_stream_is_broken() -> None:
    with pytest.raises(UpstreamFailed):
        Pipe(Dialect.OPENAI_CHAT, None, ()).end(is_delimited=True)


@pytest.mark.parametrize("dialect", [Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC])
def test_a_break_is_told_in_the_dialect(dialect: Dialect) -> None:
    told = Pipe(dialect, None, ()).broken("it broke off")
    data = json.loads(told.partition(b"data: ")[2])
    assert b"it broke off" in told
    assert ("error" in data) or data["type"] == "error"
    assert told.startswith(b"event: error\n") == (dialect is not Dialect.OPENAI_CHAT)


def test_the_usage_chunk_is_taken_out_and_kept() -> None:
    kept: list[bytes] = []
    usage = sse({"choices": [], "usage": {"prompt_tokens": 1}})
    text = sse({"choices": [{"delta": {"content": "hi"}}], "usage": None})
    taken = UsageTaken(kept.append)
    assert taken.feed(text + usage + b"data: [DONE]\n\n") == text + b"data: [DONE]\n\n"
    assert kept == [usage]
    for ends in (b"\r\n\r\n", b"\r\r"):
        odd = (text + usage).replace(b"\n\n", ends)
        assert taken.feed(b": hello\n\n" + odd) == b": hello\n\n" + text.replace(b"\n\n", ends)
    filtered = sse({"choices": [], "prompt_filter_results": []})
    assert taken.feed(filtered) == filtered


def test_chat_chunks_become_a_completion_with_tools_and_reasoning() -> None:
    def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
        return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    def call(index: int, **function: str) -> list[dict[str, Any]]:
        return [{"index": index, "function": function}]

    stream = sse(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="I "),
        chunk(reasoning_content="think."),
        chunk(content="Hel"),
        chunk(content="lo"),
        chunk(tool_calls=[{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]),
        chunk(tool_calls=call(0, arguments='{"x"')),
        chunk(tool_calls=[{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}}]),
        chunk(tool_calls=call(0, arguments=":1}")),
        chunk("tool_calls"),
        {"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 3}},
    )
    body = assembled_chat(stream + b"data: [DONE]\n\ndata: {broken\n\n")
    assert body is not None
    message = body["choices"][0]["message"]
    assert (message["role"], message["content"], message["reasoning_content"]) == ("assistant", "Hello", "I think.")
    assert [(one["id"], one["function"]) for one in message["tool_calls"]] == [
        ("a", {"name": "f", "arguments": '{"x":1}'}),
        ("b", {"name": "g", "arguments": "{}"}),
    ]
    assert (body["choices"][0]["finish_reason"], body["usage"]) == ("tool_calls", {"prompt_tokens": 3})


def test_members_that_vendors_begin_with_null_or_number_oddly_are_put_together() -> None:
    def chunk(**delta: Any) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": delta}]}

    def call(index: int | None, **more: Any) -> dict[str, Any]:
        return {"index": index, **more}

    calls = [call(None, id="a", function={"name": "f"}), call(None, function={"arguments": "{}"}), call(None, id="b")]
    body = assembled_chat(
        sse(chunk(role="assistant", content=None, tool_calls=None, function_call=None))
        + sse(*(chunk(tool_calls=[one]) for one in calls))
        + sse(chunk(function_call={"name": "g", "arguments": "{"}), chunk(function_call={"arguments": "}"}))
    )
    assert body is not None
    message = body["choices"][0]["message"]
    assert [(one["id"], one["function"]) for one in message["tool_calls"]] == [
        ("a", {"name": "f", "arguments": "{}"}),
        ("b", {}),
    ]
    assert message["function_call"] == {"name": "g", "arguments": "{}"}


def test_message_events_become_a_message() -> None:
    stream = sse(
        {"type": "message_start", "message": {"id": "m", "role": "assistant", "usage": {"input_tokens": 5}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": "f", "input": {}}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"x":'}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "1}"}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    )
    body = assembled_message(stream)
    assert body is not None
    assert body["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "sig"}
    assert body["content"][1]["input"] == {"x": 1}
    assert (body["stop_reason"], body["usage"]) == ("tool_use", {"input_tokens": 5, "output_tokens": 7})


def test_response_events_give_the_last_whole_response_or_what_came_of_it() -> None:
    delta = {"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"}
    begun: dict[str, Any] = {"type": "response.created", "response": {"id": "r", "model": "m", "output": []}}
    done = {"type": "response.completed", "response": {"id": "r", "output": [{"type": "message"}]}}
    assert assembled_response(sse(begun, delta, done)) == {"id": "r", "output": [{"type": "message"}]}
    broken = assembled_response(sse(begun, delta))
    assert broken is not None
    assert broken["output"][0]["content"] == [{"type": "output_text", "text": "Hel"}]


def test_inputs_of_free_form_tools_are_put_together() -> None:
    begun = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "patch", "input": "*** "}}
    pieces: list[dict[str, Any]] = [begun, {"index": 0, "custom": {"input": "Begin"}}]
    chat = assembled_chat(sse(*({"choices": [{"index": 0, "delta": {"tool_calls": [one]}}]} for one in pieces)))
    assert chat is not None
    assert chat["choices"][0]["message"]["tool_calls"] == [
        {"index": 0, "id": "a", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    ]
    item = {"type": "custom_tool_call", "name": "patch", "input": ""}
    delta = {"type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": "*** Begin"}
    broken = assembled_response(sse({"type": "response.output_item.added", "output_index": 0, "item": item}, delta))
    assert broken is not None
    assert broken["output"] == [{**item, "input": "*** Begin"}]


@given(st.binary(max_size=300))
def test_putting_together_is_total(noise: bytes) -> None:
    for assemble in (assembled_chat, assembled_message, assembled_response):
        assemble(noise)
        assemble(b"data: " + noise + b"\n\n")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "index", "delta", "choices", "message", "tool_calls", "item", "response"]),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_putting_together_survives_json_of_any_shape(value: Any) -> None:
    event = b"data: " + json.dumps({"choices": [value], "delta": value, "type": "content_block_delta"}).encode()
    for assemble in (assembled_chat, assembled_message, assembled_response):
        assemble(event + b"\n\ndata: " + json.dumps(value).encode() + b"\n\n")


EVENTS = [
    {"type": "message_start", "message": {"usage": ...}},
    {"type": "message_delta", "delta": ..., "usage": ...},
    {"type": "content_block_start", "index": 0, "content_block": {"text": ..., "citations": ...}},
    {"type": "content_block_delta", "index": 0, "delta": {"text": ..., "citation": ..., "partial_json": ...}},
    {"choices": [{"index": ..., "delta": {"content": ..., "tool_calls": ..., "function_call": ...}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": ..., "id": ..., "function": ...}]}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": ..., "name": ...}}]}}]},
    {"type": "response.output_item.added", "output_index": 0, "item": {"content": ..., "arguments": ...}},
    {"type": "response.output_text.delta", "output_index": 0, "delta": ...},
    {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": ...},
]
"""As vendors stream them; `...` is where any value may stand."""
ODD: list[Any] = [None, True, 0, "x", "", [], {}, [None], ["x"], [{}], {"a": 1}, {"index": 0}, [{"text": 1}]]


def filled(shape: Any, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    if shape is ...:
        return values
    if isinstance(shape, dict):
        return st.fixed_dictionaries({name: filled(one, values) for name, one in cast("Any", shape).items()})
    if isinstance(shape, list):
        return st.tuples(*(filled(one, values) for one in cast("Any", shape))).map(list)
    return st.just(shape)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(EVENTS).flatmap(lambda shape: filled(shape, st.sampled_from(ODD))), max_size=6))
def test_putting_together_survives_members_of_any_kind_one_after_the_other(events: list[Any]) -> None:
    for assemble in (assembled_chat, assembled_message, assembled_response):
        assemble(sse(*events))


PIECES = [b"a", b"\n", b"\r", b"b\n\n", b"c\r\n\r\n", b"\r\r", b"data: x\n\n", b"data: y\n", b"\r\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.integers(1, 5))
def test_no_end_of_an_event_is_held_back_however_it_is_cut(pieces: list[bytes], size: int) -> None:
    data = b"".join(pieces)
    gate = WholeEvents()
    out = b"".join(gate.feed(data[at : at + size]) for at in range(0, len(data), size))
    held = data[len(out) :]
    assert data.startswith(out)
    assert not any(separator in held for separator in (b"\n\n", b"\r\n\r\n", b"\r\r"))
    assert gate.is_amid == bool(held.strip())


def test_an_event_of_megabytes_is_not_put_together_anew_with_each_of_its_pieces() -> None:
    """Nor does a long stream take more for each chunk than a short one (LiteLLM #13505, #26102)."""
    piece, touched = b"x" * 16_384, 0

    class Counted(bytes):
        """Counts the bytes that are looked at or copied."""

        def __radd__(self, other: bytes) -> bytes:
            nonlocal touched
            touched += len(other) + len(self)
            return other + bytes(self)

    gate = WholeEvents()
    for _ in range(640):
        assert gate.feed(Counted(piece)) == b""
    assert gate.feed(b"\n\n") == piece * 640 + b"\n\n"
    assert not gate.is_amid
    assert touched < 4 * 640 * len(piece), "each byte is looked at a few times"


@pytest.mark.parametrize(
    ("dialect", "event", "said"),
    [
        (Dialect.OPENAI_CHAT, {"error": {"message": "no room", "code": 429}}, "no room"),
        (Dialect.OPENAI_CHAT, {"error": "no room"}, "no room"),
        (Dialect.OPENAI_CHAT, {"error": {"type": "overloaded"}, "choices": []}, "overloaded"),
        (Dialect.ANTHROPIC, {"type": "error", "error": {"type": "overloaded_error", "message": "no room"}}, "no room"),
        (Dialect.OPENAI_RESPONSES, {"type": "error", "code": "x", "message": "no room"}, "no room"),
        (
            Dialect.OPENAI_RESPONSES,
            {"type": "response.failed", "response": {"error": {"message": "no room"}}},
            "no room",
        ),
        (Dialect.OPENAI_RESPONSES, {"type": "response.failed", "response": {"error": None}}, "the response failed"),
        (Dialect.OPENAI_CHAT, {"error": None, "choices": []}, None),
        (Dialect.OPENAI_RESPONSES, {"type": "response.completed", "response": {"error": None}}, None),
        (Dialect.OPENAI_RESPONSES, {"type": "response.output_text.delta", "delta": '{"error": "in a text"}'}, None),
        (Dialect.OPENAI_CHAT, {"choices": [{"delta": {"content": '{"error": {"message": "in a text"}}'}}]}, None),
        (Dialect.ANTHROPIC, {"type": "content_block_start", "content_block": {"input": {"error": "x"}}}, None),
    ],
)
def test_an_error_within_a_stream_is_known_as_one_and_passed_on_as_it_came(
    dialect: Dialect, event: dict[str, Any], said: str | None
) -> None:
    pipe = Pipe(dialect, None, ())
    events = sse({"id": "1"}, event)
    assert pipe.feed(events) == events
    assert (pipe.failed is None) == (said is None)
    assert said is None or (pipe.failed or "").endswith(said)
    if said is not None:
        pipe.end(is_delimited=False)
        assert pipe.close() == b"", "the client has been told"
