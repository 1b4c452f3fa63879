"""A conversation as a judge reads it: numbered turns, in windows that fit, with a map of where everything is."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from masthead.model.conversation import Conversation, Turn
from masthead.model.ids import AgentId

_MOST_TURN_CHARS: Final = 6000
"""A longer turn is shown by its beginning and end; a quote can only be taken from what is shown."""


class Window(NamedTuple):
    """A stretch of turns, rendered. `first` and `last` are turn indices, both included."""

    first: int
    last: int
    text: str


def windows(conversation: Conversation, *, most_chars: int) -> list[Window]:
    """Cut the turns into windows of at most `most_chars`; one turn alone may be longer than that."""
    found: list[Window] = []
    lines: list[str] = []
    length = first = 0
    names = {agent.id: agent.name for agent in conversation.agents}
    for turn in conversation.turns:
        line = rendered(turn, names)
        if lines and length + len(line) > most_chars:
            found.append(Window(first, turn.index - 1, "\n".join(lines)))
            lines, length, first = [], 0, turn.index
        lines.append(line)
        length += len(line) + 1
    if lines:
        found.append(Window(first, conversation.turns[-1].index, "\n".join(lines)))
    return found


def rendered(turn: Turn, names: Mapping[AgentId, str] | None = None) -> str:
    """Return one turn as the judge sees it."""
    named = names or {}
    receivers = ", ".join(named.get(receiver, receiver) for receiver in turn.addressees)
    head = f"[{turn.index}] {named.get(turn.speaker, turn.speaker)}{f' -> {receivers}' if receivers else ''}"
    act = turn.act.value + (f" {turn.tool_name}" if turn.tool_name else "") + (" ERROR" if turn.is_error else "")
    return f"{head} ({act}): {_shortened(spoken(turn))}"


def spoken(turn: Turn) -> str:
    """Return everything that a turn says, reasons and passes to a tool."""
    parts = (turn.reasoning, turn.text, turn.tool_arguments if turn.tool_arguments != turn.text else None)
    return "\n".join(part for part in parts if part)


def _shortened(text: str) -> str:
    if len(text) <= _MOST_TURN_CHARS:
        return text
    half = _MOST_TURN_CHARS // 2
    return f"{text[:half]}\n[… {len(text) - _MOST_TURN_CHARS} characters left out …]\n{text[-half:]}"


def map_of(conversation: Conversation, cut: list[Window]) -> str:
    """Return where everything is: for each window its turns, who speaks in it and what they do."""
    names = {agent.id: agent.name for agent in conversation.agents}
    return "\n".join(_map_lines(conversation, cut, names))


def _map_lines(conversation: Conversation, cut: list[Window], names: Mapping[AgentId, str]) -> Iterator[str]:
    for number, window in enumerate(cut, start=1):
        turns = conversation.turns[window.first : window.last + 1]
        speakers = Counter(names.get(turn.speaker, turn.speaker) for turn in turns)
        acts = Counter(turn.act.value for turn in turns)
        errors = sum(turn.is_error for turn in turns)
        told = ", ".join(f"{name} {count}" for name, count in speakers.most_common(8))
        did = ", ".join(f"{act} {count}" for act, count in acts.most_common())
        yield f"part {number}: turns {window.first}–{window.last}; {told}; {did}" + (
            f"; {errors} errors" * bool(errors)
        )
