"""FM-1.4: what was said and is no longer known."""

import re
from collections.abc import Iterator

import msgspec

from masthead.detect.rule import About, Claim, Rule
from masthead.detect.step import Step, digest
from masthead.model.conversation import Act

_STOP = re.compile(r"[.!?\n]")
_QUESTION_CHARS = (20, 200)
"""A question has so many characters at least, and so many are kept of it at most."""
_ASKS_FOR = re.compile(r"\b(?:your|which|what|provide|tell me|share)\b", re.IGNORECASE)
_COURTESY = re.compile(
    r"\banything else\b|\bassist you\b|\bhelp you\b|\bproceed\b|\bconfirm\b|\bcorrect\b", re.IGNORECASE
)
_TRUNCATED = re.compile(
    r"context[ _](?:length|window)[ _]?(?:is |was )?exceeded|maximum context length|context_length_exceeded|"
    r"(?:history|conversation|context) (?:has been |was |is )?truncated|prompt is too long",
    re.IGNORECASE,
)


class AskedState(msgspec.Struct):
    """Questions by what they ask, the turn at which they were asked, and whether somebody has spoken since."""

    asked: dict[int, int] = msgspec.field(default_factory=dict[int, int])
    open: list[int] = msgspec.field(default_factory=list[int])
    by: str = ""


class Forgotten(Rule[AskedState]):
    """A question that was answered and is asked again."""

    id = "forgotten"
    version = "1"
    codes = ("FM-1.4",)
    acts = (Act.MESSAGE,)
    about = About(
        title="Asking again for what was told",
        sees="A question for information that the same agent asked before, word for word, and that was answered.",
        blind="Questions in new words; decisions that are undone; whether the answer was any use.",
    )
    room: int = 1024
    """Questions remembered."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(AskedState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.kind != "agent" or "?" not in step.text:
            return None
        for question in _questions(step.text[:4000]):
            if not _ASKS_FOR.search(question) or _COURTESY.search(question):
                continue
            key = digest(f"{step.speaker}\x1f{' '.join(question.lower().split())}")
            before = state.asked.get(key)
            if before is not None and step.index - before > 1:
                reason = f"{step.speaker} asks again what it asked at turn {before}"
                return Claim((before, step.index), reason, step.index, step.speaker)
            if len(state.asked) < self.room:
                state.asked[key] = step.index
        return None


def _questions(text: str) -> Iterator[str]:
    """Yield the sentences that end in a question mark, the last part of long ones."""
    least, most = _QUESTION_CHARS
    start = 0
    for stop in _STOP.finditer(text):
        if stop[0] == "?" and stop.start() - start >= least:
            yield text[max(start, stop.start() - most) : stop.end()]
        start = stop.end()


class NoState(msgspec.Struct):
    """Nothing is remembered."""


class ContextTruncated(Rule[NoState]):
    """The record says that the context was cut."""

    id = "context-truncated"
    version = "1"
    codes = ("FM-1.4",)
    is_on_unmeasured = True
    about = About(
        title="The context was cut",
        sees="An error or notice that the context window was exceeded or the history truncated.",
        blind="Truncation that happens silently.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(NoState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        if not step.turn.is_error and step.kind == "agent":
            return None
        text = step.text[:2000]
        if "ontext" not in text and "runcated" not in text and "too long" not in text:
            return None
        said = _TRUNCATED.search(text)
        return Claim((step.index,), f"turn {step.index} says {said[0]!r}", step.index) if said else None
