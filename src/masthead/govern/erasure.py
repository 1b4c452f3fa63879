"""Truly removing rows: a run, a project, or everything of one end user, and saying so in the audit log.

The stores are two, so there is no one transaction over both: an erasure writes `….requested` first, removes the rows,
then writes `….done` with the counts. A request without its done is an erasure that must be repeated; repeating is
harmless.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from masthead.clock import Clock
from masthead.govern import audit
from masthead.govern.directory import Directory
from masthead.govern.shelf import take_out_the_gone
from masthead.model.access import Caller
from masthead.model.errors import Conflict, NotFound
from masthead.model.ids import DEFAULT_PROJECT, ProjectId, RunId
from masthead.model.run import Removed
from masthead.model.span import Attributes, AttributeValue
from masthead.store.control import gateways, keys, projects
from masthead.store.control.database import Database
from masthead.store.traces.port import SpanStore


class EmptiedDoor(Protocol):
    """What an erasure asks of the door for spans."""

    def flush(self) -> None:
        """Return once everything acknowledged is in the store."""
        ...

    def forget(self) -> None:
        """Take what was erased as new, should it be sent again."""
        ...

    def clear_set_aside(self, project: ProjectId) -> None:
        """Delete a project's bodies that the store could not hold."""
        ...

    def set_aside_runs_of(self, project: ProjectId, user_id: str) -> set[RunId]:
        """Return the runs of an end user of which the store could not hold some spans."""
        ...

    def erase_set_aside(self, project: ProjectId, run_ids: Collection[RunId], *, naming: str | None = None) -> None:
        """Take runs out of those bodies; one that cannot be decoded goes where an id, or `naming`, stands in it."""
        ...


class Eraser:
    """Erases what was stored, and what is on its way there.

    The door is emptied first, so that nothing accepted before arrives after.
    """

    def __init__(
        self,
        database: Database,
        store: SpanStore,
        directory: Directory,
        clock: Clock,
        door: EmptiedDoor,
    ) -> None:
        self._database = database
        self._store = store
        self._directory = directory
        self._clock = clock
        self._door = door

    def run(self, caller: Caller, run_id: RunId) -> Removed:
        """Remove a run of the caller's project.

        Raises:
            NotFound: the project has no such run.
        """
        self._note(caller, "run.delete.requested", f"run:{run_id}")
        removed = self._removed(lambda: self._delete(caller.project_id, [run_id]))
        take_out_the_gone(self._database, self._store, caller.project_id)
        self._note_removed(caller, "run.delete.done", f"run:{run_id}", removed)
        if removed == Removed(0, 0, 0):
            raise NotFound(f"no run {run_id!r} in project {caller.project_id!r}")
        return removed

    def runs(self, caller: Caller, run_ids: Sequence[RunId]) -> Removed:
        """Remove several runs of the caller's project at once; those that are not there count nothing."""
        named: Attributes = {"run_ids": [*dict.fromkeys(run_ids)]}
        target = f"runs:{len(set(run_ids))}"
        self._note(caller, "runs.delete.requested", target, named)
        removed = self._removed(lambda: self._delete(caller.project_id, run_ids))
        take_out_the_gone(self._database, self._store, caller.project_id)
        self._note(caller, "runs.delete.done", target, {**named, **_counts(removed)})
        return removed

    def user(self, caller: Caller, user_id: str) -> Removed:
        """Remove every run of an end user; none is no error, because the promise then holds already."""
        target = f"user:{digest_of_user(caller.project_id, user_id)}"
        self._note(caller, "user.erase.requested", target)
        removed = self._removed(lambda: self._delete_user(caller.project_id, user_id))
        take_out_the_gone(self._database, self._store, caller.project_id)
        self._note_removed(caller, "user.erase.done", target, removed)
        return removed

    def project(self, caller: Caller) -> Removed:
        """Remove the caller's project with its keys, runs and scores. Its audit entries stay.

        Nothing gets into it meanwhile. Its row goes last, so that a deletion that failed can be repeated.

        Raises:
            Conflict: it is the default project, which every installation has.
        """
        project_id = caller.project_id
        if project_id == DEFAULT_PROJECT:
            raise Conflict(f"project {project_id!r} cannot be deleted; delete its runs, or erase its users")
        target = f"project:{project_id}"
        with self._database.writing() as session:
            audit.note(session, self._clock, caller, "project.delete.requested", target)
            for key in keys.all_of(session, project_id):
                if key.revoked_ns is None:
                    keys.revoke(session, project_id, key.id, self._clock.now_ns())
        with self._directory.closed(project_id):
            removed = self._removed(lambda: self._store.delete_project(project_id))
            # What the door was still reading when the project was closed may have come in meanwhile.
            self._removed(lambda: self._store.delete_project(project_id))
            self._door.clear_set_aside(project_id)
            with self._database.writing() as session:
                audit.note(session, self._clock, caller, "project.delete.done", target, details=_counts(removed))
                projects.remove(session, project_id)
                gateways.note_change(session, project_id)
        return removed

    def _removed(self, remove: Callable[[], Removed]) -> Removed:
        self._door.flush()
        removed = remove()
        self._door.forget()
        return removed

    def _delete(self, project: ProjectId, run_ids: Collection[RunId], *, naming: str | None = None) -> Removed:
        self._door.erase_set_aside(project, run_ids, naming=naming)
        return self._store.delete_runs(project, run_ids)

    def _delete_user(self, project: ProjectId, user_id: str) -> Removed:
        run_ids = self._store.runs_of_user(project, user_id) | self._door.set_aside_runs_of(project, user_id)
        return self._delete(project, run_ids, naming=user_id)

    def _note(self, caller: Caller, action: str, target: str, details: Attributes | None = None) -> None:
        with self._database.writing() as session:
            audit.note(session, self._clock, caller, action, target, details=details)

    def _note_removed(self, caller: Caller, action: str, target: str, removed: Removed) -> None:
        self._note(caller, action, target, _counts(removed))


def digest_of_user(project_id: ProjectId, user_id: str) -> str:
    """Return what the log calls an erased user: whoever knows the id can find the entry, nobody can read it back."""
    return hashlib.sha256(f"{project_id}\n{user_id}".encode("utf-8", "surrogatepass")).hexdigest()


def _counts(removed: Removed) -> dict[str, AttributeValue]:
    return {"runs": removed.runs, "spans": removed.spans, "scores": removed.scores}
