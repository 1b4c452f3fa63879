"""Keys, sessions and projects from memory: quick, and never longer wrong than promised."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from masthead.clock import FixedClock
from masthead.govern.directory import FRESH_S, Directory
from masthead.govern.exposure import check_exposure
from masthead.govern.keyring import SESSION_S, KeyChange, Keyring
from masthead.model.access import Caller
from masthead.model.errors import Conflict, NotAuthenticated, NotFound, SettingsError
from masthead.model.ids import DEFAULT_PROJECT, ProjectId
from masthead.model.tenancy import KeyLimit, Project, Role
from masthead.settings import Settings
from masthead.store.control import keys, projects
from masthead.store.control.database import Database, Transaction, sqlite_url

pytestmark = pytest.mark.store

OWNER = Caller(actor="test", project_id=DEFAULT_PROJECT, role=Role.OWNER, is_operator=False)
DAY_S = 86_400


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(sqlite_url(tmp_path / "control.sqlite"))
    with opened.writing() as session:
        projects.insert(session, Project(id=DEFAULT_PROJECT, name="Default", created_ns=0))
    yield opened
    opened.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def directory(database: Database, clock: FixedClock) -> Iterator[Directory]:
    opened = Directory(database, clock)
    yield opened
    opened.close()


@pytest.fixture
def keyring(database: Database, directory: Directory, clock: FixedClock) -> Keyring:
    return Keyring(database, directory, clock)


def test_a_key_works_until_it_expires(keyring: Keyring, directory: Directory, clock: FixedClock) -> None:
    made = keyring.create(OWNER, name="short", role=Role.VIEWER, lifetime_s=86_400)
    secret = made.secret.get_secret_value()
    assert directory.key(secret) == made.key
    clock.advance(DAY_S - 1)
    assert directory.key(secret) is not None
    clock.advance(1)
    assert directory.key(secret) is None


def test_a_key_is_changed_and_works_on_under_its_secret(
    keyring: Keyring, directory: Directory, clock: FixedClock
) -> None:
    five = KeyLimit(window="day", cost_usd=Decimal(5))
    made = keyring.create(OWNER, name="bot", role=Role.EDITOR, lifetime_s=86_400, models=("gpt-*",), limits=(five,))
    secret = made.secret.get_secret_value()
    twenty = replace(five, cost_usd=Decimal(20))
    changed = keyring.change(OWNER, made.key.id, KeyChange(limits=(twenty,)))
    assert changed == replace(made.key, limits=(twenty,))  # its models and its end stay
    assert directory.key(secret) == changed
    longer = keyring.change(OWNER, made.key.id, KeyChange(models=(), lifetime_s=2 * 86_400))
    clock.advance(DAY_S)
    assert directory.key(secret) == longer
    assert (longer.models, longer.limits) == ((), (twenty,))
    endless = keyring.change(OWNER, made.key.id, KeyChange(is_endless=True, limits=()))
    clock.advance(400 * DAY_S)
    assert directory.key(secret) == endless


def test_only_a_usable_key_of_the_own_project_is_changed(keyring: Keyring) -> None:
    made = keyring.create(OWNER, name="bot", role=Role.EDITOR)
    with pytest.raises(NotFound):
        keyring.change(OWNER, "f" * 16, KeyChange(models=("m",)))
    keyring.revoke(OWNER, made.key.id)
    with pytest.raises(Conflict, match="make a new one"):
        keyring.change(OWNER, made.key.id, KeyChange(models=("m",)))


def test_another_server_sees_a_revocation_within_the_promised_time(
    keyring: Keyring, database: Database, clock: FixedClock
) -> None:
    elsewhere = Directory(database, clock)
    made = keyring.create(OWNER, name="k", role=Role.VIEWER)
    secret = made.secret.get_secret_value()
    assert elsewhere.key(secret) is not None
    keyring.revoke(OWNER, made.key.id)
    clock.advance(FRESH_S)
    assert elsewhere.key(secret) is None
    elsewhere.close()


def test_a_key_that_is_made_later_is_found_at_once(keyring: Keyring, directory: Directory) -> None:
    assert directory.key("mh_unknown") is None
    secret = keyring.create(OWNER, name="k", role=Role.VIEWER).secret.get_secret_value()
    assert directory.key(secret) is not None


def test_use_is_noted_once_a_minute(database: Database, keyring: Keyring, clock: FixedClock) -> None:
    made = keyring.create(OWNER, name="k", role=Role.VIEWER)
    secret = made.secret.get_secret_value()

    def last_used() -> int | None:
        directory = Directory(database, clock)
        directory.key(secret)
        directory.close()
        with database.reading() as session:
            found = keys.get(session, DEFAULT_PROJECT, made.key.id)
        assert found is not None
        return found.last_used_ns

    first = last_used()
    assert first == clock.now_ns()
    clock.advance(59)
    assert last_used() == first
    clock.advance(1)
    assert last_used() == clock.now_ns()


def test_the_secret_is_not_in_the_database(keyring: Keyring, database: Database, tmp_path: Path) -> None:
    made = keyring.create(OWNER, name="k", role=Role.OWNER)
    secret = made.secret.get_secret_value()
    token = keyring.log_in(secret).token.get_secret_value()
    database.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert made.key.prefix.encode() in content
    assert secret.encode() not in content
    assert token.encode() not in content
    assert len(secret) >= 46


def test_a_session_ends_by_itself(keyring: Keyring, directory: Directory, clock: FixedClock) -> None:
    secret = keyring.create(OWNER, name="k", role=Role.OWNER).secret.get_secret_value()
    token = keyring.log_in(secret).token.get_secret_value()
    clock.advance(SESSION_S - FRESH_S - 1)
    assert directory.session(token) is not None
    clock.advance(FRESH_S + 1)
    assert directory.session(token) is None
    assert directory.session(secret) is None
    with pytest.raises(NotAuthenticated):
        keyring.log_in(token)


def test_an_unknown_project_is_not_found(directory: Directory) -> None:
    assert directory.project(DEFAULT_PROJECT).name == "Default"
    with pytest.raises(NotFound, match="'absent'"):
        directory.project(ProjectId("absent"))


def test_the_server_does_not_start_in_the_open_without_a_key(keyring: Keyring, clock: FixedClock) -> None:
    check_exposure(Settings(host="127.0.0.1"), keyring)
    for settings in (Settings(host="192.0.2.1"), Settings(require_keys=True)):
        with pytest.raises(SettingsError, match="masthead key create"):
            check_exposure(settings, keyring)
    keyring.create(OWNER, name="k", role=Role.OWNER, lifetime_s=86_400)
    check_exposure(Settings(host="192.0.2.1"), keyring)
    clock.advance(DAY_S)
    with pytest.raises(SettingsError, match=r"'192\.0\.2\.1'"):
        check_exposure(Settings(host="192.0.2.1"), keyring)


def test_an_answer_that_was_on_its_way_when_things_changed_is_not_kept(
    database: Database, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = projects.get

    def get(session: Transaction, project_id: ProjectId) -> Project | None:
        found = ask(session, project_id)
        with monkeypatch.context() as patch:
            patch.setattr(projects, "get", ask)
            directory.forget()
        return found

    monkeypatch.setattr(projects, "get", get)
    assert directory.project(DEFAULT_PROJECT).id == DEFAULT_PROJECT
    monkeypatch.undo()
    with database.writing() as session:
        projects.remove(session, DEFAULT_PROJECT)
    with pytest.raises(NotFound):
        directory.project(DEFAULT_PROJECT)
