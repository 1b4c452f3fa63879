"""What people keep of a project for each other: queries they come back to, and lists of runs."""

from dataclasses import dataclass
from typing import Literal

from masthead.model.ids import ProjectId, RunId

ListKind = Literal["dataset", "queue"]
"""`dataset`: runs that belong together; `queue`: runs that people label one after the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedView:
    """A query on the list of runs under a name, for everybody in the project.

    `query`, `since` and `until` are what stands in the page's address: `since` may be relative, such as `-24h`.
    """

    id: str
    project_id: ProjectId
    name: str
    query: str
    since: str | None
    until: str | None
    created_ns: int
    created_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunList:
    """A named list of runs."""

    id: str
    project_id: ProjectId
    name: str
    kind: ListKind
    created_ns: int
    created_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedRun:
    """A run's place in a list, lowest first. `done_by` is who said that it needs no more labels, and `done_ns` when."""

    place: int
    run_id: RunId
    added_ns: int
    added_by: str
    done_ns: int | None = None
    done_by: str | None = None
