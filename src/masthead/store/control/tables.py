"""The tables of control data. Their history is in `migrations/`, which must end at the same shape (a test compares)."""

from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

HEAD: Final = "0004"
"""The last migration's revision: that of these tables."""


class Base(DeclarativeBase):
    """What all tables share: their metadata."""


class ProjectTable(Base):
    """Tenants. `redaction` is JSON text."""

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    retention_days: Mapped[int | None] = mapped_column(Integer)
    redaction: Mapped[str] = mapped_column(Text)


class KeyTable(Base):
    """API keys. `secret_hash` is the SHA-256 of a random secret of 256 bits; the secret is nowhere.

    `models` and `limits` are JSON text: what the key may do at the gateway.
    """

    __tablename__ = "api_keys"
    __table_args__ = (Index("api_keys_by_project", "project_id", "created_ns"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    prefix: Mapped[str] = mapped_column(String(20))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    expires_ns: Mapped[int | None] = mapped_column(BigInteger)
    revoked_ns: Mapped[int | None] = mapped_column(BigInteger)
    last_used_ns: Mapped[int | None] = mapped_column(BigInteger)
    models: Mapped[str | None] = mapped_column(Text)
    limits: Mapped[str | None] = mapped_column(Text)


class SessionTable(Base):
    """Browsers that logged in with a key. The cookie's value is nowhere, only its SHA-256."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), index=True)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    expires_ns: Mapped[int] = mapped_column(BigInteger)


class AuditTable(Base):
    """The audit log. Triggers refuse UPDATE and DELETE; no foreign keys, so that it outlives what it speaks of."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("audit_log_by_project", "project_id", "sequence"),)

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    time_ns: Mapped[int] = mapped_column(BigInteger)
    project_id: Mapped[str | None] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(100))
    target: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class SavedViewTable(Base):
    """Queries on the list of runs that a project keeps under a name."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    query: Mapped[str] = mapped_column(Text)
    since: Mapped[str | None] = mapped_column(String(64))
    until: Mapped[str | None] = mapped_column(String(64))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(String(200))


class RunListTable(Base):
    """Named lists of runs: datasets and annotation queues."""

    __tablename__ = "run_lists"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(String(200))


class ListedRunTable(Base):
    """Which runs are in which list. The runs themselves are in the span store."""

    __tablename__ = "listed_runs"
    __table_args__ = (Index("listed_runs_by_place", "list_id", "place"),)

    list_id: Mapped[str] = mapped_column(ForeignKey("run_lists.id", ondelete="CASCADE"), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    place: Mapped[int] = mapped_column(BigInteger)
    added_ns: Mapped[int] = mapped_column(BigInteger)
    added_by: Mapped[str] = mapped_column(String(200))
    done_ns: Mapped[int | None] = mapped_column(BigInteger)
    done_by: Mapped[str | None] = mapped_column(String(200))


class SecretTable(Base):
    """Secrets of connections, encrypted; what decrypts them is not in this database.

    `ciphertext` is the value under a key of its own, and `wrapped_key` is that key under the master key `key_id`; each
    begins with its nonce.
    """

    __tablename__ = "secrets"
    __table_args__ = (Index("secrets_by_key", "key_id"),)

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16))
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(String(200))
    updated_ns: Mapped[int] = mapped_column(BigInteger)
    updated_by: Mapped[str] = mapped_column(String(200))
    last_used_ns: Mapped[int | None] = mapped_column(BigInteger)


class GatewayRevisionTable(Base):
    """Every revision of a project's own gateway configuration, as JSON text; the last one holds."""

    __tablename__ = "gateway_revisions"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(Text)
    time_ns: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(200))


class GatewayChangeTable(Base):
    """When a project's gateway configuration or one of its secrets last changed, by a number that only grows.

    No foreign key: a project that is deleted is one that changed, which gateways must hear of.
    """

    __tablename__ = "gateway_changes"
    __table_args__ = (Index("gateway_changes_by_number", "number"),)

    project_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
