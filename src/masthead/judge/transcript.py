"""A conversation as a judge reads it: numbered turns, in windows that fit, with a map of where everything is."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from masthead.model.conversation import Conversation, Turn
from masthead.model.ids import AgentId

_MOST_TURN_CHARS: Final = 6000
"""A longer turn is shown by its beginning and end; a quote can only be taken from what is shown."""

_LEAST_TURN_CHARS: Final = 240
"""Where turns must share a space, each gets as much as this, about half of it for who speaks and what is left out."""


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


def excerpt(conversation: Conversation, turns: Sequence[int], *, most_chars: int) -> str:
    """Return these turns, in order, in about `most_chars`, however many they are.

    The longest are cut first. Where there are too many for that, turns are left out at even distances. Where some are
    cut or left out, gaps between turns are told.
    """
    names = {agent.id: agent.name for agent in conversation.agents}
    whole = [rendered(conversation.turns[turn], names) for turn in turns]
    if sum(map(len, whole)) + len(whole) <= most_chars:
        return "\n".join(whole)
    most = max(1, most_chars // _LEAST_TURN_CHARS)
    kept = turns if len(turns) <= most else [turns[place * len(turns) // most] for place in range(most)]
    limit = _fair_share([len(spoken(conversation.turns[turn])) for turn in kept], most_chars)
    lines: list[str] = []
    after = turns[0] if turns else 0
    for turn in kept:
        if turn > after:
            lines.append(_left_out(after, turn - 1))
        lines.append(rendered(conversation.turns[turn], names, most_chars=limit))
        after = turn + 1
    if turns and after <= turns[-1]:
        lines.append(_left_out(after, turns[-1]))
    return "\n".join(lines)


def _left_out(first: int, last: int) -> str:
    return f"[… turns {first} to {last} left out …]" if last > first else f"[… turn {first} left out …]"


def _fair_share(lengths: Sequence[int], most_chars: int) -> int:
    """Return the length to which to cut each text, so that all fit: what short ones leave goes to the longer ones."""
    space = most_chars - len(lengths) * _LEAST_TURN_CHARS // 2
    for place, length in enumerate(sorted(lengths)):
        share = space // (len(lengths) - place)
        if length > share:
            return min(max(share, _LEAST_TURN_CHARS // 2), _MOST_TURN_CHARS)
        space -= length
    return _MOST_TURN_CHARS


def rendered(turn: Turn, names: Mapping[AgentId, str] | None = None, *, most_chars: int = _MOST_TURN_CHARS) -> str:
    """Return one turn as the judge sees it."""
    named = names or {}
    receivers = ", ".join(named.get(receiver, receiver) for receiver in turn.addressees)
    head = f"[{turn.index}] {named.get(turn.speaker, turn.speaker)}{f' -> {receivers}' if receivers else ''}"
    act = turn.act.value + (f" {turn.tool_name}" if turn.tool_name else "") + (" ERROR" if turn.is_error else "")
    return f"{head} ({act}): {_shortened(spoken(turn), most_chars)}"


def spoken(turn: Turn) -> str:
    """Return everything that a turn says, reasons and passes to a tool."""
    parts = (turn.reasoning, turn.text, turn.tool_arguments if turn.tool_arguments != turn.text else None)
    return "\n".join(part for part in parts if part)


def _shortened(text: str, most_chars: int) -> str:
    if len(text) <= most_chars:
        return text
    half = most_chars // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


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
