"""A customer desk on openai-agents: triage hands over to refunds or shipping. Traced by OpenInference."""

import asyncio

import facts
from agents import Agent, MaxTurnsExceeded, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

import masthead

CASES = [
    ("Please refund order 1042, the kettle leaks.", "Refunds", "39"),
    ("Where is my order 1077?", "Shipping", "transit"),
    ("My blanket, order 1093, never came. I want my money back.", "Refunds", "74"),
    ("Is order 1042 delivered?", "Shipping", "delivered"),
    ("I want a refund for order 5555.", "Refunds", "no order"),
]


def play(base_url: str, case: int) -> None:
    """Run one case; success means that the right specialist answered with the right fact."""
    set_tracing_disabled(False)
    OpenAIAgentsInstrumentor().instrument()
    model = OpenAIChatCompletionsModel("SmolLM2-135M-Instruct", AsyncOpenAI(base_url=base_url, api_key="none"))
    look_up, pay_back = function_tool(facts.lookup_order), function_tool(facts.refund)
    refunds = Agent(name="Refunds", instructions="Refund the order, then confirm.", model=model, tools=[pay_back])
    shipping = Agent(name="Shipping", instructions="Say where the order is.", model=model, tools=[look_up])
    triage = Agent(
        name="Triage",
        instructions="Hand over to Refunds for money, to Shipping for deliveries. Do not answer yourself.",
        model=model,
        handoffs=[refunds, shipping],
    )
    task, specialist, fact = CASES[case]
    with masthead.run(task, system="customer-desk (openai-agents)", tags=["sample"]) as run:
        try:
            result = asyncio.run(Runner.run(triage, task, max_turns=6))
        except MaxTurnsExceeded as error:
            run.fail(error)
            run.succeeded(False)
            return
        run.answer(result.final_output)
        run.succeeded(result.last_agent.name == specialist and fact in str(result.final_output))
