"""The turns that messages of a live run are: what an agent is told, and what it says itself."""

import re
from collections.abc import Sequence
from typing import Final

from masthead.gateway.agents.live_run import Known, LiveAgent, LiveTurn
from masthead.gateway.agents.said import Said
from masthead.model.conversation import Act
from masthead.model.ids import AgentId
from masthead.model.reading import Message
from masthead.semconv.handoffs import tool_target

USER: Final = AgentId("user")
_FAILED: Final = re.compile(
    r"\s*(?:\W{0,3}(?:error|exception|traceback|fatal|failed|failure)\b|\{\s*\"(?:error|errors|exception)\"\s*:\s*[^nf]|"
    r"\w*(?:Error|Exception)\b)",
    re.IGNORECASE,
)


def told_turns(known: Known, agent: LiveAgent, news: Sequence[Said]) -> list[LiveTurn]:
    """Return the turns of messages that an agent is told, which follow on those that the run has."""
    turns: list[LiveTurn] = []
    for said in news:
        index = known.turns + len(turns)
        message = said.message
        if said.role == "assistant":
            _add_said(turns, index, agent, said)
        elif message is None:
            addressees = (AgentId(agent.id),)
            turns.append(LiveTurn(index=index, speaker=USER, addressees=addressees, text=said.text))
        elif said.role == "tool":
            turns.append(_result(index, agent, message))
        else:
            turns.append(_message(index, known, agent, message))
    return turns


def said_turns(known: Known, agent: LiveAgent, reply: Sequence[Said]) -> list[LiveTurn]:
    """Return the turns of what an agent answers, which follow on those that the run has."""
    turns: list[LiveTurn] = []
    for said in reply:
        _add_said(turns, known.turns + len(turns), agent, said)
    return turns


def _result(index: int, agent: LiveAgent, message: Message) -> LiveTurn:
    call = agent.open_calls.pop(message.tool_call_id or "", None)
    name = call.name if call is not None else message.name or "tool"
    return LiveTurn(
        index=index,
        speaker=AgentId(f"tool:{name}"),
        addressees=(AgentId(agent.id),),
        act=Act.TOOL_RESULT,
        text=message.text,
        tool_name=name,
        tool_call_id=message.tool_call_id,
        is_error=_FAILED.match(message.text) is not None,
    )


def _message(index: int, known: Known, agent: LiveAgent, message: Message) -> LiveTurn:
    speaker = USER
    if message.name:
        speaker = next((AgentId(other.id) for other in known.agents.values() if other.name == message.name), USER)
    return LiveTurn(index=index, speaker=speaker, addressees=(AgentId(agent.id),), text=message.text)


def _add_said(turns: list[LiveTurn], index: int, agent: LiveAgent, said: Said) -> None:
    speaker, message = AgentId(agent.id), said.message
    if message is None or not message.tool_calls:
        reasoning = None if message is None else message.reasoning
        turns.append(LiveTurn(index=index, speaker=speaker, text=said.text, reasoning=reasoning))
        return
    for position, call in enumerate(message.tool_calls):
        target = tool_target(call.name, call.arguments)
        turns.append(
            LiveTurn(
                index=index + position,
                speaker=speaker,
                addressees=(AgentId(target or f"tool:{call.name}"),),
                act=Act.TOOL_CALL if target is None else Act.HANDOFF,
                text=said.text if position == 0 else "",
                tool_name=call.name,
                tool_arguments=call.arguments,
                tool_call_id=call.id,
            )
        )
