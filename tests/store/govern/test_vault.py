"""Secrets at rest: what is on the disk, who can read it, and what becomes of it when the master key is changed."""

import base64
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from masthead.clock import FixedClock
from masthead.govern import audit
from masthead.govern.master_keys import MasterKey, MasterKeys
from masthead.govern.vault import Vault
from masthead.model.access import Caller
from masthead.model.errors import InvalidInput, NotAllowed, NotFound, SettingsError, TooLarge
from masthead.model.ids import DEFAULT_PROJECT, ProjectId
from masthead.model.stored import SecretId
from masthead.model.tenancy import Project, Role
from masthead.store.control import gateways, projects, secrets
from masthead.store.control.database import Database, sqlite_url

pytestmark = pytest.mark.store

VALUE = "sk-live-a1b2c3d4e5f6-never-to-be-seen"
OTHER = ProjectId("other")
OWNER = Caller(actor="key:1", project_id=DEFAULT_PROJECT, role=Role.OWNER, is_operator=False)
OPERATOR = Caller(actor="operator", project_id=DEFAULT_PROJECT, role=Role.OWNER, is_operator=True)
OF_OTHER = Caller(actor="key:2", project_id=OTHER, role=Role.OWNER, is_operator=False)
OPENAI = SecretId(DEFAULT_PROJECT, "openai")


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def filled(database: Database) -> Database:
    with database.writing() as session:
        for name in (DEFAULT_PROJECT, OTHER):
            projects.insert(session, Project(id=name, name=name, created_ns=1))
    return database


def vault_in(folder: Path, database: Database, given: str | None = None, file: Path | None = None) -> Vault:
    keys = MasterKeys(given=None if given is None else SecretStr(given), file=file, own_file=folder / "secrets.key")
    return Vault(database, keys, FixedClock())


def test_a_secret_comes_back_to_the_gateway_and_to_nobody_else(filled: Database, tmp_path: Path) -> None:
    vault = vault_in(tmp_path, filled)
    vault.put(OWNER, "openai", SecretStr(f"  {VALUE}\n"))
    assert vault.read(OPENAI) == VALUE
    assert vault.read(SecretId(OTHER, "openai")) is None
    assert f"masthead secrets set openai --project {OTHER}" in (vault.fault_of(SecretId(OTHER, "openai")) or "")
    assert vault.all_of(OF_OTHER) == []
    assert VALUE not in repr(vault.all_of(OWNER))
    with filled.reading() as session:
        kept = secrets.sealed(session, OPENAI)
        log = list(audit.audit.walk(session))
    assert VALUE.encode() not in repr(kept).encode()
    assert kept is not None
    assert VALUE.encode() not in kept.ciphertext
    assert [entry.action for entry in log] == ["secret.created"]
    assert VALUE not in repr(log)


