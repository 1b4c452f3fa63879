"""FM-1.4, FM-3.1 and FM-3.2: what becomes of the things that a run makes, such as files and records."""

import re

import msgspec

from masthead.detect.rule import SPOKEN, About, Claim, Close, Rule, Run
from masthead.detect.step import Step, digest
from masthead.model.conversation import Act, EndingKind

_NAMED_BY = ("path", "file", "filename", "file_path", "name", "key", "id", "url", "title", "cell")
_ASKED_FILE = re.compile(
    r"\b(?:creat|writ|sav|produc|generat|export|stor|deliver|submit)\w{0,4}\b[^.!?\n]{0,80}?"
    r"\b([\w-]{1,60}\.(?:py|js|ts|java|c|cpp|go|rs|csv|tsv|json|ya?ml|md|txt|html?|css|sql|sh|pdf|xlsx?|docx?|png|svg))\b",
    re.IGNORECASE,
)
_READ_CHARS = 20_000
_APPROVED = re.compile(
    r"\b(?:looks? good|is correct|works? (?:as expected|correctly)|verified|approved?|LGTM|"
    r"meets? (?:all )?the requirements)\b",
    re.IGNORECASE,
)
_DOUBT = re.compile(r"\b(?:not|n't|fail|error|wrong|incorrect|however|unfortunately|issue|but)\b", re.IGNORECASE)


class ThingsState(msgspec.Struct):
    """What stands in each thing now and what stood there before, as hashes, with the turns that wrote it."""

    now: dict[int, list[int]] = msgspec.field(default_factory=dict[int, list[int]])
    before: dict[int, dict[int, int]] = msgspec.field(default_factory=dict[int, dict[int, int]])


class Undone(Rule[ThingsState]):
    """A change that is taken back: what stood there before is written again."""

    id = "undone"
    version = "1"
    codes = ("FM-1.4",)
    acts = (Act.TOOL_CALL,)
    about = About(
        title="A change that is undone",
        sees="A call that writes into a file or record, named in its JSON arguments, exactly what stood there before "
        "another call changed it.",
        blind="Decisions that are undone in words; changes taken back in another form, or on purpose after a failed "
        "trial; tools whose arguments are no JSON object.",
    )
    room: int = 256
    """Things remembered, at most."""
    kept: int = 8
    """Earlier contents of a thing remembered, at most."""

    def __init__(self, **parameters: float) -> None:
        super().__init__(ThingsState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        if not step.does.edits:
            return None
        thing, content = _written(step.tool, step.turn.tool_arguments or "")
        if thing is None:
            return None
        state = self.state
        now = state.now.get(thing)
        if now is None:
            if len(state.now) < self.room:
                state.now[thing] = [content, step.index]
            return None
        if now[0] == content:
            return None
        before = state.before.setdefault(thing, {})
        stood, changed = before.get(content), now[1]
        before[now[0]] = now[1]
        if len(before) > self.kept:
            before.pop(next(iter(before)))
        state.now[thing] = [content, step.index]
        if stood is None:
            return None
        reason = f"{step.speaker} writes what stood there at turn {stood}, before turn {changed} changed it"
        return Claim((stood, changed, step.index), reason, step.index, step.speaker)


def _written(tool: str, arguments: str) -> tuple[int | None, int]:
    """Return which thing a call writes to and what, both as hashes; None where the arguments do not name it."""
    if not arguments.startswith("{") or len(arguments) > _READ_CHARS:
        return None, 0
    try:
        members = msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None, 0
    name = next((key for key in _NAMED_BY if key in members), None)
    if name is None or len(members) < 2:
        return None, 0
    rest = b"\x1f".join(key.encode() + b"=" + bytes(value) for key, value in sorted(members.items()) if key != name)
    named = bytes(members[name]).decode("utf-8", "replace")
    return digest(f"{tool}\x1f{named}"), digest(rest.decode("utf-8", "replace"))


class PartsState(msgspec.Struct):
    """The files that the task asks for and that nobody has named yet."""

    missing: list[str] = msgspec.field(default_factory=list[str])


class MissingPart(Rule[PartsState]):
    """The run ends as done, and a file that the task asks for was never named."""

    id = "missing-part"
    version = "1"
    codes = ("FM-3.1",)
    acts = SPOKEN
    about = About(
        title="An asked-for part is not there",
        sees="A task that asks to write, save or produce a file of a given name, and a run that completes without any "
        "agent ever naming that file.",
        blind="Every other part of a task; files that are named and never written, or written and wrong.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(PartsState, **parameters)

    def begin(self, run: Run) -> None:
        """Forget everything and begin a run."""
        super().begin(run)
        asked = _ASKED_FILE.findall((run.task or "")[:_READ_CHARS])
        self.state.missing = [name.lower() for name in dict.fromkeys(asked)][:20]

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if not state.missing or step.kind != "agent" or not step.position:
            return None
        said = f"{step.text} {step.turn.tool_arguments or ''}".lower()
        state.missing = [name for name in state.missing if name not in said]
        return None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        missing = self.state.missing
        if not missing or close.ending.kind is not EndingKind.COMPLETED or close.last < 0:
            return None
        reason = f"the run completes, and nobody has named {missing[0]!r}, which the task asks for"
        return Claim((close.last,), reason, close.last)


class LookedState(msgspec.Struct):
    """The last change by a tool, and whether anything has been run, opened or read since."""

    changed: int = -1
    by: str = ""
    has_looked: bool = True


class UnopenedCheck(Rule[LookedState]):
    """A checker approves a change that nobody has run or opened."""

    id = "unopened-check"
    version = "1"
    codes = ("FM-3.2",)
    acts = SPOKEN
    about = About(
        title="Approved without a look",
        sees="An agent that is there to check and approves, in plain words, after a tool changed something, while no "
        "call of any kind has run or opened anything since the change.",
        blind="Checks by reading what stands in the conversation; agents that check without being named for it; "
        "whether a look that was taken was at the right thing.",
    )

    def __init__(self, **parameters: float) -> None:
        super().__init__(LookedState, **parameters)

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        state = self.state
        if step.act is Act.TOOL_CALL:
            if step.does.edits:
                state.changed, state.by, state.has_looked = step.index, step.speaker, False
            else:
                state.has_looked = True
            return None
        if state.has_looked or step.speaker == state.by or not step.role.checks or step.kind != "agent":
            return None
        text = step.text[:_READ_CHARS]
        said = _APPROVED.search(text)
        if said is None or _DOUBT.search(text):
            return None
        reason = f"{step.speaker} says {said[0]!r}; nothing was run or opened since the change at turn {state.changed}"
        return Claim((state.changed, step.index), reason, step.index, step.speaker)
