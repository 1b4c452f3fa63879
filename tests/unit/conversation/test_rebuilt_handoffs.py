"""Handoffs and turns are rebuilt where instrumentation is poor."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from masthead.conversation import conversation_of
from masthead.model.conversation import Act, Conversation, EndingKind
from masthead.model.ids import RunId, SpanId
from masthead.model.span import AttributeValue, Span, SpanStatus

pytestmark = pytest.mark.unit

Attributes = Mapping[str, AttributeValue]


class Recorder:
    """Builds a run's spans one after the other, ten nanoseconds apart."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def add(
        self,
        name: str,
        attributes: Attributes,
        *,
        within: str | None = None,
        span: tuple[int, int] | None = None,
        status: SpanStatus = "unset",
        cost: Decimal | None = None,
    ) -> str:
        number = len(self.spans) + 1
        start, end = span or (number * 10, number * 10 + 8)
        identity = f"{number:016x}"
        self.spans.append(
            Span(
                trace_id=RunId("0" * 32),
                span_id=SpanId(identity),
                parent_span_id=SpanId(within) if within else None,
                name=name,
                start_ns=start,
                end_ns=end,
                status=status,
                status_message="broken" if status == "error" else None,
                attributes=attributes,
                cost_usd=cost,
            )
        )
        return identity

    def agent(self, name: str, *, within: str | None = None, span: tuple[int, int], **extra: AttributeValue) -> str:
        attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name, **extra}
        return self.add(f"invoke_agent {name}", attributes, within=within, span=span)

    def chat(
        self, within: str | None, said: AttributeValue, told: Sequence[AttributeValue] = (), **extra: AttributeValue
    ) -> str:
        attributes: dict[str, AttributeValue] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": json.dumps(told),
            "gen_ai.output.messages": json.dumps([said] if isinstance(said, dict) else [_said(said)]),
        }
        return self.add("chat", {**attributes, **extra}, within=within)

    def conversation(self) -> Conversation:
        return conversation_of(self.spans)


def _said(text: AttributeValue, *calls: tuple[str, str, str]) -> dict[str, AttributeValue]:
    made: list[AttributeValue] = [
        {"id": identity, "function": {"name": name, "arguments": arguments}} for identity, name, arguments in calls
    ]
    return {"role": "assistant", "content": text, "tool_calls": made}


def _user(text: str) -> dict[str, AttributeValue]:
    return {"role": "user", "content": text}


def _turns(run: Conversation) -> list[str]:
    names = {agent.id: agent.name for agent in run.agents}
    return [
        f"{names[turn.speaker]}>{','.join(names[to] for to in turn.addressees)} {turn.act.value} {turn.text}".rstrip()
        for turn in run.turns
    ]


def test_siblings_in_a_row_hand_over_and_parallel_ones_do_not():
    record = Recorder()
    root = record.add("team", {"gen_ai.operation.name": "invoke_workflow"}, span=(0, 1000))
    writer = record.agent("writer", within=root, span=(10, 40))
    record.chat(writer, "draft", [_user("Write.")])
    critic = record.agent("critic", within=root, span=(45, 200))
    record.chat(critic, "good", [_user("Write."), _said("draft")])
    fast = record.agent("fast", within=root, span=(46, 200))
    record.chat(fast, "quick", [_user("Write.")])
    assert _turns(record.conversation()) == [
        "User>writer message Write.",
        "writer>critic message draft",
        "writer>critic handoff",
        "critic>User message good",
        "fast>User message quick",
    ]


def test_nested_agent_is_set_to_work_by_the_one_around_it():
    record = Recorder()
    boss = record.agent("boss", span=(0, 1000))
    record.chat(boss, "I ask.", [_user("Sum it up.")])
    worker = record.agent("worker", within=boss, span=(25, 100))
    record.chat(worker, "summary", [_user("Please sum up.")])
    record.chat(boss, "done", [_user("Sum it up."), _said("I ask."), _user("summary")])
    assert _turns(record.conversation()) == [
        "User>boss message Sum it up.",
        "boss>worker message I ask.",
        "boss>worker handoff Please sum up.",
        "worker>boss message summary",
        "boss>User message done",
    ]


