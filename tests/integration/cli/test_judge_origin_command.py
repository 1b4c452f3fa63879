"""`masthead judge --origin` on a stored run, against a scripted model behind a real endpoint."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from masthead.cli.main import app
from masthead.model.errors import InvalidInput
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply, ScriptedRequest

pytestmark = pytest.mark.integration

ROUNDS = [
    ("mathproxyagent", "What is 6 times 7, plus 1000?"),
    ("assistant", "We compute it.\n```python\nprint(6*7+100)\n```"),
    ("mathproxyagent", "142"),
    ("assistant", "The code prints 142, so the answer is \\boxed{142}."),
]


def script(request: ScriptedRequest) -> ScriptedReply:
    """Say that the first code was wrong, whichever way it is asked."""
    claim = {"turn": 1, "agent": "assistant", "quote": "print(6*7+100)", "reason": "adds 100", "confidence": 0.8}
    halves = re.search(r"first half, turns \d+ to (\d+)", request.system)
    if halves:
        said: dict[str, Any] = {"half": "first" if int(halves[1]) >= 1 else "second", "reason": ""}
    elif "hypotheses" in request.system:
        said = {"hypotheses": [claim, {**claim, "turn": 3, "quote": "The code prints 142", "confidence": 0.1}]}
    else:
        said = {"happened": True, **claim}
    return ScriptedReply(text=json.dumps(said))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("origin")
    run = {
        "instance_id": "task-1",
        "problem_statement": [ROUNDS[0][1]],
        "trajectory": [{"content": [text], "role": "user", "name": speaker} for speaker, text in ROUNDS],
        "other_data": {"correct": False, "given": "142", "answer": "1042"},
    }
    log = folder / "trajs_gpt-4o_orig_prompt_orig_topology_42" / "1.json"
    log.parent.mkdir()
    log.write_text(json.dumps(run), encoding="utf-8")
    assert CliRunner().invoke(app, ["--data-dir", str(folder / "data"), "import", str(log)]).exit_code == 0
    return folder / "data"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedModel]:
    with ScriptedModel(script) as served:
        monkeypatch.setenv("MASTHEAD_JUDGE_URL", served.url)
        monkeypatch.setenv("MASTHEAD_JUDGE_MODEL", "scripted-1")
        yield served


def judged(data_dir: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--data-dir", str(data_dir), "judge", "last", *words])


@pytest.mark.parametrize("method", ["all-at-once", "step-by-step", "binary-search"])
def test_the_origin_is_asked_for_and_kept_as_scores(data_dir: Path, model: ScriptedModel, method: str) -> None:
    result = judged(data_dir, "--origin", method, "--json")
    assert result.exit_code == 0, result.output
    (origin,) = json.loads(result.stdout)["origins"]
    assert origin["attribution"]["hypotheses"][0]["turn"] == 1
    exported = CliRunner().invoke(app, ["--data-dir", str(data_dir), "export"])
    assert exported.exit_code == 0, exported.output
    (run,) = map(json.loads, exported.stdout.splitlines())
    kept = [score for score in run["scores"] if score["evaluator"] == f"origin-{method}:scripted-1"]
    assert sorted(score["number"] for score in kept) == list(range(1, len(origin["attribution"]["hypotheses"]) + 1))
    assert {(score["name"], score["source"], score["subject"]["kind"]) for score in kept} == {("origin", "llm", "turn")}
    asked = len(model.requests)
    again = judged(data_dir, "--origin", method)
    assert len(model.requests) == asked
    assert "adds 100" in again.stdout and "0 not judged; 0 calls" in again.stdout


def test_what_it_will_take_is_said_before_and_nothing_is_asked(data_dir: Path, model: ScriptedModel) -> None:
    (row,) = json.loads(judged(data_dir, "--origin", "binary-search", "--estimate", "--json").stdout)
    assert (row["model"], row["runs"], row["calls"] > 0) == ("scripted-1", 1, True)
    assert model.requests == []


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("words", [["--repeats", "3"], ["--model", "a,b"], ["--code", "FM-1.3"]])
def test_what_the_origin_cannot_be_asked_with_is_refused(data_dir: Path, words: list[str]) -> None:
    result = judged(data_dir, "--origin", "all-at-once", *words)
    assert isinstance(result.exception, InvalidInput)
    assert "leave out --repeats" in str(result.exception)
