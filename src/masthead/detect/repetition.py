"""FM-1.3: steps that are done again although nothing has changed.

Content alone does not tell: page 1 and page 2 are 0.91 alike. What holds is that nothing new came: repeats are keyed by
what was done and what came back, texts by the share of lines that their speaker had not said before.
"""

import re

import msgspec
from rapidfuzz import fuzz

from masthead.detect.rule import SPOKEN, About, Claim, Rule
from masthead.detect.seen import Seen
from masthead.detect.step import Step
from masthead.model.conversation import Act

_CODE = ("FM-1.3",)
_UNJUDGED = (Act.VERDICT, Act.ENDING)
_FACTS = re.compile(r"[\w./-]*[\d_/][\w./-]*")


class WorkState(msgspec.Struct):
    """Where each speaker last delivered something, and who spoke since."""

    delivered: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    interrupted: dict[str, bool] = msgspec.field(default_factory=dict[str, bool])
    episode: int = 0


class RepeatedWork(Rule[WorkState]):
    """A piece of work delivered again, nearly line for line, after others have spoken."""

    id = "repeated-work"
    version = "2"
    codes = _CODE
    acts = SPOKEN
    is_on_unmeasured = True
    about = About(
        title="The same piece of work delivered twice",
        sees="An agent that submits a text of some length of which the first line and nearly every other stood in its "
        "earlier work, after another agent has spoken and nobody has used a tool in between.",
        blind="The same work in other words; work repeated by another agent; whether the repetition was asked for.",
    )
    share: float = 0.1
    """The share of new lines, at most, for a text to count as the same work."""
    length: int = 200
    """Characters of a text, at least, for it to count as a piece of work."""
    room: int = 256
    """Speakers remembered, at most."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(WorkState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.episode != state.episode:
            self.state = state = WorkState(episode=step.episode)
        if step.act is Act.TOOL_CALL:
            state.delivered.clear()
            return None
        speaker = step.speaker
        before = state.delivered.get(speaker)
        found: Claim | None = None
        if step.novelty is not None and len(step.text) >= self.length and step.kind == "agent":
            is_same = step.novelty <= self.share and not step.opens_anew
            if before is not None and is_same and state.interrupted.get(speaker, False):
                found = Claim(
                    (before, step.index),
                    f"{speaker} delivers turn {before} again: {1 - step.novelty:.0%} of its lines stood there before",
                    step.index,
                    speaker,
                )
            if len(state.delivered) < self.room or speaker in state.delivered:
                state.delivered[speaker] = step.index
                state.interrupted[speaker] = False
        for other in state.delivered:
            if other != speaker:
                state.interrupted[other] = True
        return found


class StepState(msgspec.Struct):
    """Steps seen in this episode, and whether tools answer in this run."""

    seen: Seen = msgspec.field(default_factory=Seen)
    calls: Seen = msgspec.field(default_factory=Seen)
    episode: int = 0
    has_results: bool = False
    giver: str = ""


class RepeatedStep(Rule[StepState]):
    """The same step, word for word, by the same agent, three times; the same call whatever is said beside it, four."""

    id = "repeated-step"
    version = "2"
    codes = _CODE
    is_on_unmeasured = True
    about = About(
        title="The same step again and again",
        sees="An agent that says or does exactly the same for the third time in one episode of the run; in runs that "
        "record no results, the same call for the fourth time with nothing edited in between.",
        blind="Steps that are worded anew; prompts of the framework and of people; calls whose results are recorded, "
        "which `repeated-call` judges by what came back.",
    )
    times: int = 3
    """How often a step must occur."""
    calls: int = 4
    """How often a call without a recorded result must occur."""
    length: int = 60
    """Characters of a step, at least; shorter ones are formulas, such as the name of who is next."""
    room: int = 4096
    """Steps remembered, at least."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(StepState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.episode != state.episode:
            state.seen, state.calls, state.episode = Seen(), Seen(), step.episode
        if not step.position and (self.run.kinds is None or (self.run.task or "\0")[:60] in step.text):
            state.giver = step.speaker
        if step.act is Act.TOOL_RESULT:
            state.has_results = True
            return None
        if step.kind != "agent" or step.act in _UNJUDGED or (step.act is Act.TOOL_CALL and state.has_results):
            return None
        if step.speaker == state.giver:
            return None
        if step.act is Act.TOOL_CALL:
            called = self._called(step)
            if called is not None:
                return called
        if len(step.text) + len(step.turn.tool_arguments or "") < self.length:
            return None
        turns = state.seen.note(step.key, step.index, keep=self.times, room=self.room)
        if len(turns) < self.times:
            return None
        what = f"calls {step.tool}" if step.tool else "says the same"
        return Claim(tuple(turns), f"{step.speaker} {what}, word for word, {self.times} times", turns[1], step.speaker)

    def _called(self, step: Step) -> Claim | None:
        """Count a call by its arguments alone, from the last edit on."""
        if step.does.edits:
            self.state.calls = Seen()
        turns = self.state.calls.note(step.call, step.index, keep=self.calls, room=self.room)
        if len(turns) < self.calls:
            return None
        reason = f"{step.speaker} makes the same call of {step.tool} {self.calls} times, and nothing was edited"
        return Claim(tuple(turns), reason, turns[1], step.speaker)


