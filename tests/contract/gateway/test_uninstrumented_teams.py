"""Teams of real frameworks that know of nothing but the gateway's address come out as runs, agents and turns.

Not one of them sends a trace context, a run or an agent's name. The same teams under their own instrumentation are in
`tests/contract/sdks`; the turns expected here are the same, but that an agent is named as its prompt, or a handoff,
names it.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.contract

TEAMS = ("openai_agents", "openai_agents_responses", "langgraph", "pydantic_ai", "ag2")
Kept = Mapping[str, Any]
Recorded = Callable[[str], Kept]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Run every team, two at a time, each in a process of its own."""
    folder = tmp_path_factory.mktemp("through")
    with ThreadPoolExecutor(2) as pool:
        kept: dict[str, Future[Kept]] = {name: pool.submit(_record, name, folder) for name in TEAMS}
        yield lambda name: kept[name].result()


def _record(name: str, folder: Path) -> Kept:
    path = folder / f"{name}.json"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "through_gateway.py"), name, str(path)],
        env={**environment, "no_proxy": "127.0.0.0/8,127.0.0.1", "OPENAI_AGENTS_DISABLE_TRACING": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(path.read_text())


@pytest.mark.parametrize("name", ["openai_agents", "openai_agents_responses"])
def test_openai_agents_hand_over(recorded: Recorded, name: str):
    assert recorded(name)["turns"] == [
        "User > triage agent: message",
        "triage agent > flight_agent: handoff transfer_to_flight_agent",
        "flight_agent > change_seat: tool_call change_seat",
        "change_seat > flight_agent: tool_result change_seat",
        "flight_agent > change_seat: tool_call change_seat",
        "change_seat > flight_agent: tool_result change_seat",
        "flight_agent > User: message",
    ]


def test_a_langgraph_supervisor_and_its_experts(recorded: Recorded):
    assert recorded("langgraph")["turns"] == [
        "User > supervisor: message",
        "supervisor > research_expert: handoff transfer_to_research_expert",
        "research_expert > web_search: tool_call web_search",
        "web_search > research_expert: tool_result web_search",
        "research_expert > supervisor: message",
        "research_expert > supervisor: handoff transfer_back_to_supervisor",
        "supervisor > math_expert: handoff transfer_to_math_expert",
        "math_expert > add: tool_call add",
        "add > math_expert: tool_result add",
        "math_expert > supervisor: message",
        "math_expert > supervisor: handoff transfer_back_to_supervisor",
        "supervisor > User: message",
    ]


def test_pydantic_ai_delegates_through_a_tool(recorded: Recorded):
    run = recorded("pydantic_ai")
    assert run["agents"] == ["host a show", "write jokes"]
    assert [turn for turn in run["turns"] if "handoff" not in turn] == [
        "User > host a show: message",
        "host a show > tell_joke: tool_call tell_joke",
        "write jokes > host a show: message",
        "tell_joke > host a show: tool_result tell_joke",
        "host a show > rate: tool_call rate",
        "rate > host a show: tool_result rate",
        "host a show > rate: tool_call rate",
        "rate > host a show: tool_result rate",
        "host a show > User: message",
    ]


def test_ag2_asks_an_agent_as_a_tool_until_the_model_fails(recorded: Recorded):
    run = recorded("ag2")
    assert run["agents"] == ["plan", "solve problems"]
    assert run["is_error"] and "on fire" in run["answer"]


@pytest.mark.parametrize("name", TEAMS)
def test_runs_that_follow_each_other_with_the_same_task_are_told_apart(recorded: Recorded, name: str):
    kept = [call for call in recorded(name)["calls"] if call["run"] in {"127.0.0.1", "127.0.0.2", "127.0.0.3"}]
    assert _mixed(kept) == 0
    assert len({call["trace"] for call in kept}) == 3


@pytest.mark.parametrize("name", ["openai_agents", "openai_agents_responses", "langgraph"])
def test_runs_at_the_same_time_with_the_same_task_are_told_apart(recorded: Recorded, name: str):
    assert _mixed(recorded(name)["calls"]) == 0


@pytest.mark.parametrize("name", ["pydantic_ai", "ag2"])
def test_of_agents_asked_the_same_at_the_same_time_each_run_has_one(recorded: Recorded, name: str):
    """Which of two equal questions asked at once an agent answers cannot be seen; each run still has its answer."""
    kept = [call for call in recorded(name)["calls"] if call["run"] > "127.0.0.3"]
    asking = next(call["agent"] for call in kept)
    assert _mixed([call for call in kept if call["agent"] == asking]) == 0
    by_trace: dict[str, list[str]] = defaultdict(list)
    for call in kept:
        by_trace[call["trace"]].append(call["agent"])
    assert len({tuple(sorted(agents)) for agents in by_trace.values()}) == 1


def _mixed(calls: list[dict[str, Any]]) -> int:
    """Return how many runs are spread over several traces, or traces over several runs."""
    traces: dict[str, set[str]] = defaultdict(set)
    runs: dict[str, set[str]] = defaultdict(set)
    for call in calls:
        traces[call["run"]].add(call["trace"])
        runs[call["trace"]].add(call["run"])
    return sum(len(found) > 1 for found in (*traces.values(), *runs.values()))