def test_same_name_with_two_ids_are_two_agents():
    record = Recorder()
    root = record.add("team", {"gen_ai.operation.name": "invoke_workflow"}, span=(0, 1000))
    for identity in ("id-1", "id-2"):
        start = 10 * len(record.spans) + 10
        agent = record.agent("solver", within=root, span=(start, start + 19), **{"gen_ai.agent.id": identity})
        record.chat(agent, f"answer of {identity}", [_user("2+2?")])
    run = record.conversation()
    assert [(agent.id, agent.name) for agent in run.agents if agent.kind == "agent"] == [
        ("id-1", "solver"),
        ("id-2", "solver"),
    ]
    assert _turns(run)[2] == "solver>solver handoff 2+2?"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("transfer_to_billing_agent", "{}"),
        ("handoff_to_billing_agent", '{"reason": "refund"}'),
        ("delegate_to_Billing-Agent", '{"reason": "refund"}'),
        ("transfer_to_agent", '{"agent_name": "Billing Agent"}'),
        ("Delegate work to coworker", '{"coworker": "Billing Agent", "task": "refund", "context": "none"}'),
    ],
)
def test_tools_that_hand_over(tool: str, arguments: str):
    record = Recorder()
    root = record.add("team", {"gen_ai.operation.name": "invoke_workflow"}, span=(0, 1000))
    desk = record.agent("Desk", within=root, span=(10, 30))
    record.chat(desk, _said("", ("c1", tool, arguments)), [_user("Money back!")])
    billing = record.agent("Billing Agent", within=root, span=(35, 90))
    record.chat(
        billing,
        "Done.",
        [
            _user("Money back!"),
            _said("", ("c1", tool, arguments)),
            {"role": "tool", "tool_call_id": "c1", "content": "ok"},
        ],
    )
    run = record.conversation()
    handoff = run.turns[1]
    assert (handoff.act, handoff.speaker, handoff.addressees) == (Act.HANDOFF, "Desk", ("Billing Agent",))
    assert handoff.text == ("" if arguments in {"{}", '{"agent_name": "Billing Agent"}'} else "refund")
    assert [turn.act for turn in run.turns] == [Act.MESSAGE, Act.HANDOFF, Act.MESSAGE]


def test_graph_node_parent_tells_who_handed_over():
    record = Recorder()
    kind = "openinference.span.kind"
    root = record.add("Agent workflow", {kind: "AGENT"}, span=(0, 1000))
    for name, parent in (("A", None), ("B", "A"), ("C", "A")):
        start = 10 * len(record.spans) + 10
        node: dict[str, AttributeValue] = {kind: "AGENT", "agent.name": name, "graph.node.id": name}
        if parent:
            node["graph.node.parent_id"] = parent
        agent = record.add(name, node, within=root, span=(start, start + 19))
        record.add(
            "generation",
            {
                kind: "LLM",
                "llm.output_messages.0.message.role": "assistant",
                "llm.output_messages.0.message.content": f"I am {name}",
            },
            within=agent,
        )
    assert _turns(record.conversation()) == [
        "A>B message I am A",
        "A>B handoff",
        "B> message I am B",
        "A>C handoff",
        "C> message I am C",
    ]


def test_agent_without_input_or_output_is_filled_from_the_spans_inside():
    record = Recorder()
    root = record.add("flow", {"openinference.span.kind": "CHAIN", "input.value": "Go."}, span=(0, 1000))
    agent = record.add("summarizer", {"openinference.span.kind": "AGENT"}, within=root, span=(10, 100))
    record.add("step", {"openinference.span.kind": "CHAIN", "output.value": "The summary."}, within=agent)
    assert _turns(record.conversation()) == ["User>summarizer message Go.", "summarizer>User message The summary."]


