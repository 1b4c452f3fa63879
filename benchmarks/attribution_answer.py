"""What the parts of the attribution benchmark share: a method's answer to one run."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.fit_attribution import LabelledRun


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a method says of one run: turns, most likely first, their agents, and how sure it is of the first."""

    turns: tuple[int, ...]
    agents: tuple[str, ...]
    confidence: float = 1.0


NOTHING = Answer(turns=(), agents=())
Method = Callable[[LabelledRun], Answer]


def same(one: str, other: str) -> bool:
    """Say whether two agents' names are the same, whatever their case."""
    return one.casefold() == other.casefold()
