"""A run as people read it: turns, agents, the flow between them, and an outline small enough for 30,000 turns."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from masthead.api.schema.base import Input, Output, Time, Usd, time_or_none, usd_or_none
from masthead.api.schema.run import Run
from masthead.model import conversation as noun
from masthead.model.run import RunRow


class Agent(Output):
    """A participant. `id` is its identity within the run; `name` is what people read."""

    id: str
    name: str
    kind: noun.AgentKind
    description: str | None
    instructions: str | None
    models: list[str]

    @classmethod
    def of(cls, agent: noun.Agent) -> "Agent":
        """Render an agent."""
        return cls.trusted(
            id=agent.id,
            name=agent.name,
            kind=agent.kind,
            description=agent.description,
            instructions=agent.instructions,
            models=list(agent.models),
        )


class Turn(Output):
    """One thing that one agent said or did. Speaker and addressees are agent ids; `index` is 0-based and dense."""

    index: int
    speaker: str
    addressees: list[str]
    act: noun.Act
    text: str
    reasoning: str | None
    tool_name: str | None
    tool_arguments: str | None
    tool_call_id: str | None
    is_error: bool
    span_id: str | None
    start: Time | None
    end: Time | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Usd | None

    @classmethod
    def of(cls, turn: noun.Turn) -> "Turn":
        """Render a turn."""
        return cls.trusted(
            index=turn.index,
            speaker=turn.speaker,
            addressees=list(turn.addressees),
            act=turn.act,
            text=turn.text,
            reasoning=turn.reasoning,
            tool_name=turn.tool_name,
            tool_arguments=turn.tool_arguments,
            tool_call_id=turn.tool_call_id,
            is_error=turn.is_error,
            span_id=turn.span_id,
            start=time_or_none(turn.start_ns),
            end=time_or_none(turn.end_ns),
            model=turn.model,
            input_tokens=turn.input_tokens,
            output_tokens=turn.output_tokens,
            cost_usd=usd_or_none(turn.cost_usd),
        )


class Ending(Output):
    """How the run stopped, and its answer where it gave one."""

    kind: noun.EndingKind
    reason: str | None
    answer: str | None

    @classmethod
    def of(cls, ending: noun.Ending) -> "Ending":
        """Render an ending."""
        return cls.trusted(kind=ending.kind, reason=ending.reason, answer=ending.answer)


class RunDetail(Output):
    """One run's head: its row, its roster, how it ended, and how many turns it has."""

    run: Run
    agents: list[Agent]
    ending: Ending
    is_success: bool | None
    task: str | None
    task_id: str | None
    turns: int

    @classmethod
    def of(cls, row: RunRow, conversation: noun.Conversation) -> "RunDetail":
        """Render the row together with what the conversation says."""
        return cls.trusted(
            run=Run.of(row),
            agents=[Agent.of(agent) for agent in conversation.agents],
            ending=Ending.of(conversation.ending),
            is_success=conversation.is_success,
            task=conversation.task,
            task_id=conversation.task_id,
            turns=len(conversation.turns),
        )


class WindowQuery(Input):
    """Which turns to show."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    from_: Annotated[int, Field(ge=0, le=2**31, alias="from")] = 0
    """The first turn's index."""
    limit: Annotated[int, Field(ge=0, le=1000)] = 200
    """How many turns at most."""


class ConversationWindow(Output):
    """A window of a run's turns, with what is said of the whole. `turns_total` counts all turns of the run."""

    run_id: str
    system: str | None
    task: str | None
    task_id: str | None
    ending: Ending
    is_success: bool | None
    session_id: str | None
    user_id: str | None
    tags: list[str]
    metadata: dict[str, JsonValue]
    agents: list[Agent]
    turns_total: int
    turns: list[Turn]

    @classmethod
    def of(cls, conversation: noun.Conversation, *, first: int, limit: int) -> "ConversationWindow":
        """Render the turns from `first` on, at most `limit`."""
        return cls.trusted(
            run_id=conversation.run_id,
            system=conversation.system,
            task=conversation.task,
            task_id=conversation.task_id,
            ending=Ending.of(conversation.ending),
            is_success=conversation.is_success,
            session_id=conversation.session_id,
            user_id=conversation.user_id,
            tags=list(conversation.tags),
            metadata=dict(conversation.metadata),
            agents=[Agent.of(agent) for agent in conversation.agents],
            turns_total=len(conversation.turns),
            turns=[Turn.of(turn) for turn in conversation.turns[first : first + limit]],
        )


