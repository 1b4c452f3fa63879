"""Control data's tests run on every real dialect: SQLite in a file, and a private PostgreSQL server."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from masthead.store.control.database import Database, sqlite_url
from masthead.testing.postgresql import private_server

NewUrl = Callable[[], str]


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with private_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Return a function that makes an empty database and returns its URL."""
    numbers = count(1)
    if request.param == "sqlite":
        return lambda: sqlite_url(tmp_path / f"control-{next(numbers)}.sqlite3")
    server_url: str = request.getfixturevalue("postgresql_url")
    server = create_engine(server_url, isolation_level="AUTOCOMMIT")

    def new_database() -> str:
        with server.connect() as connection:
            name = f"t{connection.execute(text('SELECT count(*) FROM pg_database')).scalar_one()}"
            connection.execute(text(f"CREATE DATABASE {name}"))
        server.dispose()
        return server_url.replace("@/postgres?", f"@/{name}?")

    return new_database


@pytest.fixture
def database(new_url: NewUrl) -> Iterator[Database]:
    opened = Database.open(new_url())
    yield opened
    opened.close()
