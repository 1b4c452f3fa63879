"""FM-2.4 and FM-2.5: what passes between agents and is lost, or arrives and is ignored."""

import re

import msgspec

from masthead.detect.rule import SPOKEN, About, Claim, Rule
from masthead.detect.step import Step, digest
from masthead.model.conversation import Act

_REACTS = re.compile(
    r"\b(?:error|fail\w*|exception|sorry|apolog\w*|instead|retry|again|fix|problem|issue|mistake|incorrect|unable|cannot|"
    r"can't|couldn't|not found|invalid|unfortunately|try)\b",
    re.IGNORECASE,
)
_FACTS = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]+(?:[./_]+[A-Za-z0-9]+)+|\d[\d.,]{2,}")
_PUNCTUATION = ".,:;!?\"'()*`-"
_READ_CHARS = 20_000
"""Of a receiver's step, so many characters are looked through for what was handed over."""


class ErrorState(msgspec.Struct):
    """The error that waits for a reaction, and the call that gave it."""

    failed: int = -1
    caller: str = ""
    call: int = 0
    failed_call: int = 0


class IgnoredError(Rule[ErrorState]):
    """A tool's error to which the next step does not react."""

    id = "ignored-error"
    version = "1"
    codes = ("FM-2.5",)
    acts = (Act.TOOL_CALL, Act.TOOL_RESULT, Act.MESSAGE, Act.HANDOFF)
    about = About(
        title="A tool's error that nobody reacts to",
        sees="A message after a failed call that names no error and changes nothing, where no further call follows.",
        blind="Reactions in other words; errors that are rightly of no concern; errors that are not marked as such.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(ErrorState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.act is Act.TOOL_CALL:
            state.caller, state.failed = step.speaker, -1
            return None
        if step.act is Act.TOOL_RESULT:
            state.failed = step.index if step.turn.is_error else -1
            return None
        if state.failed < 0 or step.speaker != state.caller:
            return None
        failed, state.failed = state.failed, -1
        if not step.text or _REACTS.search(step.text):
            return None
        return Claim(
            (failed, step.index), f"{step.speaker} goes on as if turn {failed} had not failed", step.index, step.speaker
        )


class ReviewState(msgspec.Struct):
    """Where each speaker last delivered, and the instruction that came since."""

    delivered: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    told: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class IgnoredInstruction(Rule[ReviewState]):
    """Work delivered again unchanged after another agent has answered it."""

    id = "ignored-instruction"
    version = "1"
    codes = ("FM-2.5",)
    acts = SPOKEN
    about = About(
        title="An answer that changes nothing",
        sees="An agent that delivers its earlier work again, nearly line for line, after another has commented on it.",
        blind="Corrections that are ignored in new work; comments that asked for nothing.",
    )
    share: float = 0.1
    """The share of new lines, at most, for a text to count as unchanged."""
    length: int = 200
    """Characters of a text, at least, for it to count as work."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(ReviewState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        before, told = state.delivered.get(step.speaker), state.told.get(step.speaker)
        found: Claim | None = None
        is_work = step.novelty is not None and len(step.text) >= self.length
        if is_work and before is not None and told is not None and (step.novelty or 0) <= self.share:
            reason = f"{step.speaker} delivers the work of turn {before} again, unchanged by turn {told}"
            found = Claim((before, told, step.index), reason, step.index, step.speaker)
        if is_work and (len(state.delivered) < 256 or before is not None):
            state.delivered[step.speaker] = step.index
            state.told.pop(step.speaker, None)
        if len(step.text) >= 40 and step.kind != "system":
            for other in state.delivered:
                if other != step.speaker:
                    state.told[other] = step.index
        return found


class HandoffState(msgspec.Struct):
    """What was handed over, to whom, and how many steps the receiver has taken without using it."""

    at: int = -1
    to: str = ""
    facts: list[str] = msgspec.field(default_factory=list[str])
    steps: int = 0


class UnusedHandoff(Rule[HandoffState]):
    """A handoff of which the receiver uses nothing."""

    id = "unused-handoff"
    version = "1"
    codes = ("FM-2.5",)
    acts = SPOKEN
    is_on_unmeasured = True
    about = About(
        title="A handoff that is not used",
        sees="A handoff with at least three paths, names or numbers none of which the receiver takes up in its next "
        "four steps.",
        blind="What is used without being named; handoffs without anything nameable in them.",
    )
    within: int = 4
    """Steps of the receiver that are read."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(HandoffState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if state.at >= 0 and step.speaker == state.to:
            body = _nameable(f"{step.text[:_READ_CHARS]} {(step.turn.tool_arguments or '')[:_READ_CHARS]}")
            if any(fact in body for fact in state.facts):
                state.at = -1
            else:
                state.steps += 1
                if state.steps >= self.within:
                    at, state.at = state.at, -1
                    reason = f"{step.speaker} uses nothing of what turn {at} handed over"
                    return Claim((at, step.index), reason, step.index, step.speaker)
        if step.act is Act.HANDOFF and step.turn.addressees:
            facts = list(dict.fromkeys(_FACTS.findall(_nameable(step.text[:4_000]))[:40]))
            if len(facts) >= 3:
                self.state = HandoffState(at=step.index, to=step.turn.addressees[0], facts=facts)
        return None


def _nameable(text: str) -> str:
    """Return only the words that may hold a path, a name or a number, so that looking for many of them is cheap."""
    return "\n".join([word for word in text.split() if not word.isalpha() and not word.strip(_PUNCTUATION).isalpha()])


class LookupState(msgspec.Struct):
    """Who looked up what, and what came back."""

    waiting: dict[str, list[int]] = msgspec.field(default_factory=dict[str, list[int]])
    callers: dict[int, str] = msgspec.field(default_factory=dict[int, str])
    turns: dict[int, int] = msgspec.field(default_factory=dict[int, int])


class DroppedFinding(Rule[LookupState]):
    """What one agent has looked up, another looks up again."""

    id = "dropped-finding"
    version = "1"
    codes = ("FM-2.4",)
    acts = (Act.TOOL_CALL,)
    about = About(
        title="A finding that was not passed on",
        sees="The same call with the same arguments by two agents: the second did not get what the first found.",
        blind="Findings that are missed and not looked up again; double checks that are wanted.",
    )
    room: int = 4096
    """Calls remembered."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(LookupState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        arguments = step.turn.tool_arguments or ""
        if step.does.changes or len(arguments) < 8:
            return None
        call = digest(f"{step.tool}\x1f{arguments}")
        first = state.callers.get(call)
        if first is None:
            if len(state.callers) < self.room:
                state.callers[call], state.turns[call] = step.speaker, step.index
            return None
        if first == step.speaker:
            return None
        at = state.turns[call]
        return Claim((at, step.index), f"{step.speaker} looks up what {first} had at turn {at}", at, step.speaker)
