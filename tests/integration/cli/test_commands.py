"""The command line against a real server in a process of its own, with the sample runs in it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from typer.testing import CliRunner

from masthead.cli import main as command_line
from masthead.cli.client import running_server
from masthead.cli.exit_codes import exit_code_of
from masthead.model.errors import MastheadError

pytestmark = pytest.mark.integration

MASTHEAD = (sys.executable, "-c", "from masthead.cli.main import main; main()")


class Server(NamedTuple):
    """A server that runs for the whole module."""

    data_dir: Path
    url: str


def start(data_dir: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*MASTHEAD, "--data-dir", str(data_dir), "up", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        found = re.search(r"up at (http://\S+?)/?$", line.strip())
        if found:
            return found[1]
    pytest.fail(f"the server did not start: {''.join(said)}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("server") / "data"
    process = start(data_dir)
    yield Server(data_dir, address(process))
    assert stop(process) == 0
    assert not (data_dir / "server.json").exists()


def stop(process: subprocess.Popen[str], by: signal.Signals = signal.SIGINT) -> int:
    assert process.stdout is not None
    process.send_signal(by)
    process.stdout.read()
    process.stdout.close()
    return process.wait(30)


class Ran(NamedTuple):
    code: int
    out: str
    error: str


def masthead(server: Server, *words: str) -> Ran:
    """Run a command in this process, with its errors turned into exit codes as `main` does it."""
    ran = CliRunner().invoke(command_line.app, ["--data-dir", str(server.data_dir), *words])
    if isinstance(ran.exception, MastheadError):
        return Ran(exit_code_of(ran.exception), ran.stdout, str(ran.exception))
    return Ran(ran.exit_code, ran.stdout, ran.stderr)


def shell(server: Server, *words: str) -> Ran:
    """Run a command as the shell would, in a process of its own."""
    command = [*MASTHEAD, "--data-dir", str(server.data_dir), *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def answer(server: Server, *words: str) -> Any:
    """Run a command in this process, quickly, and decode its JSON."""
    ran = CliRunner().invoke(command_line.app, ["--data-dir", str(server.data_dir), *words, "--json"])
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_a_new_server_has_the_sample_runs(server: Server) -> None:
    runs = answer(server, "runs", "-n", "100")
    assert {run["outcome"] for run in runs} >= {"success", "failure"}
    assert len({run["system"] for run in runs}) == 6
    assert all(run["task"] and "sample" in run["tags"] for run in runs)


def test_runs_are_filtered(server: Server) -> None:
    every = answer(server, "runs", "-n", "100")
    failed = answer(server, "runs", "-n", "100", "--outcome", "failure")
    assert 0 < len(failed) < len(every)
    assert {run["outcome"] for run in failed} == {"failure"}
    assert {run["system"] for run in answer(server, "runs", "--agent", "verifier")} == {"sums (plain Python)"}


def test_a_run_is_shown_as_a_conversation(server: Server) -> None:
    found = answer(server, "runs", "--agent", "verifier")[0]["run_id"]
    ran = masthead(server, "show", found[:10])
    assert ran.code == 0
    assert "solver" in ran.out and "handoff: solver → verifier" in ran.out and "calls calculate" in ran.out
    turns = answer(server, "show", found, "--turns", "1:3")["turns"]
    assert [turn["index"] for turn in turns] == [1, 2]


def test_search_finds_what_was_said_and_says_where_it_was_not(server: Server) -> None:
    hits = answer(server, "search", "WAREHOUSE.example")
    assert hits and all("warehouse.example" in hit["excerpt"].lower() for hit in hits)
    ran = masthead(server, "search", "nobody ever said this")
    assert (ran.code, "nowhere" in ran.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("show", "ffffffffff"), 3, "no run 'ffffffffff'"),
        (("show", "last", "--turns", "x:y"), 2, "x:y"),
        (("runs", "--since", "yesterday"), 2, "since"),
        (("runs", "--outcome", "great"), 2, "outcome"),
        (("runs", "--project", "nobodys"), 3, "nobodys"),
        (("export", "file.docx"), 2, "docx"),
        (("up", "--port", "0"), 6, "runs already"),
    ],
)
def test_a_bad_word_ends_with_its_own_exit_code_and_names_the_fault(
    server: Server, words: tuple[str, ...], code: int, told: str
) -> None:
    ran = masthead(server, *words)
    assert ran.code == code
    assert told in ran.error
    assert "Traceback" not in ran.error


def test_errors_reach_the_shell_as_one_line_and_an_exit_code(server: Server) -> None:
    ran = shell(server, "show", "ffffffffff")
    assert (ran.code, ran.out) == (3, "")
    assert ran.error == "masthead: no run 'ffffffffff' in this project; `masthead runs` lists them\n"


def test_an_export_comes_back_in(server: Server, tmp_path: Path) -> None:
    exported = tmp_path / "runs.json"
    assert masthead(server, "export", str(exported)).code == 0
    assert masthead(server, "project", "create", "copy").code == 0
    assert masthead(server, "import", str(exported), "--project", "copy").code == 0
    original, copy = (answer(server, "runs", "-n", "100", "--project", name) for name in ("default", "copy"))
    assert [run["run_id"] for run in copy] == [run["run_id"] for run in original]
    run = original[0]["run_id"]
    assert answer(server, "show", run, "--project", "copy") == answer(server, "show", run)


def test_conversations_and_spans_are_exported(server: Server, tmp_path: Path) -> None:
    ran = shell(server, "export", "--format", "jsonl", "--agent", "verifier")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert lines and all(line["turns"] and "scores" in line for line in lines)
    parquet = tmp_path / "spans.parquet"
    assert masthead(server, "export", str(parquet)).code == 0
    assert parquet.read_bytes()[:4] == b"PAR1"


def test_doctor_finds_everything_well(server: Server) -> None:
    checks = {check["name"]: check for check in answer(server, "doctor")}
    assert server.url in checks["server"]["found"]
    assert not [name for name, check in checks.items() if check["is_well"] is False]


def test_samples_can_be_removed_and_added_again(server: Server) -> None:
    assert masthead(server, "project", "create", "tidy").code == 0
    assert masthead(server, "samples", "add", "--project", "tidy").code == 0
    assert len(answer(server, "runs", "-n", "100", "--project", "tidy")) == len(answer(server, "runs", "-n", "100"))
    assert masthead(server, "samples", "remove", "--project", "tidy").code == 0
    assert answer(server, "runs", "--project", "tidy") == []


def test_another_programs_answer_is_not_taken_for_ours(tmp_path: Path, server: Server) -> None:
    stale = tmp_path / "data"
    stale.mkdir()
    said = {
        "pid of nobody": [server.url, 2**22 + 1, "t"],
        "no answer of ours": [f"{server.url}/nowhere", os.getpid(), "t"],
    }
    for known in said.values():
        (stale / "server.json").write_text(json.dumps(known))
        assert running_server(stale) is None


def test_a_proxy_never_sees_what_goes_to_the_own_machine(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert running_server(server.data_dir) is not None
    assert len(answer(server, "runs", "-n", "1")) == 1


def test_commands_work_alike_without_a_server(tmp_path: Path) -> None:
    alone = Server(tmp_path / "data", "")
    log = tmp_path / "talk.txt"
    log.write_text("Ann: Shall we go?\nBob: Yes, at noon.\nAnn: Good.\n")
    assert shell(alone, "import", str(log)).code == 0
    assert shell(alone, "import", str(log)).code == 0
    ran = shell(alone, "show", "last")
    assert "at noon" in ran.out
    assert len(json.loads(shell(alone, "runs", "--json").out)) == 1


def test_a_second_process_is_told_who_has_the_folder(tmp_path: Path) -> None:
    process = start(tmp_path / "data", "--no-samples")
    try:
        address(process)
        (tmp_path / "data" / "server.json").unlink()
        ran = shell(Server(tmp_path / "data", ""), "runs")
        assert ran.code == 5
        assert str(process.pid) in ran.error
    finally:
        stop(process)


def test_a_server_that_is_told_to_end_closes_its_stores(tmp_path: Path) -> None:
    process = start(tmp_path / "data")
    address(process)
    assert stop(process, signal.SIGTERM) == 0
    assert not (tmp_path / "data" / "server.json").exists()
    assert not (tmp_path / "data" / "control.sqlite-wal").exists()


def test_beyond_loopback_a_server_without_keys_does_not_start(tmp_path: Path) -> None:
    ran = shell(Server(tmp_path / "data", ""), "up", "--port", "0", "--host", "0.0.0.0")  # noqa: S104 - it must refuse
    assert (ran.code, "masthead key create" in ran.error) == (2, True)


def test_the_page_is_served(server: Server) -> None:
    page = httpx.get(server.url)
    assert page.status_code == 200
    assert "Masthead" in page.text
