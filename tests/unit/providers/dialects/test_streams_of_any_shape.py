"""A translated stream whose upstream sends JSON of the wrong shapes ends as an error of the caller's own dialect."""

import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.providers.dialects import Dialect, translate
from masthead.providers.dialects.parity import MODELS, PLAIN
from masthead.providers.dialects.parity_row import CALLERS
from masthead.providers.sse import Parser

pytestmark = pytest.mark.unit

PAIRS = [(source, target) for source in CALLERS for target in Dialect if target not in {source, Dialect.BEDROCK}]
BLOCK = {"type": "tool_use", "text": ..., "input": ..., "name": ..., "id": ...}
ITEM = {"type": "function_call", "content": ..., "arguments": ..., "name": ..., "call_id": ..., "id": ...}
PART = {"text": ..., "functionCall": {"name": ..., "args": ...}, "thought": ...}
EVENTS: list[Any] = [
    {"type": "message_start", "message": {"id": ..., "usage": ..., "model": ...}},
    {"type": "content_block_start", "index": 0, "content_block": BLOCK},
    {"type": "content_block_start", "index": ..., "content_block": {**BLOCK, "type": "text"}},
    {"type": "content_block_delta", "index": ..., "delta": {"type": "text_delta", "text": ...}},
    {"type": "content_block_delta", "index": ..., "delta": {"type": "input_json_delta", "partial_json": ...}},
    {"type": "message_delta", "delta": {"stop_reason": ...}, "usage": ...},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": ...}},
    {"type": "message_stop"},
    {"type": "response.created", "response": {"id": ..., "model": ..., "output": ...}},
    {"type": "response.output_item.added", "output_index": ..., "item": ITEM},
    {"type": "response.output_text.delta", "output_index": ..., "delta": ...},
    {"type": "response.function_call_arguments.delta", "output_index": ..., "delta": ...},
    {"type": "response.completed", "response": {"id": ..., "output": ..., "usage": ..., "status": ...}},
    {"id": ..., "choices": [{"index": 0, "delta": {"content": ..., "tool_calls": ...}, "finish_reason": ...}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": ..., "id": ..., "function": {"name": ...}}]}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": ..., "function": {"arguments": ...}}]}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": ...}},
    {"candidates": [{"content": {"parts": [PART]}, "finishReason": ...}], "usageMetadata": ...},
    {"candidates": [{"content": {"parts": ...}, "finishReason": "STOP"}]},
]
"""As vendors stream them; `...` is where any value may stand."""
ODD: list[Any] = [
    None, True, 0, 1.5, 10**30, "x", "", "STOP", "stop", [], {}, [None], ["x"], [{}], {"a": 1}, [{"text": 1}],
]  # fmt: skip


def filled(shape: Any) -> st.SearchStrategy[Any]:
    if shape is ...:
        return st.sampled_from(ODD)
    if isinstance(shape, dict):
        return st.fixed_dictionaries({name: filled(one) for name, one in cast("Any", shape).items()})
    if isinstance(shape, list):
        return st.tuples(*map(filled, cast("Any", shape))).map(list)
    return st.just(shape)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PAIRS), st.lists(st.sampled_from(EVENTS).flatmap(filled), max_size=7), st.booleans())
def test_it_ends_and_never_raises(pair: tuple[Dialect, Dialect], events: list[Any], is_cut: bool) -> None:
    source, target = pair
    body = {**PLAIN[source], "stream": True}
    call = translate(body, source=source, target=target, model=MODELS[target], reply_id="mh-1", now_s=1)
    stream = call.stream()
    told = b"".join(stream.feed(b"data: " + json.dumps(one).encode() + b"\n\n") for one in events)
    told += stream.close("the connection broke" if is_cut else None)
    assert stream.is_ended
    last = Parser().feed(told)[-1]
    ends = (b"[DONE]", b'"message_stop"', b'"response.completed"', b'"response.incomplete"', b'"response.failed"')
    assert b'"error"' in last.data or any(end in last.data for end in ends)
