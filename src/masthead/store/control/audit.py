"""Queries on the audit log. It only grows."""

import json
from collections.abc import Callable, Iterator

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from masthead.model.errors import InvalidInput
from masthead.model.ids import ProjectId
from masthead.model.run import Page
from masthead.model.tenancy import AuditEntry
from masthead.store.control.tables import AuditTable

_WALK = 1000


def append(session: Session, link: Callable[[AuditEntry | None], AuditEntry]) -> AuditEntry:
    """Add the entry that `link` makes from the last one (None where there is none yet).

    Appenders take turns until their transactions end, so that no two of them see the same last entry. The
    transaction must be one that may write (`Database.writing`).
    """
    take_turns(session)
    last = session.scalar(select(AuditTable).order_by(AuditTable.sequence.desc()).limit(1))
    entry = link(None if last is None else _entry(last))
    session.add(
        AuditTable(
            sequence=entry.sequence,
            time_ns=entry.time_ns,
            project_id=entry.project_id,
            actor=entry.actor,
            action=entry.action,
            target=entry.target,
            details=json.dumps(entry.details, ensure_ascii=False),
            previous_hash=entry.previous_hash,
            hash=entry.hash,
        )
    )
    session.flush()
    return entry


def take_turns(session: Session) -> None:
    """Wait until no other transaction appends; from then on what this one reads was not changed by such a one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE audit_log IN EXCLUSIVE MODE"))


def page(
    session: Session, project_id: ProjectId | None, *, action: str | None, limit: int, cursor: str | None
) -> Page[AuditEntry]:
    """Return entries, latest first: of one project, or of the whole installation where `project_id` is None.

    Raises:
        InvalidInput: the cursor is none of ours.
    """
    query = select(AuditTable)
    if project_id is not None:
        query = query.where(AuditTable.project_id == project_id)
    if action is not None:
        query = query.where(AuditTable.action == action)
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise InvalidInput(f"{cursor!r} is no cursor of this list; start without one", where="cursor")
        query = query.where(AuditTable.sequence < int(cursor))
    rows = session.scalars(query.order_by(AuditTable.sequence.desc()).limit(limit + 1)).all()
    entries = [_entry(row) for row in rows[:limit]]
    return Page(entries, str(entries[-1].sequence) if len(rows) > limit else None)


def walk(session: Session) -> Iterator[AuditEntry]:
    """Yield every entry of the installation in order, a bounded number at a time."""
    last = -(2**62)
    while rows := session.scalars(
        select(AuditTable).where(AuditTable.sequence > last).order_by(AuditTable.sequence).limit(_WALK)
    ).all():
        yield from (_entry(row) for row in rows)
        last = rows[-1].sequence
        session.expunge_all()


def _entry(row: AuditTable) -> AuditEntry:
    return AuditEntry(
        sequence=row.sequence,
        time_ns=row.time_ns,
        project_id=None if row.project_id is None else ProjectId(row.project_id),
        actor=row.actor,
        action=row.action,
        target=row.target,
        details=json.loads(row.details),
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
