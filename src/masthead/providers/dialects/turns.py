"""Turns in the order and shape that a target asks for."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.form import Part, Request, Text, Tool, Turn


def without_system(turns: Sequence[Turn], losses: Losses) -> tuple[list[Text], list[Turn]]:
    """Return the system's texts and the other turns; what the system says later than at the start is noted as moved."""
    system: list[Text] = []
    others: list[Turn] = []
    for turn in turns:
        if turn.role != "system":
            others.append(turn)
            continue
        if others:
            losses.add(turn.at or "messages", "a system message after the start was moved into the system prompt")
        system += [part for part in turn.parts if isinstance(part, Text)]
    return system, others


def merged(turns: Sequence[Turn], losses: Losses) -> list[Turn]:
    """Join neighbours of one role, for targets that want the sides to alternate."""
    joined: list[Turn] = []
    for turn in turns:
        if turn.name is not None:
            losses.add(f"{turn.at}.name" if turn.at else "name", "the target has no names of participants, dropped")
        if joined and joined[-1].role == turn.role:
            joined[-1] = replace(joined[-1], parts=(*joined[-1].parts, *turn.parts))
        else:
            joined.append(turn)
    return joined


def filled(messages: Iterable[dict[str, Any]], content: str) -> list[dict[str, Any]]:
    """Leave out written messages of which nothing is left, and join the neighbours of one role that this leaves."""
    kept: list[dict[str, Any]] = []
    for message in messages:
        if not message[content]:
            continue
        if kept and kept[-1]["role"] == message["role"]:
            kept[-1] = {**kept[-1], content: [*kept[-1][content], *message[content]]}
        else:
            kept.append(message)
    return kept


def allowed_tools(request: Request) -> tuple[Tool, ...]:
    """Return the tools that may be called, for targets that can only leave the others out."""
    choice = request.tool_choice
    if choice is None or not choice.names:
        return request.tools
    return tuple(tool for tool in request.tools if tool.name in choice.names)


def joined_text(parts: Sequence[Part]) -> str:
    """Return the texts among the parts as one."""
    return "".join(part.text for part in parts if isinstance(part, Text))
