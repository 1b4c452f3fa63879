"""What a guard saves: an agent that retries a failing tool without limit, in a task of ten seconds, with and without.

    python benchmarks/guards.py [--seconds 10] [--latency 0.25]

A real OpenAI client calls a real gateway; the model behind it is scripted, answers after `--latency` seconds and is
billed as gpt-4o. Prints calls, tokens and dollars of both, and what was saved.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from openai import APIStatusError, OpenAI

from masthead.clock import SystemClock
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.config_routes import GuardsConfig
from masthead.model.reading import Usage
from masthead.providers.prices import Prices
from masthead.testing.gateway import gateway_at
from masthead.testing.scripted_model import ScriptedCall, ScriptedModel, ScriptedReply, ScriptedRequest

MODEL = "gpt-4o"
INSTRUCTIONS = "You are the refund agent of a shop. " + "Look the order up and refund it. " * 40
FAILURE = "Error: no order 5555 in the shop of Lisbon"


class Made(NamedTuple):
    """What one program did."""

    calls: int
    tokens: int
    cost_usd: Decimal
    ending: str


def main() -> None:
    """Run both and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--latency", type=float, default=0.25)
    options = parser.parse_args()
    prices = Prices()
    prices.load()
    runs = {action: _run(action, options.seconds, options.latency, prices) for action in ("record", "stop")}
    print(f"{'guard':<8} {'calls':>6} {'tokens':>8} {'cost':>10}  ending")
    for action, made in runs.items():
        print(f"{action:<8} {made.calls:>6} {made.tokens:>8} {f'${made.cost_usd:.4f}':>10}  {made.ending}")
    without, stopped = runs["record"], runs["stop"]
    saved = 1 - stopped.cost_usd / without.cost_usd
    print(f"saved in {options.seconds:g} s: ${without.cost_usd - stopped.cost_usd:.4f}, {saved:.1%} of what it cost")


def _run(action: str, seconds: float, latency_s: float, prices: Prices) -> Made:
    clock = SystemClock()

    def cost_of(_provider: str | None, model: str, usage: Usage) -> Decimal | None:
        return prices.cost_usd(
            provider=None,
            model=model,
            start_ns=clock.now_ns(),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
        )

    def script(request: ScriptedRequest) -> ScriptedReply:
        time.sleep(latency_s)
        call = ScriptedCall(name="refund", arguments='{"order_id": 5555}', id=f"call_{request.number}")
        size = len(json.dumps(request.body)) // 4
        return ScriptedReply(calls=(call,), input_tokens=size, output_tokens=20)

    guards = AgentGuards(lambda _call: GuardsConfig.model_validate({"on_finding": action}), cost_of, clock)
    with tempfile.TemporaryDirectory() as folder, ScriptedModel(script, model=MODEL) as model:
        file = Path(folder) / "gateway.toml"
        file.write_text(f'[connections.model]\nbase_url = "{model.url}"\nallow_networks = ["loopback"]\n')
        with gateway_at(file, plugins=(guards,)) as gateway:
            ending = _agent(f"{gateway.url}/v1", seconds)
    run = guards.runs[0]
    return Made(run.calls, run.tokens, run.cost_usd, ending)


def _agent(url: str, seconds: float) -> str:
    """Do what a careless agent does: ask, run the tool, give back its error, until the time is over."""
    client = OpenAI(base_url=url, api_key="none", max_retries=2)
    messages: list[Any] = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": "Refund order 5555."},
    ]
    tools: Sequence[Any] = [
        {"type": "function", "function": {"name": "refund", "parameters": {"type": "object", "properties": {}}}}
    ]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            reply = client.chat.completions.create(model=MODEL, messages=messages, tools=tools).choices[0].message
        except APIStatusError as error:
            return f"HTTP {error.status_code}: {error.message.splitlines()[0]}"[:200]
        messages.append(reply.model_dump(exclude_none=True))
        messages += [{"role": "tool", "tool_call_id": call.id, "content": FAILURE} for call in reply.tool_calls or ()]
    return "the time was over"


if __name__ == "__main__":
    main()
