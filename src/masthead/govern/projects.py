"""Projects: made, changed and listed, each act one transaction with its audit entry."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from masthead.clock import Clock
from masthead.govern import audit
from masthead.govern.directory import Directory
from masthead.ingest import redact
from masthead.model.access import Caller
from masthead.model.errors import NotFound
from masthead.model.ids import DEFAULT_PROJECT
from masthead.model.span import Attributes
from masthead.model.tenancy import Project, Redaction
from masthead.store.control import projects
from masthead.store.control.database import Database, Transaction
from masthead.store.traces.port import SpanStore


class _Unchanged:
    """Stands for a field that stays as it is."""


UNCHANGED: Final = _Unchanged()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What to change of a project."""

    name: str | _Unchanged = UNCHANGED
    retention_days: int | _Unchanged | None = UNCHANGED
    redaction: Redaction | _Unchanged = UNCHANGED


class Registry:
    """The projects of the installation.

    The span store is told of a retention after it was saved, not inside the transaction, because dropping old rows can
    take long. Where it fails, the caller sees the error; setting it again, or the next start, tells the store again.
    """

    def __init__(self, database: Database, store: SpanStore, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._directory = directory
        self._clock = clock

    def start(self) -> None:
        """Make sure that the default project exists, and tell the span store how long each project keeps its rows."""
        with self._database.writing() as session:
            if projects.get(session, DEFAULT_PROJECT) is None:
                project = Project(id=DEFAULT_PROJECT, name="Default", created_ns=self._clock.now_ns())
                projects.insert(session, project)
            known = projects.all_of(session)
        for project in known:
            if project.retention_days is not None:
                self._store.set_retention(project.id, project.retention_days)

    def visible_to(self, caller: Caller) -> list[Project]:
        """Return all projects to the operator, and to a key its own."""
        if not caller.is_operator:
            return [self._directory.project(caller.project_id)]
        with self._database.reading() as session:
            return projects.all_of(session)

    def create(self, caller: Caller, project: Project) -> Project:
        """Add a project; its creation time is now. What came late for a deleted one of its id is removed first.

        Raises:
            NotAllowed: the caller is not the operator.
            InvalidInput: a redaction pattern is no regular expression.
            Conflict: there is one of that id.
        """
        caller.require_operator()
        redact.check(project.redaction)
        project = replace(project, created_ns=self._clock.now_ns())
        with self._database.writing() as session:
            projects.insert(session, project)
            self._store.delete_project(project.id)
            audit.note(
                session,
                self._clock,
                caller,
                "project.created",
                f"project:{project.id}",
                project_id=project.id,
                details={"name": project.name, "retention_days": project.retention_days},
            )
        self._directory.forget()
        if project.retention_days is not None:
            self._store.set_retention(project.id, project.retention_days)
        return project

    def change(self, caller: Caller, change: Change) -> Project:
        """Change the caller's project, and write down what was changed from what to what.

        Raises:
            NotFound: it was deleted in the meantime.
            InvalidInput: a redaction pattern is no regular expression.
        """
        with self._database.writing() as session:
            before = projects.get(session, caller.project_id)
            if before is None:
                raise NotFound(f"no project {caller.project_id!r}")
            after = _changed(before, change)
            projects.save(session, after)
            self._note_changes(session, caller, before, after)
        self._directory.forget()
        if not isinstance(change.retention_days, _Unchanged):
            self._store.set_retention(after.id, after.retention_days)
        return after

    def _note_changes(self, session: Transaction, caller: Caller, before: Project, after: Project) -> None:
        acts: list[tuple[str, Attributes]] = []
        if after.name != before.name:
            acts.append(("project.renamed", {"old": before.name, "new": after.name}))
        if after.retention_days != before.retention_days:
            days: Attributes = {"old_days": before.retention_days, "new_days": after.retention_days}
            acts.append(("project.retention.changed", days))
        if after.redaction != before.redaction:
            kinds, rules = list(after.redaction.kinds), [rule.name for rule in after.redaction.custom]
            redaction: Attributes = {"is_on": after.redaction.is_on, "kinds": [*kinds], "custom": [*rules]}
            acts.append(("project.redaction.changed", redaction))
        for action, details in acts:
            audit.note(session, self._clock, caller, action, f"project:{after.id}", details=details)


def tried(redaction: Redaction, text: str) -> tuple[str, dict[str, int]]:
    """Return the text as it would be stored, and how many pieces of each kind were taken out.

    Raises:
        InvalidInput: a pattern is no regular expression.
    """
    redact.check(redaction)
    counts = Counter[str]()
    shown = redact.Redactor(replace(redaction, is_on=True)).text(text, counts)
    return shown, dict(counts)


def _changed(project: Project, change: Change) -> Project:
    if not isinstance(change.name, _Unchanged):
        project = replace(project, name=change.name)
    if not isinstance(change.retention_days, _Unchanged):
        project = replace(project, retention_days=change.retention_days)
    if not isinstance(change.redaction, _Unchanged):
        redact.check(change.redaction)
        project = replace(project, redaction=change.redaction)
    return project
