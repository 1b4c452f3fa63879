"""Rows that are erased are gone, from the answers and from the disk, and the audit log says so."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from masthead.conversation import spans_of
from masthead.govern.erasure import digest_of_user
from masthead.ingest import span_record
from masthead.model.conversation import Conversation
from masthead.model.errors import NotFound, StoreError
from masthead.model.ids import EvaluatorId, ProjectId
from masthead.model.run import Removed
from masthead.model.score import Score, ScoreFilter, Subject
from masthead.testing.disk import files_holding
from masthead.testing.site import Site, conversation, put, run_id, site_in

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    with site_in(folder, require_keys=True) as opened:
        yield opened


def acts(site: Site, key: str) -> list[tuple[str, str, dict[str, int]]]:
    items = site.ask("GET", "/api/v1/audit", key).json()["items"]
    return [(entry["action"], entry["target"], entry["details"]) for entry in reversed(items)]


def runs(site: Site, key: str) -> set[str]:
    return {run["run_id"] for run in site.ask("GET", "/api/v1/runs", key).json()["items"]}


def test_a_deleted_run_is_gone_with_its_spans_and_scores(site: Site) -> None:
    key, gone = site.key("one"), run_id(3)
    score = {"name": "n", "subject": {"kind": "run", "run_id": gone}, "flag": True, "source": "human", "evaluator": "e"}
    site.ask("POST", "/api/v1/scores", key, json={"scores": [score]})
    assert site.ask("GET", f"/api/v1/runs/{gone}/conversation", key).status_code == 200
    removed = site.ask("DELETE", f"/api/v1/runs/{gone}", key).json()
    assert (removed["runs"], removed["scores"]) == (1, 1)
    assert removed["spans"] >= 5
    for path in ("", "/conversation", "/spans", "/flow", "/outline"):
        assert site.ask("GET", f"/api/v1/runs/{gone}{path}", key).status_code == 404
    assert gone not in runs(site, key)
    assert site.ask("GET", "/api/v1/scores", key).json()["items"] == []
    assert site.ask("GET", "/api/v1/search", key, params={"text": "of 3 s3cr3t"}).json()["items"] == []
    assert acts(site, key)[-2:] == [
        ("run.delete.requested", f"run:{gone}", {}),
        ("run.delete.done", f"run:{gone}", removed),
    ]
    assert site.ask("DELETE", f"/api/v1/runs/{gone}", key).status_code == 404


def test_erasing_a_user_takes_all_runs_of_that_user_in_that_project(site: Site) -> None:
    put(site.door, "one", conversation(40, user="u/2"))
    key = site.key("one")
    removed = site.ask("DELETE", "/api/v1/users/u/1", key).json()
    assert removed["runs"] == 5
    assert runs(site, key) == {run_id(40)}
    assert len(runs(site, site.key("two"))) == 2
    target = f"user:{digest_of_user(ProjectId('one'), 'u/1')}"
    assert acts(site, key)[-2:] == [("user.erase.requested", target, {}), ("user.erase.done", target, removed)]
    assert site.ask("DELETE", "/api/v1/users/u/1", key).json() == {"runs": 0, "spans": 0, "scores": 0}


def test_a_deleted_project_is_gone_with_its_keys_and_its_acts_stay(site: Site) -> None:
    operator, key = site.key("*", "operator"), site.key("two")
    removed = site.ask("DELETE", "/api/v1/projects/two", key).json()
    assert removed["runs"] == 2
    assert site.ask("GET", "/api/v1/runs", key).status_code == 401
    assert site.ask("GET", "/api/v1/projects/two", operator).status_code == 404
    everywhere = site.ask("GET", "/api/v1/audit", operator, params={"everywhere": True}).json()["items"]
    assert ("project.delete.done", "two") in {(entry["action"], entry["project_id"]) for entry in everywhere}
    assert site.ask("GET", "/api/v1/audit/verify", operator).json()["is_intact"]
    assert site.ask("POST", "/api/v1/projects", operator, json={"id": "two"}).status_code == 201
    found = site.ask("GET", "/api/v1/runs", operator, headers={"X-Masthead-Project": "two"}).json()["items"]
    assert found == []


def test_nothing_gets_into_a_project_that_is_being_deleted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    operator, two = site.key("*", "operator"), {"X-Masthead-Project": "two"}
    delete, answers = site.services.store.delete_project, list[int]()

    def delete_project(project: ProjectId) -> Removed:
        with pytest.raises(NotFound):
            put(site.door, "two", conversation(70))
        body = {"headers": {**two, "Content-Type": "application/json"}, "content": b'{"resourceSpans": []}'}
        answers.append(site.ask("POST", "/v1/traces", operator, **body).status_code)
        answers.append(site.ask("POST", "/api/v1/projects", operator, json={"id": "two"}).status_code)
        return delete(project)

    monkeypatch.setattr(site.services.store, "delete_project", delete_project)
    assert site.ask("DELETE", "/api/v1/projects/two", operator).json()["runs"] == 2
    assert set(answers) == {404, 409}


def test_what_the_store_could_not_hold_goes_with_its_project(site: Site, folder: Path) -> None:
    kept, gone = (folder / "wal" / "set_aside" / project / "ab.protobuf" for project in ("one", "two"))
    for body in (kept, gone):
        body.parent.mkdir(parents=True)
        body.write_bytes(b"said in private")
    assert site.ask("DELETE", "/api/v1/projects/two", site.key("two")).status_code == 200
    assert kept.exists()
    assert not gone.exists()


def _set_aside(folder: Path, name: str, payload: bytes) -> Path:
    body = folder / "wal" / "set_aside" / "one" / name
    body.parent.mkdir(parents=True, exist_ok=True)
    body.write_bytes(payload)
    return body


def _record(*conversations: Conversation) -> bytes:
    spans = [span for one in conversations for span in spans_of(one, start_ns=10**18)]
    return span_record.dump([span_record.from_span(span) for span in spans])


def test_erasing_a_user_reaches_what_the_store_could_not_hold(site: Site, folder: Path) -> None:
    key = site.key("one")
    mine = conversation(50, marker="aside", user="u/7")
    _set_aside(folder, "aa.spans", _record(mine, conversation(51, marker="kept", user="u/8")))
    whole = _set_aside(folder, "bb.spans", _record(mine))
    cut = _set_aside(folder, "cc.json", b'{"resourceSpans": [{"user.id": "u/7", "said": "aside"')
    other = _set_aside(folder, "dd.json", b'{"resourceSpans": [{"user.id": "u/8", "said": "kept"')
    put(site.door, "one", conversation(50, marker="stored"))  # the part of the run that the store could hold
    assert site.ask("DELETE", "/api/v1/users/u/7", key).json()["runs"] == 1
    assert run_id(50) not in runs(site, key)
    assert not whole.exists()
    assert not cut.exists()
    assert other.exists()
    assert files_holding(folder / "wal" / "set_aside", b"aside") == []
    (left,) = (folder / "wal" / "set_aside" / "one").glob("*.spans")
    assert {span.trace_id.hex() for span in span_record.load(left.read_bytes())} == {run_id(51)}


def test_deleting_a_run_reaches_what_the_store_could_not_hold(site: Site, folder: Path) -> None:
    body = b"".join(bytes([10, len(part)]) + part for part in (bytes.fromhex(run_id(1)), b"not protobuf"))
    gone, kept = _set_aside(folder, "aa.protobuf", body), _set_aside(folder, "bb.protobuf", b"\x0a\x05no")
    assert site.ask("DELETE", f"/api/v1/runs/{run_id(1)}", site.key("one")).status_code == 200
    assert not gone.exists()
    assert kept.exists()


def test_a_deletion_of_a_project_that_failed_can_be_repeated(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = site.key("*", "operator")

    def delete_project(_: ProjectId) -> Removed:
        raise StoreError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(site.services.store, "delete_project", delete_project)
        assert site.ask("DELETE", "/api/v1/projects/two", operator).status_code >= 500
    assert site.ask("DELETE", "/api/v1/projects/two", operator).json()["runs"] == 2


def test_a_new_project_has_nothing_of_a_deleted_one_of_its_id(site: Site) -> None:
    operator, two = site.key("*", "operator"), ProjectId("two")
    site.ask("DELETE", "/api/v1/projects/two", operator)
    late = Score(
        id="s1",
        name="late",
        subject=Subject(kind="run", run_id=run_id(11)),
        flag=True,
        source="code",
        evaluator=EvaluatorId("e"),
        evaluator_version="1",
        time_ns=1,
    )
    site.services.store.add_scores(two, [late])
    assert site.ask("POST", "/api/v1/projects", operator, json={"id": "two"}).status_code == 201
    assert site.services.store.scores(two, ScoreFilter(), limit=9).items == []
    assert site.ask("POST", "/api/v1/projects", operator, json={"id": "one"}).status_code == 409
    assert len(runs(site, site.key("one"))) == 5


def test_the_default_project_cannot_be_deleted(site: Site) -> None:
    response = site.ask("DELETE", "/api/v1/projects/default", site.key("*", "operator"))
    assert response.status_code == 409


def test_what_was_erased_is_nowhere_on_the_disk(site: Site, folder: Path) -> None:
    marker = "unmistakable-4711"
    put(site.door, "one", conversation(50, marker=marker, user="u/50"))
    assert files_holding(folder, b"unmistakable")
    site.ask("DELETE", "/api/v1/users/u/50", site.key("one"))
    for _ in range(360):
        if not files_holding(folder, b"unmistakable", b"u/50"):
            break
        time.sleep(0.25)
    assert files_holding(folder, b"unmistakable", b"u/50") == []


def test_an_upload_that_a_killed_server_left_behind_is_removed_at_the_start(folder: Path) -> None:
    left = folder / "upload-abc" / "log.txt"
    left.parent.mkdir(parents=True)
    left.write_text("said in private")
    with site_in(folder):
        assert not left.parent.exists()
    assert folder.exists()


def test_every_administrative_act_is_in_the_log(site: Site) -> None:
    operator, key = site.key("*", "operator"), site.key("one")
    site.ask("POST", "/api/v1/projects", operator, json={"id": "three", "retention_days": 9})
    three = {"X-Masthead-Project": "three"}
    change = {"name": "Drei", "retention_days": None, "redaction": {"is_on": True, "kinds": ["email"]}}
    assert site.ask("PATCH", "/api/v1/projects/three", operator, json=change).json()["retention_days"] is None
    made = site.ask("POST", "/api/v1/keys", operator, json={"name": "k", "expires_in_days": 1}, headers=three).json()
    site.ask("DELETE", f"/api/v1/keys/{made['key']['id']}", operator, headers=three)
    items = site.ask("GET", "/api/v1/audit", operator, headers=three).json()["items"]
    assert [entry["action"] for entry in reversed(items)] == [
        "project.created",
        "project.renamed",
        "project.retention.changed",
        "project.redaction.changed",
        "key.created",
        "key.revoked",
    ]
    assert {entry["actor"] for entry in items} == {"operator"}
    assert items[3]["details"] == {"old_days": 9, "new_days": None}
    assert made["secret"] not in str(items)
    assert {entry["project_id"] for entry in site.ask("GET", "/api/v1/audit", key).json()["items"]} == {"one"}


def test_a_redaction_pattern_that_is_none_changes_nothing(site: Site) -> None:
    for pattern in ("(", "(?=ahead)", "x*"):
        change = {"redaction": {"is_on": True, "custom": [{"name": "bad", "pattern": pattern}]}}
        response = site.ask("PATCH", "/api/v1/projects/one", site.key("one"), json=change)
        assert response.status_code == 422
        assert repr(pattern) in response.json()["detail"]
    assert site.ask("GET", "/api/v1/projects/one", site.key("one")).json()["redaction"]["is_on"] is False


def test_redaction_that_is_switched_on_holds_for_the_next_run(site: Site) -> None:
    key = site.key("one")
    site.ask("PATCH", "/api/v1/projects/one", key, json={"redaction": {"is_on": True, "kinds": ["email"]}})
    put(site.door, "one", conversation(60, marker="jane.doe@example.org"))
    text = site.ask("GET", f"/api/v1/runs/{run_id(60)}/conversation", key).text
    assert "jane.doe@example.org" not in text
    assert "[redacted:email]" in text


def test_what_was_deleted_may_be_sent_again(site: Site) -> None:
    key = site.key("one")
    site.ask("DELETE", f"/api/v1/runs/{run_id(1)}", key)
    put(site.door, "one", conversation(1, marker="s3cr3t-one", user="u/1"))
    assert site.ask("GET", f"/api/v1/runs/{run_id(1)}", key).json()["turns"] == 4
