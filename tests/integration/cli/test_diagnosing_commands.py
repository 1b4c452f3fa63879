"""`diagnose`, `report` and `compare` on stored runs and on logs, without a server: the application serves itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from masthead.cli.main import app
from masthead.model.errors import InvalidInput, NotFound

pytestmark = pytest.mark.integration

ROUNDS = [
    ("mathproxyagent", "What is 6 times 7, plus 1000?"),
    ("assistant", "We compute it.\n```python\nprint(6*7+100)\n```"),
    ("mathproxyagent", "142"),
    ("assistant", "The code prints 142, so the answer is \\boxed{142}."),
]


def write_runs(folder: Path) -> Path:
    """Write two designs on eight tasks: `topology` is right where `baseline` is not, and one of its runs is lost."""
    for design, name in (("orig_prompt_orig", "baseline"), ("impr_prompt_impr", "topology")):
        for task in range(8):
            if name == "topology" and task == 7:
                continue
            chat = [{"content": [text], "role": "user", "name": speaker} for speaker, text in ROUNDS]
            run = {
                "instance_id": f"task-{task}",
                "problem_statement": [ROUNDS[0][1], f"Task {task}."],
                "trajectory": chat,
                "other_data": {"correct": name == "topology", "given": "142", "answer": "1042"},
            }
            path = folder / f"trajs_gpt-4o_{design}_topology_42" / f"{task}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(run), encoding="utf-8")
    return folder


def masthead(*arguments: object, data_dir: Path | None = None) -> str:
    options = [] if data_dir is None else ["--data-dir", str(data_dir)]
    result = CliRunner().invoke(app, [*options, *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_runs(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def data_dir(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    masthead("import", logs, data_dir=folder)
    return folder


def test_one_log_is_diagnosed_with_three_hypotheses_spread_and_cost(logs: Path, tmp_path: Path):
    page = tmp_path / "run.html"
    log = next((logs / "trajs_gpt-4o_orig_prompt_orig_topology_42").iterdir())
    (diagnosis,) = json.loads(masthead("diagnose", log, "--json", "--html", page))
    assert diagnosis["is_success"] is False
    hypotheses = diagnosis["attribution"]["hypotheses"]
    assert [item["agent"] for item in hypotheses] == ["assistant"] * len(hypotheses)
    assert diagnosis["cost"]["total"]["turns"] == 4
    assert "<svg" in page.read_text(encoding="utf-8")
    assert "Where it began" in masthead("diagnose", log)


def test_a_passing_run_of_the_task_shows_where_the_failed_one_leaves_it(logs: Path):
    failed = logs / "trajs_gpt-4o_orig_prompt_orig_topology_42" / "3.json"
    passed = logs / "trajs_gpt-4o_impr_prompt_impr_topology_42" / "3.json"
    (alone,) = json.loads(masthead("diagnose", failed, "--json"))
    (beside,) = json.loads(masthead("diagnose", failed, "--beside", passed, "--json"))
    methods = {vote["method"] for vote in beside["attribution"]["votes"]}
    assert {"first-divergence", "spectrum"} <= methods
    assert methods - {"first-divergence", "spectrum"} == {vote["method"] for vote in alone["attribution"]["votes"]}


def test_stored_runs_are_diagnosed_and_the_findings_kept_as_scores(data_dir: Path):
    diagnoses: list[dict[str, Any]] = json.loads(masthead("diagnose", "--all", "--json", data_dir=data_dir))
    assert len(diagnoses) == 15
    again = json.loads(masthead("diagnose", "last", "--json", data_dir=data_dir))
    assert again[0] in diagnoses
    failed = [found for found in diagnoses if found["is_success"] is False]
    assert all(found["attribution"]["hypotheses"] for found in failed)
    exported = [json.loads(line) for line in masthead("export", "--format", "jsonl", data_dir=data_dir).splitlines()]
    origins = {
        run["run_id"]: sorted(score["number"] for score in run["scores"] if score["name"] == "origin")
        for run in exported
    }
    assert {run for run, ranks in origins.items() if ranks} == {found["run_id"] for found in failed}
    assert all(ranks == list(range(1, len(ranks) + 1)) for ranks in origins.values())


def test_stored_runs_and_their_logs_compare_alike_with_the_lost_run_counted_wrong(data_dir: Path, logs: Path):
    stored = json.loads(masthead("compare", "design=baseline", "design=topology", "--json", data_dir=data_dir))
    read = json.loads(masthead("compare", "--by", "design", "--from", logs, "--json"))
    assert stored[0]["attempted"] == read[0]["attempted"]
    (comparison,) = stored
    assert comparison["second"]["successes"] == 7
    assert (comparison["second"]["recorded"], comparison["second"]["attempted"]) == (7, 8)
    assert comparison["second"]["of_attempted"] == pytest.approx(7 / 8)
    assert comparison["second"]["of_recorded"] == 1.0
    assert comparison["attempted"]["pairs"] == 8
    assert comparison["recorded"]["pairs"] == 7
    assert comparison["attempted"]["p"] == pytest.approx(2 / 2**7)


def test_a_report_is_one_file_that_needs_no_network(data_dir: Path, tmp_path: Path):
    page = tmp_path / "report.html"
    text = masthead("report", "--by", "design", "--html", page, data_dir=data_dir)
    assert "Success by design" in text
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "http" not in html
    summary = json.loads(masthead("report", "--by", "design", "--json", data_dir=data_dir))
    assert [rate["group"] for rate in summary["by"][0][1]] == ["baseline", "topology"]
    assert summary["lost"]["failed_runs"] == 8


def test_what_cannot_be_compared_or_diagnosed_says_why(logs: Path, tmp_path: Path):
    runner = CliRunner()
    for arguments, error, words in (
        (
            ["compare", "design=baseline", "design=none", "--from", str(logs)],
            NotFound,
            "group 'design=none' has no runs",
        ),
        (["compare", "design=baseline"], InvalidInput, "two or more groups"),
        (["compare", "--by", "colour", "--from", str(logs)], NotFound, "fewer than two values"),
        (["diagnose"], InvalidInput, "nothing to diagnose"),
        (["report", str(tmp_path)], NotFound, "no run of a known format"),
        (["diagnose", "no-such-file.json"], NotFound, "is no file here and no run id"),
    ):
        result = runner.invoke(app, arguments)
        assert isinstance(result.exception, error), arguments
        assert words in str(result.exception)
