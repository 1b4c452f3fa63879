"""`masthead import` as a whole: into a store on disk, found again, and safe to repeat."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from masthead.cli import main as command_line
from masthead.cli.import_door import HttpDoor
from masthead.model.errors import InvalidInput, StoreFull
from masthead.model.span import Span

pytestmark = pytest.mark.integration

BLAMED: dict[str, Any] = {
    "is_correct": False,
    "question": "How many rows are there?",
    "question_ID": "w-1",
    "history": [
        {"content": "Count:\n```python\nprint(2)\n```", "role": "assistant", "name": "Data_Expert"},
        {"content": "exitcode: 0 (execution succeeded)\nCode output: 2", "role": "user", "name": "Computer_terminal"},
        {"content": "It is 2. TERMINATE", "role": "user", "name": "Verification_Expert"},
    ],
    "mistake_agent": "Data_Expert",
    "mistake_step": "0",
    "mistake_reason": "It counts the wrong table.",
}
CHAT = b'{"role": "user", "content": "hi"}\n{"role": "assistant", "content": "hello"}\n'


def masthead(data_dir: Path, *words: str, given: bytes | None = None) -> Any:
    return CliRunner().invoke(command_line.app, ["--data-dir", str(data_dir), *words], input=given)


def answer(data_dir: Path, *words: str, given: bytes | None = None) -> Any:
    ran = masthead(data_dir, *words, "--json", given=given)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_a_folder_is_imported_once_and_its_runs_are_found(tmp_path: Path) -> None:
    data_dir, logs = tmp_path / "data", tmp_path / "logs"
    logs.mkdir()
    rows = [{**BLAMED, "question_ID": f"w-{number}"} for number in range(300)]
    (logs / "runs.json").write_text(json.dumps(rows))
    (logs / "chat.jsonl").write_bytes(CHAT)
    (logs / "README.md").write_text("Words about the runs.\n")
    counted = answer(data_dir, "import", "--dry-run", str(logs))
    first = answer(data_dir, "import", str(logs))
    second = answer(data_dir, "import", str(logs), "--project", "default")
    assert (counted["runs_added"], counted["dry_run"]) == (301, True)
    assert (first["runs_added"], first["runs_there"], first["scores_added"], first["malformed"]) == (301, 0, 300, 0)
    assert (second["runs_added"], second["runs_there"], second["scores_added"], second["scores_there"]) == (
        0,
        301,
        0,
        300,
    )
    assert (first["passed_over"], first["by"][1]) == (
        1,
        {"format": "whowhen", "system": "CaptainAgent", "added": 300, "there": 0},
    )
    found = answer(data_dir, "runs", "--system", "CaptainAgent", "-n", "400")
    assert len({run["run_id"] for run in found}) == 300
    assert {run["outcome"] for run in found} == {"failure"}
    shown = answer(data_dir, "show", found[0]["run_id"])
    assert [turn["act"] for turn in shown["turns"]] == ["tool_call", "tool_result", "message"]


def test_an_import_that_broke_off_is_completed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def accept(door: HttpDoor, spans: Sequence[Span]) -> None:
        whole(door, spans[:2])
        raise StoreFull("no space is left")

    data_dir, log = tmp_path / "data", tmp_path / "talk.txt"
    log.write_text("Ann: Shall we go?\nBob: Yes, at noon.\nAnn: Good.\n")
    whole = HttpDoor.accept
    with monkeypatch.context() as patch:
        patch.setattr(HttpDoor, "accept", accept)
        assert isinstance(masthead(data_dir, "import", str(log)).exception, StoreFull)
    (cut_off,) = answer(data_dir, "runs")
    second, third = (answer(data_dir, "import", str(log)) for _ in range(2))
    (completed,) = answer(data_dir, "runs")
    assert (cut_off["spans"], completed["spans"], completed["start"]) == (2, 4, cut_off["start"])
    assert [(told["runs_added"], told["runs_there"], told["spans_added"]) for told in (second, third)] == [
        (0, 1, 2),
        (0, 1, 0),
    ]
    turns = answer(data_dir, "show", completed["run_id"])["turns"]
    assert [turn["text"] for turn in turns] == ["Shall we go?", "Yes, at noon.", "Good."]


def test_standard_input_malformed_records_and_formats(tmp_path: Path) -> None:
    ran = masthead(tmp_path / "data", "import", "-", given=CHAT + b'{"role": \n')
    assert ran.exit_code == 1
    assert "standard input:1: message 2 of the run cannot be read" in " ".join(ran.stdout.split())
    ran = masthead(tmp_path / "data", "import", "-", "--strict", given=b'[{"history": 1},\n{]')
    assert isinstance(ran.exception, InvalidInput)
    ran = masthead(tmp_path / "data", "import", str(tmp_path / "absent.json"))
    assert isinstance(ran.exception, InvalidInput)
    listed = answer(tmp_path / "data", "import", "--formats")
    assert {"whowhen", "transcript", "otlp-json"} <= {found["id"] for found in listed}
