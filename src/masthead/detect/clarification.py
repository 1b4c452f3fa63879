"""FM-2.2: guesses in place of questions."""

import re

import msgspec

from masthead.detect.rule import SPOKEN, About, Claim, Close, Rule
from masthead.detect.step import Step
from masthead.model.conversation import Act
from masthead.model.ids import AgentId

_ASSUMES = re.compile(r"\b(?:[Aa]ssum(?:e|ed|ing)|[Ss]uppos(?:e|ing) (?:that|the|we|it))\b")
_LOOKS_UP = re.compile(r"surf|search|brows|retriev|lookup|look_up", re.IGNORECASE)
_JUDGES = re.compile(r"review|critic|verif|valid|judge", re.IGNORECASE)


class AssumptionState(msgspec.Struct):
    """Where something was assumed, and whether the agents could look things up."""

    turns: list[int] = msgspec.field(default_factory=list[int])
    said: str = ""
    speaker: AgentId = AgentId("")
    can_look: bool = False
    is_challenged: bool = False
    last: str = ""


class StatedAssumption(Rule[AssumptionState]):
    """An assumption stated and built upon, where nobody could look it up and nobody asked."""

    id = "stated-assumption"
    version = "2"
    codes = ("FM-2.2",)
    acts = SPOKEN
    is_on_unmeasured = True
    about = About(
        title="An assumption in place of a question",
        sees="An agent that says it assumes something, in a run in which nobody has a tool, or the name of one, to "
        "look things up, and no other agent that challenges it.",
        blind="Assumptions that are made and not stated; whether the task invites them. Runs with look-up tools are "
        "left out, because there an assumption is usually tested next; placeholders to be filled in are too.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(AssumptionState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if (step.act is Act.TOOL_CALL and not step.does.runs) or (
            step.speaker != state.last and _LOOKS_UP.search(step.speaker)
        ):
            state.can_look = True
        state.last = step.speaker
        if step.kind != "agent" or state.can_look or state.is_challenged:
            return None
        is_judge = bool(state.turns) and step.speaker != state.speaker and self._judges(step)
        if len(state.turns) >= 3 and not is_judge:
            return None
        body = step.text
        if step.turn.tool_arguments:
            body = f"{body}\n{step.turn.tool_arguments}"
        if "ssum" not in body and "uppos" not in body:
            return None
        if is_judge:
            state.is_challenged = True
        else:
            said = _assumption(body)
            if said is not None:
                if not state.turns:
                    state.said, state.speaker = said, step.speaker
                state.turns.append(step.index)
        return None

    @staticmethod
    def _judges(step: Step) -> bool:
        return step.act is Act.VERDICT or _JUDGES.search(step.speaker) is not None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        del close
        state = self.state
        if not state.turns or state.can_look or state.is_challenged:
            return None
        reason = f"{state.speaker} goes on from an assumption: {state.said!r}"
        return Claim(tuple(state.turns), reason, state.turns[0], state.speaker)


def _assumption(body: str) -> str | None:
    """Return the first line that assumes something, cut short; a line that holds a placeholder does not count."""
    passed = 0
    for said in _ASSUMES.finditer(body):
        if said.start() < passed:
            continue
        start, end = body.rfind("\n", 0, said.start()) + 1, body.find("\n", said.end())
        line = body[start : end if end >= 0 else len(body)]
        if "your_" not in line:
            return body[max(start, said.start() - 40) : said.end() + 40].partition("\n")[0].strip()
        passed = end if end >= 0 else len(body)
    return None


class QuestionState(msgspec.Struct):
    """The open question."""

    asked: int = -1
    by: str = ""


class UnansweredQuestion(Rule[QuestionState]):
    """A question to somebody else that its asker goes on without an answer to, or that ends the run."""

    id = "unanswered-question"
    version = "1"
    codes = ("FM-2.2",)
    acts = (Act.MESSAGE, Act.HANDOFF, Act.TOOL_CALL)
    about = About(
        title="A question without an answer",
        sees="A message that ends with a question, after which the same agent goes on to act.",
        blind="Questions within a message; rhetorical questions; answers that miss the question.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(QuestionState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        asked = state.asked
        is_by_asker = step.speaker == state.by
        state.asked = -1
        if asked >= 0 and is_by_asker and step.act is Act.TOOL_CALL:
            return Claim(
                (asked, step.index),
                f"{step.speaker} asks at turn {asked} and goes on unanswered",
                step.index,
                step.speaker,
            )
        if step.act is Act.MESSAGE and step.kind == "agent" and step.text.rstrip().endswith("?"):
            state.asked, state.by = step.index, step.speaker
        return None
