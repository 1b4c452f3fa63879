"""Runs teams of a real framework, which know of no gateway but its address, and writes what the gateway made of them.

Arguments: the scenario's name and the file to write. Three runs come one after the other, then three at once. Each
calls the gateway at an address of its own (127.0.0.1, 127.0.0.2, …), by which the test knows which call was whose.
"""

import json
import re
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn

sys.path.insert(0, str(Path(__file__).parent.parent / "sdks" / "scenarios"))

from masthead.clock import SystemClock
from masthead.conversation import conversation_of
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.app import Gateway
from masthead.gateway.call import Exchange, Identity
from masthead.gateway.config import GatewayConfig
from masthead.gateway.policy.health import Fleet
from masthead.gateway.policy.routing import PolicyRouter
from masthead.gateway.seams import Seams
from masthead.gateway.secret import Secrets
from masthead.gateway.spans import spans_of
from masthead.model.ids import ProjectId
from masthead.model.span import Span
from masthead.testing.gateway import OneForAll
from masthead.testing.otlp_capture import OtlpCapture
from masthead.testing.scripted_model import Script, ScriptedModel, ScriptedReply, ScriptedRequest


class Kept:
    """A recorder that keeps the spans, and whose each was."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.calls: list[dict[str, Any]] = []

    def record(self, *exchanges: Exchange) -> None:
        """Keep the exchanges."""
        for exchange in exchanges:
            self.spans += spans_of(exchange)
            self.calls.append(
                {
                    "run": exchange.call.headers[b"host"].decode().partition(":")[0],
                    "trace": exchange.trace_id,
                    "agent": exchange.attributes.get("gen_ai.agent.name"),
                    "link": exchange.attributes.get("masthead.gateway.joined_by"),
                    "status": exchange.status,
                }
            )


async def _anybody(_scope: Mapping[str, object]) -> Identity:
    return Identity(ProjectId("default"))


def _gateway(model_url: str, recorder: Kept) -> Gateway:
    config = GatewayConfig.model_validate(
        {"connections": {"model": {"base_url": model_url, "allow_networks": ["loopback"]}}}
    )
    clock = SystemClock()
    guards = AgentGuards(lambda _call: config.guards, lambda _provider, _model, _usage: Decimal(0), clock)
    router = PolicyRouter(config, Secrets({}), Fleet(clock, config.breaker), clock)
    seams = Seams(router=router, recorder=recorder, plugins=(guards,))
    return Gateway(_anybody, OneForAll(config, seams, clock), clock)


class Served:
    """The gateway on all loopback addresses while the block lasts."""

    def __init__(self, app: Gateway) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(app, host="0.0.0.0", port=0, lifespan="off", log_level="error")  # noqa: S104 - see above
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        while not self._server.started:
            threading.Event().wait(0.01)
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def __exit__(self, *_raised: object) -> None:
        self._server.should_exit = True
        self._thread.join()


def openai_agents(url: str, _collector: str) -> None:
    """Triage hands to a flight agent, over streamed chat completions."""
    import_module("openai_agents_team").ask(url)


def openai_agents_responses(url: str, _collector: str) -> None:
    """The same over the responses API."""
    import_module("openai_agents_team").ask(url, is_streamed=False)


def langgraph(url: str, _collector: str) -> None:
    """A supervisor and two agents."""
    team = import_module("langgraph_supervisor_team")
    team.ask(team.team(url))


def pydantic_ai(url: str, collector: str) -> None:
    """An agent that asks another through a tool."""
    import_module("pydantic_ai_delegation").scenario(url, collector)


def ag2(url: str, collector: str) -> None:
    """A planner that asks a solver through a tool; the last call of the model fails."""
    import_module("ag2_telemetry").scenario(url, collector)


SCRIPTS: Mapping[Callable[[str, str], None], str] = {
    openai_agents: "openai_agents_team",
    openai_agents_responses: "openai_agents_team",
    langgraph: "langgraph_supervisor_team",
    pydantic_ai: "pydantic_ai_delegation",
    ag2: "ag2_telemetry",
}


def _with_own_ids(script: Script) -> Script:
    """Give each call of a tool an id of its own, as real models do; the script sees the ids that it gave."""

    def answer(request: ScriptedRequest) -> ScriptedReply:
        plain = json.loads(re.sub(r"~\d+", "", json.dumps(request.body)))
        reply = script(ScriptedRequest(number=request.number, body=plain))
        return replace(reply, calls=tuple(replace(call, id=f"{call.id}~{request.number}") for call in reply.calls))

    return answer


def _first_run(kept: Kept) -> dict[str, Any]:
    trace = next(call["trace"] for call in kept.calls if call["run"] == "127.0.0.1")
    run = conversation_of([span for span in kept.spans if span.trace_id == trace])
    names = {agent.id: agent.name for agent in run.agents}
    return {
        "agents": [agent.name for agent in run.agents if agent.kind == "agent"],
        "turns": [
            f"{names[turn.speaker]} > {', '.join(names[to] for to in turn.addressees)}: "
            f"{turn.act.value} {turn.tool_name or ''}".strip()
            for turn in run.turns
        ],
        "answer": run.turns[-1].text,
        "is_error": run.turns[-1].is_error,
    }


def main() -> None:
    """Run the team, and write what was kept."""
    scenario, path = globals()[sys.argv[1]], Path(sys.argv[2])
    script = import_module(SCRIPTS[scenario]).script
    kept = Kept()
    with (
        ScriptedModel(_with_own_ids(script)) as model,
        OtlpCapture() as collector,
        Served(_gateway(model.url, kept)) as port,
        ThreadPoolExecutor(3) as pool,
    ):
        urls = [f"http://127.0.0.{number}:{port}/v1" for number in range(1, 7)]
        for url in urls[:3]:
            scenario(url, collector.url)
        list(pool.map(scenario, urls[3:], [collector.url] * 3))
    path.write_text(json.dumps({"calls": kept.calls, **_first_run(kept)}))


if __name__ == "__main__":
    main()
