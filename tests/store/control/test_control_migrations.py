"""Migrations lead from nothing, and from every earlier revision with rows in it, to the tables that the code uses."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from masthead.model.errors import SettingsError, StoreDamaged, StoreError
from masthead.model.ids import DEFAULT_PROJECT
from masthead.model.shelf import SavedView
from masthead.store.control import audit, keys, lists, projects, views
from masthead.store.control.database import Database
from masthead.store.control.migrating import latest
from masthead.store.control.tables import HEAD, Base

pytestmark = pytest.mark.store


def differences(url: str) -> list[object]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()
    return list(found)


def test_from_empty_the_tables_are_those_that_the_code_uses(new_url: Callable[[], str]) -> None:
    url = new_url()
    Database.open(url).close()
    assert differences(url) == []


def test_the_tables_are_those_of_the_last_migration() -> None:
    assert latest() == HEAD


def test_opening_again_changes_nothing(new_url: Callable[[], str]) -> None:
    url = new_url()
    Database.open(url).close()
    Database.open(url).close()
    assert differences(url) == []


def test_a_database_of_the_first_revision_is_brought_forward_with_its_rows(new_url: Callable[[], str]) -> None:
    url = new_url()
    old = Database.connect(url)
    old.migrate("0001")
    with old.writing() as session:
        session.execute(
            text("INSERT INTO projects VALUES ('default', 'Default', 5, 30, '{\"is_on\": true}')"),
        )
        session.execute(
            text(
                "INSERT INTO api_keys (id, project_id, name, role, prefix, secret_hash, created_ns)"
                " VALUES ('k1', 'default', 'mine', 'owner', 'mh_abc', :hash, 7)"
            ),
            {"hash": b"x" * 32},
        )
        session.execute(
            text("INSERT INTO audit_log VALUES (1, 9, 'default', 'local', 'key.created', 'key:k1', '{}', 'a', 'b')")
        )
    old.close()
    new = Database.open(url)
    with new.reading() as session:
        project = projects.get(session, DEFAULT_PROJECT)
        key = keys.by_secret(session, b"x" * 32)
        entries = list(audit.walk(session))
    new.close()
    assert differences(url) == []
    assert project is not None
    assert (project.retention_days, project.redaction.is_on) == (30, True)
    assert key is not None
    assert (key.id, key.name) == ("k1", "mine")
    assert [(entry.sequence, entry.action) for entry in entries] == [(1, "key.created")]


def test_a_database_of_the_last_release_gets_views_and_lists(new_url: Callable[[], str]) -> None:
    url = new_url()
    old = Database.connect(url)
    old.migrate("0002")
    with old.writing() as session:
        session.execute(text("INSERT INTO projects VALUES ('default', 'Default', 5, NULL, '{}')"))
    old.close()
    view = SavedView(
        id="v1",
        project_id=DEFAULT_PROJECT,
        name="Failures",
        query="outcome:failure",
        since="-24h",
        until=None,
        created_ns=1,
        created_by="local",
    )
    new = Database.open(url)
    with new.writing() as session:
        views.insert(session, view)
    with new.reading() as session:
        assert views.all_of(session, DEFAULT_PROJECT) == [view]
        assert lists.all_of(session, DEFAULT_PROJECT) == []
    new.close()
    assert differences(url) == []


def test_a_database_of_a_newer_masthead_is_refused_and_left_alone(new_url: Callable[[], str]) -> None:
    url = new_url()
    database = Database.open(url)
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(StoreDamaged, match=r"'9999'.*newer"):
        Database.open(url)


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name"])
def test_a_url_that_cannot_be_used_names_the_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="database_url"):
        Database.open(url)


def test_a_server_that_is_not_there_is_an_error_with_the_remedy() -> None:
    with pytest.raises(StoreError, match="database_url"):
        Database.open("postgresql+psycopg://nobody@/none?host=/nonexistent-folder")
