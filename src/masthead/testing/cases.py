"""What a copied test case is made of: a conversation from plain data, and detectors asked about it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from masthead.detect.registry import RULES, suite
from masthead.model.conversation import Agent, Conversation, Ending, Turn
from masthead.model.ids import RunId
from masthead.model.score import Finding

_AGENTS = TypeAdapter(tuple[Agent, ...])
_TURNS = TypeAdapter(tuple[Turn, ...])
_ENDING = TypeAdapter(Ending)


def conversation_from(
    *,
    task: str | None,
    agents: Sequence[Mapping[str, Any]],
    turns: Sequence[Mapping[str, Any]],
    ending: Mapping[str, Any] | None = None,
    is_success: bool | None = None,
) -> Conversation:
    """Return the conversation of plain data.

    The fields are those of `Agent`, `Turn` and `Ending`; turns number themselves.

    Raises:
        pydantic.ValidationError: a field is unknown or of the wrong type; it says which.
    """
    return Conversation(
        run_id=RunId("0" * 32),
        task=task,
        agents=_AGENTS.validate_python(agents),
        turns=_TURNS.validate_python([{"index": index, **turn} for index, turn in enumerate(turns)]),
        ending=_ENDING.validate_python(ending or {}),
        is_success=is_success,
    )


def findings_of(conversation: Conversation, *rules: str) -> list[Finding]:
    """Return what the named detectors find, in order of discovery; without a name, what any that ships finds."""
    return suite(rules or [make().id for make in RULES]).findings(conversation)


def fired_at(conversation: Conversation, rule: str) -> int | None:
    """Return the turn at which the detector speaks up in a live run, as a guard; None where only the end tells it."""
    guard = suite([rule])
    guard.start(conversation.task, {agent.id: agent.kind for agent in conversation.agents})
    return next((turn.index for turn in conversation.turns if guard.feed(turn)), None)
