"""Free-form tools, as coding agents use them, of the real clients at models that know functions alone."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from agents import Agent, CustomTool, OpenAIResponsesModel, RunConfig, Runner
from agents.result import RunResultBase

from masthead.providers.dialects import Dialect
from masthead.providers.dialects.freeform import arguments_with
from masthead.testing import wires
from masthead.testing.gateway import RunningGateway, config_file, gateway_at
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wire_vendor import WireVendor

pytestmark = pytest.mark.contract

VENDORS = {
    Dialect.OPENAI_CHAT: ("deepseek", "deepseek-chat"),
    Dialect.ANTHROPIC: ("anthropic", "claude-sonnet-5"),
    Dialect.GEMINI: ("google", "gemini-3.5-flash"),
    Dialect.BEDROCK: ("bedrock", "anthropic.claude-sonnet-5-v1:0"),
}
PATCH = '*** Begin Patch\n*** Update File: a.py\n+print("é 𝄞\\n")\n*** End Patch\n'
FORM: dict[str, Any] = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}


@contextmanager
def reaching(folder: Path, dialect: Dialect) -> Generator[tuple[RunningGateway, WireVendor, str]]:
    """Yield a gateway before a vendor whose model calls the tool once, and then answers."""
    provider, model = VENDORS[dialect]
    vendor = WireVendor(dialect, calls=((("call_a", "apply_patch", arguments_with(PATCH)),), ()))
    with RawUpstream(vendor.talk) as upstream:
        lines = [f'provider = "{provider}"', 'secret = "env:VENDOR_KEY"', f'dialects = ["{dialect.value}"]']
        file = config_file(folder, upstream.url, connection="\n".join(lines))
        with gateway_at(file, environment={"VENDOR_KEY": "key"}) as running:
            yield running, vendor, model


def client_of(gateway: RunningGateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="mine", max_retries=0)


@pytest.mark.parametrize("target", VENDORS)
def test_the_responses_client_gets_its_call_and_sends_the_result(tmp_path: Path, target: Dialect) -> None:
    tools: Any = [{"type": "custom", "name": "apply_patch", "format": FORM}]
    with reaching(tmp_path, target) as (gateway, vendor, model), client_of(gateway) as client:
        first = client.responses.create(model=model, input="Mend it.", tools=tools)
        (call,) = [item for item in first.output if item.type == "custom_tool_call"]
        assert (call.name, call.input) == ("apply_patch", PATCH)
        result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "Done!"}
        history: Any = [{"role": "user", "content": "Mend it."}, *first.output, result]
        second = client.responses.create(model=model, input=history, tools=tools)
        spans = gateway.spans(2)
    assert second.output_text == wires.TEXT
    assert "Done!" in str(vendor.requests[1].body)
    losses = spans[0].attributes["masthead.gateway.losses"]
    assert isinstance(losses, list | tuple) and any("grammar" in str(loss) for loss in losses)
    assert "apply_patch" in str(spans[0].attributes["gen_ai.output.messages"])


@pytest.mark.parametrize("target", VENDORS)
def test_the_responses_client_streams_the_input(tmp_path: Path, target: Dialect) -> None:
    tools: Any = [{"type": "custom", "name": "apply_patch"}]
    with (
        reaching(tmp_path, target) as (gateway, _, model),
        client_of(gateway) as client,
        client.responses.stream(model=model, input="Mend it.", tools=tools) as stream,
    ):
        events = list(stream)
        final = stream.get_final_response()
    deltas = [event.delta for event in events if event.type == "response.custom_tool_call_input.delta"]
    assert "".join(deltas) == PATCH
    assert [event.input for event in events if event.type == "response.custom_tool_call_input.done"] == [PATCH]
    assert [item.input for item in final.output if item.type == "custom_tool_call"] == [PATCH]


@pytest.mark.parametrize("target", [target for target in VENDORS if target is not Dialect.OPENAI_CHAT])
def test_the_chat_client_gets_its_call_whole_and_streamed(tmp_path: Path, target: Dialect) -> None:
    custom: Any = {"name": "apply_patch", "format": {"type": "text"}}
    asked: Any = {
        "messages": [{"role": "user", "content": "Mend it."}],
        "tools": [{"type": "custom", "custom": custom}],
    }
    folders = [tmp_path / "whole", tmp_path / "streamed"]
    for folder in folders:
        folder.mkdir()
    with reaching(folders[0], target) as (gateway, vendor, model), client_of(gateway) as client:
        made: Any = client.chat.completions
        message = made.create(model=model, **asked).choices[0].message
        (call,) = message.tool_calls
        assert (call.type, call.custom.name, call.custom.input) == ("custom", "apply_patch", PATCH)
        done = {"role": "tool", "tool_call_id": call.id, "content": "Done!"}
        history = [*asked["messages"], message.to_dict(), done]
        answer = made.create(model=model, tools=asked["tools"], messages=history)
        assert answer.choices[0].message.content == wires.TEXT
        assert "Done!" in str(vendor.requests[1].body)
    with reaching(folders[1], target) as (gateway, _, model), client_of(gateway) as client:
        streaming: Any = client.chat.completions
        chunks: list[dict[str, Any]] = [one.to_dict() for one in streaming.create(model=model, stream=True, **asked)]
    deltas: list[dict[str, Any]] = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    told: list[dict[str, Any]] = [call for delta in deltas for call in delta.get("tool_calls") or ()]
    assert "".join(call["custom"]["input"] for call in told) == PATCH


@pytest.mark.parametrize("is_streamed", [False, True])
def test_an_agent_of_openai_agents_patches_with_claude(tmp_path: Path, is_streamed: bool) -> None:
    patched: list[str] = []

    async def apply(_context: object, text: str) -> str:
        patched.append(text)
        return "Done!"

    async def ask(url: str, model: str) -> RunResultBase:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="mine", max_retries=0) as client:
            tool = CustomTool(name="apply_patch", description="Patches.", on_invoke_tool=apply, format=FORM)
            agent = Agent(name="coder", model=OpenAIResponsesModel(model, client), tools=[tool])
            config = RunConfig(tracing_disabled=True)
            if not is_streamed:
                return await Runner.run(agent, "Mend it.", run_config=config)
            run = Runner.run_streamed(agent, "Mend it.", run_config=config)
            async for _ in run.stream_events():
                pass
            return run

    with reaching(tmp_path, Dialect.ANTHROPIC) as (gateway, vendor, model):
        result = asyncio.run(ask(gateway.url, model))
    assert patched == [PATCH]
    assert result.final_output == wires.TEXT
    sent = vendor.requests[1].body["messages"]
    assert sent[1]["content"][-1]["input"] == {"input": PATCH}
    assert sent[2]["content"][0]["content"] == [{"type": "text", "text": "Done!"}]
