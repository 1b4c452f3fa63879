"""The real `anthropic` client in front of the gateway: to an upstream of its own dialect, and to one of OpenAI's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from masthead.testing.gateway import RunningGateway, config_file, gateway_at
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.scripted_model import ScriptedCall, ScriptedModel, ScriptedReply, ScriptedRequest

anthropic = pytest.importorskip("anthropic")
pytestmark = pytest.mark.contract

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 0, "output_tokens": 3},
}
EVENTS = [
    {"type": "message_start", "message": MESSAGE | {"content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo."}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 9},
    },
    {"type": "message_stop"},
]


class Vendor:
    """Speaks Anthropic's dialect, and keeps what was asked."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    def talk(self, peer: Peer) -> None:
        while request := peer.request():
            head, _, body = request.partition(b"\r\n\r\n")
            self.heads.append(head.decode().lower())
            asked = json.loads(body)
            if b"count_tokens" in head:
                peer.answer(b'{"input_tokens": 25}')
            elif asked.get("stream"):
                peer.begin_stream()
                for event in EVENTS:
                    peer.chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
                peer.chunk(b"")
            else:
                peer.answer(json.dumps(MESSAGE).encode())


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def gateway(tmp_path: Path, vendor: Vendor) -> Iterator[RunningGateway]:
    with RawUpstream(vendor.talk) as upstream:
        connection = 'provider = "anthropic"\nsecret = "env:VENDOR_KEY"'
        file = config_file(tmp_path, upstream.url, connection=connection)
        with gateway_at(file, environment={"VENDOR_KEY": "sk-vendor"}) as running:
            yield running


def test_a_message_and_its_span(gateway: RunningGateway, vendor: Vendor) -> None:
    with anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0) as client:
        reply = client.messages.create(
            model="claude-x", max_tokens=50, system="Be kind.", messages=[{"role": "user", "content": "hi"}]
        )
    assert [block.type for block in reply.content] == ["thinking", "text"]
    assert "x-api-key: sk-vendor" in vendor.heads[0]
    assert "mine" not in vendor.heads[0]
    attributes = gateway.spans(1)[0].attributes
    assert attributes["gen_ai.usage.input_tokens"] == 25
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 20
    assert attributes["gen_ai.system_instructions"] == "Be kind."
    assert attributes["gen_ai.response.finish_reasons"] == ["end_turn"]


def test_a_stream_passes_untouched_and_is_recorded_as_one_message(gateway: RunningGateway) -> None:
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0) as client,
        client.messages.stream(model="claude-x", max_tokens=50, messages=[{"role": "user", "content": "hi"}]) as stream,
    ):
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == "Hello."
    assert final.usage.output_tokens == 9
    attributes = gateway.spans(1)[0].attributes
    assert "Hello." in str(attributes["gen_ai.output.messages"])
    assert attributes["gen_ai.usage.output_tokens"] == 9


async def test_tokens_are_counted_for_the_async_client(gateway: RunningGateway) -> None:
    async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key="mine", max_retries=0) as client:
        counted = await client.messages.count_tokens(model="claude-x", messages=[{"role": "user", "content": "hi"}])
    assert counted.input_tokens == 25


def test_errors_are_the_clients_own(gateway: RunningGateway) -> None:
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0) as client,
        pytest.raises(anthropic.BadRequestError, match="names no model"),
    ):
        client.messages.create(model="", max_tokens=50, messages=[])


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_model_of_openais_dialect_answers_with_tools(tmp_path: Path, is_stream: bool) -> None:
    def script(request: ScriptedRequest) -> ScriptedReply:
        assert request.tools == ["weather"]
        return ScriptedReply(text="Let me look.", calls=(ScriptedCall(name="weather", arguments='{"city": "Bergen"}'),))

    tool = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
    asked = {"model": "m", "max_tokens": 50, "tools": [tool], "messages": [{"role": "user", "content": "hi"}]}
    with ScriptedModel(script) as model, gateway_at(config_file(tmp_path, model.url)) as gateway:
        client = anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0)
        with client:
            if is_stream:
                with client.messages.stream(**asked) as stream:
                    reply = stream.get_final_message()
            else:
                reply = client.messages.create(**asked)
        span = gateway.spans(1)[0]
    assert [block.type for block in reply.content] == ["text", "tool_use"]
    assert reply.content[1].input == {"city": "Bergen"}
    assert reply.stop_reason == "tool_use"
    assert "Bergen" in str(span.attributes["gen_ai.output.messages"])
    assert span.attributes["gen_ai.usage.input_tokens"] == 10
