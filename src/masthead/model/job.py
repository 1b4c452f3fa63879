"""A job: work that goes on in the server after the request that asked for it was answered."""

from dataclasses import dataclass
from typing import Literal

from masthead.model.ids import ProjectId

JobState = Literal["queued", "running", "done", "failed", "stopped"]
"""`stopped`: somebody ended it, or the server was; what it had finished stays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One job of a project. `done` of `total` items are finished; `problem` says why it failed."""

    id: str
    project_id: ProjectId
    kind: str
    state: JobState
    done: int
    total: int
    problem: str | None
    asked_ns: int
    started_ns: int | None
    ended_ns: int | None