def test_nothing_of_a_value_is_in_the_folder_of_the_embedded_store(tmp_path: Path) -> None:
    database = Database.open(sqlite_url(tmp_path / "control.sqlite"))
    with database.writing() as session:
        projects.insert(session, Project(id=DEFAULT_PROJECT, name="Default", created_ns=0))
    vault = vault_in(tmp_path, database)
    for number in range(20):
        vault.put(OWNER, f"s{number}", SecretStr(f"{VALUE}-{number}"))
    vault.put(OWNER, "s1", SecretStr("another"))
    vault.delete(OWNER, "s2")
    vault.rotate(OPERATOR)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"control.sqlite", "secrets.key"} <= {path.name for path in written}
    assert [path for path in written if VALUE[:16].encode() in path.read_bytes()] == []
    database.close()
    assert [path for path in tmp_path.rglob("*") if path.is_file() and VALUE[:16].encode() in path.read_bytes()] == []
    assert (tmp_path / "secrets.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("change", ["project_id = 'other'", "name = 'renamed'"])
def test_a_row_that_is_moved_elsewhere_does_not_decrypt(filled: Database, tmp_path: Path, change: str) -> None:
    vault = vault_in(tmp_path, filled)
    vault.put(OWNER, "openai", SecretStr(VALUE))
    with filled.writing() as session:
        session.execute(text(f"UPDATE secrets SET {change}"))
    moved = SecretId(OTHER, "openai") if "project" in change else SecretId(DEFAULT_PROJECT, "renamed")
    with pytest.raises(SettingsError, match=r"does not decrypt.*masthead secrets set") as caught:
        vault.read(moved)
    assert VALUE not in str(caught.value)


def test_a_value_whose_bytes_were_changed_does_not_decrypt(filled: Database, tmp_path: Path) -> None:
    vault = vault_in(tmp_path, filled)
    vault.put(OWNER, "openai", SecretStr(VALUE))
    with filled.reading() as session:
        kept = secrets.sealed(session, OPENAI)
    assert kept is not None
    for column, whole in (("ciphertext", kept.ciphertext), ("wrapped_key", kept.wrapped_key)):
        for at in (0, 13, -1):
            broken = bytearray(whole)
            broken[at] ^= 1
            write(filled, column, bytes(broken))
            with pytest.raises(SettingsError, match="does not decrypt"):
                vault.read(OPENAI)
        write(filled, column, whole)
    assert vault.read(OPENAI) == VALUE


def write(database: Database, column: str, value: bytes) -> None:
    with database.writing() as session:
        session.execute(text(f"UPDATE secrets SET {column} = :value"), {"value": value})


def test_another_master_key_says_which_one_is_missing_and_what_to_do(filled: Database, tmp_path: Path) -> None:
    first, second = new_key(), new_key()
    vault_in(tmp_path, filled, first).put(OWNER, "openai", SecretStr(VALUE))
    with pytest.raises(SettingsError, match=r"secrets_key does not hold it.*backup.*masthead secrets set") as caught:
        vault_in(tmp_path, filled, second).read(OPENAI)
    said = str(caught.value)
    assert first not in said
    assert second not in said
    assert VALUE not in said
    assert vault_in(tmp_path, filled, f"{second},{first}").read(OPENAI) == VALUE


@pytest.mark.parametrize(
    "given",
    ["", "short", "é" * 32, new_key()[:-8], f"{new_key()},nonsense"],
    ids=["nothing", "short", "not ASCII", "cut off", "one of two"],
)
def test_what_is_no_master_key_is_refused_without_being_told(filled: Database, tmp_path: Path, given: str) -> None:
    with pytest.raises(SettingsError, match="openssl rand -base64 32") as caught:
        vault_in(tmp_path, filled, given).put(OWNER, "openai", SecretStr(VALUE))
    assert not given or given not in str(caught.value)
    assert "nonsense" not in str(caught.value)


def test_a_master_key_is_taken_in_hexadecimal_and_from_a_file_that_changes(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "mounted"
    old, new = os.urandom(32).hex(), new_key()
    file.write_text(f"{old}\n")
    vault = vault_in(tmp_path, filled, file=file)
    vault.put(OWNER, "openai", SecretStr(VALUE))
    file.write_text(f"{new}\n{old}\n")
    assert vault.read(OPENAI) == VALUE
    assert vault.rotate(OPERATOR).rewrapped == 1
    assert file.read_text() == f"{new}\n{old}\n"  # it is the operator's: only theirs to change
    file.write_text(new)
    assert vault.read(OPENAI) == VALUE
    file.unlink()
    with pytest.raises(SettingsError, match=r"secrets_key_file names .*does not exist"):
        vault.read(OPENAI)


def test_a_rotation_makes_a_new_key_and_lets_the_old_one_go(filled: Database, tmp_path: Path) -> None:
    vault = vault_in(tmp_path, filled)
    for number in range(120):
        vault.put(OWNER if number % 2 else OF_OTHER, f"s{number}", SecretStr(f"{VALUE}{number}"))
    before = (tmp_path / "secrets.key").read_text()
    done = vault.rotate(OPERATOR)
    after = (tmp_path / "secrets.key").read_text()
    assert (done.rewrapped, done.left) == (120, 0)
    assert set(before.split()).isdisjoint(after.split())
    assert len(after.split()) == 1
    assert done.key_id == MasterKey(base64.b64decode(after)).id
    assert vault.read(SecretId(OTHER, "s0")) == f"{VALUE}0"
    assert vault.read(SecretId(DEFAULT_PROJECT, "s119")) == f"{VALUE}119"
    (tmp_path / "secrets.key").write_text(before)
    with pytest.raises(SettingsError, match="does not hold it"):
        vault.read(SecretId(OTHER, "s0"))


def test_only_the_operator_rotates(filled: Database, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed):
        vault_in(tmp_path, filled).rotate(OWNER)


def test_secrets_whose_master_key_is_lost_are_counted_and_do_not_end_a_rotation(
    filled: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lost, kept, new = new_key(), new_key(), new_key()
    for number in range(60):
        vault_in(tmp_path, filled, lost).put(OWNER, f"lost{number}", SecretStr(VALUE))
    vault_in(tmp_path, filled, kept).put(OWNER, "zz", SecretStr(VALUE))
    with caplog.at_level(logging.ERROR):
        done = vault_in(tmp_path, filled, f"{new} {kept}").rotate(OPERATOR)
    assert (done.rewrapped, done.left) == (1, 60)
    assert "lost59" in caplog.text
    assert VALUE not in caplog.text
    assert vault_in(tmp_path, filled, new).read(SecretId(DEFAULT_PROJECT, "zz")) == VALUE


def test_what_is_stored_while_keys_are_changed_can_be_read(filled: Database, tmp_path: Path) -> None:
    vault = vault_in(tmp_path, filled)

    def put(number: int) -> None:
        vault.put(OWNER, f"s{number}", SecretStr(f"{VALUE}{number}"))

    with ThreadPoolExecutor(4) as pool:
        puts = [pool.submit(put, number) for number in range(40)]
        vault.rotate(OPERATOR)
        for one in puts:
            one.result()
    vault.rotate(OPERATOR)
    assert [vault.read(SecretId(DEFAULT_PROJECT, f"s{number}")) for number in range(40)] == [
        f"{VALUE}{number}" for number in range(40)
    ]


ROTATING = """
import sys
from pathlib import Path
from masthead.clock import SystemClock
from masthead.govern.master_keys import MasterKeys
from masthead.govern.vault import Vault
from masthead.model.access import Caller
from masthead.model.ids import DEFAULT_PROJECT
from masthead.model.tenancy import Role
from masthead.store.control.database import Database
operator = Caller(actor="operator", project_id=DEFAULT_PROJECT, role=Role.OWNER, is_operator=True)
keys = MasterKeys(given=None, file=None, own_file=Path(sys.argv[2]) / "secrets.key")
vault = Vault(Database.open(sys.argv[1]), keys, SystemClock())
print("ready", flush=True)
while True:
    vault.rotate(operator)
"""


def test_a_rotation_that_is_killed_leaves_every_secret_readable_and_is_finished_by_the_next(
    new_url: Callable[[], str], tmp_path: Path
) -> None:
    url, many = new_url(), 150
    database = Database.open(url)
    with database.writing() as session:
        projects.insert(session, Project(id=DEFAULT_PROJECT, name="Default", created_ns=0))
    vault = vault_in(tmp_path, database)
    for number in range(many):
        vault.put(OWNER, f"s{number}", SecretStr(f"{VALUE}{number}"))
    was_halfway = 0
    for attempt in range(6):
        process = subprocess.Popen([sys.executable, "-c", ROTATING, url, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.03 + 0.023 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        was_halfway += len((tmp_path / "secrets.key").read_text().split()) > 1
        found = [vault.read(SecretId(DEFAULT_PROJECT, f"s{number}")) for number in range(many)]
        assert found == [f"{VALUE}{number}" for number in range(many)]
    done = vault.rotate(OPERATOR)
    with database.reading() as session:
        assert secrets.count_by_key(session) == {done.key_id: many}
    assert len((tmp_path / "secrets.key").read_text().split()) == 1
    assert was_halfway > 0  # else no rotation was caught in the middle, and nothing was shown
    database.close()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a b", "a\x00b", "a" * 65, "-a", "ä", "x'; DROP TABLE secrets"]
)
def test_names_that_could_mean_something_else_are_refused(filled: Database, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="no name of a secret"):
        vault_in(tmp_path, filled).put(OWNER, name, SecretStr(VALUE))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", InvalidInput),
        (" \n", InvalidInput),
        ("a\r\nx: y", InvalidInput),
        ("schlüssel", InvalidInput),
        ("x" * 70_000, TooLarge),
    ],
)
def test_values_that_no_header_may_hold_are_refused_without_being_told(
    filled: Database, tmp_path: Path, value: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as caught:
        vault_in(tmp_path, filled).put(OWNER, "s", SecretStr(value))
    assert not value.strip() or value not in str(caught.value)


def test_a_secret_that_is_not_there_is_told_by_its_name(filled: Database, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="'none'"):
        vault_in(tmp_path, filled).delete(OWNER, "none")
    with filled.reading() as session:
        assert list(audit.audit.walk(session)) == []  # what did not happen is not in the log


def test_gateways_hear_of_secrets_that_change_in_their_project_alone(filled: Database, tmp_path: Path) -> None:
    vault = vault_in(tmp_path, filled)
    vault.put(OWNER, "a", SecretStr("1"))
    with filled.reading() as session:
        first, whose = gateways.changed_since(session, 0)
    assert whose == {DEFAULT_PROJECT}
    vault.put(OF_OTHER, "a", SecretStr("2"))
    vault.delete(OF_OTHER, "a")
    with filled.reading() as session:
        second, whose = gateways.changed_since(session, first)
    assert whose == {OTHER}
    assert second > first


def test_the_last_use_is_noted(filled: Database, tmp_path: Path) -> None:
    vault = vault_in(tmp_path, filled)
    vault.put(OWNER, "a", SecretStr("1"))
    vault.note_uses({SecretId(DEFAULT_PROJECT, "a"): 77, SecretId(OTHER, "a"): 78})
    assert [one.last_used_ns for one in vault.all_of(OWNER)] == [77]


@pytest.fixture
def database(new_url: Callable[[], str]) -> Iterator[Database]:
    opened = Database.open(new_url())
    yield opened
    opened.close()
