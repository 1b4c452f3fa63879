"""The real clients of three dialects in front of the gateway, and vendors of all five dialects behind it."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from pydantic import BaseModel

from masthead.providers.dialects import Dialect
from masthead.testing import wires
from masthead.testing.gateway import RunningGateway, config_file, gateway_at
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wire_vendor import WireVendor

pytestmark = pytest.mark.contract

VENDORS = {
    Dialect.OPENAI_CHAT: ("deepseek", "deepseek-chat", "key"),
    Dialect.OPENAI_RESPONSES: ("openai", "gpt-5.6", "key"),
    Dialect.ANTHROPIC: ("anthropic", "claude-sonnet-5", "key"),
    Dialect.GEMINI: ("google", "gemini-3.5-flash", "key"),
    Dialect.BEDROCK: ("bedrock", "anthropic.claude-sonnet-5-v1:0", "bearer-token"),
}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


@contextmanager
def reaching(tmp_path: Path, dialect: Dialect) -> Generator[tuple[RunningGateway, WireVendor, str]]:
    provider, model, secret = VENDORS[dialect]
    vendor = WireVendor(dialect)
    with RawUpstream(vendor.talk) as upstream:
        lines = [f'provider = "{provider}"', 'secret = "env:VENDOR_KEY"', f'dialects = ["{dialect.value}"]']
        file = config_file(tmp_path, upstream.url, connection="\n".join(lines))
        with gateway_at(file, environment={"VENDOR_KEY": secret}) as running:
            yield running, vendor, model


def chat_client(gateway: RunningGateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="mine", max_retries=0)


def said_in_chat(message: Any) -> tuple[str | None, list[tuple[str, Any]]]:
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]
    return message.content, calls


SAID = (wires.TEXT, [(name, json.loads(arguments)) for _, name, arguments in wires.CALLS])


@pytest.mark.parametrize("target", [dialect for dialect in Dialect if dialect is not Dialect.OPENAI_CHAT])
def test_the_openai_client_reaches_every_dialect(tmp_path: Path, target: Dialect) -> None:
    asked: dict[str, Any] = {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is it cold?"}],
        "tools": [TOOL],
    }
    with reaching(tmp_path, target) as (gateway, vendor, model), chat_client(gateway) as client:
        made: Any = client.chat.completions
        whole = made.create(model=model, **asked)
        assert said_in_chat(whole.choices[0].message) == SAID
        assert whole.choices[0].finish_reason == "tool_calls"
        assert whole.usage is not None and whole.usage.prompt_tokens_details is not None
        assert (whole.usage.prompt_tokens, whole.usage.prompt_tokens_details.cached_tokens) == (1000, 600)
        with client.chat.completions.stream(model=model, stream_options={"include_usage": True}, **asked) as stream:
            final = stream.get_final_completion()
        assert said_in_chat(final.choices[0].message) == SAID
        assert final.usage is not None and final.usage.prompt_tokens == 1000
        spans = gateway.spans(2)
    for span in spans:
        assert span.attributes["gen_ai.usage.input_tokens"] == 1000
        assert span.attributes["gen_ai.usage.output_tokens"] == 50
    assert "Be brief." in json.dumps(vendor.requests[0].body)


def test_what_the_vendors_are_asked_is_addressed_and_signed_their_way(tmp_path: Path) -> None:
    seen: dict[Dialect, tuple[str, dict[str, str]]] = {}
    for target in (Dialect.ANTHROPIC, Dialect.GEMINI, Dialect.BEDROCK):
        with reaching(tmp_path, target) as (gateway, vendor, model), chat_client(gateway) as client:
            messages: Any = [{"role": "user", "content": "hi"}]
            for _ in client.chat.completions.create(model=model, messages=messages, stream=True):
                pass
        seen[target] = (vendor.requests[0].path, vendor.requests[0].headers)
    path, headers = seen[Dialect.ANTHROPIC]
    assert path.endswith("/messages") and headers["x-api-key"] == "key" and headers["anthropic-version"]
    path, headers = seen[Dialect.GEMINI]
    assert path.endswith("/models/gemini-3.5-flash:streamGenerateContent?alt=sse")
    assert headers["x-goog-api-key"] == "key"
    path, headers = seen[Dialect.BEDROCK]
    assert path.endswith("/model/anthropic.claude-sonnet-5-v1%3A0/converse-stream")
    assert headers["authorization"] == "Bearer bearer-token"
    assert all("mine" not in json.dumps(headers) for _, headers in seen.values())


@pytest.mark.parametrize("target", [dialect for dialect in Dialect if dialect is not Dialect.ANTHROPIC])
def test_the_anthropic_client_reaches_every_dialect(tmp_path: Path, target: Dialect) -> None:
    asked: dict[str, Any] = {
        "max_tokens": 2000,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "Where is it cold?"}],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
    }
    with (
        reaching(tmp_path, target) as (gateway, vendor, model),
        anthropic.Anthropic(base_url=gateway.url, api_key="mine", max_retries=0) as client,
    ):
        made: Any = client.messages
        whole = made.create(model=model, **asked)
        with made.stream(model=model, **asked) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
    assert text == wires.TEXT
    for message in (whole, final):
        uses = [(block.name, block.input) for block in message.content if block.type == "tool_use"]
        assert uses == SAID[1]
        assert message.stop_reason == "tool_use"
        assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (400, 600)
    assert [block.type for block in final.content] == [block.type for block in whole.content]
    assert "Be brief." in json.dumps(vendor.requests[0].body)


@pytest.mark.parametrize("target", [dialect for dialect in Dialect if dialect is not Dialect.OPENAI_RESPONSES])
def test_the_responses_client_reaches_every_dialect(tmp_path: Path, target: Dialect) -> None:
    with reaching(tmp_path, target) as (gateway, _, model), chat_client(gateway) as client:
        tools: Any = [{"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}]
        whole = client.responses.create(model=model, instructions="Be brief.", input="Where?", tools=tools)
        with client.responses.stream(model=model, instructions="Be brief.", input="Where?", tools=tools) as stream:
            final = stream.get_final_response()
    for response in (whole, final):
        assert response.output_text == wires.TEXT
        calls = [item for item in response.output if item.type == "function_call"]
        assert [(call.name, json.loads(call.arguments)) for call in calls] == SAID[1]
        assert response.usage is not None and response.usage.input_tokens_details.cached_tokens == 600


def test_the_responses_client_searches_with_claude(tmp_path: Path) -> None:
    tools: Any = [{"type": "web_search", "filters": {"allowed_domains": ["example.org"]}}]
    with reaching(tmp_path, Dialect.ANTHROPIC) as (gateway, vendor, model), chat_client(gateway) as client:
        response = client.responses.create(model=model, input="Where?", tools=tools)
    (tool,) = vendor.requests[0].body["tools"]
    assert (tool["type"], tool["allowed_domains"]) == ("web_search_20250305", ["example.org"])
    assert [tool.type for tool in response.tools] == ["web_search"]


class City(BaseModel):
    name: str


def test_structured_output_is_asked_of_claude_by_its_schema(tmp_path: Path) -> None:
    with reaching(tmp_path, Dialect.ANTHROPIC) as (gateway, vendor, model), chat_client(gateway) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        with pytest.raises(Exception, match=r"(?i)json|validation"):  # the answer is no City: the SDK parses it
            client.chat.completions.parse(model=model, messages=messages, response_format=City)
    asked = vendor.requests[0].body["output_config"]["format"]
    assert asked["type"] == "json_schema" and asked["schema"]["required"] == ["name"]


def test_what_cannot_be_carried_is_refused_by_the_callers_own_error(tmp_path: Path) -> None:
    with reaching(tmp_path, Dialect.ANTHROPIC) as (gateway, vendor, model), chat_client(gateway) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        with pytest.raises(openai.BadRequestError) as refusal:
            client.chat.completions.create(model=model, messages=messages, n=2)
    assert "n:" in refusal.value.message and vendor.requests == []


def test_what_was_dropped_is_noted_on_the_span(tmp_path: Path) -> None:
    with reaching(tmp_path, Dialect.ANTHROPIC) as (gateway, _, model), chat_client(gateway) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        client.chat.completions.create(model=model, messages=messages, seed=7)
        (span,) = gateway.spans(1)
    losses = span.attributes["masthead.gateway.losses"]
    assert isinstance(losses, list | tuple) and any(str(loss).startswith("seed:") for loss in losses)
