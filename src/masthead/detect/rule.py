"""What a rule is: the part of a detector that decides, given steps, and says what it can and cannot see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import msgspec

from masthead.detect.step import Step
from masthead.model.conversation import Act, AgentKind, Ending
from masthead.model.errors import InvalidInput
from masthead.model.ids import AgentId

StateT = TypeVar("StateT", bound=msgspec.Struct)
SPOKEN = (Act.MESSAGE, Act.HANDOFF, Act.TOOL_CALL, Act.VERDICT)


class Claim(NamedTuple):
    """What a rule found: evidence turns, why, and where it began. The suite makes a finding of it."""

    evidence: tuple[int, ...]
    reason: str
    began_turn: int | None = None
    began_agent: AgentId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What the reference page says of a rule."""

    title: str
    sees: str
    blind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What is known of a run when it begins. `kinds` is empty where the roster is not known yet."""

    task: str | None = None
    kinds: Mapping[AgentId, AgentKind] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Close:
    """What is known of a run when it ends.

    `is_success` is the record's own verdict on the task, if it has one; `last` is the last turn, -1 where none was.
    """

    ending: Ending
    is_success: bool | None = None
    last: int = -1


class Rule(Generic[StateT]):
    """Decides on one sign of failure. Subclasses keep all they remember in `self.state`, plain and bounded.

    `acts` are the acts of turns that the rule is called for. `step` returns what the step makes evident, `end` what
    only the end does. A rule may claim the same thing again and again; the suite keeps the first.
    """

    id: ClassVar[str]
    version: ClassVar[str]
    codes: ClassVar[tuple[str, ...]]
    about: ClassVar[About]
    is_on_unmeasured: ClassVar[bool] = False
    """Whether the rule is on where no label says anything about it, because its claims keep to what the record says."""
    reads_outcome: ClassVar[bool] = False
    """Whether the rule rests on the record's own verdict on the task; a live run has none, so it abstains there."""
    acts: ClassVar[tuple[Act, ...]] = tuple(Act)

    def __init__(self, state_type: type[StateT], **parameters: float) -> None:
        known = self.parameters()
        unknown = sorted(set(parameters) - set(known))
        if unknown:
            raise InvalidInput(f"{self.id} has no parameter {unknown[0]!r}; it has {', '.join(known) or 'none'}")
        for name, default in known.items():
            setattr(self, name, type(default)(parameters.get(name, default)))
        self._state_type = state_type
        self.state = state_type()
        self.run = Run()

    @classmethod
    def parameters(cls) -> Mapping[str, float]:
        """Return the rule's parameters with their defaults: its public numeric class attributes."""
        found: dict[str, float] = {}
        for name in cls.__annotations__:
            value: object = getattr(cls, name, None)
            if isinstance(value, (int, float)) and not name.startswith("_"):
                found[name] = value
        return found

    def begin(self, run: Run) -> None:
        """Forget everything and begin a run."""
        self.run = run
        self.state = self._state_type()

    def step(self, step: Step) -> Claim | None:
        """Read the next step."""
        del step
        return None

    def end(self, close: Close) -> Claim | None:
        """Read how the run ended."""
        del close
        return None

    def dump(self) -> Any:
        """Return the state as plain JSON data."""
        return msgspec.to_builtins(self.state, str_keys=True)

    def load(self, raw: Any) -> None:
        """Take up a state that `dump` returned."""
        self.state = msgspec.convert(raw, self._state_type, strict=False)
