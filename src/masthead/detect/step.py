"""Read turns into steps: what every rule needs of a turn, worked out once.

The reader's state is bounded: it keeps hashes of recent lines and steps, never texts. It takes two things out of the
rules' way. *Echoes*: a program that restarts its logger writes every turn two or more times; a turn that directly
repeats itself as often as its neighbours do is one step, not several. *Restarts*: a run's opening that comes again
after work was done begins a new episode, and what was said in an earlier episode no longer counts as said.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import ClassVar
from zlib import crc32

import msgspec

from masthead.model.conversation import Act, AgentKind, Turn
from masthead.model.ids import AgentId

MIN_LINE = 4
"""Shorter lines say nothing about whether a text is new."""
MIN_TEXT = 80
"""Bytes of a text, at least, to say how much of it is new."""

_CHECKER = re.compile(r"execut|test|verif|review|critic|check|evaluat|judge|valid|qa\b", re.IGNORECASE)
_CHANGER = re.compile(r"edit|writ|patch|cod(?:er|ing)|program|develop|engineer", re.IGNORECASE)
_RUN_TOOL = re.compile(
    r"(?:^|[_\W])(?:bash|sh|shell|python\d?|pytest|tests?|run|exec\w*|terminal|ipython|code)(?:$|[_\W])", re.IGNORECASE
)
_CHANGE_TOOL = re.compile(
    r"edit|writ|patch|replac|insert|delet|remov|creat|updat|append|appl|save|modif|commit|cancel|book|send",
    re.IGNORECASE,
)
_EDIT_TOOL = re.compile(r"edit|writ|patch|replac|insert|append|apply|save_|modif|commit", re.IGNORECASE)


class Role(msgspec.Struct, frozen=True, gc=False):
    """What a name says of its bearer: it checks others' work, or changes things."""

    checks: bool
    changes: bool


class Tool(msgspec.Struct, frozen=True, gc=False):
    """What a tool's name says: it runs code or a command, changes a file or a text, or changes anything at all.

    What code changes, nobody knows; so running it counts as changing.
    """

    runs: bool
    edits: bool
    changes: bool


NO_TOOL = Tool(runs=False, edits=False, changes=False)


class ReaderState(msgspec.Struct):
    """Everything that the reader remembers; plain data."""

    lines: set[int] = msgspec.field(default_factory=set[int])
    older_lines: set[int] = msgspec.field(default_factory=set[int])
    last_key: int = 0
    adjacent: int = 0
    widths: list[int] = msgspec.field(default_factory=list[int])
    opening: list[int] = msgspec.field(default_factory=list[int])
    work: int = 0
    hoped: int = -1
    hoped_turn: int = -1
    episode: int = 0
    steps: int = 0
    last: int = -1


class Step:
    """One step of a run: a turn, and what the rules share about it.

    `key` identifies who did what, word for word. `novelty` is the share of the text's lines that its speaker had not
    said before in this episode, None for texts too short to tell; `opens_anew` says that the first line is one of the
    new ones. `position` counts steps, echoes left out.
    `does` is what the tool does, for tool calls. `restart_of` is the turn at which a new episode began, on the step
    that makes it certain.
    """

    __slots__ = (
        "_call",
        "act",
        "does",
        "episode",
        "index",
        "key",
        "kind",
        "novelty",
        "opens_anew",
        "position",
        "restart_of",
        "role",
        "speaker",
        "text",
        "tool",
        "turn",
    )

    def __init__(self, turn: Turn, key: int, *, kind: AgentKind, role: Role, does: Tool, position: int) -> None:
        self.turn = turn
        self.index = turn.index
        self.speaker = turn.speaker
        self.act = turn.act
        self.text = turn.text
        self.tool = turn.tool_name or ""
        self.key = key
        self.kind = kind
        self.role = role
        self.does = does
        self.position = position
        self.episode = 0
        self.novelty: float | None = None
        self.opens_anew = False
        self.restart_of: int | None = None
        self._call: int | None = None

    @property
    def call(self) -> int:
        """A number that is equal for calls of the same tool by the same speaker with the same arguments."""
        if self._call is None:
            self._call = digest(f"{self.speaker}\x1f{self.tool}\x1f{self.turn.tool_arguments or self.text}")
        return self._call


