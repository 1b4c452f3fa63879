"""Queries on projects' own gateway configurations, and on what of them changed since gateways last looked."""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from masthead.model.ids import ProjectId
from masthead.model.stored import GatewayRevision
from masthead.store.control.tables import GatewayChangeTable, GatewayRevisionTable


def latest(session: Session, project_id: ProjectId) -> GatewayRevision | None:
    """Return the project's last revision, None where it has none."""
    query = select(GatewayRevisionTable).where(GatewayRevisionTable.project_id == project_id)
    row = session.scalar(query.order_by(GatewayRevisionTable.revision.desc()).limit(1))
    return None if row is None else _revision(row)


def one(session: Session, project_id: ProjectId, revision: int) -> GatewayRevision | None:
    """Return the project's revision of that number, or None."""
    row = session.get(GatewayRevisionTable, (project_id, revision))
    return None if row is None else _revision(row)


def page(session: Session, project_id: ProjectId, *, before: int | None, limit: int) -> list[GatewayRevision]:
    """Return revisions, the latest first: those before a number where one is given."""
    query = select(GatewayRevisionTable).where(GatewayRevisionTable.project_id == project_id)
    if before is not None:
        query = query.where(GatewayRevisionTable.revision < before)
    return [
        _revision(row) for row in session.scalars(query.order_by(GatewayRevisionTable.revision.desc()).limit(limit))
    ]


def add(session: Session, project_id: ProjectId, made: GatewayRevision, *, keep: int) -> None:
    """Add a revision, and forget those that are older than the last `keep`."""
    session.add(
        GatewayRevisionTable(
            project_id=project_id,
            revision=made.revision,
            document=made.document,
            time_ns=made.time_ns,
            actor=made.actor,
        )
    )
    old = GatewayRevisionTable.revision <= made.revision - keep
    session.execute(delete(GatewayRevisionTable).where(GatewayRevisionTable.project_id == project_id, old))
    session.flush()


def note_change(session: Session, project_id: ProjectId) -> int:
    """Note that what the project's gateway does has changed; return the change's number.

    The transaction must already hold what makes writers take turns (its entry in the audit log), so that no number
    becomes visible after a higher one.
    """
    number = (session.scalar(select(func.max(GatewayChangeTable.number))) or 0) + 1
    row = session.get(GatewayChangeTable, project_id)
    if row is None:
        session.add(GatewayChangeTable(project_id=project_id, number=number))
    else:
        row.number = number
    session.flush()
    return number


def changed_since(session: Session, number: int) -> tuple[int, set[ProjectId]]:
    """Return the number of the last change, and the projects that changed after `number`."""
    query = select(GatewayChangeTable.project_id, GatewayChangeTable.number).where(GatewayChangeTable.number > number)
    rows = session.execute(query).all()
    return max((at for _, at in rows), default=number), {ProjectId(project_id) for project_id, _ in rows}


def _revision(row: GatewayRevisionTable) -> GatewayRevision:
    return GatewayRevision(revision=row.revision, document=row.document, time_ns=row.time_ns, actor=row.actor)
