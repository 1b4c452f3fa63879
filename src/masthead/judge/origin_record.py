"""A failed run as a model is shown it when asked for the origin: in stretches, with the map of what is around them."""

from bisect import bisect_left
from typing import Final

from masthead.judge import prompt
from masthead.judge.transcript import Window, excerpt, rendered, windows
from masthead.model.conversation import Act, Conversation

AROUND: Final = 3
"""So many turns of agents to either side are shown beside one that is asked about alone."""


class OriginRecord:
    """One run, and the turns in it that may be named: those that an agent said. `candidates` are their indices."""

    def __init__(self, conversation: Conversation, *, most_chars: int) -> None:
        self.conversation = conversation
        self._most_chars = most_chars
        kinds = {agent.id: agent.kind for agent in conversation.agents}
        self.candidates = [
            turn.index
            for turn in conversation.turns
            if kinds.get(turn.speaker, "agent") == "agent" and turn.act not in {Act.TOOL_RESULT, Act.ENDING}
        ]

    @property
    def nothing_to_ask(self) -> str | None:
        """Say why no model need be asked; None where one must be."""
        if self.conversation.is_success:
            return "the record says that the run succeeded"
        return None if self.candidates else "no turn of an agent is recorded"

    def named(self, window: Window) -> frozenset[int]:
        """Return the turns that may be named in a window."""
        return frozenset(turn for turn in self.candidates if window.first <= turn <= window.last)

    def stretches(self, *, most_chars: int) -> list[Window]:
        """Cut the run into windows; each begins with the last agent's turn before it, whose result it may show."""
        names = {agent.id: agent.name for agent in self.conversation.agents}
        found: list[Window] = []
        for window in windows(self.conversation, most_chars=most_chars):
            place = bisect_left(self.candidates, window.first)
            if place:
                turn = self.conversation.turns[self.candidates[place - 1]]
                found.append(Window(turn.index, window.last, f"{rendered(turn, names)}\n{window.text}"))
            elif self.named(window):
                text = excerpt(self.conversation, range(window.last + 1), most_chars=self._most_chars)
                found.append(Window(0, window.last, text))
        return found

    def between(self, first: int, last: int) -> Window:
        """Return the turns from one candidate to the one after another, both by their places, in the space there is."""
        begin = self.candidates[first] if first else 0
        is_end = last + 1 >= len(self.candidates)
        end = (len(self.conversation.turns) if is_end else self.candidates[last + 1]) - 1
        return Window(begin, end, excerpt(self.conversation, range(begin, end + 1), most_chars=self._most_chars))

    def beside(self, place: int) -> Window:
        """Return one candidate, by its place, with what is around it."""
        return self.between(max(0, place - AROUND), min(len(self.candidates) - 1, place + AROUND))

    def only(self, turns: list[int]) -> Window:
        """Return these turns alone, in the space there is."""
        text = excerpt(self.conversation, turns, most_chars=self._most_chars)
        return Window(0, self.conversation.turns[-1].index, text)

    def text(self, window: Window, summary: str | None = None) -> str:
        """Return the record with one window of it, and of what stands before and after the map alone."""
        last = self.conversation.turns[-1].index
        before = [Window(0, window.first - 1, "")] if window.first else []
        after = [Window(window.last + 1, last, "")] if window.last < last else []
        return prompt.record_text(self.conversation, [*before, window, *after], len(before), summary)