class CycleState(msgspec.Struct):
    """The last steps' keys and turns, and for each period how long it has held."""

    keys: list[int] = msgspec.field(default_factory=list[int])
    turns: list[int] = msgspec.field(default_factory=list[int])
    held: list[int] = msgspec.field(default_factory=list[int])
    is_hoping: bool = False


class Cycle(Rule[CycleState]):
    """Steps that go round in a circle: A-B-A-B and longer."""

    id = "cycle"
    version = "1"
    codes = _CODE
    is_on_unmeasured = True
    about = About(
        title="A circle of steps",
        sees="Two to eight different steps, by one agent or several and results included, that follow each other in "
        "the same order three times, word for word.",
        blind="Circles in which the wording or any result changes, however little.",
    )
    rounds: int = 3
    """How often the circle must close."""
    longest: int = 8
    """Steps of a circle, at most."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(CycleState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state, longest = self.state, self.longest
        keys, held = state.keys, state.held
        if len(held) <= longest:
            state.held = held = [0] * (longest + 1)
        found = 0
        size = len(keys)
        if step.key not in keys:
            if state.is_hoping:
                state.held = [0] * (longest + 1)
                state.is_hoping = False
        else:
            state.is_hoping = True
            for period in range(2, min(longest, size) + 1):
                if keys[size - period] == step.key:
                    held[period] += 1
                    if held[period] >= period * (self.rounds - 1) and not found:
                        found = period
                else:
                    held[period] = 0
        keys.append(step.key)
        state.turns.append(step.index)
        if size >= longest * self.rounds:
            del keys[0], state.turns[0]
        if not found or len(set(keys[-found:])) < 2:
            return None
        evidence = tuple(state.turns[-found * self.rounds :])
        reason = f"{found} steps went round {self.rounds} times without any change"
        return Claim(evidence, reason, evidence[found] if len(evidence) > found else evidence[0], step.speaker)


class ProgressState(msgspec.Struct):
    """How many steps in a row brought nothing new, and the turns."""

    stale: list[int] = msgspec.field(default_factory=list[int])
    results: Seen = msgspec.field(default_factory=Seen)


class NoProgress(Rule[ProgressState]):
    """A window of steps in which nothing new was said, asked or found."""

    id = "no-progress"
    version = "1"
    codes = _CODE
    about = About(
        title="Steps without new state",
        sees="A row of steps none of which brings a new result, new arguments or, beyond a tenth, new lines.",
        blind="Movement that is new in words only; waiting that was asked for.",
    )
    window: int = 8
    """Steps in a row that bring nothing new."""
    share: float = 0.1
    """The share of new lines, at most, for a text to count as nothing new."""
    room: int = 4096
    """Steps and results remembered, at least."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(ProgressState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.kind in ("system", "human"):
            return None
        if step.novelty is not None and step.act is not Act.TOOL_CALL:
            is_stale = step.novelty <= self.share
        else:
            is_stale = len(state.results.note(step.key, step.index, keep=2, room=self.room)) > 1
        if not is_stale:
            state.stale.clear()
            return None
        state.stale.append(step.index)
        if len(state.stale) < self.window:
            return None
        evidence = tuple(state.stale[-self.window :])
        del state.stale[: -self.window]
        return Claim(evidence, f"{self.window} steps in a row brought nothing new", evidence[0], step.speaker)


class ParaphraseState(msgspec.Struct):
    """The last texts of each speaker, cut short."""

    texts: dict[str, list[str]] = msgspec.field(default_factory=dict[str, list[str]])
    turns: dict[str, list[int]] = msgspec.field(default_factory=dict[str, list[int]])


class ParaphrasedStep(Rule[ParaphraseState]):
    """The same thing said a third time in slightly other words, with no new number or name in it."""

    id = "paraphrased-step"
    version = "1"
    codes = _CODE
    acts = (Act.MESSAGE, Act.HANDOFF)
    about = About(
        title="The same step in other words",
        sees="A message that is nearly the same as the speaker's last two and holds no number, path or identifier "
        "that they did not hold.",
        blind="Paraphrases that share few words; anything after the first 600 characters of a message.",
    )
    likeness: int = 90
    """How alike two messages must be, of 100."""
    cut: int = 600
    """Characters of a message that are compared."""
    room: int = 64
    """Speakers remembered, at most."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(ParaphraseState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        text = step.text[: self.cut]
        if len(text) < 40 or step.kind != "agent":
            return None
        if len(state.texts) >= self.room and step.speaker not in state.texts:
            return None
        texts = state.texts.setdefault(step.speaker, [])
        turns = state.turns.setdefault(step.speaker, [])
        found: Claim | None = None
        if len(texts) == 2 and all(fuzz.ratio(text, each, score_cutoff=self.likeness) for each in texts):
            known = set(_FACTS.findall(" ".join(texts)))
            if all(fact in known for fact in _FACTS.findall(text)):
                found = Claim(
                    (*turns, step.index), f"{step.speaker} says nearly the same a third time", turns[1], step.speaker
                )
        texts.append(text)
        turns.append(step.index)
        if len(texts) > 2:
            del texts[0], turns[0]
        return found
