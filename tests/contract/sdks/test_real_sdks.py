"""What real SDKs export, driven by a scripted model, arrives as the conversation that took place.

Each scenario runs in a process of its own, because SDKs fight over the global tracer provider. It exports real OTLP
over HTTP to a collector on loopback; here the bytes are decoded and read.
"""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from masthead.conversation import conversation_of, flow_of
from masthead.model.conversation import Act, Conversation, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.model.span import Span
from masthead.testing.otlp_capture import spans_in

pytestmark = pytest.mark.contract

SCENARIOS = Path(__file__).parent / "scenarios"
NAMES = (
    "openai_agents_openinference",
    "openai_agents_responses",
    "openai_agents_traceloop",
    "langgraph_openinference",
    "langgraph_traceloop",
    "langgraph_langfuse",
    "pydantic_ai_delegation",
    "ag2_telemetry",
    "langfuse_sdk",
)
Recorded = Callable[[str], Conversation]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Run every scenario, two at a time, and give the conversation that each recorded."""
    folder = tmp_path_factory.mktemp("otlp")
    with ThreadPoolExecutor(2) as pool:
        bodies: dict[str, Future[bytes]] = {name: pool.submit(_record, name, folder) for name in NAMES}
        yield lambda name: _conversation(bodies[name].result())


def _record(name: str, folder: Path) -> bytes:
    body = folder / f"{name}.bin"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "LANGFUSE_", "TRACELOOP_"))},
        "OPENAI_AGENTS_DISABLE_TRACING": "0",
        "LANGSMITH_TRACING": "false",
        "no_proxy": "127.0.0.1",
    }
    command = [sys.executable, str(SCENARIOS / f"{name}.py"), str(body)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return body.read_bytes()


def _conversation(body: bytes) -> Conversation:
    """Read the largest trace: some SDKs put the building of an agent into a trace of its own."""
    by_trace: dict[RunId, list[Span]] = defaultdict(list)
    for span in spans_in(body):
        by_trace[span.trace_id].append(span)
    return conversation_of(max(by_trace.values(), key=len))


def _lines(conversation: Conversation) -> list[str]:
    names = {agent.id: agent.name for agent in conversation.agents}
    return [_line(turn, names) for turn in conversation.turns]


def _line(turn: Turn, names: dict[AgentId, str]) -> str:
    to = ", ".join(names[agent] for agent in turn.addressees)
    arguments = "".join((turn.tool_arguments or "").split())
    if turn.act in {Act.HANDOFF, Act.TOOL_CALL}:
        arguments = arguments or "{}"
    tool = f" [{f'{turn.tool_name} {arguments}'.strip()}]" if turn.tool_name else ""
    tokens = f" {turn.input_tokens}/{turn.output_tokens}" if turn.input_tokens is not None else ""
    return f"{names[turn.speaker]} > {to}: {turn.act.value}{tool} {turn.text!r}{' ERROR' * turn.is_error}{tokens}"


def _agents(conversation: Conversation) -> list[tuple[str, str, str | None, tuple[str, ...]]]:
    return [(agent.name, agent.kind, agent.instructions, agent.models) for agent in conversation.agents]


SEAT_AGENTS = [
    ("User", "human", None, ()),
    ("Triage Agent", "agent", "You are the triage agent.", ("scripted-1",)),
    ("Flight Agent", "agent", "You are the flight agent.", ("scripted-1",)),
    ("change_seat", "tool", None, ()),
]
FAILED = "An error occurred while running the tool. Please try again."


@pytest.mark.parametrize("name", ["openai_agents_openinference", "openai_agents_responses"])
def test_openai_agents_under_openinference(recorded: Recorded, name: str):
    run = recorded(name)
    assert _agents(run) == SEAT_AGENTS
    assert _lines(run) == [
        "User > Triage Agent: message 'Please change my seat to the front.'",
        "Triage Agent > Flight Agent: handoff [transfer_to_flight_agent {}] '' 50/8",
        'Flight Agent > change_seat: tool_call [change_seat {"seat":"99Z"}] \'\' 60/10',
        f"change_seat > Flight Agent: tool_result [change_seat] {FAILED!r} ERROR",
        'Flight Agent > change_seat: tool_call [change_seat {"seat":"12A"}] \'That row is full, trying 12A.\' 70/12',
        "change_seat > Flight Agent: tool_result [change_seat] 'Moved to seat 12A.'",
        "Flight Agent > User: message 'You are in seat 12A.' 80/9",
    ]
    assert [turn.tool_call_id for turn in run.turns[2:6]] == [
        "call_seat_1",
        "call_seat_1",
        "call_seat_2",
        "call_seat_2",
    ]
    assert (run.task, run.system) == ("Please change my seat to the front.", "airline")
    assert (run.ending.kind, run.ending.answer) == (EndingKind.COMPLETED, "You are in seat 12A.")


def test_openai_agents_under_openllmetry_whose_spans_hold_no_answers_and_no_receivers(recorded: Recorded):
    run = recorded("openai_agents_traceloop")
    assert _agents(run) == SEAT_AGENTS
    assert _lines(run) == [
        "User > Triage Agent: message 'Please change my seat to the front.'",
        "Triage Agent > Flight Agent: handoff [transfer_to_flight_agent {}] ''",
        'Flight Agent > change_seat: tool_call [change_seat {"seat":"99Z"}] \'\'',
        f"change_seat > Flight Agent: tool_result [change_seat] {FAILED!r} ERROR",
        'Flight Agent > change_seat: tool_call [change_seat {"seat":"12A"}] \'That row is full, trying 12A.\'',
        "change_seat > Flight Agent: tool_result [change_seat] 'Moved to seat 12A.'",
        "Flight Agent > User: message ''",
    ]
    assert [turn.tool_call_id for turn in run.turns[2:6]] == [
        "call_seat_1",
        "call_seat_1",
        "call_seat_2",
        "call_seat_2",
    ]


HEADCOUNT = "What is the combined headcount of Apple and Meta?"
HEADCOUNT_TURNS = [
    f"User > supervisor: message {HEADCOUNT!r}",
    "supervisor > research_expert: handoff [transfer_to_research_expert {}] '' 40/6",
    'research_expert > web_search: tool_call [web_search {"query":"headcount"}] \'\' 50/6',
    "web_search > research_expert: tool_result [web_search] 'Results for headcount: Apple 164,000; Meta 74,000.'",
    "research_expert > supervisor: message 'Apple: 164,000. Meta: 74,000.' 70/12",
    "research_expert > supervisor: handoff [transfer_back_to_supervisor {}] 'Transferring back to supervisor'",
    "supervisor > math_expert: handoff [transfer_to_math_expert {}] '' 100/6",
    'math_expert > add: tool_call [add {"a":164000,"b":74000}] \'\' 110/6',
    "add > math_expert: tool_result [add] '238000.0'",
    "math_expert > supervisor: message 'The sum is 238,000.' 120/7",
    "math_expert > supervisor: handoff [transfer_back_to_supervisor {}] 'Transferring back to supervisor'",
    "supervisor > User: message 'Together they employ 238,000 people.' 140/11",
]


@pytest.mark.parametrize("name", ["langgraph_openinference", "langgraph_traceloop", "langgraph_langfuse"])
def test_langgraph_supervisor_of_two_agents(recorded: Recorded, name: str):
    run = recorded(name)
    assert _lines(run) == HEADCOUNT_TURNS
    assert [(agent.name, agent.kind) for agent in run.agents] == [
        ("User", "human"),
        ("supervisor", "agent"),
        ("research_expert", "agent"),
        ("web_search", "tool"),
        ("math_expert", "agent"),
        ("add", "tool"),
    ]
    assert [agent.instructions for agent in run.agents if agent.kind == "agent"] == [
        "You are a team supervisor.",
        "You are a research expert.",
        "You are a math expert.",
    ]
    assert (run.task, run.session_id) == (HEADCOUNT, None if name == "langgraph_langfuse" else "t-1")
    assert (run.ending.kind, run.ending.answer) == (EndingKind.COMPLETED, "Together they employ 238,000 people.")
    handoffs = [(edge.source, edge.target, edge.handoffs) for edge in flow_of(run).edges if edge.handoffs]
    assert handoffs == [
        ("supervisor", "research_expert", 1),
        ("research_expert", "supervisor", 1),
        ("supervisor", "math_expert", 1),
        ("math_expert", "supervisor", 1),
    ]


def test_traceloop_association_properties_become_user_and_metadata(recorded: Recorded):
    run = recorded("langgraph_traceloop")
    assert (run.system, run.user_id, run.metadata["plan"]) == ("headcount", "u-7", "free")


def test_pydantic_ai_delegation(recorded: Recorded):
    run = recorded("pydantic_ai_delegation")
    assert _lines(run) == [
        "User > host: message 'Tell me a joke about cats.'",
        'host > tell_joke: tool_call [tell_joke {"topic":"cats"}] \'I will ask my colleague.\' 30/7',
        "host > joker: handoff 'A joke about cats, please.'",
        "joker > host: message 'A joke about cats.' 20/5",
        "tell_joke > host: tool_result [tell_joke] 'A joke about cats.'",
        "host > rate: tool_call [rate {\"stars\":9}] '' 45/6",
        "rate > host: tool_result [rate] 'stars must be 1 to 5' ERROR",
        "host > rate: tool_call [rate {\"stars\":5}] '' 55/6",
        "rate > host: tool_result [rate] 'rated'",
        "host > User: message 'Here it is: A joke about cats.' 65/9",
    ]
    assert (run.agents[1].instructions, run.agents[3].instructions) == ("You host a show.", "You write jokes.")
    assert (run.ending.kind, run.ending.answer) == (EndingKind.COMPLETED, "Here it is: A joke about cats.")


def test_ag2_run_that_breaks_off(recorded: Recorded):
    run = recorded("ag2_telemetry")
    lines = _lines(run)
    assert lines[:4] == [
        "User > planner: message 'What is 6 x 7?'",
        'planner > task_solver: tool_call [task_solver {"objective":"Whatis6x7?"}] \'I delegate this.\' 20/9',
        "planner > solver: handoff 'What is 6 x 7?'",
        'solver > calculate: tool_call [calculate {"expression":"6x7"}] \'\' 30/5',
    ]
    failed = run.turns[4]
    assert (failed.tool_call_id, failed.is_error) == ("call_calc", True)
    assert failed.text.endswith("ValueError: cannot read '6 x 7'\n")
    assert lines[5:] == [
        "solver > planner: message 'The calculator failed; I guess 42.' 40/8",
        "task_solver > planner: tool_result [task_solver] 'The calculator failed; I guess 42.'",
        "planner > User: message 'InternalServerError: Error code: 500 - the model is on fire' ERROR",
    ]
    assert run.ending.kind is EndingKind.ERROR
    assert run.ending.reason == "InternalServerError: Error code: 500 - the model is on fire"


def test_langfuse_sdk_pointed_at_us(recorded: Recorded):
    run = recorded("langfuse_sdk")
    assert _lines(run) == [
        "User > planner: message 'Plan a day in Rome.'",
        'planner > weather: tool_call [weather {"city":"Rome"}] \'First the weather.\' 25/7',
        "weather > planner: tool_result [weather] 'timeout' ERROR",
        "planner > writer: handoff 'Write it up.'",
        "writer > User: message 'A day in Rome: …' 12/6",
    ]
    assert (run.session_id, run.user_id, run.tags, run.metadata) == ("s-9", "u-7", ("beta",), {"plan": "free"})
    assert (run.turns[1].model, run.turns[1].cost_usd) == ("gpt-4o-mini", Decimal("0.00003"))
    assert run.ending.answer == "A day in Rome: …"
