"""One diagnosed run in one narrow row: all that comparisons over many runs need, where texts would not fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from masthead.model.conversation import EndingKind
from masthead.model.diagnosis import Spending
from masthead.model.ids import AgentId, Code, RunId

_SEED_KEYS: Final = ("seed", "trial", "repetition", "repeat", "epoch")


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """A run and its diagnosis in short. `codes` are in the order in which they began, each once."""

    run_id: RunId
    task_id: str | None
    task: str | None
    system: str | None
    is_success: bool | None
    ending: EndingKind
    agents: tuple[AgentId, ...] = ()
    models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    day: int | None = None
    """Days since 1970 of the first turn, UTC."""
    codes: tuple[Code, ...] = ()
    reasons: Mapping[Code, str] = field(default_factory=dict[Code, str])
    origin_agent: AgentId | None = None
    origin_turn: int | None = None
    origin_confidence: float | None = None
    origin_because: str | None = None
    """The first of the reasons for the origin."""
    total: Spending
    after: Spending | None = None
    share_lost: float | None = None

    @property
    def repeat(self) -> str | None:
        """What tells runs of the same task apart: a seed or the like, None where the record has none."""
        return next((self.metadata[key] for key in _SEED_KEYS if key in self.metadata), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObservation:
    """An observation and what it was made from, so that one can tell whether it still holds.

    `version` names the evaluators, `spans` is how many the run had, and `verdict_ns` is when the last verdict of a
    judge or a person that was heeded was written; 0 where there was none.
    """

    run: Observation
    version: str
    spans: int
    verdict_ns: int
    time_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """How many runs there are, how many of them have a diagnosis, and of how many it still holds."""

    runs: int
    diagnosed: int
    current: int