def test_agent_spans_alone_still_tell_who_said_what():
    record = Recorder()
    root = record.add("flow", {"gen_ai.operation.name": "invoke_workflow"}, span=(0, 1000))
    output = json.dumps([_said("part one")])
    record.agent(
        "one",
        within=root,
        span=(10, 20),
        **{"gen_ai.output.messages": output, "gen_ai.input.messages": json.dumps([_user("Go.")])},
    )
    record.agent("two", within=root, span=(30, 40), **{"gen_ai.output.messages": json.dumps([_said("part two")])})
    record.agent("three", within=root, span=(50, 60))
    assert _turns(record.conversation()) == [
        "User>one message Go.",
        "one>two message part one",
        "one>two handoff",
        "two>three message part two",
        "two>three handoff",
    ]


def test_a_message_said_three_times_is_three_turns_and_a_history_repeats_none():
    record = Recorder()
    agent = record.agent("solver", span=(0, 1000))
    history: list[AttributeValue] = [_user("Solve.")]
    for _ in range(3):
        record.chat(agent, "I try again.", list(history))
        history += [_said("I try again."), _user("Continue.")]
    record.chat(agent, "Solved.", history)
    assert _turns(record.conversation()) == [
        "User>solver message Solve.",
        *["solver>User message I try again.", "User>solver message Continue."] * 3,
        "solver>User message Solved.",
    ]


def test_result_seen_in_the_tool_span_and_in_the_next_input_is_one_turn_linked_to_its_call():
    record = Recorder()
    agent = record.agent("a", span=(0, 1000))
    call = _said("", ("c1", "look", "{}"), ("c2", "look", "{}"))
    record.chat(agent, call, [_user("Look.")], **{"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 3})
    record.add(
        "execute_tool look",
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "look",
            "gen_ai.tool.call.id": "c2",
            "gen_ai.tool.call.result": "b",
        },
        within=agent,
    )
    results: list[AttributeValue] = [
        {"role": "tool", "tool_call_id": "c1", "content": "a"},
        {"role": "tool", "tool_call_id": "c2", "content": "b"},
    ]
    record.chat(agent, "ok", [_user("Look."), call, *results])
    run = record.conversation()
    assert [(turn.act.value, turn.tool_call_id, turn.text) for turn in run.turns] == [
        ("message", None, "Look."),
        ("tool_call", "c1", ""),
        ("tool_call", "c2", ""),
        ("tool_result", "c2", "b"),
        ("tool_result", "c1", "a"),
        ("message", None, "ok"),
    ]
    assert [turn.input_tokens for turn in run.turns] == [None, 7, None, None, None, None]


def test_a_model_call_instrumented_twice_is_told_once():
    record = Recorder()
    outer = record.chat(None, "hello", [_user("hi")], **{"gen_ai.usage.input_tokens": 5})
    record.chat(outer, "hello", [_user("hi")], **{"gen_ai.usage.input_tokens": 5})
    run = record.conversation()
    assert _turns(run) == ["User>assistant message hi", "assistant>User message hello"]
    assert sum(turn.input_tokens or 0 for turn in run.turns) == 5


def test_cost_stands_on_the_first_turn_of_a_call_only():
    record = Recorder()
    attributes: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.output.messages": json.dumps([_said("", ("1", "x", ""), ("2", "y", ""))]),
    }
    record.add("chat", attributes, cost=Decimal("0.5"))
    assert [turn.cost_usd for turn in record.conversation().turns] == [Decimal("0.5"), None]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("GraphRecursionError: Recursion limit of 25 reached", EndingKind.LIMIT),
        ("Max turns (10) exceeded", EndingKind.LIMIT),
        ("The next request would exceed the request_limit of 50", EndingKind.LIMIT),
        ("the budget of the run 0af3 is used up: 3 of 3 calls and $0.02", EndingKind.LIMIT),
        ("the limit of key 'bot' is used up: $5.00 of $5 a day", EndingKind.LIMIT),
        ("ValueError: no such city", EndingKind.ERROR),
    ],
)
def test_a_root_that_failed_ended_in_an_error_or_at_a_limit(reason: str, kind: EndingKind):
    span = Span(
        trace_id=RunId("0" * 32),
        span_id=SpanId("1" * 16),
        name="run",
        start_ns=0,
        end_ns=1,
        status="error",
        status_message=reason,
    )
    ending = conversation_of([span]).ending
    assert (ending.kind, ending.reason) == (kind, reason)