class Outline(Output):
    """All turns of a run in columns, for lanes, minimaps and scroll heights. One entry a turn in each list."""

    agents: list[str]
    """Agent ids; the other columns give positions in this list."""
    acts: list[noun.Act]
    """Acts; `act` gives positions in this list."""
    speaker: list[int]
    addressee: list[int | None]
    """The first addressee."""
    act: list[int]
    is_error: list[int]
    """1 where the turn is an error, else 0."""
    start_ms: list[int | None]
    """Milliseconds since the first turn's start."""
    characters: list[int]
    """How long text, reasoning and arguments are together."""

    @classmethod
    def of(cls, conversation: noun.Conversation) -> "Outline":
        """Lay the turns out in columns."""
        turns = conversation.turns
        agents = list(dict.fromkeys([*(a.id for a in conversation.agents), *_mentioned(turns)]))
        place = {agent: position for position, agent in enumerate(agents)}
        acts = list(noun.Act)
        act_place = {act: position for position, act in enumerate(acts)}
        first_ns = min((t.start_ns for t in turns if t.start_ns is not None), default=0)
        return cls.trusted(
            agents=agents,
            acts=acts,
            speaker=[place[t.speaker] for t in turns],
            addressee=[place[t.addressees[0]] if t.addressees else None for t in turns],
            act=[act_place[t.act] for t in turns],
            is_error=[int(t.is_error) for t in turns],
            start_ms=[None if t.start_ns is None else (t.start_ns - first_ns) // 1_000_000 for t in turns],
            characters=[len(t.text) + len(t.reasoning or "") + len(t.tool_arguments or "") for t in turns],
        )


def _mentioned(turns: Sequence[noun.Turn]) -> list[str]:
    return [agent for turn in turns for agent in (turn.speaker, *turn.addressees)]


class TurnSearchQuery(Input):
    """What to look for in one run."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    """A substring, case-insensitive, of what was said, reasoned or passed to a tool."""


class TurnHits(Output):
    """The indices of the turns in which the text occurs, in order."""

    turns: list[int]

    @classmethod
    def of(cls, conversation: noun.Conversation, text: str) -> "TurnHits":
        """Look for the text, whatever its case."""
        wanted = text.casefold()
        return cls.trusted(
            turns=[
                turn.index
                for turn in conversation.turns
                if any(wanted in part.casefold() for part in (turn.text, turn.reasoning, turn.tool_arguments) if part)
            ]
        )


class FlowNode(Output):
    """An agent's share of a run."""

    agent: Agent
    turns: int
    tool_calls: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Usd | None


class FlowEdge(Output):
    """At which turns one agent passed something to another; `handoffs` of them are handoffs rather than messages."""

    source: str
    target: str
    turns: list[int]
    handoffs: int


class Flow(Output):
    """Who took part and who passed what to whom."""

    nodes: list[FlowNode]
    edges: list[FlowEdge]

    @classmethod
    def of(cls, flow: noun.Flow) -> "Flow":
        """Render the flow."""
        return cls.trusted(
            nodes=[
                FlowNode.trusted(
                    agent=Agent.of(node.agent),
                    turns=node.turns,
                    tool_calls=node.tool_calls,
                    errors=node.errors,
                    input_tokens=node.input_tokens,
                    output_tokens=node.output_tokens,
                    cost_usd=usd_or_none(node.cost_usd),
                )
                for node in flow.nodes
            ],
            edges=[
                FlowEdge.trusted(source=edge.source, target=edge.target, turns=list(edge.turns), handoffs=edge.handoffs)
                for edge in flow.edges
            ],
        )
