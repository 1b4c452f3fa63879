"""`masthead secrets`, `masthead gateway check|diff|show|apply|history|restore`, and keys with models and budgets."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from masthead.cli.exit_codes import exit_code_of
from masthead.cli.main import app
from masthead.model.errors import MastheadError

pytestmark = pytest.mark.integration
MASTHEAD = (sys.executable, "-c", "from masthead.cli.entry import main; main()")
VALUE = "sk-live-typed-once"


class Shell:
    """Runs commands on one data folder that no server owns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, code: int = 0, typed: str | None = None) -> Result:
        result = CliRunner().invoke(app, ["--data-dir", str(self.folder), *arguments], input=typed)
        found = result.exit_code
        if isinstance(result.exception, MastheadError):
            found = exit_code_of(result.exception)
        assert found == code, (arguments, result.output, result.exception)
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data")


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_secret_is_typed_listed_without_its_value_rotated_and_deleted(shell: Shell) -> None:
    said = shell.run("secrets", "set", "openai", typed=f"{VALUE}\n").output
    assert 'secret = "stored:openai"' in said
    (listed,) = shell.json("secrets", "list")
    assert (listed["name"], listed["created_by"], listed["last_used"]) == ("openai", "operator", None)
    assert shell.json("secrets", "rotate")["rewrapped"] == 1
    said += shell.run("secrets", "list").output + json.dumps(listed)
    assert VALUE not in said
    shell.run("secrets", "set", "openai", typed="\n", code=2)
    shell.run("secrets", "delete", "openai")
    shell.run("secrets", "delete", "openai", code=3)
    assert shell.json("secrets", "list") == []


@pytest.mark.parametrize(
    ("words", "may_hold"),
    [
        (("secrets", "set", "a/b"), "up to 64 letters, digits"),
        (("secrets", "delete", ".."), "up to 64 letters, digits"),
        (("project", "create", "a/b"), "lower-case letters, digits"),
        (("project", "set", "..", "--name", "x"), "lower-case letters, digits"),
        (("project", "delete", "", "--yes"), "lower-case letters, digits"),
        (("runs", "--project", "schön"), "lower-case letters, digits"),
        (("key", "revoke", "a/b"), "masthead key list"),
        (("show", "../x"), "masthead runs"),
        (("erase-user", "", "--yes"), "empty"),
    ],
)
def test_what_is_no_name_is_refused_in_words(shell: Shell, words: tuple[str, ...], may_hold: str) -> None:
    said = str(shell.run(*words, typed=VALUE, code=2).exception)
    assert may_hold in said


def test_any_id_of_an_end_user_can_be_erased(shell: Shell) -> None:
    for user in ("a/b", "..", "ü?#%2F"):
        assert "Erased 0 runs" in shell.run("erase-user", user, "--yes").output


def test_a_value_is_no_argument(shell: Shell) -> None:
    shell.run("secrets", "set", "openai", VALUE, code=2)


def test_a_projects_document_is_checked_applied_shown_and_restored(shell: Shell, tmp_path: Path) -> None:
    first = written(tmp_path, "a.toml", '[connections.mine]\nprovider = "openai"\nsecret = "stored:openai"\n')
    second = written(tmp_path, "b.json", '{"recording": {"content": "off"}}')
    broken = written(tmp_path, "c.toml", '[connections.mine]\nsecret = "env:HOME"\n')
    assert shell.json("gateway", "show")["revision"] == 0
    found = shell.json("gateway", "check", first, "-p", "default")
    assert (found["is_ok"], [one["where"] for one in found["warnings"]]) == (True, ["connections.mine.secret"])
    assert shell.json("gateway", "apply", first)["revision"] == 1
    refused = shell.json("gateway", "check", broken, "-p", "default", code=1)
    assert [one["where"] for one in refused["faults"]] == ["connections.mine.secret"]
    shell.run("gateway", "apply", broken, code=2)
    changed = shell.json("gateway", "diff", second, "-p", "default")
    assert [(one["where"], one["change"]) for one in changed] == [
        ("connections.mine", "removed"),
        ("recording", "added"),
    ]
    assert "connections.mine" in shell.run("gateway", "apply", second).output
    assert shell.json("gateway", "show")["effective"]["recording"]["content"] == "off"
    assert shell.json("gateway", "restore", "1")["revision"] == 3
    assert [one["revision"] for one in shell.json("gateway", "history")] == [3, 2, 1]
    shown = shell.run("gateway", "show").output
    assert 'secret = "stored:openai"' in shown
    again = written(tmp_path, "again.toml", shown)
    assert "It changes nothing." in shell.run("gateway", "diff", again, "--project", "default").output
    shell.run("gateway", "restore", "99", code=3)


