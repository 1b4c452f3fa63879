"""FM-1.5 and FM-3.1: runs that do not stop when they should, and runs that stop too early."""

import re

import msgspec

from masthead.detect.rule import About, Claim, Close, Rule
from masthead.detect.step import Step
from masthead.model.conversation import Act, EndingKind

_GOAL = re.compile(
    r"\bTERMINATE\b|\btask (?:is |has been )?(?:now )?(?:complete|completed|done|finished|accomplished)\b"
    r"|\b(?:problem|issue) (?:is |has been )(?:now )?(?:solved|resolved)\b",
    re.IGNORECASE,
)
_GOAL_WORDS = ("TERMINATE", "complete", "done", "finished", "accomplished", "solved")
_FAREWELL = re.compile(
    r"\b(?:thanks|thank you|you're welcome|good ?bye|bye|take care|have a (?:great|nice|good))\b", re.IGNORECASE
)


class PromptState(msgspec.Struct):
    """The last prompt, the turns at which it came, and whether anything but words followed."""

    key: int = 0
    turns: list[int] = msgspec.field(default_factory=list[int])
    position: int = -1
    giver: str = ""


class StuckPrompt(Rule[PromptState]):
    """The same prompt to go on, again and again, while only words come back."""

    id = "stuck-prompt"
    version = "1"
    codes = ("FM-1.5",)
    is_on_unmeasured = True
    about = About(
        title="Told to go on although nothing can follow",
        sees="The framework, or whoever gave the task, sending the same prompt three times, with one answer after "
        "each, while no tool is used.",
        blind="Prompts that are worded anew; whether the task could still be done.",
    )
    times: int = 3
    """How often the prompt must come."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(PromptState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if not step.position:
            state.giver = step.speaker
        if step.act in (Act.TOOL_CALL, Act.TOOL_RESULT):
            state.turns.clear()
            return None
        if step.act is not Act.MESSAGE or not (step.kind in ("system", "human") or step.speaker == state.giver):
            return None
        if len(step.text) < 20:
            return None
        if step.key != state.key or step.position != state.position + 2:
            state.key = step.key
            state.turns.clear()
        state.turns.append(step.index)
        state.position = step.position
        if len(state.turns) < self.times:
            return None
        del state.turns[: -self.times]
        reason = f"{step.speaker} sends the same prompt {self.times} times, and only words come back"
        return Claim(tuple(state.turns), reason, state.turns[1], step.speaker)


class GoalState(msgspec.Struct):
    """Where the goal was said to be reached, and what followed."""

    reached: int = -1
    after: list[int] = msgspec.field(default_factory=list[int])
    farewells: list[int] = msgspec.field(default_factory=list[int])


class TalkAfterGoal(Rule[GoalState]):
    """Talk that goes on after the goal was said to be reached, or goodbyes that answer each other."""

    id = "talk-after-goal"
    version = "1"
    codes = ("FM-1.5",)
    acts = (Act.MESSAGE, Act.HANDOFF, Act.TOOL_CALL)
    about = About(
        title="Talk after the goal, endless goodbyes",
        sees="Messages without any tool use after one that says that the task is done; thanks and goodbyes in a row.",
        blind="Goals that are reached without being announced; whether the further talk was wanted.",
    )
    after: int = 4
    """Messages after the goal, at least."""
    farewells: int = 4
    """Thanks and goodbyes in a row, at least."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(GoalState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state, text = self.state, step.text
        if step.act is Act.TOOL_CALL:
            self.state = GoalState()
            return None
        if len(text) < 300 and _FAREWELL.search(text):
            state.farewells.append(step.index)
            if len(state.farewells) > self.farewells:
                del state.farewells[0]
            if len(state.farewells) >= self.farewells:
                return Claim(tuple(state.farewells[-self.farewells :]), "thanks and goodbyes answer each other")
        else:
            state.farewells.clear()
        if state.reached >= 0 and text:
            if len(state.after) < self.after:
                state.after.append(step.index)
            if len(state.after) >= self.after:
                evidence = (state.reached, *state.after[: self.after])
                return Claim(
                    evidence,
                    f"messages go on after turn {state.reached} said that the task was done",
                    state.after[0],
                )
        elif step.kind == "agent" and any(word in text for word in _GOAL_WORDS) and _GOAL.search(text):
            state.reached = step.index
        return None


class NoState(msgspec.Struct):
    """Nothing is remembered."""


class LastState(msgspec.Struct):
    """The last result, where it failed."""

    failed: int = -1


class EarlyEnd(Rule[NoState]):
    """The run hit a limit or broke off."""

    id = "early-end"
    version = "1"
    codes = ("FM-3.1",)
    acts = ()
    is_on_unmeasured = True
    about = About(
        title="Stopped by a limit or an error",
        sees="A run whose record says that a step, time, token or cost limit, or an error, ended it.",
        blind="Runs that end of their own will with parts missing; records that do not say how the run ended.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(NoState, **parameters)

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        if close.ending.kind not in (EndingKind.LIMIT, EndingKind.ERROR) or close.last < 0:
            return None
        why = close.ending.reason or close.ending.kind.value
        return Claim((close.last,), f"the run was ended by {close.ending.kind.value}: {why}", close.last)


class FailedCheckEnd(Rule[LastState]):
    """The run says it is done while the last thing it ran has failed."""

    id = "failed-check-end"
    version = "1"
    codes = ("FM-3.1",)
    acts = (Act.TOOL_RESULT,)
    about = About(
        title="Done, while the last run failed",
        sees="A run that completes although the last code or command that it ran gave an error.",
        blind="Failures that the record does not mark as errors, such as failing tests with exit code 0.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(LastState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        state.failed = step.index if step.turn.is_error else -1
        return None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        if close.ending.kind is not EndingKind.COMPLETED or self.state.failed < 0:
            return None
        reason = f"the run completes although its last result, at turn {self.state.failed}, is an error"
        return Claim((self.state.failed,), reason, self.state.failed)
