"""`masthead diagnose --replay`: the hypotheses held against a real small team that runs again."""

import importlib.util
import json
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from masthead.cli.main import app
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.integration

DESK = Path(__file__).with_name("replay_desk.py")
RIGHT_PICK = "1=I take the price list of 2024."


@pytest.fixture(scope="module")
def desk() -> ModuleType:
    spec = importlib.util.spec_from_file_location("replay_desk", DESK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def log(desk: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    said: list[str] = desk.play([desk.TASK])
    assert not desk.is_right(said)
    speakers = ("mathproxyagent", *desk.TEAM)
    run = {
        "instance_id": "task-1",
        "problem_statement": [desk.TASK],
        "trajectory": [
            {"content": [text], "role": "user", "name": name} for name, text in zip(speakers, said, strict=True)
        ],
        "other_data": {"correct": False, "given": "32", "answer": str(desk.RIGHT)},
    }
    log = tmp_path_factory.mktemp("desk") / "trajs_gpt-4o_orig_prompt_orig_topology_42" / "1.json"
    log.parent.mkdir()
    log.write_text(json.dumps(run), encoding="utf-8")
    return log


def diagnosed(log: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["diagnose", str(log), *words])


def command(*words: str) -> str:
    return shlex.join([sys.executable, *words])


def hypotheses(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    (diagnosis,) = json.loads(result.stdout)
    return diagnosis["attribution"]["hypotheses"]


def test_the_turn_that_decides_the_run_is_verified_and_stays_so(log: Path, tmp_path: Path):
    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["--data-dir", str(tmp_path), *words])

    assert run("import", str(log)).exit_code == 0
    replay = ("--replay", command(str(DESK)), "--correct", RIGHT_PICK)
    found = hypotheses(run("diagnose", "last", *replay, "--json"))
    assert [(item["turn"], item["basis"]) for item in found][:1] == [(1, "replay-verified")]
    assert found[0]["reason"].startswith("replayed: 3 of 3 passed with it changed, 0 of 3 with it kept")
    others = [item for item in found if item["turn"] != 1]
    assert others and all(item["basis"] != "replay-verified" for item in others)
    assert any("replayed: 0 of 3 passed with it changed" in item["reason"] for item in others)
    assert sum(item["confidence"] for item in found) == pytest.approx(1)
    assert found[0]["confidence"] == pytest.approx(0.95)
    again = hypotheses(run("diagnose", "last", "--json"))
    assert (again[0]["turn"], again[0]["basis"]) == (1, "replay-verified")
    scores = [score for score in json.loads(run("export").stdout)["scores"] if score["name"] == "origin"]
    ranks = {score["number"]: (score["evaluator"], score["subject"]["turn"]) for score in scores if score["number"]}
    assert ranks[1] == ("replay", 1)
    assert sorted(ranks) == list(range(1, len(again) + 1))


def test_an_agent_that_makes_the_same_mistake_again_verifies_nothing(log: Path):
    found = hypotheses(diagnosed(log, "--replay", command(str(DESK)), "--json"))
    assert all(item["basis"] != "replay-verified" for item in found)
    assert any("replayed: 0 of 3 passed with it changed" in item["reason"] for item in found)


def test_a_single_try_each_way_is_no_proof(log: Path):
    words = ("--replay", command(str(DESK)), "--correct", RIGHT_PICK, "--replay-times", "1", "--json")
    found = hypotheses(diagnosed(log, *words))
    assert all(item["basis"] != "replay-verified" for item in found)
    assert any("1 of 1 passed with it changed, 0 of 1 with it kept" in item["reason"] for item in found)


@pytest.mark.parametrize(
    ("program", "said"),
    [("print('well')", "could not be replayed: the last line is 'well'"), ("raise SystemExit(3)", "ended with 3")],
)
def test_a_replay_that_fails_is_said_and_verifies_nothing(log: Path, program: str, said: str):
    found = hypotheses(diagnosed(log, "--replay", command("-c", program), "--json"))
    assert said in found[0]["reason"]
    assert found[0]["basis"] != "replay-verified"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--replay", "no-such-program-here"], "cannot run 'no-such-program-here'"),
        (["--replay", "'"], "cannot read the command"),
        (["--replay", "true", "--correct", "four"], "is not TURN=TEXT"),
        (["--replay", "true", "--correct", "99=x"], "there is no turn 99"),
        (["--correct", "1=x"], "give --replay too"),
    ],
)
def test_what_cannot_be_replayed_says_why(log: Path, words: list[str], said: str):
    result = diagnosed(log, *words)
    assert isinstance(result.exception, InvalidInput)
    assert said in str(result.exception)
