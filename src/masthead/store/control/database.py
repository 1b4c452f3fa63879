"""The connection to control data: SQLite in a file, or PostgreSQL by URL."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from masthead.model.errors import SettingsError, StoreBusy, StoreDamaged, StoreError, StoreFull
from masthead.store.control.tables import HEAD

_BUSY_TIMEOUT_MS = 10_000
_MIGRATION_LOCK = 0x6D617374  # any fixed number; it names the advisory lock that migrating servers take in turn

Transaction: TypeAlias = Session
"""What `Database.reading` and `writing` open, and every query takes first."""


class Database:
    """Opens transactions on control data. Safe to share between threads; each transaction has its own connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def connect(cls, url: str) -> "Database":
        """Connect by SQLAlchemy URL, and leave the tables as they are.

        Raises:
            SettingsError: the URL cannot be read, its driver is missing or its dialect is not supported.
        """
        return cls(_engine(url))

    @classmethod
    def open(cls, url: str) -> "Database":
        """Connect by SQLAlchemy URL and bring the tables up to date.

        Raises:
            SettingsError: the URL cannot be read, its driver is missing or its dialect is not supported.
            StoreError: the database cannot be reached, written or understood.
        """
        database = cls.connect(url)
        try:
            database.migrate()
        except BaseException:
            database.close()
            raise
        return database

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Generator[Session, None, None]:
        """Open a transaction that only reads."""
        with _translated(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Generator[Session, None, None]:
        """Open a transaction that may write; it commits on leaving, or rolls back on an error.

        On SQLite it takes the write lock at once, so that what it reads cannot change before it writes.
        """
        engine = self._engine.execution_options(masthead_writes=True)
        with _translated(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self, revision: str = HEAD) -> None:
        """Bring the tables to a revision; forward only.

        Raises:
            StoreDamaged: the database was written by a newer Masthead.
        """
        with _translated(), self._engine.execution_options(masthead_writes=True).begin() as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            present = _revision(connection)
            if present == revision:
                return
            # Alembic takes 0.16 s of processor time to load, and a start that migrates nothing needs none of it.
            from masthead.store.control.migrating import migrate  # noqa: PLC0415

            migrate(connection, present, revision)

    def ping(self) -> None:
        """Ask for one row.

        Raises:
            StoreError: the database does not answer.
        """
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def version(self) -> str:
        """Return the dialect and its version, such as `postgresql 18.1`."""
        with self._engine.connect() as connection:
            return f"{self.dialect} {'.'.join(str(part) for part in connection.dialect.server_version_info or ())}"

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        dialect = parsed.get_backend_name()
        if dialect not in {"sqlite", "postgresql"}:
            raise SettingsError(f"database_url names {dialect!r}; use sqlite:///… or postgresql+psycopg://…")
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, pool_pre_ping=dialect == "postgresql")
    except ArgumentError as error:
        raise SettingsError("database_url is no SQLAlchemy URL; write postgresql+psycopg://user:…@host/name") from error
    except ImportError as error:
        raise SettingsError(
            f"the driver of database_url is missing ({error.name}); pip install 'masthead[postgresql]'"
        ) from error
    if dialect == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver opens no transactions by itself; `_begin_sqlite` does
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = FULL",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("masthead_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Generator[None, None, None]:
    """Turn the driver's errors into ours, with the remedy."""
    try:
        yield
    except OperationalError as error:
        raise _operational(error) from error
    except DBAPIError as error:
        raise StoreError(f"control data refused the statement: {error.orig}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"control data cannot be used: {error}") from error


def _operational(error: OperationalError) -> StoreError:
    reason = str(error.orig)
    if "locked" in reason:
        return StoreBusy(f"control data is held by another writer for over {_BUSY_TIMEOUT_MS // 1000} s; try again")
    if "readonly" in reason or "full" in reason or "unable to open" in reason:
        return StoreFull(f"control data cannot be written ({reason}); free space, or make the folder writable")
    if "malformed" in reason or "not a database" in reason:
        return StoreDamaged(f"control data cannot be read ({reason}); restore it from a backup")
    return StoreError(f"control data cannot be reached ({reason}); check database_url and that the server runs")