def test_what_cannot_be_applied_is_told_once(shell: Shell, tmp_path: Path) -> None:
    text = '[connections.c]\nbase_url = "http://127.0.0.1:1/v1"\nallow_networks = ["loopback"]\n'
    file = written(tmp_path, "a.toml", text)
    (fault,) = shell.json("gateway", "check", file, "-p", "default", code=1)["faults"]
    assert "127.0.0.0/8, ::1/128" in fault["message"]
    refused = str(shell.run("gateway", "apply", file, code=2).exception)
    assert refused == f"document: {fault['where']}: {fault['message']}"


def test_the_servers_file_is_checked_without_opening_anything(shell: Shell, tmp_path: Path) -> None:
    good = written(tmp_path, "good.toml", '[connections.o]\nprovider = "openai"\nsecret = "env:NO_SUCH_VARIABLE"\n')
    bad = written(tmp_path, "bad.toml", "limits = 3\n")
    found = shell.json("gateway", "check", good)
    assert found["is_ok"]
    assert "NO_SUCH_VARIABLE" in found["warnings"][0]["message"]
    assert [one["where"] for one in shell.json("gateway", "check", bad, code=1)["faults"]] == ["limits"]
    assert [one["where"] for one in shell.json("gateway", "diff", good)] == ["connections.o"]
    shell.run("gateway", "check", written(tmp_path, "no.toml", "[["), code=2)
    shell.folder.mkdir()
    there = written(shell.folder, "gateway.toml", "")
    assert "It is the file that holds" in shell.run("gateway", "check", there).output
    assert not (tmp_path / "data" / "control.sqlite").exists()


def test_the_script_knows_a_check_from_serving(tmp_path: Path) -> None:
    file = written(tmp_path, "g.toml", "")
    command = [*MASTHEAD, "--data-dir", str(tmp_path / "data"), "gateway", "check", file, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["is_ok"]


def test_a_key_is_made_with_all_that_it_may_in_one_step(shell: Shell) -> None:
    made = shell.json(
        "key", "create", "--name", "bot", "--model", "gpt-4o-mini", "--model", "fast*", "--budget-usd", "5/day",
        "--budget-usd", "50.5/month", "--requests", "60/minute", "--tokens", "1000000/day", "--expires", "30d",
    )["key"]  # fmt: skip
    assert made["models"] == ["gpt-4o-mini", "fast*"]
    assert made["limits"] == [
        {"window": "day", "requests": None, "tokens": 1_000_000, "cost_usd": "5"},
        {"window": "month", "requests": None, "tokens": None, "cost_usd": "50.5"},
        {"window": "minute", "requests": 60, "tokens": None, "cost_usd": None},
    ]
    assert made["created"][:7] != made["expires"][:7]
    shown = shell.run("key", "list").output
    assert "$5 and 1000000 tokens a day" in shown


def test_a_key_is_changed_kind_by_kind_and_the_rest_stays(shell: Shell) -> None:
    made = shell.json(
        "key", "create", "--name", "grows", "--model", "best", "--budget-usd", "5/day", "--budget-usd", "50/month",
        "--requests", "60/minute", "--expires", "30d",
    )["key"]  # fmt: skip
    changed = shell.json("key", "change", made["id"], "--budget-usd", "20/day", "--tokens", "9/total")
    assert changed["limits"] == [
        {"window": "day", "requests": None, "tokens": None, "cost_usd": "20"},
        {"window": "minute", "requests": 60, "tokens": None, "cost_usd": None},
        {"window": "total", "requests": None, "tokens": 9, "cost_usd": None},
    ]
    assert {**changed, "limits": made["limits"]} == made
    shown = shell.run("key", "change", made["id"], "--requests", "none", "--model", "*", "--expires", "never").output
    assert "any model; $20 a day, 9 tokens in all; for ever." in " ".join(shown.split())
    shell.run("key", "change", made["id"], code=2)
    shell.run("key", "change", made["id"], "--budget-usd", "much", code=2)
    shell.run("key", "change", "f" * 16, "--model", "m", code=3)
    shell.run("key", "change", "f" * 16, "--requests", "9/day", code=3)
    shell.run("key", "revoke", made["id"])
    shell.run("key", "change", made["id"], "--model", "m", code=6)


@pytest.mark.parametrize(
    "given",
    [
        ("--budget-usd", "5"), ("--budget-usd", "-5/day"), ("--budget-usd", "nan/day"), ("--requests", "1.5/day"),
        ("--requests", "5/fortnight"), ("--tokens", "0/day"), ("--expires", "30"), ("--expires", "d"),
        ("--expires", "-1d"), ("--expires", "²d"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_told(shell: Shell, given: tuple[str, str]) -> None:
    shell.run("key", "create", "--name", "bot", *given, code=2)