def test_a_run_that_a_guard_stopped_says_for_what():
    found = "FM-1.3 Step repetition: the same failing call three times (failing-retry)"
    told = f"Masthead stopped the run 0af3 after 3 calls and $0.0040: {found}.\n- turn 2, bot: refund\nBegin a new one"
    of_gateway: Attributes = {"masthead.guard.action": "stopped", "masthead.guard.findings": [found]}
    for attributes, message in ((of_gateway, "HTTP 422"), ({}, f"UnprocessableEntityError: {told}")):
        span = Span(
            trace_id=RunId("0" * 32), span_id=SpanId("1" * 16), name="chat m", start_ns=0, end_ns=1, status="error",
            status_message=message, attributes=attributes,
        )  # fmt: skip
        ending = conversation_of([span]).ending
        assert (ending.kind, ending.reason) == (EndingKind.STOPPED, found)


def test_what_the_root_says_of_the_run_is_kept():
    record = Recorder()
    record.add(
        "run trip",
        {
            "gen_ai.operation.name": "invoke_workflow",
            "masthead.run.task": "Plan a trip.",
            "masthead.run.system": "trip",
            "masthead.run.task_id": "t-3",
            "masthead.run.answer": "Go by train.",
            "masthead.run.is_success": False,
            "masthead.run.tags": ["nightly"],
            "masthead.run.metadata": '{"seed": 7}',
            "session.id": "s",
        },
        span=(0, 1000),
    )
    record.chat("1".zfill(16), "Go by train.", [_user("Plan: Plan a trip.")])
    run = record.conversation()
    assert (run.task, run.system, run.task_id, run.is_success) == ("Plan a trip.", "trip", "t-3", False)
    assert (run.tags, run.metadata, run.session_id) == (("nightly",), {"seed": 7}, "s")
    assert (run.ending.kind, run.ending.answer) == (EndingKind.COMPLETED, "Go by train.")


def test_what_is_attached_is_said():
    record = Recorder()
    parts: list[AttributeValue] = [{"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}]
    record.chat(None, "A cat.", [{"role": "user", "content": parts}])
    assert _turns(record.conversation())[0] == "User>assistant message [attached: https://example.org/cat.png]"


def test_a_retriever_is_a_tool():
    record = Recorder()
    agent = record.agent("a", span=(0, 1000))
    record.add(
        "search",
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "cats",
            "retrieval.documents.1.document.content": "two",
            "retrieval.documents.0.document.content": "one",
        },
        within=agent,
    )
    assert _turns(record.conversation()) == ["a>search tool_call", "search>a tool_result one\n\ntwo"]


def test_a_chain_of_ten_thousand_nested_agents_is_read_without_recursion():
    record = Recorder()
    above: str | None = None
    for number in range(10_000):
        above = record.agent(f"agent {number % 3}", within=above, span=(number, 100_000 - number))
    record.chat(above, "deep")
    run = record.conversation()
    assert len(run.turns) == 10_000
    assert run.turns[-1].text == "deep"


def test_fifty_thousand_turns_keep_their_order():
    record = Recorder()
    for number in range(25_000):
        record.chat(None, f"answer {number}", [_user(f"question {number}")])
    turns = record.conversation().turns
    assert len(turns) == 50_000
    assert (turns[0].text, turns[-1].text) == ("question 0", "answer 24999")
