"""FM-3.2 and FM-3.3: results that nobody checked, and checks that passed what they should have stopped."""

import re

import msgspec

from masthead.detect.rule import SPOKEN, About, Claim, Close, Rule
from masthead.detect.step import Step
from masthead.model.conversation import Act, EndingKind

_FAILED = re.compile(r"\b[1-9]\d* (?:failed|failures?|errors?)\b|\bFAILED\b|Traceback \(most recent|\bAssertionError\b")
_PASSED = re.compile(
    r"\b(?:all (?:the )?tests (?:have |are )?pass|tests? pass(?:ed|es)?\b|works? (?:as expected|correctly)|"
    r"looks? good|is correct|verified|successfully|approved?|LGTM)",
    re.IGNORECASE,
)
_DOUBT = re.compile(r"\b(?:not|n't|fail|error|wrong|incorrect|however|unfortunately|issue)\b", re.IGNORECASE)
_ANSWER = re.compile(r"\\boxed\{([^{}]+)\}|answer is:?\s*(?:\(([A-Z])\)|\$?(-?\d[\d.,]*))")
_CODE_TOOL = re.compile(r"python|code|exec|test|terminal|bash|shell", re.IGNORECASE)


class CheckState(msgspec.Struct):
    """The last change, the last check, and the last check that was asked for."""

    changed: int = -1
    changed_by: str = ""
    checked: int = -1
    asked: int = -1


class UnverifiedEnd(Rule[CheckState]):
    """Nothing was run between the last change and the end."""

    id = "unverified-end"
    version = "1"
    codes = ("FM-3.2",)
    acts = (Act.TOOL_CALL, Act.HANDOFF, Act.TOOL_RESULT)
    is_on_unmeasured = True
    about = About(
        title="No check after the last change",
        sees="A run in which a tool changed something and no code, command or test ran afterwards; also when an agent "
        "was asked to check and did not act.",
        blind="Checks done by reading; changes that no tool call shows; whether a check that ran was complete.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(CheckState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.does.runs or (step.role.checks and step.act is Act.TOOL_CALL):
            state.checked = step.index
        elif step.does.edits:
            state.changed, state.changed_by = step.index, step.speaker
        elif step.act is Act.HANDOFF and state.changed >= 0:
            state.asked = step.index
        return None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        del close
        state = self.state
        if state.changed < 0 or state.checked > state.changed:
            return None
        evidence = (state.changed, state.asked) if state.asked > state.changed else (state.changed,)
        return Claim(evidence, f"nothing was run after the change at turn {state.changed}", state.changed)


class PeersState(msgspec.Struct):
    """The messages with which the run ends so far that give an answer: who, where, and their last words."""

    speakers: list[str] = msgspec.field(default_factory=list[str])
    words: list[str] = msgspec.field(default_factory=list[str])
    turns: list[int] = msgspec.field(default_factory=list[int])


class ContradictoryAnswers(Rule[PeersState]):
    """A run that ends with answers which contradict one another."""

    id = "contradictory-answers"
    version = "1"
    codes = ("FM-3.2",)
    acts = SPOKEN
    is_on_unmeasured = True
    about = About(
        title="The last answers contradict one another",
        sees="Last words of different agents, one after the other, that give different boxed, lettered or numbered "
        "answers, with nobody to decide between them.",
        blind="Contradictions in words; answers that are written differently and mean the same.",
    )
    most: int = 16
    """Agents whose last answers are compared, at most."""
    cut: int = 400
    """Characters at the end of a message in which an answer is looked for."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(PeersState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        words = step.text[-self.cut :]
        has_answer = step.kind == "agent" and ("answer is" in words or "boxed" in words)
        if state.speakers and (not has_answer or step.speaker in state.speakers or len(state.speakers) >= self.most):
            self.state = state = PeersState()
        if has_answer:
            state.speakers.append(step.speaker)
            state.words.append(words)
            state.turns.append(step.index)
        return None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        del close
        if len(self.state.words) < 2:
            return None
        said = [_ANSWER.findall(words) for words in self.state.words]
        answers = list(dict.fromkeys(max(each[-1]).strip(".,$").replace(",", "") for each in said if each))
        if len(answers) < 2:
            return None
        reason = f"the run ends with {' and '.join(answers[:4])}, and nobody decides between them"
        return Claim(tuple(self.state.turns), reason, self.state.turns[-1])


class VerdictState(msgspec.Struct):
    """The last failing result and how many steps ago it came."""

    failed: int = -1
    age: int = 0


class ContradictedVerdict(Rule[VerdictState]):
    """An agent calls right what the result beside it shows to be wrong."""

    id = "contradicted-verdict"
    version = "1"
    codes = ("FM-3.3",)
    acts = (Act.TOOL_RESULT, Act.MESSAGE, Act.HANDOFF, Act.VERDICT, Act.TOOL_CALL)
    about = About(
        title="A verdict against the result beside it",
        sees="A message that says that tests pass or that it works, within two steps of a result that shows failures, "
        "and no word of doubt in it.",
        blind="Failures that show only to whoever understands the result; verdicts in other words.",
    )
    within: int = 2
    """Steps between the result and the verdict, at most."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(VerdictState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.act is Act.TOOL_RESULT:
            state.failed = step.index if step.turn.is_error or _FAILED.search(step.text) else -1
            state.age = 0
            return None
        if state.failed < 0:
            return None
        state.age += 1
        if step.act is Act.TOOL_CALL or state.age > self.within:
            state.failed = -1
            return None
        said = _PASSED.search(step.text)
        if said is None or _DOUBT.search(step.text):
            return None
        reason = f"{step.speaker} says {said[0]!r} although turn {state.failed} shows a failure"
        return Claim((state.failed, step.index), reason, step.index, step.speaker)


class AnswerState(msgspec.Struct):
    """The last check of any kind, and whether it objected."""

    check: int = -1
    objected: bool = False


class UncriticalAcceptance(Rule[AnswerState]):
    """A wrong answer passed by a run that had the means to check it."""

    id = "uncritical-acceptance"
    version = "1"
    codes = ("FM-3.3",)
    is_on_unmeasured = True
    reads_outcome = True
    about = About(
        title="A wrong answer, checked and passed",
        sees="A run that gave an answer which the record itself marks as wrong, although code was run on it or "
        "a checking agent saw it, and whose last check raised no error.",
        blind="Everything about runs whose record does not say whether they succeeded: there it abstains. Whether the "
        "check could have found the fault.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(AnswerState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.act is Act.TOOL_RESULT or step.act is Act.VERDICT or (step.role.checks and step.kind == "agent"):
            is_code = step.act is not Act.TOOL_RESULT or step.kind != "tool" or bool(_CODE_TOOL.search(step.tool))
            if is_code:
                state.check = step.index
                state.objected = step.turn.is_error
        return None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        state = self.state
        is_broken_off = close.ending.kind in (EndingKind.LIMIT, EndingKind.ERROR, EndingKind.STOPPED)
        if close.is_success is not False or is_broken_off or not close.ending.answer:
            return None
        if state.check < 0 or state.objected:
            return None
        evidence = (state.check, close.last) if close.last > state.check else (state.check,)
        reason = f"the record marks the answer as wrong; the check at turn {state.check} passed it"
        return Claim(evidence, reason, state.check, None)
