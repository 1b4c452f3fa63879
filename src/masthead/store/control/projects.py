"""Queries on projects."""

from pydantic import TypeAdapter
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from masthead.model.errors import Conflict
from masthead.model.ids import ProjectId
from masthead.model.tenancy import Project, Redaction
from masthead.store.control.tables import ProjectTable


def get(session: Session, project_id: ProjectId) -> Project | None:
    """Return the project, or None."""
    row = session.get(ProjectTable, project_id)
    return None if row is None else _project(row)


def all_of(session: Session) -> list[Project]:
    """Return every project, by id."""
    return [_project(row) for row in session.scalars(select(ProjectTable).order_by(ProjectTable.id))]


def insert(session: Session, project: Project) -> None:
    """Add a project.

    Raises:
        Conflict: there is one of that id.
    """
    session.add(
        ProjectTable(
            id=project.id,
            name=project.name,
            created_ns=project.created_ns,
            retention_days=project.retention_days,
            redaction=_written(project.redaction),
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"project {project.id!r} exists already; choose another id") from error


def save(session: Session, project: Project) -> None:
    """Write what can change of a project: its name, retention and redaction."""
    session.execute(
        update(ProjectTable)
        .where(ProjectTable.id == project.id)
        .values(name=project.name, retention_days=project.retention_days, redaction=_written(project.redaction))
    )


def remove(session: Session, project_id: ProjectId) -> None:
    """Remove the project with its keys and sessions."""
    session.execute(delete(ProjectTable).where(ProjectTable.id == project_id))


def _project(row: ProjectTable) -> Project:
    return Project(
        id=ProjectId(row.id),
        name=row.name,
        created_ns=row.created_ns,
        retention_days=row.retention_days,
        redaction=TypeAdapter(Redaction).validate_json(row.redaction),
    )


def _written(redaction: Redaction) -> str:
    return TypeAdapter(Redaction).dump_json(redaction).decode()