class Reader:
    """Turns into steps, one at a time; `None` for an echo."""

    LINES: ClassVar[int] = 40_000
    """Lines remembered at least; twice as many at most."""
    OPENING: ClassVar[int] = 3
    """Distinct first steps that make up a run's opening."""
    WORK: ClassVar[int] = 5
    """Steps after an opening without which its coming again loses no work."""
    NEIGHBOURS: ClassVar[int] = 4
    """Neighbouring turns that must be repeated alike to call a repetition an echo."""

    def __init__(self) -> None:
        self.state = ReaderState()
        self.kinds: Mapping[AgentId, AgentKind] = {}
        self._roles: dict[str, Role] = {}
        self._tools: dict[str, Tool] = {}

    def begin(self, kinds: Mapping[AgentId, AgentKind] | None) -> None:
        """Forget everything and begin a run; `kinds` says which speakers are people, tools or the framework."""
        self.state = ReaderState()
        self.kinds = kinds or {}

    def read(self, turn: Turn) -> Step | None:
        """Return the next step, or None where the turn is an echo of the one before."""
        state = self.state
        is_call = turn.act is Act.TOOL_CALL
        body = (turn.tool_arguments or turn.text).encode("utf-8", "surrogatepass")
        head = f"{turn.speaker}\x1f{turn.act}\x1f{turn.tool_name}\x1f{turn.text if turn.tool_arguments else ''}\x1f"
        key = hashed(head.encode("utf-8", "surrogatepass"), body)
        if key == state.last_key:
            state.adjacent += 1
            width = min(state.widths) if len(state.widths) == self.NEIGHBOURS else 1
            if (state.adjacent - 1) % width:
                return None
        else:
            self._turn_over(key)
        state.steps += 1
        state.last = turn.index
        speaker = turn.speaker
        step = Step(
            turn,
            key,
            kind=self.kinds.get(speaker, "agent"),
            role=self._roles.get(speaker) or self._role(speaker),
            does=(self._tools.get(turn.tool_name or "") or self._tool(turn.tool_name or "")) if is_call else NO_TOOL,
            position=state.steps - 1,
        )
        step.restart_of = self._restart(key, turn)
        step.episode = state.episode
        if len(body) >= MIN_TEXT and turn.act is not Act.TOOL_RESULT:
            step.novelty, step.opens_anew = self._novelty(crc32(speaker.encode()) ^ is_call, body)
        return step

    def _role(self, speaker: str) -> Role:
        if len(self._roles) > 1000:
            self._roles.clear()
        role = Role(checks=bool(_CHECKER.search(speaker)), changes=bool(_CHANGER.search(speaker)))
        self._roles[speaker] = role
        return role

    def _tool(self, name: str) -> Tool:
        if len(self._tools) > 1000:
            self._tools.clear()
        runs = bool(_RUN_TOOL.search(name))
        tool = Tool(
            runs=runs, edits=bool(_EDIT_TOOL.search(name)) and not runs, changes=runs or bool(_CHANGE_TOOL.search(name))
        )
        self._tools[name] = tool
        return tool

    def _turn_over(self, key: int) -> None:
        state = self.state
        if state.adjacent:
            state.widths.append(state.adjacent)
            if len(state.widths) > self.NEIGHBOURS:
                del state.widths[0]
        state.last_key = key
        state.adjacent = 1

    def _restart(self, key: int, turn: Turn) -> int | None:
        """Return the turn at which the opening came again, once its second step, or a telling first one, has."""
        state = self.state
        opening = state.opening
        if state.episode == 0 and len(opening) < self.OPENING:
            if key not in opening:
                opening.append(key)
            return None
        state.work += 1
        if state.hoped >= 0:
            begun, expected = state.hoped_turn, opening[state.hoped]
            if key == opening[0]:
                return None
            state.hoped = -1
            if key == expected:
                return self._new_episode(begun)
        if key == opening[0] and state.work > self.WORK:
            if len(turn.text) >= 200:
                return self._new_episode(turn.index)
            state.hoped, state.hoped_turn = 1, turn.index
        return None

    def _new_episode(self, begun: int) -> int:
        state = self.state
        state.episode += 1
        state.work = 0
        state.lines, state.older_lines = set(), set()
        return begun

    def _novelty(self, seed: int, body: bytes) -> tuple[float | None, bool]:
        """Return the share of lines not said under this seed before, and whether the first is; remember them."""
        marks = [crc32(line, seed) for line in map(bytes.strip, body.split(b"\n")) if len(line) >= MIN_LINE]
        if not marks:
            return None, False
        state = self.state
        fresh = set(marks)
        fresh -= state.lines
        if state.older_lines:
            fresh -= state.older_lines
        opens_anew = marks[0] in fresh
        state.lines |= fresh
        if len(state.lines) > self.LINES:
            state.older_lines, state.lines = state.lines, set()
        return len(fresh) / len(marks), opens_anew


def hashed(*parts: bytes) -> int:
    """Return a stable 60-bit hash, the same in every process."""
    return int.from_bytes(blake2b(b"".join(parts), digest_size=8).digest(), "big") >> 4


def digest(text: str) -> int:
    """Return the hash of a text."""
    return hashed(text.encode("utf-8", "surrogatepass"))
