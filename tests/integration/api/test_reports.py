"""Reports, comparisons, agreement and the job that fills them, over HTTP: the same figures as the command line's."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from masthead.codebook.load import mast
from masthead.conversation import conversation_of
from masthead.detect.registry import suite
from masthead.diagnose.advice import advise, weigh
from masthead.diagnose.observe import observe
from masthead.diagnose.run import diagnose
from masthead.model.conversation import Conversation
from masthead.model.ids import ProjectId
from masthead.report.compare import compared
from masthead.report.plain import plain
from masthead.report.summary import summarise
from masthead.testing.conversations import conversation
from masthead.testing.site import Site, put, site_in

pytestmark = pytest.mark.integration

LOOP = ["Solver: I will now compute the sum of all the numbers in the list, step by step."] * 4
FINE = ["Solver: The sum of 2 and 3 is 5.", "Checker: I checked 2 + 3 by hand: it is 5. Correct."]
GARBAGE = ("' OR 1=1 --", "=", "a=", "design=\x00", "since=never", "\\", "x" * 999)


def _team(run: int, *, design: str, seed: int, task: int, success: bool, lines: list[str]) -> Conversation:
    metadata = {"design": design, "seed": str(seed)}
    return conversation(lines, run=run, task_id=f"task {task}", is_success=success, metadata=metadata)


RUNS = [
    _team(
        100 + 8 * place + number,
        design=design,
        seed=number % 2,
        task=number // 2,
        success=design == "careful" or number == 0,
        lines=FINE if design == "careful" else LOOP,
    )
    for place, design in enumerate(("careful", "hasty"))
    for number in range(8)
]


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Open a site whose project `one` has sixteen diagnosed runs of two designs beside its five of TestTeam."""
    with site_in(tmp_path_factory.mktemp("reports") / "data", require_keys=True) as opened:
        put(opened.door, "one", *RUNS)
        assert _get(opened, "report")["coverage"] == {"runs": 21, "diagnosed": 0, "current": 0}
        job = opened.ask("POST", "/api/v1/diagnoses", opened.key("one", "editor"), json={})
        assert job.status_code == 202
        assert _ended(opened, job.json()["id"]) == {"state": "done", "done": 21, "total": 21}
        yield opened


