"""Projects, keys and sessions as each dialect keeps them."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from masthead.model.errors import Conflict, InvalidInput, StoreError
from masthead.model.ids import ProjectId
from masthead.model.tenancy import ApiKey, Project, Redaction, RedactionRule, Role
from masthead.store.control import keys, projects
from masthead.store.control.database import Database

pytestmark = pytest.mark.store

ONE = Project(
    id=ProjectId("one"),
    name="Éins 'quoted'",
    created_ns=1_700_000_000_123_456_789,
    retention_days=30,
    redaction=Redaction(is_on=True, kinds=("email",), custom=(RedactionRule(name="ticket", pattern=r"T-\d+"),)),
)
TWO = Project(id=ProjectId("two"), name="Two", created_ns=1)
KEY = ApiKey(
    id="k" * 16, project_id=ONE.id, name="mine", role=Role.EDITOR, prefix="mh_abcdef", created_ns=5, expires_ns=100
)
HASH = bytes(range(32))


@pytest.fixture
def stocked(database: Database) -> Database:
    with database.writing() as session:
        projects.insert(session, ONE)
        projects.insert(session, TWO)
        keys.insert(session, KEY, HASH)
    return database


def test_what_is_written_is_read_back(stocked: Database) -> None:
    with stocked.reading() as session:
        assert projects.all_of(session) == [ONE, TWO]
        assert projects.get(session, ONE.id) == ONE
        assert projects.get(session, ProjectId("three")) is None
        assert keys.by_secret(session, HASH) == KEY
        assert keys.by_secret(session, HASH[::-1]) is None


def test_a_second_project_of_one_id_is_a_conflict_and_writes_nothing(stocked: Database) -> None:
    with pytest.raises(Conflict, match="'one'"), stocked.writing() as session:
        projects.insert(session, replace(ONE, name="Another"))
    with stocked.reading() as session:
        assert projects.get(session, ONE.id) == ONE


def test_an_error_rolls_everything_back(stocked: Database) -> None:
    def act() -> None:
        with stocked.writing() as session:
            projects.save(session, replace(TWO, name="Renamed"))
            raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        act()
    with stocked.reading() as session:
        assert projects.get(session, TWO.id) == TWO


def test_a_key_is_seen_only_from_its_own_project(stocked: Database) -> None:
    with stocked.writing() as session:
        assert keys.get(session, TWO.id, KEY.id) is None
        assert keys.all_of(session, TWO.id) == []
        keys.revoke(session, TWO.id, KEY.id, 50)
        keys.touch(session, TWO.id, KEY.id, 50)
    with stocked.reading() as session:
        assert keys.all_of(session, ONE.id) == [KEY]


def test_keys_that_work_are_counted(stocked: Database) -> None:
    with stocked.writing() as session:
        assert [keys.count_usable(session, now_ns) for now_ns in (99, 100)] == [1, 0]
        keys.revoke(session, ONE.id, KEY.id, 50)
        assert keys.count_usable(session, 99) == 0


def test_removing_a_project_takes_its_keys_and_their_sessions(stocked: Database) -> None:
    with stocked.writing() as session:
        keys.start_session(session, HASH, KEY.id, created_ns=1, expires_ns=10)
        session.flush()
        projects.remove(session, ONE.id)
    with stocked.reading() as session:
        assert keys.by_secret(session, HASH) is None
        assert keys.by_session(session, HASH, 5) is None
        assert projects.all_of(session) == [TWO]


def test_a_session_ends_by_time_by_logout_and_with_its_key(stocked: Database) -> None:
    other = HASH[::-1]
    with stocked.writing() as session:
        keys.start_session(session, HASH, KEY.id, created_ns=1, expires_ns=10)
        keys.start_session(session, other, KEY.id, created_ns=2, expires_ns=20)
        session.flush()
        assert keys.by_session(session, HASH, 9) == KEY
        assert keys.by_session(session, HASH, 10) is None
        keys.end_session(session, HASH)
        assert keys.by_session(session, HASH, 9) is None
        keys.revoke(session, ONE.id, KEY.id, 5)
        assert keys.by_session(session, other, 9) is None


def test_a_key_needs_its_project(database: Database) -> None:
    with pytest.raises(StoreError), database.writing() as session:
        keys.insert(session, KEY, HASH)


def test_readers_go_on_while_somebody_writes(stocked: Database) -> None:
    seen = list[Project | None]()

    def read() -> None:
        with stocked.reading() as session:
            seen.append(projects.get(session, TWO.id))

    with stocked.writing() as session:
        projects.save(session, replace(TWO, name="Renamed"))
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(20)
    assert seen == [TWO]


def test_sqlite_runs_with_a_write_ahead_log_and_foreign_keys(database: Database) -> None:
    if database.dialect != "sqlite":
        with database.reading() as session:
            assert session.execute(text("SHOW server_encoding")).scalar_one() == "UTF8"
        return
    with database.reading() as session:
        found = [session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "foreign_keys")]
    assert found == ["wal", 1]
