"""Two AG2 agents, a writer and a critic, who talk until the critic approves. Traced by AG2's own OpenTelemetry."""

import asyncio

from ag2 import Agent
from ag2.config.openai import OpenAIConfig
from ag2.middleware.builtin.telemetry import TelemetryMiddleware

import masthead

CASES = ["a night train", "a repair café", "a mountain bakery"]
_ROUNDS = 5


def play(base_url: str, case: int) -> None:
    """Run one case; success means that the critic approved within five rounds."""
    asyncio.run(_play(base_url, f"Write a slogan of at most eight words for {CASES[case]}."))


async def _play(base_url: str, task: str) -> None:
    config = OpenAIConfig("SmolLM2-135M-Instruct", base_url=base_url, api_key="none", max_tokens=60)
    writer = Agent("writer", "You write slogans of at most eight words.", config=config,
                   middleware=[TelemetryMiddleware(agent_name="writer")])  # fmt: skip
    critic = Agent("critic", "Reply APPROVED if the slogan is good and short. Else say what to change.", config=config,
                   middleware=[TelemetryMiddleware(agent_name="critic")])  # fmt: skip
    with masthead.run(task, system="slogans (AG2)", tags=["sample"]) as run:
        said, slogan = task, ""
        for _ in range(_ROUNDS):
            slogan = str((await writer.ask(said)).body)
            verdict = str((await critic.ask(f"The slogan is: {slogan}")).body)
            if "APPROVED" in verdict:
                break
            said = f"Your slogan was: {slogan}\nThe critic says: {verdict}\nWrite a better one."
        run.answer(slogan)
        run.succeeded("APPROVED" in verdict and len(slogan.split()) <= 8)
