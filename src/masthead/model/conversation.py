"""A conversation: the ordered turns of a run, its agents, its task and how it ended. A pure function of the spans."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from masthead.model.ids import AgentId, RunId, SpanId
from masthead.model.span import Attributes, AttributeValue


class Act(StrEnum):
    """What a turn does."""

    MESSAGE = "message"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    HANDOFF = "handoff"
    VERDICT = "verdict"
    ENDING = "ending"


AgentKind = Literal["agent", "human", "tool", "system"]
"""`human` speaks for a person, `tool` is an environment or executor that only answers, `system` is the framework."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """One participant. `id` is its identity within the run; `name` is what people read."""

    id: AgentId
    name: str
    kind: AgentKind = "agent"
    description: str | None = None
    instructions: str | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One thing that one agent said or did. `index` is 0-based and dense within the conversation.

    For `tool_call`, `tool_arguments` is the JSON (or code) text and `text` what was said beside it; for `tool_result`,
    `text` is the result and the speaker is the tool's executor; for `handoff`, `addressees` names the receiver and
    `text` is what was handed over. Times are Unix nanoseconds, None where the log has none. Tokens and cost belong to
    the model call that produced the turn and stand on its first turn only, so that sums are right.
    """

    index: int
    speaker: AgentId
    addressees: tuple[AgentId, ...] = ()
    act: Act = Act.MESSAGE
    text: str = ""
    reasoning: str | None = None
    tool_name: str | None = None
    tool_arguments: str | None = None
    tool_call_id: str | None = None
    is_error: bool = False
    span_id: SpanId | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


class EndingKind(StrEnum):
    """How a run stopped."""

    COMPLETED = "completed"
    ERROR = "error"
    LIMIT = "limit"
    STOPPED = "stopped"
    """By a guard, for what it found."""
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How the run stopped, and what it gave as its answer where it gave one."""

    kind: EndingKind = EndingKind.UNKNOWN
    reason: str | None = None
    answer: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """The readable form of a run.

    `system` names the agent system (framework, design or service) and `is_success` whether the task was achieved
    according to the record itself (a benchmark's checker, a reward), None where it does not say. `agents` is in order
    of first appearance. `metadata` is what else the record says of the run as a whole; it is never evidence for a
    diagnosis, because logs of benchmarks carry their labels there.
    """

    run_id: RunId
    system: str | None = None
    task: str | None = None
    task_id: str | None = None
    turns: tuple[Turn, ...] = ()
    agents: tuple[Agent, ...] = ()
    ending: Ending = field(default_factory=Ending)
    is_success: bool | None = None
    session_id: str | None = None
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Attributes = field(default_factory=dict[str, AttributeValue])

    def by_id(self) -> Mapping[AgentId, Agent]:
        """Return the roster keyed by agent id."""
        return {agent.id: agent for agent in self.agents}


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowEdge:
    """How often, and at which turns, one agent passed something to another."""

    source: AgentId
    target: AgentId
    turns: tuple[int, ...]
    handoffs: int
    """How many of these turns are handoffs rather than messages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowNode:
    """An agent's share of a run."""

    agent: Agent
    turns: int
    tool_calls: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """Who took part and who passed what to whom."""

    nodes: tuple[FlowNode, ...]
    edges: tuple[FlowEdge, ...]
