"""What goes over the wire to a model's endpoint, and what its answers and faults become."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from masthead.model.errors import Overloaded, UpstreamError
from masthead.model.ports import ChatRequest
from masthead.model.reading import Message, ToolCall
from masthead.providers import http as wire
from masthead.providers.anthropic import AnthropicModel
from masthead.providers.openai import OpenAIModel

pytestmark = pytest.mark.unit

ASKED = ChatRequest(
    model="m",
    messages=(Message(role="system", text="Be brief."), Message(role="user", text="Hello")),
    schema={"type": "object"},
    max_output_tokens=7,
    temperature=0.0,
)

Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


class Kept:
    """Answers every request alike, and keeps the last."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.url = ""
        self.headers: httpx.Headers = httpx.Headers()
        self.body: dict[str, Any] = {}
        self.calls = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        self.url, self.headers, self.body = str(request.url), request.headers, msgspec.json.decode(request.content)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


OPENAI = {
    "model": "m-2026",
    "choices": [{"message": {"content": "Hi", "reasoning_content": "short"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}},
}
ANTHROPIC = {
    "model": "c",
    "content": [{"type": "thinking", "thinking": "hm"},
                {"type": "tool_use", "id": "t", "name": "answer", "input": {"a": 1}}],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 1},
}  # fmt: skip


async def test_openai_asks_with_a_strict_schema_and_reads_usage() -> None:
    kept = Kept(httpx.Response(200, json=OPENAI))
    reply = await OpenAIModel(client(kept), "http://x/v1/", "key").ask(ASKED)
    assert kept.url == "http://x/v1/chat/completions"
    assert kept.headers["authorization"] == "Bearer key"
    assert kept.body["response_format"]["json_schema"] == {
        "name": "answer",
        "schema": {"type": "object"},
        "strict": True,
    }
    assert (kept.body["max_tokens"], kept.body["temperature"]) == (7, 0.0)
    assert (reply.message.text, reply.message.reasoning, reply.model) == ("Hi", "short", "m-2026")
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cache_read_tokens) == (5, 2, 3)


async def test_anthropic_asks_by_a_tool_and_counts_cached_tokens_as_input() -> None:
    kept = Kept(httpx.Response(200, json=ANTHROPIC))
    reply = await AnthropicModel(client(kept), "http://x", "key").ask(ASKED)
    assert kept.url == "http://x/v1/messages"
    assert (kept.headers["x-api-key"], "anthropic-version" in kept.headers) == ("key", True)
    assert (kept.body["system"], kept.body["tool_choice"]) == ("Be brief.", {"type": "tool", "name": "answer"})
    assert [message["role"] for message in kept.body["messages"]] == ["user"]
    assert (reply.message.text, reply.message.reasoning) == ('{"a":1}', "hm")
    assert (reply.usage.input_tokens, reply.usage.cache_read_tokens, reply.usage.cache_write_tokens) == (9, 3, 1)


async def test_tool_calls_and_results_are_sent_in_both_dialects() -> None:
    call = Message(role="assistant", tool_calls=(ToolCall(id="c", name="f", arguments='{"x":1}'),))
    asked = ChatRequest(model="m", messages=(call, Message(role="tool", text="2", tool_call_id="c")))
    kept = Kept(httpx.Response(200, json=OPENAI))
    await OpenAIModel(client(kept), "http://x", None).ask(asked)
    assert kept.body["messages"][0]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"x":1}'}
    assert kept.body["messages"][1] == {"role": "tool", "content": "2", "tool_call_id": "c"}
    kept = Kept(httpx.Response(200, json=ANTHROPIC))
    await AnthropicModel(client(kept), "http://x", None).ask(asked)
    assert kept.body["messages"][0]["content"] == [{"type": "tool_use", "id": "c", "name": "f", "input": {"x": 1}}]
    assert kept.body["messages"][1]["content"] == [{"type": "tool_result", "tool_use_id": "c", "content": "2"}]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(wire, "_MOST_WAIT_S", 0.002)


async def test_a_busy_endpoint_is_asked_again() -> None:
    kept = Kept(
        httpx.Response(429, headers={"Retry-After": "3"}), httpx.Response(503), httpx.Response(200, json=OPENAI)
    )
    assert (await OpenAIModel(client(kept), "http://x", None).ask(ASKED)).message.text == "Hi"
    assert kept.calls == 3


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (httpx.Response(429, text="slow down"), Overloaded, "busy"),
        (httpx.Response(401, text="bad key"), UpstreamError, "bad key"),
        (httpx.Response(200, text="<html>"), UpstreamError, "no JSON"),
        (httpx.Response(200, json={"choices": []}), UpstreamError, "without a choice"),
    ],
)
async def test_faults_become_errors_that_say_what_happened(
    answer: httpx.Response, kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=told):
        await OpenAIModel(client(Kept(answer)), "http://x", None).ask(ASKED)


async def test_an_endpoint_that_is_away_is_an_error() -> None:
    def away(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(UpstreamError, match="cannot be reached"):
        await OpenAIModel(client(away), "http://x", None).ask(ASKED)


async def test_streams_yield_text_as_it_comes() -> None:
    pieces = [f'data: {{"choices":[{{"delta":{{"content":"{text}"}}}}]}}\n\n' for text in ("He", "y")]
    openai = "".join(pieces) + "data: [DONE]\n\n"
    anthropic = (
        'event: x\ndata: {"type":"content_block_delta","delta":{"text":"Ho"}}\n\ndata: {"type":"message_stop"}\n\n'
    )
    said = [
        part
        async for part in OpenAIModel(client(Kept(httpx.Response(200, text=openai))), "http://x", None).stream(ASKED)
    ]
    assert said == ["He", "y"]
    stream = AnthropicModel(client(Kept(httpx.Response(200, text=anthropic))), "http://x", None).stream(ASKED)
    assert [part async for part in stream] == ["Ho"]
