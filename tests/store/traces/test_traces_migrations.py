"""Migrations: numbered without a gap, each run once, from an empty database and from a previous one."""

import pytest

from masthead.store.traces.engine import fetch
from masthead.store.traces.migrate import migrate, migrations, version_of
from masthead.store.traces.store import TraceStore

pytestmark = pytest.mark.store


def test_numbers_have_no_gap() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_new_database_is_at_the_newest_version(store: TraceStore) -> None:
    assert version_of(store.engine) == migrations()[-1].version


def test_migrating_again_changes_nothing(store: TraceStore) -> None:
    before = fetch(store.engine, tuple[int, str, int], "SELECT * FROM masthead ORDER BY version", {})
    assert migrate(store.engine) == migrations()[-1].version
    assert fetch(store.engine, tuple[int, str, int], "SELECT * FROM masthead ORDER BY version", {}) == before


@pytest.mark.parametrize("previous", range(len(migrations())))
def test_from_any_previous_version_to_the_newest(store: TraceStore, previous: int) -> None:
    tables = fetch(store.engine, tuple[str], "SELECT name FROM system.tables WHERE database = currentDatabase()", {})
    for (table,) in tables:
        store.engine.query(f"DROP TABLE {table}", {})
    assert migrate(store.engine, up_to=previous) == previous
    assert migrate(store.engine) == migrations()[-1].version
    assert {"spans", "runs", "scores", "retention"} <= {size.table for size in store.sizes()} | {
        table
        for (table,) in fetch(
            store.engine, tuple[str], "SELECT name FROM system.tables WHERE database = currentDatabase()", {}
        )
    }