def _get(site: Site, path: str, *, role: str = "viewer", project: str = "one", **params: Any) -> Any:
    answer = site.ask("GET", f"/api/v1/{path}", site.key(project, role), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _ended(site: Site, job_id: str) -> dict[str, Any]:
    for _ in range(500):
        job = _get(site, f"jobs/{job_id}")
        if job["ended"] is not None:
            return {name: job[name] for name in ("state", "done", "total")}
        threading.Event().wait(0.02)
    raise AssertionError("the job does not end")


def _anew(site: Site) -> list[tuple[Any, Any]]:
    """Diagnose the runs as the command line does: from their spans, one by one, the latest first."""
    project = ProjectId("one")
    runs = [row["run_id"] for row in _get(site, "runs", limit=100)["items"]]
    told = [conversation_of(site.services.store.spans(project, run)) for run in runs]
    return [(each, diagnose(each, [suite()])) for each in told]


def _same(answer: Any, summary: Any) -> None:
    """Compare an answer with a noun, field by field, for the fields that both have."""
    expected = json.loads(json.dumps(plain(summary)))
    for name in ("overall", "pairs", "first_agents", "lost", "worst", "clusters", "advice", "codes"):
        assert answer[name] == expected[name], name
    assert [[row["group"], row["counts"]] for row in answer["code_map"]] == expected["code_map"]
    assert [[each["key"], each["rates"]] for each in answer["by"]] == expected["by"]


@pytest.mark.parametrize("by", [("system",), ("design",), ("system+design", "agent")])
def test_a_report_has_the_command_lines_figures(studied: Site, by: tuple[str, ...]) -> None:
    anew = _anew(studied)
    rows = [observe(told, diagnosis) for told, diagnosis in anew]
    advice = advise(mast(), weigh([diagnosis for _, diagnosis in anew]), len(rows))
    _same(_get(studied, "report", by=by), summarise(rows, by, advice))


def test_a_comparison_has_the_command_lines_figures(studied: Site) -> None:
    rows = [observe(told, diagnosis) for told, diagnosis in _anew(studied)]
    asks: list[dict[str, Any]] = [
        {"by": "design"},
        {"group": ["design=careful", "design=hasty"]},
        {"by": "design", "within": "task"},
    ]
    for asked in asks:
        expected = compared(rows, asked.get("group", []), asked.get("by"), asked.get("within"))
        for given, comparison in zip(_get(studied, "compare", **asked)["items"], expected, strict=True):
            wanted = json.loads(json.dumps(plain(comparison)))
            for test in (given["attempted"], given["recorded"], *(entry["test"] for entry in given["codes"])):
                test.pop("is_different")
            assert given == wanted


def test_the_hasty_design_repeats_itself(studied: Site) -> None:
    (comparison,) = _get(studied, "compare", by="design")["items"]
    codes = {entry["code"]: entry["test"] for entry in comparison["codes"]}
    assert codes["FM-1.3"]["difference"]["value"] == 1.0
    assert codes["FM-1.3"]["is_different"]
    assert comparison["attempted"]["pairs"] == 8
    found = _get(studied, "runs", code="FM-1.3", metadata="design=hasty")["items"]
    assert {run["metadata"]["design"] for run in found} == {"hasty"}


def test_reports_follow_the_filter_of_the_runs_list(studied: Site) -> None:
    assert _get(studied, "report", system="TestTeam")["coverage"]["runs"] == 5
    assert _get(studied, "report", metadata="design=hasty", outcome="failure")["overall"]["recorded"] == 7
    keys = {key["key"]: key for key in _get(studied, "report")["keys"]}
    assert keys["design"] == {"key": "design", "values": 2, "is_metadata": True}


def test_another_project_sees_nothing(studied: Site) -> None:
    report = _get(studied, "report", project="two")
    assert report["coverage"] == {"runs": 2, "diagnosed": 0, "current": 0}
    assert report["codes"] == []
    assert _get(studied, "jobs", project="two")["items"] == []
    (job,) = _get(studied, "jobs")["items"][-1:]
    for method in ("GET", "DELETE"):
        assert studied.ask(method, f"/api/v1/jobs/{job['id']}", studied.key("two")).status_code == 404
    assert studied.ask("GET", "/api/v1/compare", studied.key("two"), params={"by": "design"}).status_code == 404
    assert _get(studied, "agreement", project="two")["labelled_runs"] == 0


def test_who_may_only_read_cannot_start_or_stop_a_job(studied: Site) -> None:
    for role in ("viewer", "annotator"):
        key = studied.key("one", role)
        assert studied.ask("POST", "/api/v1/diagnoses", key, json={}).status_code == 403
        assert studied.ask("DELETE", f"/api/v1/jobs/{'0' * 16}", key).status_code == 403


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_is_refused_or_finds_nothing(studied: Site, text: str) -> None:
    asked = [
        ("report", {"by": text}),
        ("report", {"code": text}),
        ("compare", {"by": text}),
        ("compare", {"group": [text, "design=hasty"]}),
        ("compare", {"by": "design", "within": text}),
        ("agreement", {"evaluator": text[:200], "code": text[:200]}),
    ]
    for path, params in asked:
        answer = studied.ask("GET", f"/api/v1/{path}", studied.key("one"), params=params)
        assert answer.status_code in {200, 404, 422}, (path, params, answer.text)
        assert "s3cr3t-two" not in answer.text


@pytest.mark.parametrize("body", [[], {"run_ids": "all"}, {"run_ids": ["x"]}, {"unknown": 1}, {"since": "never"}])
def test_a_job_is_not_begun_by_a_body_that_makes_no_sense(studied: Site, body: Any) -> None:
    assert studied.ask("POST", "/api/v1/diagnoses", studied.key("one"), json=body).status_code == 422


def test_a_comparison_needs_two_groups_or_a_key(studied: Site) -> None:
    for params in ({}, {"group": ["design=hasty"]}, {"by": "design", "group": ["a=b", "c=d"]}):
        assert studied.ask("GET", "/api/v1/compare", studied.key("one"), params=params).status_code == 422


def test_people_measure_the_detectors_and_a_label_makes_a_diagnosis_due(studied: Site) -> None:
    labelled = [(run.run_id, run.metadata["design"] == "hasty") for run in RUNS]
    labelled[0] = (labelled[0][0], True)  # a person who saw a repetition that the detectors did not
    by_ada = {"name": "FM-1.3", "source": "human", "evaluator": "ada"}
    scores = [by_ada | {"subject": {"kind": "run", "run_id": run}, "flag": flag} for run, flag in labelled]
    posted = studied.ask("POST", "/api/v1/scores", studied.key("one", "annotator"), json={"scores": scores})
    assert posted.status_code == 200
    found = _get(studied, "agreement", evaluator="detectors")
    assert (found["labelled_runs"], found["undiagnosed_runs"], found["people"]) == (16, 0, ["ada"])
    measured = {each["evaluator"]: each for each in found["evaluators"]}
    (line,) = [line for line in measured["detectors"]["codes"] if line["code"] == "FM-1.3"]
    table = [line[name] for name in ("true_positive", "false_positive", "false_negative", "true_negative")]
    assert table == [8, 0, 1, 7]
    assert line["kappa_interval"]["low"] < line["kappa"] < line["kappa_interval"]["high"] + 1e-9
    assert measured["ada"]["codes"] == []
    assert [item["run_id"] for item in found["contested"]] == [RUNS[0].run_id]
    assert found["shipped"]["runs"] > 0
    assert _get(studied, "report")["coverage"]["current"] == 5
    again = studied.ask("POST", "/api/v1/diagnoses", studied.key("one"), json={"run_ids": [RUNS[0].run_id]})
    assert _ended(studied, again.json()["id"])["total"] == 1
    assert _get(studied, "report")["coverage"]["current"] == 6
    assert _get(studied, "runs", code="FM-1.3", run_id_prefix=RUNS[0].run_id)["items"] != []
