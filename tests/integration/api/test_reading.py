"""What the routes answer about runs that are there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from masthead.api.routes import importing
from masthead.model.conversation import Turn
from masthead.testing.site import Site, conversation, put, run_id

pytestmark = pytest.mark.integration


def test_a_run_shows_its_head(site: Site) -> None:
    head = site.ask("GET", f"/api/v1/runs/{run_id(2)}", site.key("one")).json()
    assert (head["turns"], head["is_success"], head["ending"]["kind"]) == (4, True, "completed")
    assert [agent["name"] for agent in head["agents"]] == ["Planner", "Writer"]
    run = head["run"]
    assert (run["system"], run["outcome"], run["user_id"], run["tags"]) == ("TestTeam", "success", "u/1", ["nightly"])
    assert run["start"].startswith("2026-11-18T")
    assert run["start"].endswith("Z")


def test_lists_are_narrowed_and_paged(site: Site) -> None:
    key = site.key("one")
    first = site.ask("GET", "/api/v1/runs", key, params={"limit": 2}).json()
    second = site.ask("GET", "/api/v1/runs", key, params={"limit": 9, "cursor": first["cursor"]}).json()
    assert [run["run_id"] for run in first["items"] + second["items"]] == [run_id(n) for n in (5, 4, 3, 2, 1)]
    assert second["cursor"] is None
    for params, numbers in (
        ({"outcome": "success"}, [4, 2]),
        ({"agent": "Nobody"}, []),
        ({"agent": "Writer", "outcome": "failure"}, [5, 3, 1]),
        ({"metadata": ["seed=3"]}, [3]),
        ({"text": "TURN 1 OF 4"}, [4]),
        ({"run_id_prefix": run_id(3)}, [3]),
        ({"session_id": "session-5"}, [5]),
        ({"since": "2026-11-19"}, []),
        ({"until": "2026-11-19", "user_id": "u/1"}, [5, 4, 3, 2, 1]),
    ):
        found = site.ask("GET", "/api/v1/runs", key, params=params).json()["items"]
        assert [run["run_id"] for run in found] == [run_id(n) for n in numbers], params


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"agnet": "Writer"}, "query.agnet"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-13-01"}, "since"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "since"),
        ({"min_cost_usd": "2", "max_cost_usd": "1"}, "min_cost_usd"),
        ({"min_cost_usd": "NaN"}, "query.min_cost_usd"),
        ({"min_duration_s": "inf"}, "query.min_duration_s"),
        ({"outcome": "great"}, "query.outcome"),
        ({"limit": "0"}, "query.limit"),
        ({"cursor": "'; DROP TABLE runs"}, "cursor"),
        ({"metadata": "seed"}, "metadata"),
        ({"min_tokens": str(2**64)}, "query.min_tokens"),
    ],
)
def test_a_filter_that_cannot_be_read_says_which(site: Site, params: dict[str, str], where: str) -> None:
    response = site.ask("GET", "/api/v1/runs", site.key("one"), params=params)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["where"] == where


def test_a_conversation_is_read_in_windows_however_long_it_is(site: Site) -> None:
    put(site.door, "two", conversation(77, turns=30_000))
    key, path = site.key("two"), f"/api/v1/runs/{run_id(77)}"
    window = site.ask("GET", f"{path}/conversation", key, params={"from": 29_990, "limit": 100}).json()
    assert window["turns_total"] == 30_000
    assert [turn["index"] for turn in window["turns"]] == list(range(29_990, 30_000))
    assert site.ask("GET", f"{path}/conversation", key, params={"limit": 1001}).status_code == 422
    outline = site.ask("GET", f"{path}/outline", key).json()
    assert [len(outline[column]) for column in ("speaker", "addressee", "act", "characters")] == [30_000] * 4
    assert [outline["agents"][at] for at in outline["speaker"][:2]] == ["planner", "writer"]
    hits = site.ask("GET", f"{path}/conversation/search", key, params={"text": "TURN 29999 OF"}).json()
    assert hits["turns"] == [29_999]
    head = site.ask("GET", path, key).json()
    assert head["turns"] == 30_000


def test_the_flow_counts_who_passed_what_to_whom(site: Site) -> None:
    flow = site.ask("GET", f"/api/v1/runs/{run_id(1)}/flow", site.key("one")).json()
    assert {node["agent"]["name"]: node["turns"] for node in flow["nodes"]} == {"Planner": 2, "Writer": 2}
    edges = {(edge["source"], edge["target"]): (edge["turns"], edge["handoffs"]) for edge in flow["edges"]}
    assert edges[("planner", "writer")] == ([0, 2], 1)


def test_spans_are_listed_without_and_shown_with_what_was_recorded(site: Site) -> None:
    key, path = site.key("one"), f"/api/v1/runs/{run_id(1)}/spans"
    first = site.ask("GET", path, key, params={"limit": 2}).json()
    rest = site.ask("GET", path, key, params={"cursor": first["cursor"]}).json()
    spans = first["items"] + rest["items"]
    assert len({span["span_id"] for span in spans}) == len(spans) >= 5
    whole = site.ask("GET", f"{path}/{spans[1]['span_id']}", key).json()
    assert whole["trace_id"] == run_id(1)
    assert "s3cr3t-one" in str(whole["attributes"])
    assert site.ask("GET", f"{path}/{'f' * 16}", key).status_code == 404
    assert site.ask("GET", f"/api/v1/runs/{run_id(9999)}/spans", key).status_code == 404


def test_new_spans_of_a_run_that_is_being_read_are_seen(site: Site) -> None:
    key, path = site.key("two"), f"/api/v1/runs/{run_id(88)}"
    put(site.door, "two", conversation(88, turns=2))
    assert site.ask("GET", path, key).json()["turns"] == 2
    put(site.door, "two", conversation(88, turns=6))
    assert site.ask("GET", path, key).json()["run"]["spans"] > 3
    assert site.ask("GET", path, key).json()["turns"] == 6


def test_search_statistics_facets_and_unpriced_models_speak_of_one_project(site: Site) -> None:
    key = site.key("one")
    hits = site.ask("GET", "/api/v1/search", key, params={"text": "S3CR3T-ONE", "limit": 3}).json()
    assert len(hits["items"]) == 3
    assert "s3cr3t-one" in hits["items"][0]["excerpt"]
    assert site.ask("GET", "/api/v1/search", key, params={"text": "s3cr3t-two"}).json()["items"] == []
    stats = site.ask("GET", "/api/v1/stats", key, params={"bucket": "day"}).json()["items"]
    assert [(row["start"], row["runs"], row["failures"]) for row in stats] == [("2026-11-18T00:00:00Z", 5, 3)]
    facets = site.ask("GET", "/api/v1/facets", key).json()
    assert facets["systems"] == [{"value": "TestTeam", "runs": 5}]
    assert {entry["value"]: entry["runs"] for entry in facets["outcomes"]} == {"failure": 3, "success": 2}
    assert site.ask("GET", "/api/v1/models/unpriced", key).status_code == 200


def test_scores_are_written_once_and_read_back(site: Site) -> None:
    key = site.key("one", "annotator")
    subject = {"kind": "turn", "run_id": run_id(3), "turn": 2}
    score = {
        "id": "score-1", "name": "FM-1.3", "subject": subject, "flag": True, "reason": "it's \"said\" twice",
        "evidence": [1, 2], "confidence": 0.5, "source": "human", "evaluator": "ann", "time": "2026-11-20T01:02:03.5Z",
    }  # fmt: skip
    for _ in range(2):
        assert site.ask("POST", "/api/v1/scores", key, json={"scores": [score]}).json() == {"ids": ["score-1"]}
    found = site.ask("GET", "/api/v1/scores", key, params={"run_id": run_id(3), "name": "FM-1.3"}).json()["items"]
    assert len(found) == 1
    assert {name: found[0][name] for name in score if name not in {"subject", "time"}} == {
        name: value for name, value in score.items() if name not in {"subject", "time"}
    }
    assert found[0]["subject"] == {"kind": "turn", "run_id": run_id(3), "span_id": None, "turn": 2, "agent": None}
    assert found[0]["time"] == "2026-11-20T01:02:03.500000000Z"
    assert found[0]["number"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"number": 1.0},
        {"subject": {"kind": "turn", "run_id": run_id(3)}},
        {"confidence": 1.5},
        {"time": "noon"},
        {"x": 1},
    ],
)
def test_a_score_at_fault_writes_nothing(site: Site, change: dict[str, object]) -> None:
    good = {
        "name": "bad-one",
        "subject": {"kind": "run", "run_id": run_id(3)},
        "flag": True,
        "source": "human",
        "evaluator": "x",
    }
    response = site.ask("POST", "/api/v1/scores", site.key("one"), json={"scores": [good, {**good, **change}]})
    assert response.status_code == 422, response.text
    assert site.ask("GET", "/api/v1/scores", site.key("one"), params={"name": "bad-one"}).json()["items"] == []


def test_a_log_file_is_brought_in_once(site: Site) -> None:
    key = site.key("two", "editor")
    talk = b"Alice: Please add 2 and 2.\nBob: That is 4.\nAlice: Are you sure?\nBob: Yes, I checked it.\nAlice: Good.\n"
    options = {"params": {"name": "talk.txt"}, "content": talk}
    first = site.ask("POST", "/api/v1/import", key, headers={"Content-Type": "application/octet-stream"}, **options)
    assert first.status_code == 200, first.text
    assert (first.json()["runs"], first.json()["problems_total"]) == (1, 0)
    again = site.ask("POST", "/api/v1/import", key, headers={"Content-Type": "application/octet-stream"}, **options)
    assert (again.json()["runs"], again.json()["runs_known"]) == (0, 1)


def test_a_log_file_for_which_there_is_no_room_is_refused_as_such(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_full(_path: Path, _mode: str) -> Any:
        return await anyio.open_file("/dev/full", "wb")

    monkeypatch.setattr(importing, "open_file", open_full)
    headers = {"Content-Type": "application/octet-stream"}
    response = site.ask("POST", "/api/v1/import", site.key("two", "editor"), headers=headers, content=b"Ann: hi\n")
    assert response.status_code == 507, response.text
    assert response.json()["type"] == "store-full"
    assert "No space left on device" in response.json()["detail"]


def test_readiness_and_status_tell_how_it_stands(site: Site) -> None:
    ready = site.ask("GET", "/ready").json()
    assert ready == {"is_ready": True, "parts": {"spans": "ok", "control": "ok", "door": "ok"}}
    status = site.ask("GET", "/api/v1/status", site.key("*", "operator")).json()
    assert status["control"].startswith("sqlite 3.")
    assert status["door"]["accepted_spans"] > 20
    assert {table["table"] for table in status["tables"]} >= {"runs", "spans", "scores"}
    assert site.ask("GET", "/api/v1/status", site.key("one")).status_code == 403


def test_a_run_is_diagnosed_when_asked(site: Site) -> None:
    put(site.door, "two", replace(conversation(91, turns=30), is_success=False, turns=_stuck(30)))
    answer = site.ask("GET", f"/api/v1/runs/{run_id(91)}/diagnosis", site.key("two"))
    assert answer.status_code == 200, answer.text
    diagnosis = answer.json()
    assert "FM-1.3" in {finding["code"] for finding in diagnosis["findings"]}
    assert diagnosis["attribution"]["hypotheses"] or diagnosis["attribution"]["unknown_because"]
    assert diagnosis["advice"]


def _stuck(turns: int) -> tuple[Turn, ...]:
    said = conversation(91, turns=turns).turns
    return tuple(replace(turn, text="Error: no such file report.txt", is_error=True) for turn in said)
