"""Conversations written down in a few lines, for tests of whatever reads turns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from masthead.model.conversation import Act, Agent, AgentKind, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId


def say(speaker: str, text: str, *, act: Act = Act.MESSAGE, to: str | None = None) -> Turn:
    """Return a message (or a verdict)."""
    return Turn(index=0, speaker=AgentId(speaker), text=text, act=act, addressees=(AgentId(to),) if to else ())


def hand(speaker: str, to: str, text: str) -> Turn:
    """Return a handoff."""
    return say(speaker, text, act=Act.HANDOFF, to=to)


def call(speaker: str, tool: str, arguments: str, text: str = "") -> Turn:
    """Return a tool call."""
    return Turn(
        index=0, speaker=AgentId(speaker), act=Act.TOOL_CALL, text=text, tool_name=tool, tool_arguments=arguments
    )


def answer(tool: str, text: str, *, is_error: bool = False) -> Turn:
    """Return a tool's result."""
    return Turn(index=0, speaker=AgentId("tool"), act=Act.TOOL_RESULT, text=text, tool_name=tool, is_error=is_error)


def talk(
    *turns: Turn,
    task: str | None = None,
    ending: EndingKind = EndingKind.COMPLETED,
    final: str | None = None,
    is_success: bool | None = None,
    kinds: Mapping[str, AgentKind] | None = None,
) -> Conversation:
    """Return the conversation of these turns, numbered, with its roster; `kinds` names who is no agent."""
    known: dict[str, AgentKind] = {"tool": "tool", "user": "human", **(kinds or {})}
    speakers = dict.fromkeys(turn.speaker for turn in turns)
    return Conversation(
        run_id=RunId("0" * 32),
        task=task,
        turns=numbered(turns),
        agents=tuple(Agent(id=name, name=name, kind=known.get(name, "agent")) for name in speakers),
        ending=Ending(kind=ending, answer=final),
        is_success=is_success,
    )


def numbered(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return the turns with their indices."""
    return tuple(replace(turn, index=index) for index, turn in enumerate(turns))
