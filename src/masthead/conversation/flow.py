"""Who took part in a run, with what share, and who passed what to whom."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from masthead.model.conversation import Act, Agent, Conversation, Flow, FlowEdge, FlowNode, Turn
from masthead.model.ids import AgentId


def flow_of(conversation: Conversation) -> Flow:
    """Return the graph between agents, nodes in order of the roster, edges in order of their first turn.

    A turn goes to its addressees; where the record names none, to whoever speaks next.
    """
    turns_by_agent: dict[AgentId, list[Turn]] = defaultdict(list)
    passed: dict[tuple[AgentId, AgentId], list[Turn]] = {}
    following = _next_speakers(conversation.turns)
    for turn, next_speaker in zip(conversation.turns, following, strict=True):
        turns_by_agent[turn.speaker].append(turn)
        heard = turn.addressees or ((next_speaker,) if next_speaker is not None else ())
        for target in dict.fromkeys(heard):
            if target != turn.speaker:
                passed.setdefault((turn.speaker, target), []).append(turn)
    agents = dict(conversation.by_id())
    for source, target in passed:
        for agent_id in (source, target):
            agents.setdefault(agent_id, Agent(id=agent_id, name=agent_id))
    for agent_id in turns_by_agent:
        agents.setdefault(agent_id, Agent(id=agent_id, name=agent_id))
    return Flow(
        nodes=tuple(_node(agent, turns_by_agent.get(agent.id, ())) for agent in agents.values()),
        edges=tuple(_edge(source, target, turns) for (source, target), turns in passed.items()),
    )


def _next_speakers(turns: Sequence[Turn]) -> list[AgentId | None]:
    """Return, for each turn, the next speaker who is not its own."""
    following: list[AgentId | None] = []
    other: AgentId | None = None
    after: AgentId | None = None
    for turn in reversed(turns):
        if after != turn.speaker:
            other = after
        following.append(other)
        after = turn.speaker
    return following[::-1]


def _node(agent: Agent, turns: Sequence[Turn]) -> FlowNode:
    return FlowNode(
        agent=agent,
        turns=len(turns),
        tool_calls=sum(turn.act is Act.TOOL_CALL for turn in turns),
        errors=sum(turn.is_error for turn in turns),
        input_tokens=_total([turn.input_tokens for turn in turns]),
        output_tokens=_total([turn.output_tokens for turn in turns]),
        cost_usd=sum(costs, Decimal(0)) if (costs := [t.cost_usd for t in turns if t.cost_usd is not None]) else None,
    )


def _edge(source: AgentId, target: AgentId, turns: Sequence[Turn]) -> FlowEdge:
    return FlowEdge(
        source=source,
        target=target,
        turns=tuple(turn.index for turn in turns),
        handoffs=sum(turn.act is Act.HANDOFF for turn in turns),
    )


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
