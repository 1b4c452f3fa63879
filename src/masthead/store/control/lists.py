"""Queries on lists of runs."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from masthead.model.errors import Conflict
from masthead.model.ids import ProjectId, RunId
from masthead.model.shelf import ListedRun, ListKind, RunList
from masthead.store.control.tables import ListedRunTable, RunListTable

_AT_ONCE = 500


def all_of(session: Session, project_id: ProjectId) -> list[RunList]:
    """Return the project's lists, by name."""
    query = select(RunListTable).where(RunListTable.project_id == project_id)
    return [_list(row) for row in session.scalars(query.order_by(RunListTable.name, RunListTable.id))]


def get(session: Session, project_id: ProjectId, list_id: str) -> RunList | None:
    """Return the project's list of that id, or None."""
    query = select(RunListTable).where(RunListTable.project_id == project_id, RunListTable.id == list_id)
    row = session.scalar(query)
    return None if row is None else _list(row)


def insert_list(session: Session, made: RunList) -> None:
    """Add a list without runs.

    Raises:
        Conflict: the project has one of that name.
    """
    session.add(
        RunListTable(
            id=made.id,
            project_id=made.project_id,
            name=made.name,
            kind=made.kind,
            created_ns=made.created_ns,
            created_by=made.created_by,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"there is a list named {made.name!r} already; choose another name, or add to it") from error


def remove_list(session: Session, project_id: ProjectId, list_id: str) -> None:
    """Remove the project's list of that id; its runs stay where they are."""
    session.execute(delete(RunListTable).where(RunListTable.project_id == project_id, RunListTable.id == list_id))


def runs_of(session: Session, project_id: ProjectId, list_id: str) -> list[ListedRun]:
    """Return the list's runs in their order."""
    query = select(ListedRunTable).join(RunListTable, RunListTable.id == ListedRunTable.list_id)
    query = query.where(RunListTable.project_id == project_id, ListedRunTable.list_id == list_id)
    return [_listed(row) for row in session.scalars(query.order_by(ListedRunTable.place, ListedRunTable.run_id))]


def listed(session: Session, project_id: ProjectId) -> list[tuple[str, RunId, bool]]:
    """Return (list, run, whether somebody is done with it) of every list of the project."""
    query = select(ListedRunTable.list_id, ListedRunTable.run_id, ListedRunTable.done_ns)
    query = query.join(RunListTable, RunListTable.id == ListedRunTable.list_id)
    rows = session.execute(query.where(RunListTable.project_id == project_id))
    return [(list_id, RunId(run_id), done_ns is not None) for list_id, run_id, done_ns in rows]


def add(session: Session, into: RunList, run_ids: Sequence[RunId], *, added_ns: int, added_by: str) -> int:
    """Put runs at the list's end; those that are in it stay where they are. Return how many are new."""
    known = {listed.run_id for listed in runs_of(session, into.project_id, into.id)}
    last = session.scalar(select(func.max(ListedRunTable.place)).where(ListedRunTable.list_id == into.id)) or 0
    new = [run_id for run_id in dict.fromkeys(run_ids) if run_id not in known]
    if new:
        rows = [
            {"list_id": into.id, "run_id": run_id, "place": place, "added_ns": added_ns, "added_by": added_by}
            for place, run_id in enumerate(new, last + 1)
        ]
        session.execute(insert(ListedRunTable), rows)
    return len(new)


def take_out(session: Session, project_id: ProjectId, run_ids: Collection[RunId], *, list_id: str | None = None) -> int:
    """Take runs out of one list of the project, or of all of them. Return how many entries went."""
    ours = select(RunListTable.id).where(RunListTable.project_id == project_id)
    if list_id is not None:
        ours = ours.where(RunListTable.id == list_id)
    ids, went = sorted(run_ids), 0
    for at in range(0, len(ids), _AT_ONCE):
        some = ListedRunTable.run_id.in_(ids[at : at + _AT_ONCE])
        removing = delete(ListedRunTable).where(ListedRunTable.list_id.in_(ours), some)
        went += len(session.execute(removing.returning(ListedRunTable.run_id)).all())
    return went


def mark(session: Session, within: RunList, run_id: RunId, *, done_ns: int | None, done_by: str | None) -> bool:
    """Note who is done with a run, or that nobody is; False where the list has no such run."""
    marking = update(ListedRunTable).where(ListedRunTable.list_id == within.id, ListedRunTable.run_id == run_id)
    marked = session.execute(marking.values(done_ns=done_ns, done_by=done_by).returning(ListedRunTable.run_id))
    return marked.first() is not None


def _list(row: RunListTable) -> RunList:
    kind: ListKind = "queue" if row.kind == "queue" else "dataset"
    return RunList(
        id=row.id,
        project_id=ProjectId(row.project_id),
        name=row.name,
        kind=kind,
        created_ns=row.created_ns,
        created_by=row.created_by,
    )


def _listed(row: ListedRunTable) -> ListedRun:
    return ListedRun(
        place=row.place,
        run_id=RunId(row.run_id),
        added_ns=row.added_ns,
        added_by=row.added_by,
        done_ns=row.done_ns,
        done_by=row.done_by,
    )
