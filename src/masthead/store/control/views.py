"""Queries on saved views."""

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from masthead.model.errors import Conflict
from masthead.model.ids import ProjectId
from masthead.model.shelf import SavedView
from masthead.store.control.tables import SavedViewTable


def all_of(session: Session, project_id: ProjectId) -> list[SavedView]:
    """Return the project's views, by name."""
    query = select(SavedViewTable).where(SavedViewTable.project_id == project_id)
    return [_view(row) for row in session.scalars(query.order_by(SavedViewTable.name, SavedViewTable.id))]


def insert(session: Session, view: SavedView) -> None:
    """Add a view.

    Raises:
        Conflict: the project has one of that name.
    """
    session.add(
        SavedViewTable(
            id=view.id,
            project_id=view.project_id,
            name=view.name,
            query=view.query,
            since=view.since,
            until=view.until,
            created_ns=view.created_ns,
            created_by=view.created_by,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"there is a view named {view.name!r} already; choose another name, or delete it") from error


def remove(session: Session, project_id: ProjectId, view_id: str) -> bool:
    """Remove the project's view of that id; False where there is none."""
    removing = delete(SavedViewTable).where(SavedViewTable.project_id == project_id, SavedViewTable.id == view_id)
    return session.execute(removing.returning(SavedViewTable.id)).first() is not None


def _view(row: SavedViewTable) -> SavedView:
    return SavedView(
        id=row.id,
        project_id=ProjectId(row.project_id),
        name=row.name,
        query=row.query,
        since=row.since,
        until=row.until,
        created_ns=row.created_ns,
        created_by=row.created_by,
    )
