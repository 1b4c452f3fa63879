"""AG2's own OpenTelemetry middleware: a planner asks a solver; a calculator fails; then the model breaks off."""

import asyncio
import contextlib
from typing import Any

from ag2 import Agent
from ag2.config.openai import OpenAIConfig
from ag2.middleware.builtin.telemetry import TelemetryMiddleware
from harness import provider_for, record

from masthead.testing.scripted_model import ScriptedCall, ScriptedReply, ScriptedRequest


def script(request: ScriptedRequest) -> ScriptedReply:
    last = request.last
    if "You solve" in request.system:
        if last.get("tool_call_id") == "call_calc":
            return ScriptedReply(text="The calculator failed; I guess 42.", input_tokens=40, output_tokens=8)
        call = ScriptedCall(name="calculate", arguments='{"expression": "6 x 7"}', id="call_calc")
        return ScriptedReply(calls=(call,), input_tokens=30, output_tokens=5)
    if last.get("tool_call_id") == "call_solver":
        return ScriptedReply(status=500, text="the model is on fire")
    call = ScriptedCall(name="task_solver", arguments='{"objective": "What is 6 x 7?"}', id="call_solver")
    return ScriptedReply(text="I delegate this.", calls=(call,), input_tokens=20, output_tokens=9)


def calculate(expression: str) -> str:
    """Work out an expression."""
    raise ValueError(f"cannot read {expression!r}")


def scenario(model_url: str, collector_url: str) -> None:
    provider = provider_for(collector_url, "ag2-app")

    def traced(name: str) -> Any:
        return TelemetryMiddleware(tracer_provider=provider, agent_name=name, provider_name="openai")

    config = OpenAIConfig(model="scripted-1", base_url=model_url, api_key="none", max_retries=0)
    solver = Agent("solver", "You solve problems.", config=config, tools=[calculate], middleware=[traced("solver")])
    planner = Agent(
        "planner",
        "You plan.",
        config=config,
        tools=[solver.as_tool(description="Solves problems.")],
        middleware=[traced("planner")],
    )
    with contextlib.suppress(Exception):
        asyncio.run(planner.ask("What is 6 x 7?"))
    provider.shutdown()


if __name__ == "__main__":
    record(script, scenario)
