"""Truly removing rows: a run, a project, or everything of one end user, and saying so in the audit log.

The stores are two, so there is no one transaction over both: an erasure writes `….requested` first, removes the rows,
then writes `….done` with the counts. A request without its done is an erasure that must be repeated; repeating is
harmless.
"""

import hashlib
from collections.abc import Callable, Sequence

from masthead.clock import Clock
from masthead.govern import audit
from masthead.govern.directory import Directory
from masthead.govern.shelf import take_out_the_gone
from masthead.model.access import Caller
from masthead.model.errors import Conflict, NotFound
from masthead.model.ids import DEFAULT_PROJECT, ProjectId, RunId
from masthead.model.run import Removed
from masthead.model.span import Attributes, AttributeValue
from masthead.store.control import keys, projects
from masthead.store.control.database import Database
from masthead.store.traces.port import SpanStore


class Eraser:
    """Erases what was stored, and what is on its way there.

    `flush` empties the door first, so that nothing accepted before arrives after; `forget` makes the door take what was
    erased as new, should it be sent again; `clear_set_aside` deletes a project's bodies that the store could not hold.
    """

    def __init__(
        self,
        database: Database,
        store: SpanStore,
        directory: Directory,
        clock: Clock,
        *,
        flush: Callable[[], None],
        forget: Callable[[], None],
        clear_set_aside: Callable[[ProjectId], None],
    ) -> None:
        self._database = database
        self._store = store
        self._directory = directory
        self._clock = clock
        self._flush = flush
        self._forget = forget
        self._clear_set_aside = clear_set_aside

    def run(self, caller: Caller, run_id: RunId) -> Removed:
        """Remove a run of the caller's project.

        Raises:
            NotFound: the project has no such run.
        """
        self._note(caller, "run.delete.requested", f"run:{run_id}")
        removed = self._removed(lambda: self._store.delete_run(caller.project_id, run_id))
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
        removed = self._removed(lambda: self._store.delete_runs(caller.project_id, run_ids))
        take_out_the_gone(self._database, self._store, caller.project_id)
        self._note(caller, "runs.delete.done", target, {**named, **_counts(removed)})
        return removed

    def user(self, caller: Caller, user_id: str) -> Removed:
        """Remove every run of an end user; none is no error, because the promise then holds already."""
        target = f"user:{digest_of_user(caller.project_id, user_id)}"
        self._note(caller, "user.erase.requested", target)
        removed = self._removed(lambda: self._store.delete_user(caller.project_id, user_id))
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
            self._clear_set_aside(project_id)
            with self._database.writing() as session:
                projects.remove(session, project_id)
                audit.note(session, self._clock, caller, "project.delete.done", target, details=_counts(removed))
        return removed

    def _removed(self, remove: Callable[[], Removed]) -> Removed:
        self._flush()
        removed = remove()
        self._forget()
        return removed

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
