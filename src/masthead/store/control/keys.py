"""Queries on API keys and on the sessions of browsers that logged in with one."""

import hmac
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from masthead.model.ids import ProjectId
from masthead.model.tenancy import ApiKey, KeyLimit, Role
from masthead.store.control.tables import KeyTable, SessionTable

_MODELS: Final = TypeAdapter(tuple[str, ...])
_LIMITS: Final = TypeAdapter(tuple[KeyLimit, ...])


def by_secret(session: Session, secret_hash: bytes) -> ApiKey | None:
    """Return the key whose secret has this SHA-256, revoked and expired ones too."""
    row = session.scalar(select(KeyTable).where(KeyTable.secret_hash == secret_hash))
    if row is None or not hmac.compare_digest(row.secret_hash, secret_hash):
        return None
    return _key(row)


def get(session: Session, project_id: ProjectId, key_id: str) -> ApiKey | None:
    """Return the project's key of that id, or None."""
    row = session.scalar(select(KeyTable).where(KeyTable.project_id == project_id, KeyTable.id == key_id))
    return None if row is None else _key(row)


def all_of(session: Session, project_id: ProjectId) -> list[ApiKey]:
    """Return the project's keys, latest first."""
    query = select(KeyTable).where(KeyTable.project_id == project_id)
    return [_key(row) for row in session.scalars(query.order_by(KeyTable.created_ns.desc(), KeyTable.id))]


def count_usable(session: Session, now_ns: int) -> int:
    """Count the keys of all projects that are neither revoked nor expired."""
    query = select(func.count()).select_from(KeyTable)
    unexpired = or_(KeyTable.expires_ns.is_(None), KeyTable.expires_ns > now_ns)
    return session.execute(query.where(KeyTable.revoked_ns.is_(None), unexpired)).scalar_one()


def insert(session: Session, key: ApiKey, secret_hash: bytes) -> None:
    """Add a key under the hash of its secret."""
    session.add(
        KeyTable(
            id=key.id,
            project_id=key.project_id,
            name=key.name,
            role=key.role.value,
            prefix=key.prefix,
            secret_hash=secret_hash,
            created_ns=key.created_ns,
            expires_ns=key.expires_ns,
            revoked_ns=key.revoked_ns,
            last_used_ns=key.last_used_ns,
            models=_MODELS.dump_json(key.models).decode() if key.models else None,
            limits=_LIMITS.dump_json(key.limits).decode() if key.limits else None,
        )
    )
    session.flush()


def change(session: Session, key: ApiKey) -> None:
    """Write what a key may use at the gateway, and until when it works, as the key says now."""
    session.execute(
        update(KeyTable)
        .where(KeyTable.project_id == key.project_id, KeyTable.id == key.id)
        .values(
            expires_ns=key.expires_ns,
            models=_MODELS.dump_json(key.models).decode() if key.models else None,
            limits=_LIMITS.dump_json(key.limits).decode() if key.limits else None,
        )
    )


def revoke(session: Session, project_id: ProjectId, key_id: str, now_ns: int) -> None:
    """Mark the key as revoked and end its sessions."""
    session.execute(
        update(KeyTable)
        .where(KeyTable.project_id == project_id, KeyTable.id == key_id, KeyTable.revoked_ns.is_(None))
        .values(revoked_ns=now_ns)
    )
    session.execute(delete(SessionTable).where(SessionTable.key_id == key_id))


def touch(session: Session, project_id: ProjectId, key_id: str, now_ns: int) -> None:
    """Note that the key was used."""
    session.execute(
        update(KeyTable).where(KeyTable.project_id == project_id, KeyTable.id == key_id).values(last_used_ns=now_ns)
    )


def start_session(session: Session, token_hash: bytes, key_id: str, *, created_ns: int, expires_ns: int) -> None:
    """Note a browser that logged in, and forget those whose time is over."""
    session.execute(delete(SessionTable).where(SessionTable.expires_ns <= created_ns))
    session.add(SessionTable(token_hash=token_hash, key_id=key_id, created_ns=created_ns, expires_ns=expires_ns))


def by_session(session: Session, token_hash: bytes, now_ns: int) -> ApiKey | None:
    """Return the key of the session whose token has this SHA-256, or None where it is over."""
    query = select(KeyTable).join(SessionTable, SessionTable.key_id == KeyTable.id)
    row = session.scalar(query.where(SessionTable.token_hash == token_hash, SessionTable.expires_ns > now_ns))
    return None if row is None else _key(row)


def end_session(session: Session, token_hash: bytes) -> None:
    """Forget a browser."""
    session.execute(delete(SessionTable).where(SessionTable.token_hash == token_hash))


def _key(row: KeyTable) -> ApiKey:
    return ApiKey(
        id=row.id,
        project_id=ProjectId(row.project_id),
        name=row.name,
        role=Role(row.role),
        prefix=row.prefix,
        created_ns=row.created_ns,
        expires_ns=row.expires_ns,
        revoked_ns=row.revoked_ns,
        last_used_ns=row.last_used_ns,
        models=() if row.models is None else _MODELS.validate_json(row.models),
        limits=() if row.limits is None else _LIMITS.validate_json(row.limits),
    )
