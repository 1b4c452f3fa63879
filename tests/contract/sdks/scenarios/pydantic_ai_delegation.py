"""Pydantic AI's own instrumentation: a host delegates to a joker through a tool; a tool fails and is retried."""

import asyncio

from harness import provider_for, record
from openai import AsyncOpenAI
from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_ai.models.instrumented import InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from masthead.testing.scripted_model import ScriptedCall, ScriptedReply, ScriptedRequest


def script(request: ScriptedRequest) -> ScriptedReply:
    if "You write jokes" in request.system:
        return ScriptedReply(text="A joke about cats.", input_tokens=20, output_tokens=5)
    last = request.last
    if last.get("role") == "tool" and last.get("tool_call_id") == "call_joke":
        call = ScriptedCall(name="rate", arguments='{"stars": 9}', id="call_rate_1")
        return ScriptedReply(calls=(call,), input_tokens=45, output_tokens=6)
    if last.get("role") == "tool" and last.get("tool_call_id") == "call_rate_1":
        call = ScriptedCall(name="rate", arguments='{"stars": 5}', id="call_rate_2")
        return ScriptedReply(calls=(call,), input_tokens=55, output_tokens=6)
    if last.get("role") == "tool":
        return ScriptedReply(text="Here it is: A joke about cats.", input_tokens=65, output_tokens=9)
    call = ScriptedCall(name="tell_joke", arguments='{"topic": "cats"}', id="call_joke")
    return ScriptedReply(text="I will ask my colleague.", calls=(call,), input_tokens=30, output_tokens=7)


def scenario(model_url: str, collector_url: str) -> None:
    provider = provider_for(collector_url, "jokes")
    Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
    client = AsyncOpenAI(base_url=model_url, api_key="none", max_retries=0)
    model = OpenAIChatModel("scripted-1", provider=OpenAIProvider(openai_client=client))
    joker = Agent(model, name="joker", instructions="You write jokes.")
    host = Agent(model, name="host", instructions="You host a show.", retries=2)

    @host.tool
    async def tell_joke(ctx: RunContext[object], topic: str) -> str:
        """Ask the joke agent."""
        return (await joker.run(f"A joke about {topic}, please.", usage=ctx.usage)).output

    @host.tool_plain
    def rate(stars: int) -> str:
        """Rate the joke."""
        if stars > 5:
            raise ModelRetry("stars must be 1 to 5")
        return "rated"

    result = asyncio.run(host.run("Tell me a joke about cats."))
    assert result.output == "Here it is: A joke about cats."
    provider.shutdown()


if __name__ == "__main__":
    record(script, scenario)
