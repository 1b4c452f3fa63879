"""Replaying: a recorded run gone over again from one of its turns, to see whether that turn decided how it ended."""

from dataclasses import dataclass
from typing import Protocol

from masthead.model.conversation import Conversation


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayRequest:
    """Go on from a turn of a recorded run.

    The turns before `turn` are to be taken as recorded. Where `is_changed`, that turn is to be replaced: by
    `correction` where one is given, else by what its agent says when asked anew. Otherwise it is kept as recorded, so
    that one sees how the rest of the run comes out by itself. `why` is what speaks against the turn; `attempt` counts
    the repeats, from 0.
    """

    conversation: Conversation
    turn: int
    is_changed: bool
    correction: str | None = None
    why: str | None = None
    attempt: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayOutcome:
    """Whether the task was achieved this time; None where it could not be replayed or told, and `failure` says why."""

    is_success: bool | None
    failure: str | None = None


class Replay(Protocol):
    """Runs an agent system again from a turn; what that costs is up to the system."""

    def replay(self, request: ReplayRequest) -> ReplayOutcome:
        """Return how the run came out; a replay that fails is a value with a reason, not an error."""
        ...
