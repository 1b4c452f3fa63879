"""FM-1.3 in tool use: the same call with the same answer, and failing calls tried again without change."""

import msgspec

from masthead.detect.rule import About, Claim, Rule
from masthead.detect.seen import Seen
from masthead.detect.step import Step
from masthead.model.conversation import Act

_CODE = ("FM-1.3",)


class CallState(msgspec.Struct):
    """The calls that wait for a result, what calls gave before, and the last calls that changed something."""

    waiting: dict[str, list[int]] = msgspec.field(default_factory=dict[str, list[int]])
    seen: Seen = msgspec.field(default_factory=Seen)
    episode: int = 0
    changes: list[list[int]] = msgspec.field(default_factory=list[list[int]])


class RepeatedCall(Rule[CallState]):
    """The same call with the same arguments and the same result, and nothing changed in between."""

    id = "repeated-call"
    version = "1"
    codes = _CODE
    acts = (Act.TOOL_CALL, Act.TOOL_RESULT)
    is_on_unmeasured = True
    about = About(
        title="The same call with the same result",
        sees="A tool called with the same arguments that gives the same result as before, with no call in between "
        "that changes anything. Polling whose answer changes is no repetition.",
        blind="Calls whose results are not recorded; whether a tool changes anything beyond what its name says.",
    )
    times: int = 3
    """How often a call must give the same."""
    room: int = 2048
    """Calls remembered, at least."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(CallState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.episode != state.episode:
            self.state = state = CallState(episode=step.episode)
        turn = step.turn
        if step.act is Act.TOOL_CALL:
            if len(state.waiting) >= 64:
                state.waiting.pop(next(iter(state.waiting)))
            if step.does.changes:
                state.changes.append([step.call, step.index])
                del state.changes[:-8]
            state.waiting[turn.tool_call_id or ""] = [step.call, step.index]
            return None
        call = state.waiting.pop(turn.tool_call_id or "", None)
        if call is None or turn.is_error:
            return None
        turns = state.seen.note(call[0] ^ step.key, call[1], keep=self.times, room=self.room)
        if len(turns) < self.times:
            return None
        if any(made != call[0] and turns[0] <= at < turns[-1] for made, at in state.changes):
            return None
        return Claim(tuple(turns), f"{step.tool or 'the same call'} gave the same answer {self.times} times", turns[1])


class RetryState(msgspec.Struct):
    """The last failing call and how often it failed in a row."""

    waiting: dict[str, list[int]] = msgspec.field(default_factory=dict[str, list[int]])
    failing: dict[int, list[int]] = msgspec.field(default_factory=dict[int, list[int]])


class FailingRetry(Rule[RetryState]):
    """A failing call tried again without change."""

    id = "failing-retry"
    version = "1"
    codes = _CODE
    acts = (Act.TOOL_CALL, Act.TOOL_RESULT)
    is_on_unmeasured = True
    about = About(
        title="A failing call retried without change",
        sees="A tool called with the same arguments that fails each time, with no success of any call in between.",
        blind="Failures that the record does not mark as errors; retries that wait for a passing disturbance.",
    )
    times: int = 3
    """How often the call must fail in a row."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(RetryState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state, turn = self.state, step.turn
        if step.act is Act.TOOL_CALL:
            if len(state.waiting) >= 64:
                state.waiting.pop(next(iter(state.waiting)))
            state.waiting[turn.tool_call_id or ""] = [step.call, step.index]
            return None
        call = state.waiting.pop(turn.tool_call_id or "", None)
        if call is None or not turn.is_error:
            state.failing.clear()
            return None
        if len(state.failing) >= 16:
            state.failing.clear()
        turns = state.failing.setdefault(call[0], [])
        turns.append(call[1])
        if len(turns) < self.times:
            return None
        del turns[: -self.times]
        return Claim(
            tuple(turns), f"{step.tool or 'a call'} failed {self.times} times with the same arguments", turns[1]
        )
