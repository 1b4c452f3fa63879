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

_CHECKER = re.compile(r"execut|test|verif|review|critic|check|evaluat|judge|valid|qa\b", re.IGNORECASE)
_CHANGER = re.compile(r"edit|writ|patch|cod(?:er|ing)|program|develop|engineer", re.IGNORECASE)
_RUN_TOOL = re.compile(
    r"(?:^|[_\W])(?:bash|sh|shell|python\d?|pytest|tests?|run|exec\w*|terminal|ipython|code)(?:$|[_\W])", re.IGNORECASE
)
_CHANGE_TOOL = re.compile(
    r"edit|writ|patch|replac|insert|delet|remov|creat|updat|append|appl|save|modif|commit|cancel|book|send",
    re.IGNORECASE,
)
_WORK_TOOL = re.compile(r"edit|writ|patch|replac|insert|append|apply|save_|modif|commit", re.IGNORECASE)


class Role(msgspec.Struct, frozen=True, gc=False):
    """What a name says of its bearer: it checks others' work, or changes things."""

    checks: bool
    changes: bool


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
    first_speaker: str = ""


class Step:
    """One step of a run: a turn, and what the rules share about it.

    `key` identifies who did what, word for word. `novelty` is the share of the text's lines that its speaker had not
    said before in this episode, None for texts too short to tell. `position` counts steps, echoes left out.
    `restart_of` is the turn at which a new episode began, on the step that makes it certain.
    """

    __slots__ = (
        "act",
        "episode",
        "index",
        "key",
        "kind",
        "novelty",
        "position",
        "restart_of",
        "role",
        "speaker",
        "text",
        "tool",
        "turn",
    )

    def __init__(self, turn: Turn, key: int, *, kind: AgentKind, role: Role, position: int, episode: int) -> None:
        self.turn = turn
        self.index = turn.index
        self.speaker = turn.speaker
        self.act = turn.act
        self.text = turn.text
        self.tool = turn.tool_name or ""
        self.key = key
        self.kind = kind
        self.role = role
        self.position = position
        self.episode = episode
        self.novelty: float | None = None
        self.restart_of: int | None = None

    @property
    def is_change(self) -> bool:
        """Whether this step changes anything, as far as its tool's name says; what code changes, it does not."""
        return self.act is Act.TOOL_CALL and bool(_CHANGE_TOOL.search(self.tool) or _RUN_TOOL.search(self.tool))

    @property
    def is_edit(self) -> bool:
        """Whether this step changes a file or a text, which code can be run on afterwards."""
        return self.act is Act.TOOL_CALL and bool(_WORK_TOOL.search(self.tool)) and not _RUN_TOOL.search(self.tool)

    @property
    def is_run(self) -> bool:
        """Whether this step runs code or a command."""
        return self.act is Act.TOOL_CALL and bool(_RUN_TOOL.search(self.tool))


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

    def begin(self, kinds: Mapping[AgentId, AgentKind] | None) -> None:
        """Forget everything and begin a run; `kinds` says which speakers are people, tools or the framework."""
        self.state = ReaderState()
        self.kinds = kinds or {}

    def read(self, turn: Turn) -> Step | None:
        """Return the next step, or None where the turn is an echo of the one before."""
        state = self.state
        key = key_of(turn)
        if key == state.last_key:
            state.adjacent += 1
            width = min(state.widths) if len(state.widths) == self.NEIGHBOURS else 1
            if (state.adjacent - 1) % width:
                return None
        else:
            self._turn_over(key)
        state.steps += 1
        if state.steps == 1:
            state.first_speaker = turn.speaker
        restart_of = self._restart(key, turn)
        step = Step(
            turn,
            key,
            kind=self.kinds.get(turn.speaker, "agent"),
            role=self.role(turn.speaker),
            position=state.steps - 1,
            episode=state.episode,
        )
        step.restart_of = restart_of
        text = turn.tool_arguments or turn.text
        if len(text) >= 80 and turn.act is not Act.TOOL_RESULT:
            step.novelty = self._novelty(turn.speaker, text, is_call=turn.act is Act.TOOL_CALL)
        return step

    def role(self, speaker: str) -> Role:
        """Return what the speaker's name says of it."""
        role = self._roles.get(speaker)
        if role is None:
            if len(self._roles) > 1000:
                self._roles.clear()
            role = Role(bool(_CHECKER.search(speaker)), bool(_CHANGER.search(speaker)))
            self._roles[speaker] = role
        return role

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

    def _novelty(self, speaker: str, text: str, *, is_call: bool) -> float | None:
        state = self.state
        seed = crc32(speaker.encode()) ^ is_call
        lines, older = state.lines, state.older_lines
        fresh = total = 0
        for raw in text.split("\n"):
            line = raw.strip()
            if len(line) < MIN_LINE:
                continue
            total += 1
            mark = crc32(line.encode("utf-8", "surrogatepass"), seed)
            if mark not in lines:
                if mark not in older:
                    fresh += 1
                lines.add(mark)
        if len(lines) > self.LINES:
            state.older_lines, state.lines = lines, set()
        return fresh / total if total else None


def key_of(turn: Turn) -> int:
    """Return a number that is equal for turns in which the same speaker did the same, word for word."""
    parts = (turn.speaker, turn.act, turn.text, turn.tool_name or "", turn.tool_arguments or "")
    return digest("\x1f".join(parts))


def digest(text: str) -> int:
    """Return a stable 60-bit hash of a text, the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 4
