"""The audit log on each dialect: in order under concurrency, and refused to whoever would rewrite it."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import text

from masthead.clock import FixedClock
from masthead.govern import audit as log
from masthead.govern import chain
from masthead.model.access import Caller
from masthead.model.errors import InvalidInput, NotAllowed, StoreError
from masthead.model.ids import ProjectId
from masthead.model.tenancy import Role
from masthead.store.control import audit
from masthead.store.control.database import Database

pytestmark = pytest.mark.store

OWNER = Caller(actor="key:k1", project_id=ProjectId("one"), role=Role.OWNER, is_operator=False)
OTHER = Caller(actor="key:k2", project_id=ProjectId("two"), role=Role.OWNER, is_operator=False)
OPERATOR = Caller(actor="operator", project_id=ProjectId("one"), role=Role.OWNER, is_operator=True)


def note(database: Database, caller: Caller, number: int) -> None:
    with database.writing() as session:
        log.note(session, FixedClock(), caller, "test.done", f"thing:{number}", details={"number": number, "ä": "ß"})


def break_open(database: Database) -> None:
    """Do what only somebody who owns the database can do: take the triggers away."""
    names = {
        "sqlite": ("DROP TRIGGER audit_log_no_update", "DROP TRIGGER audit_log_no_delete"),
        "postgresql": ("DROP TRIGGER audit_log_no_rewrite ON audit_log",),
    }
    with database.writing() as session:
        for statement in names[database.dialect]:
            session.execute(text(statement))


def test_entries_written_at_once_form_one_chain(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(note, database, OWNER), range(40)))
    with database.reading() as session:
        entries = list(audit.walk(session))
    assert [entry.sequence for entry in entries] == list(range(1, 41))
    assert sorted(str(entry.details["number"]) for entry in entries) == sorted(str(number) for number in range(40))
    assert log.verify(database) == chain.Verdict(
        is_intact=True, entries=40, first_broken=None, reason=None, head=entries[-1].hash
    )


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
def test_the_database_refuses_to_rewrite_an_entry(database: Database, statement: str) -> None:
    note(database, OWNER, 1)
    with pytest.raises(StoreError, match="append-only"), database.writing() as session:
        session.execute(text(statement))
    assert log.verify(database).is_intact


def test_postgresql_refuses_to_truncate(database: Database) -> None:
    note(database, OWNER, 1)
    statement = "TRUNCATE audit_log" if database.dialect == "postgresql" else "DELETE FROM audit_log WHERE 1 = 1"
    with pytest.raises(StoreError, match="append-only"), database.writing() as session:
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("change", "first_broken", "reason"),
    [
        ("UPDATE audit_log SET actor = 'somebody else' WHERE sequence = 4", 4, "not what was written"),
        ("UPDATE audit_log SET details = '{}' WHERE sequence = 9", 9, "not what was written"),
        ("UPDATE audit_log SET time_ns = time_ns + 1 WHERE sequence = 1", 1, "not what was written"),
        ("DELETE FROM audit_log WHERE sequence = 6", 7, "missing"),
        ("DELETE FROM audit_log WHERE sequence = 1", 2, "missing"),
        ("UPDATE audit_log SET project_id = NULL WHERE sequence = 3", 3, "not what was written"),
    ],
)
def test_whoever_rewrites_it_all_the_same_is_found_at_that_entry(
    database: Database, change: str, first_broken: int, reason: str
) -> None:
    for number in range(10):
        note(database, OWNER, number)
    break_open(database)
    with database.writing() as session:
        session.execute(text(change))
    verdict = log.verify(database)
    assert (verdict.is_intact, verdict.first_broken) == (False, first_broken)
    assert reason in (verdict.reason or "")


def test_a_log_that_was_cut_off_at_its_end_no_longer_has_the_noted_head(database: Database) -> None:
    for number in range(5):
        note(database, OWNER, number)
    head = log.verify(database).head
    assert log.verify(database, noted_head=head).is_intact
    break_open(database)
    with database.writing() as session:
        session.execute(text("DELETE FROM audit_log WHERE sequence = 5"))
    assert log.verify(database).is_intact
    verdict = log.verify(database, noted_head=head)
    assert (verdict.is_intact, verdict.first_broken) == (False, 5)


def test_a_page_shows_one_project_latest_first_and_goes_on_by_cursor(database: Database) -> None:
    for number in range(7):
        note(database, OWNER if number % 2 == 0 else OTHER, number)
    first = log.entries(database, OWNER, action=None, is_everywhere=False, limit=3, cursor=None)
    second = log.entries(database, OWNER, action=None, is_everywhere=False, limit=3, cursor=first.cursor)
    assert [entry.details["number"] for entry in first.items] == [6, 4, 2]
    assert [entry.details["number"] for entry in second.items] == [0]
    assert second.cursor is None


def test_all_projects_are_for_the_operator_alone(database: Database) -> None:
    note(database, OWNER, 1)
    note(database, OTHER, 2)
    page = log.entries(database, OPERATOR, action="test.done", is_everywhere=True, limit=9, cursor=None)
    assert [entry.project_id for entry in page.items] == ["two", "one"]
    with pytest.raises(NotAllowed):
        log.entries(database, OWNER, action=None, is_everywhere=True, limit=9, cursor=None)


@pytest.mark.parametrize("cursor", ["x", "1 OR 1=1", "-1", "9" * 30, "²"])
def test_a_cursor_of_somebody_else_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        log.entries(database, OWNER, action=None, is_everywhere=False, limit=9, cursor=cursor)


def test_an_act_that_fails_leaves_no_entry(database: Database) -> None:
    def act() -> None:
        with database.writing() as session:
            log.note(session, FixedClock(), OWNER, "test.done", "thing:1")
            raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        act()
    assert log.verify(database).entries == 0
