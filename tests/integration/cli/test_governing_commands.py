"""`masthead key`, `project`, `audit`, `erase-run` and `erase-user`, against a running server and, once, without one."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from masthead.cli.client import running_server
from masthead.cli.exit_codes import exit_code_of
from masthead.cli.main import app
from masthead.model.errors import MastheadError
from masthead.settings import Settings
from masthead.store.control.database import sqlite_url
from masthead.testing.disk import files_holding
from masthead.testing.site import conversation, put
from masthead.wiring import opened

pytestmark = pytest.mark.integration


class Shell:
    """Runs commands on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["--data-dir", str(self.folder), *arguments])
        found = result.exit_code
        if isinstance(result.exception, MastheadError):
            found = exit_code_of(result.exception)
        assert found == code, (arguments, result.output, result.exception)
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Commands on a data folder that a running server owns."""
    folder = tmp_path_factory.mktemp("served") / "data"
    program = Path(sys.executable).parent / "masthead"
    command = [str(program), "--data-dir", str(folder), "up", "--port", "0", "--no-samples"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        for _ in range(600):
            if running_server(folder) is not None or server.poll() is not None:
                break
            time.sleep(0.1)
        assert running_server(folder) is not None
        yield Shell(folder)
        server.terminate()


@pytest.fixture
def lone_shell(tmp_path: Path) -> Shell:
    """Commands on a data folder that nobody serves."""
    return Shell(tmp_path / "data")


def test_a_key_is_made_shown_once_listed_and_revoked(shell: Shell) -> None:
    made = shell.json("key", "create", "--name", "me", "--role", "owner", "--expires-in-days", "9")
    assert made["secret"].startswith("mh_")
    listed = shell.json("key", "list")
    assert [(key["id"], key["role"], key["revoked"]) for key in listed] == [(made["key"]["id"], "owner", None)]
    assert made["secret"] not in shell.run("key", "list").stdout
    assert shell.json("key", "revoke", made["key"]["id"])["revoked"] is not None
    shell.run("key", "revoke", "f" * 16, code=3)
    shell.run("key", "revoke", "nonsense", code=2)
    assert files_holding(shell.folder, made["secret"].encode()) == []


def test_a_project_is_made_changed_and_deleted(shell: Shell) -> None:
    assert shell.json("project", "create", "shop", "--retention-days", "30")["retention_days"] == 30
    shell.run("project", "create", "shop", code=6)
    shell.run("project", "create", "Not An Id", code=2)
    shell.run("project", "set", "shop", code=2)
    shell.run("project", "set", "shop", "--keep-forever", "--retention-days", "3", code=2)
    changed = shell.json("project", "set", "shop", "--redact", "email,card", "--redact-pattern", "ticket=T-[0-9]+")
    assert changed["redaction"] == {
        "is_on": True,
        "kinds": ["email", "card"],
        "custom": [{"name": "ticket", "pattern": "T-[0-9]+"}],
    }
    assert shell.json("project", "set", "shop", "--keep-forever")["retention_days"] is None
    assert "shop" in shell.run("project", "list").stdout
    shell.run("project", "delete", "default", "--yes", code=6)
    shell.run("project", "delete", "absent", "--yes", code=3)
    assert shell.json("project", "delete", "shop", "--yes") == {"runs": 0, "spans": 0, "scores": 0}
    assert [project["id"] for project in shell.json("project", "list")] == ["default"]


def test_a_user_is_erased_after_the_question(lone_shell: Shell) -> None:
    shell = lone_shell
    with opened(Settings(data_dir=shell.folder)) as application:
        put(application.door, "default", conversation(1, user="u/1"), conversation(2, user="u/2"))
    refused = CliRunner().invoke(app, ["--data-dir", str(shell.folder), "erase-user", "u/1"], input="n\n")
    assert refused.exit_code != 0
    assert shell.json("erase-user", "u/1", "--yes")["runs"] == 1
    assert shell.json("erase-user", "u/1", "--yes") == {"runs": 0, "spans": 0, "scores": 0}
    assert [run["user_id"] for run in shell.json("runs")] == ["u/2"]
    assert "user.erase.done" in shell.run("audit", "list", "--action", "user.erase.done").stdout


def test_runs_are_erased_by_their_first_characters(lone_shell: Shell) -> None:
    shell = lone_shell
    with opened(Settings(data_dir=shell.folder)) as application:
        put(application.door, "default", *(conversation(number) for number in (1, 2, 3)))
    first, second, third = sorted(run["run_id"] for run in shell.json("runs"))
    refused = CliRunner().invoke(app, ["--data-dir", str(shell.folder), "erase-run", first], input="n\n")
    assert refused.exit_code != 0
    assert first in refused.stdout
    assert shell.json("erase-run", first, second, first, "--yes")["runs"] == 2
    assert [run["run_id"] for run in shell.json("runs")] == [third]
    shell.run("erase-run", first, "--yes", code=3)
    assert first in shell.run("audit", "list", "--action", "runs.delete.done", "--json").stdout


def test_the_server_refuses_to_start_in_the_open_without_a_key(lone_shell: Shell) -> None:
    everywhere = ("up", "--host", "0.0.0.0", "--port", "0", "--no-samples")  # noqa: S104 - it must refuse
    refused = lone_shell.run(*everywhere, code=2)
    assert "masthead key create" in str(refused.exception)


@pytest.mark.parametrize(
    "command",
    [
        "key create",
        "key list",
        "key revoke",
        "project create",
        "project set",
        "audit list",
        "audit verify",
        "erase-run",
        "erase-user",
    ],
)
def test_help_gives_an_example(lone_shell: Shell, command: str) -> None:
    assert f"masthead {command}" in lone_shell.run(*command.split(), "--help").stdout


def test_the_log_is_verified_and_a_broken_one_ends_with_exit_code_1(shell: Shell) -> None:
    for name in ("a", "b", "c"):
        shell.run("key", "create", "--name", name)
    verdict = shell.json("audit", "verify")
    assert verdict["is_intact"]
    last = verdict["entries"]
    assert verdict["head"] in shell.run("audit", "verify", "--head", verdict["head"]).stdout
    assert shell.json("audit", "verify", "--head", "0" * 64, code=1)["is_intact"] is False
    assert [entry["sequence"] for entry in shell.json("audit", "list", "-n", "2")] == [last, last - 1]
    engine = create_engine(sqlite_url(shell.folder / "control.sqlite"))
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_log_no_update"))
        connection.execute(text("UPDATE audit_log SET actor = 'nobody' WHERE sequence = 2"))
    engine.dispose()
    broken = shell.json("audit", "verify", code=1)
    assert (broken["is_intact"], broken["first_broken"]) == (False, 2)
    assert "entry 2" in shell.run("audit", "verify", code=1).stdout
