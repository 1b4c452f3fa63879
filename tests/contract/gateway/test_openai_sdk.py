"""The real `openai` client in front of the gateway, unchanged but for its base URL."""

import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from openai.types.chat import ChatCompletionToolParam
from pydantic import BaseModel

from masthead.conversation import conversation_of
from masthead.model.conversation import Act
from masthead.testing.gateway import RunningGateway, config_file, gateway_at
from masthead.testing.scripted_model import ScriptedCall, ScriptedModel, ScriptedReply, ScriptedRequest

pytestmark = pytest.mark.contract

HI = [{"role": "user", "content": "hi"}]
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def script(request: ScriptedRequest) -> ScriptedReply:
    if request.last.get("role") == "tool":
        return ScriptedReply(text="It rains in Bergen.", input_tokens=40, output_tokens=6, cached_tokens=30)
    if request.tools:
        return ScriptedReply(calls=(ScriptedCall(name="weather", arguments='{"city": "Bergen"}', id="call_w"),))
    if "response_format" in request.body:
        return ScriptedReply(text='{"city": "Bergen", "degrees": 8}')
    if request.body.get("model") == "broken":
        return ScriptedReply(status=418, text="I am a teapot")
    return ScriptedReply(text="Hello, this is a longer answer.")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[RunningGateway]:
    with ScriptedModel(script) as model:
        routes = (
            '[[routes]]\nmodel = "alias"\ntargets = [{connection = "up", model = "real-name"}]\n'
            '[[routes]]\nmodel = "broken"\ntargets = [{connection = "up"}]\n'
        )
        with gateway_at(config_file(tmp_path, model.url, more=routes)) as running:
            yield running


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as made:
        yield made


def test_a_completion_and_its_span(client: openai.OpenAI, gateway: RunningGateway) -> None:
    reply = client.chat.completions.create(model="alias", messages=[{"role": "user", "content": "hi"}], temperature=0.5)
    assert reply.choices[0].message.content == "Hello, this is a longer answer."
    span = gateway.spans(1)[0]
    wanted = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "real-name",
        "gen_ai.response.model": "scripted-1",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.response.finish_reasons": ["stop"],
        "masthead.gateway.model_asked": "alias",
    }
    assert {name: span.attributes.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("wants_usage", [True, False])
def test_a_stream_gives_the_usage_chunk_only_to_who_asked_and_always_to_the_span(
    client: openai.OpenAI, gateway: RunningGateway, wants_usage: bool
) -> None:
    stream = client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        stream_options={"include_usage": True} if wants_usage else openai.omit,
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Hello, this is a longer answer."
    assert any(chunk.usage is not None for chunk in chunks) == wants_usage
    span = gateway.spans(1)[0]
    assert span.attributes["gen_ai.usage.output_tokens"] == 5
    assert json.loads(str(span.attributes["gen_ai.output.messages"]))[0]["content"] == text
    assert isinstance(span.attributes["gen_ai.response.time_to_first_chunk"], float)


async def test_the_async_client_streams_too(gateway: RunningGateway) -> None:
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0) as client:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        parts = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert "".join(parts) == "Hello, this is a longer answer."


def test_a_run_with_tools_reads_well(client: openai.OpenAI, gateway: RunningGateway) -> None:
    headers = {"x-masthead-run": "trip", "x-masthead-agent": "Guide"}
    asked = [{"role": "system", "content": "You guide."}, {"role": "user", "content": "Weather in Bergen?"}]
    first = client.chat.completions.create(model="m", messages=asked, tools=[TOOL], extra_headers=headers)  # pyright: ignore[reportArgumentType] - plain dicts
    message = first.choices[0].message
    assert message.tool_calls is not None
    told = {"role": "tool", "tool_call_id": "call_w", "content": "rain"}
    history = [*asked, message.model_dump(exclude_none=True), told]
    client.chat.completions.create(model="m", messages=history, tools=[TOOL], extra_headers=headers)  # pyright: ignore[reportArgumentType] - as above
    spans = gateway.spans(2)
    conversation = conversation_of(spans)
    assert len({span.trace_id for span in spans}) == 1
    assert [(turn.act, turn.text) for turn in conversation.turns] == [
        (Act.MESSAGE, "Weather in Bergen?"),
        (Act.TOOL_CALL, ""),
        (Act.TOOL_RESULT, "rain"),
        (Act.MESSAGE, "It rains in Bergen."),
    ]
    assert "Guide" in {agent.name for agent in conversation.agents}
    assert spans[1].attributes["gen_ai.usage.cache_read.input_tokens"] == 30


def test_structured_output_is_parsed(client: openai.OpenAI) -> None:
    class Weather(BaseModel):
        city: str
        degrees: int

    reply = client.chat.completions.parse(
        model="m", messages=[{"role": "user", "content": "hi"}], response_format=Weather
    )
    assert reply.choices[0].message.parsed == Weather(city="Bergen", degrees=8)


def test_the_responses_api_and_embeddings(client: openai.OpenAI, gateway: RunningGateway) -> None:
    reply = client.responses.create(model="m", input="hi", instructions="Be kind.")
    assert reply.output_text == "Hello, this is a longer answer."
    found = client.embeddings.create(model="e", input=["a", "b"], encoding_format="float")
    assert len(found.data) == 2
    spans = gateway.spans(2)
    assert [span.attributes["gen_ai.operation.name"] for span in spans] == ["chat", "embeddings"]
    assert spans[0].attributes["gen_ai.system_instructions"] == "Be kind."


def test_errors_are_the_clients_own_with_the_upstreams_status(client: openai.OpenAI, gateway: RunningGateway) -> None:
    with pytest.raises(openai.APIStatusError, match="I am a teapot") as caught:
        client.chat.completions.create(model="broken", messages=[{"role": "user", "content": "hi"}])
    assert caught.value.status_code == 418
    with pytest.raises(openai.BadRequestError, match="names no model"):
        client.chat.completions.create(model="", messages=[])
    assert gateway.spans(1)[0].status == "error"


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["alias", "broken"]
    assert client.models.retrieve("alias").id == "alias"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("none")
