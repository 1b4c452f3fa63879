"""OpenAI Agents SDK: triage hands to a flight agent, which uses a tool that fails once. Shared by two scenarios."""

import asyncio

from agents import Agent, Model, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool
from openai import AsyncOpenAI

from masthead.testing.scripted_model import ScriptedCall, ScriptedReply, ScriptedRequest


def script(request: ScriptedRequest) -> ScriptedReply:
    if "triage" in request.system:
        call = ScriptedCall(name="transfer_to_flight_agent", id="call_handoff")
        return ScriptedReply(calls=(call,), input_tokens=50, output_tokens=8)
    if request.last.get("role") == "tool" and "seat 12A" in str(request.last.get("content")):
        return ScriptedReply(text="You are in seat 12A.", input_tokens=80, output_tokens=9, cached_tokens=16)
    if request.last.get("tool_call_id") == "call_seat_1":
        call = ScriptedCall(name="change_seat", arguments='{"seat": "12A"}', id="call_seat_2")
        return ScriptedReply(text="That row is full, trying 12A.", calls=(call,), input_tokens=70, output_tokens=12)
    call = ScriptedCall(name="change_seat", arguments='{"seat": "99Z"}', id="call_seat_1")
    return ScriptedReply(calls=(call,), input_tokens=60, output_tokens=10)


@function_tool
def change_seat(seat: str) -> str:
    """Move the passenger to a seat."""
    if seat == "99Z":
        raise ValueError("no such seat: 99Z")
    return f"Moved to seat {seat}."


def ask(model_url: str, *, is_streamed: bool = True) -> None:
    """Run the team on one request: streamed over chat completions, or plain over the responses API."""
    client = AsyncOpenAI(base_url=model_url, api_key="none", max_retries=0)
    model: Model = OpenAIChatCompletionsModel(model="scripted-1", openai_client=client)
    if not is_streamed:
        model = OpenAIResponsesModel(model="scripted-1", openai_client=client)
    flight = Agent(name="Flight Agent", instructions="You are the flight agent.", model=model, tools=[change_seat])
    triage = Agent(name="Triage Agent", instructions="You are the triage agent.", model=model, handoffs=[flight])
    assert asyncio.run(_run(triage, is_streamed=is_streamed)) == "You are in seat 12A."


async def _run(agent: Agent, *, is_streamed: bool) -> object:
    question = "Please change my seat to the front."
    if not is_streamed:
        return (await Runner.run(agent, question)).final_output
    streamed = Runner.run_streamed(agent, question)
    async for _ in streamed.stream_events():
        pass
    return streamed.final_output
