"""What a project's people keep for each other: saved views, and lists of runs to come back to or to label.

Runs stand in the span store and lists in control data, so a list may name a run that is gone: it is taken out as soon
as that is noticed, at an erasure at once.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from masthead.clock import Clock
from masthead.govern import audit
from masthead.model.access import Caller
from masthead.model.errors import InvalidInput, NotFound, TooLarge
from masthead.model.ids import ProjectId, RunId
from masthead.model.run import RunFilter, RunRow
from masthead.model.shelf import ListedRun, ListKind, RunList, SavedView
from masthead.store.control import lists, views
from masthead.store.control.database import Database
from masthead.store.traces.port import SpanStore

MOST_RUNS = 10_000
"""How many runs a list may hold."""


class Counted(NamedTuple):
    """A list, how many runs are in it, and how many of them are labelled."""

    list: RunList
    runs: int
    labelled: int


class Entry(NamedTuple):
    """A run in a list. It is labelled where a person wrote a score on it, or said that it needs none."""

    listed: ListedRun
    row: RunRow
    is_labelled: bool


class Step(NamedTuple):
    """The next run of a list that is not labelled, None where all are; and how far the list is."""

    run_id: RunId | None
    runs: int
    labelled: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """Reads and changes saved views and lists of runs; every act is the caller's project's."""

    database: Database
    store: SpanStore
    clock: Clock

    def views(self, caller: Caller) -> list[SavedView]:
        """Return the project's views, by name."""
        with self.database.reading() as session:
            return views.all_of(session, caller.project_id)

    def save_view(self, caller: Caller, *, name: str, query: str, since: str | None, until: str | None) -> SavedView:
        """Keep a query under a name.

        Raises:
            Conflict: there is a view of that name.
        """
        view = SavedView(
            id=secrets.token_hex(8),
            project_id=caller.project_id,
            name=name,
            query=query,
            since=since,
            until=until,
            created_ns=self.clock.now_ns(),
            created_by=caller.actor,
        )
        with self.database.writing() as session:
            views.insert(session, view)
        return view

    def remove_view(self, caller: Caller, view_id: str) -> None:
        """Forget a view.

        Raises:
            NotFound: the project has none of that id.
        """
        with self.database.writing() as session:
            if not views.remove(session, caller.project_id, view_id):
                raise NotFound(f"no saved view {view_id!r} in project {caller.project_id!r}")

    def lists(self, caller: Caller) -> list[Counted]:
        """Return the project's lists with how many runs they have and how many are labelled."""
        project = caller.project_id
        with self.database.reading() as session:
            known = lists.all_of(session, project)
            listed = lists.listed(session, project)
        run_ids = sorted({run_id for _, run_id, _ in listed})
        there = self._there(project, run_ids)
        labelled = self.store.labelled(project, sorted(there)) if there else set[RunId]()
        counts = {made.id: [0, 0] for made in known}
        for list_id, run_id, is_done in listed:
            if run_id in there and list_id in counts:
                counts[list_id][0] += 1
                counts[list_id][1] += is_done or run_id in labelled
        return [Counted(made, *counts[made.id]) for made in known]

    def one_list(self, caller: Caller, list_id: str) -> Counted:
        """Return one list.

        Raises:
            NotFound: the project has none of that id.
        """
        made, listed, labelled = self._read(caller.project_id, list_id)
        return Counted(made, len(listed), len(labelled))

    def make_list(self, caller: Caller, *, name: str, kind: ListKind) -> RunList:
        """Make a list without runs, and write it down.

        Raises:
            Conflict: there is a list of that name.
        """
        made = RunList(
            id=secrets.token_hex(8),
            project_id=caller.project_id,
            name=name,
            kind=kind,
            created_ns=self.clock.now_ns(),
            created_by=caller.actor,
        )
        with self.database.writing() as session:
            lists.insert_list(session, made)
            details = {"name": name, "kind": kind}
            audit.note(session, self.clock, caller, "list.created", f"list:{made.id}", details={**details})
        return made

    def remove_list(self, caller: Caller, list_id: str) -> None:
        """Remove a list, and write it down; its runs stay.

        Raises:
            NotFound: the project has none of that id.
        """
        with self.database.writing() as session:
            made = _existing(lists.get(session, caller.project_id, list_id), list_id, caller.project_id)
            lists.remove_list(session, caller.project_id, list_id)
            details = {"name": made.name, "kind": made.kind}
            audit.note(session, self.clock, caller, "list.deleted", f"list:{list_id}", details={**details})

    def change_runs(
        self, caller: Caller, list_id: str, *, add: Sequence[RunId], remove: Sequence[RunId]
    ) -> tuple[int, int]:
        """Put runs into a list and take others out; return how many came and how many went.

        Raises:
            NotFound: the project has no list of that id.
            InvalidInput: a run that is to be added is none of the project's.
            TooLarge: the list would hold too many.
        """
        project = caller.project_id
        unknown = set(add) - (self.store.existing(project, add) if add else set[RunId]())
        if unknown:
            raise InvalidInput(f"no run {min(unknown)!r} in this project; send its spans first", where="add")
        with self.database.writing() as session:
            made = _existing(lists.get(session, project, list_id), list_id, project)
            went = lists.take_out(session, project, remove, list_id=list_id) if remove else 0
            came = lists.add(session, made, add, added_ns=self.clock.now_ns(), added_by=caller.actor) if add else 0
            held = len(lists.runs_of(session, project, list_id))
            if held > MOST_RUNS:
                raise TooLarge(f"the list would hold {held} runs; {MOST_RUNS} is the most: make another", where="add")
        return came, went

    def entries(self, caller: Caller, list_id: str, *, limit: int, after: int) -> tuple[list[Entry], int | None]:
        """Return runs of a list behind a place, and the place of the last one where more follow.

        Raises:
            NotFound: the project has no list of that id.
        """
        _, listed, labelled = self._read(caller.project_id, list_id)
        rest = [one for one in listed if one.place > after]
        shown = rest[:limit]
        rows = self._rows(caller.project_id, [one.run_id for one in shown])
        entries = [Entry(one, rows[one.run_id], one.run_id in labelled) for one in shown if one.run_id in rows]
        return entries, shown[-1].place if len(rest) > limit else None

    def next_unlabelled(self, caller: Caller, list_id: str, *, after: RunId | None) -> Step:
        """Return the first run behind `after`, or else from the start, that is not labelled.

        Raises:
            NotFound: the project has no list of that id.
        """
        _, listed, labelled = self._read(caller.project_id, list_id)
        ids = [one.run_id for one in listed]
        start = ids.index(after) + 1 if after is not None and after in ids else 0
        found = next((run_id for run_id in ids[start:] + ids[:start] if run_id not in labelled), None)
        return Step(found, len(ids), len(labelled))

    def mark(self, caller: Caller, list_id: str, run_id: RunId, *, is_done: bool) -> None:
        """Note that a run of the list needs no more labels, or that it does.

        Raises:
            NotFound: the project has no such list, or the list no such run.
        """
        done_ns, done_by = (self.clock.now_ns(), caller.actor) if is_done else (None, None)
        with self.database.writing() as session:
            made = _existing(lists.get(session, caller.project_id, list_id), list_id, caller.project_id)
            if not lists.mark(session, made, run_id, done_ns=done_ns, done_by=done_by):
                raise NotFound(f"no run {run_id!r} in list {made.name!r}; add it first")

    def _read(self, project: ProjectId, list_id: str) -> tuple[RunList, list[ListedRun], set[RunId]]:
        """Return a list, those of its runs that are there, and which of them are labelled."""
        with self.database.reading() as session:
            made = _existing(lists.get(session, project, list_id), list_id, project)
            listed = lists.runs_of(session, project, list_id)
        there = self._there(project, [one.run_id for one in listed])
        listed = [one for one in listed if one.run_id in there]
        labelled = self.store.labelled(project, [one.run_id for one in listed]) if listed else set[RunId]()
        return made, listed, labelled | {one.run_id for one in listed if one.done_ns is not None}

    def _rows(self, project: ProjectId, run_ids: Sequence[RunId]) -> dict[RunId, RunRow]:
        if not run_ids:
            return {}
        page = self.store.runs(project, RunFilter(run_ids=tuple(run_ids)), limit=len(run_ids))
        return {row.run_id: row for row in page.items}

    def _there(self, project: ProjectId, run_ids: Sequence[RunId]) -> set[RunId]:
        """Return those of the runs that the span store has; the others leave the lists."""
        there = self.store.existing(project, run_ids) if run_ids else set[RunId]()
        take_out(self.database, project, set(run_ids) - there)
        return there


def take_out(database: Database, project: ProjectId, run_ids: Collection[RunId]) -> None:
    """Take runs that are gone out of every list of the project."""
    if run_ids:
        with database.writing() as session:
            lists.take_out(session, project, run_ids)


def take_out_the_gone(database: Database, store: SpanStore, project: ProjectId) -> None:
    """Take every run that the span store no longer has out of the project's lists."""
    with database.reading() as session:
        run_ids = sorted({run_id for _, run_id, _ in lists.listed(session, project)})
    if run_ids:
        take_out(database, project, set(run_ids) - store.existing(project, run_ids))


def _existing(found: RunList | None, list_id: str, project: ProjectId) -> RunList:
    if found is None:
        raise NotFound(f"no list {list_id!r} in project {project!r}")
    return found
