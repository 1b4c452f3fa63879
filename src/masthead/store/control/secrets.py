"""Queries on secrets. They hold what was encrypted, and nothing that decrypts it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from masthead.model.ids import ProjectId
from masthead.model.stored import Sealed, SecretId, StoredSecret
from masthead.store.control.tables import SecretTable


class Kept(NamedTuple):
    """A secret, as it is kept."""

    id: SecretId
    sealed: Sealed


def all_of(session: Session, project_id: ProjectId) -> list[StoredSecret]:
    """Return the project's secrets, by name."""
    query = select(SecretTable).where(SecretTable.project_id == project_id).order_by(SecretTable.name)
    return [_secret(row) for row in session.scalars(query)]


def sealed(session: Session, which: SecretId) -> Sealed | None:
    """Return what is kept of a secret, or None."""
    row = session.get(SecretTable, (which.project_id, which.name))
    return None if row is None else _sealed(row)


def put(session: Session, which: SecretId, sealed: Sealed, *, time_ns: int, actor: str) -> StoredSecret:
    """Keep a secret, in the stead of one of the same name."""
    row = session.get(SecretTable, (which.project_id, which.name))
    if row is None:
        row = SecretTable(project_id=which.project_id, name=which.name, created_ns=time_ns, created_by=actor)
        session.add(row)
    row.key_id, row.wrapped_key, row.ciphertext = sealed.key_id, sealed.wrapped_key, sealed.ciphertext
    row.updated_ns, row.updated_by = time_ns, actor
    session.flush()
    return _secret(row)


def remove(session: Session, which: SecretId) -> bool:
    """Forget a secret; False where there is none."""
    ours = (SecretTable.project_id == which.project_id, SecretTable.name == which.name)
    return session.execute(delete(SecretTable).where(*ours).returning(SecretTable.name)).first() is not None


def not_under(session: Session, key_id: str, *, limit: int) -> Sequence[Kept]:
    """Return secrets of all projects that another master key wraps, so many at most."""
    query = select(SecretTable).where(SecretTable.key_id != key_id)
    rows = session.scalars(query.order_by(SecretTable.project_id, SecretTable.name).limit(limit))
    return [Kept(SecretId(ProjectId(row.project_id), row.name), _sealed(row)) for row in rows]


def rewrap(session: Session, kept: Kept, *, key_id: str, wrapped_key: bytes) -> bool:
    """Put another wrapping in the stead of the one that was read; False where it is no longer that one."""
    changing = update(SecretTable).where(
        SecretTable.project_id == kept.id.project_id,
        SecretTable.name == kept.id.name,
        SecretTable.wrapped_key == kept.sealed.wrapped_key,
    )
    changed = session.execute(changing.values(key_id=key_id, wrapped_key=wrapped_key).returning(SecretTable.name))
    return changed.first() is not None


def count_by_key(session: Session) -> dict[str, int]:
    """Count the secrets of all projects by the master key that wraps them."""
    query = select(SecretTable.key_id, func.count()).group_by(SecretTable.key_id)
    return {row[0]: row[1] for row in session.execute(query)}


def note_uses(session: Session, uses: Mapping[SecretId, int]) -> None:
    """Note when secrets were last used, in Unix nanoseconds."""
    for which, time_ns in uses.items():
        ours = (SecretTable.project_id == which.project_id, SecretTable.name == which.name)
        session.execute(update(SecretTable).where(*ours).values(last_used_ns=time_ns))


def _sealed(row: SecretTable) -> Sealed:
    return Sealed(key_id=row.key_id, wrapped_key=row.wrapped_key, ciphertext=row.ciphertext)


def _secret(row: SecretTable) -> StoredSecret:
    return StoredSecret(
        name=row.name,
        created_ns=row.created_ns,
        created_by=row.created_by,
        updated_ns=row.updated_ns,
        updated_by=row.updated_by,
        last_used_ns=row.last_used_ns,
    )
