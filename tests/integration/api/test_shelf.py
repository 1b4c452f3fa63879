"""Saved views, lists of runs, tags, briefs and bulk acts over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from masthead.govern.erasure import digest_of_user
from masthead.model.ids import ProjectId
from masthead.testing.site import Site, conversation, put, run_id, site_in

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of its own: these tests delete runs."""
    with site_in(tmp_path_factory.mktemp("shelf") / "data", require_keys=True) as opened:
        put(opened.door, "one", *(conversation(number) for number in range(20, 30)))
        yield opened


def _ask(site: Site, method: str, path: str, role: str = "annotator", **options: Any) -> Any:
    return site.ask(method, f"/api/v1{path}", site.key("one", role), **options)


def _list(site: Site, name: str, *numbers: int, kind: str = "queue") -> str:
    made = _ask(site, "POST", "/lists", json={"name": name, "kind": kind})
    assert made.status_code == 201, made.text
    list_id: str = made.json()["id"]
    added = _ask(site, "POST", f"/lists/{list_id}/runs", json={"add": [run_id(number) for number in numbers]})
    assert added.json()["list"]["runs"] == len(numbers), added.text
    return list_id


def test_a_view_is_shared_by_the_project_and_goes_when_it_is_deleted(shelf: Site) -> None:
    made = _ask(shelf, "POST", "/views", json={"name": "Failures", "query": "outcome:failure", "since": "-24h"})
    assert made.status_code == 201
    assert _ask(shelf, "POST", "/views", json={"name": "Failures", "query": ""}).status_code == 409
    seen = _ask(shelf, "GET", "/views", "viewer").json()["items"]
    assert [(view["name"], view["query"], view["since"], view["until"]) for view in seen] == [
        ("Failures", "outcome:failure", "-24h", None)
    ]
    assert shelf.ask("GET", "/api/v1/views", shelf.key("two")).json()["items"] == []
    assert _ask(shelf, "DELETE", f"/views/{made.json()['id']}").status_code == 204
    assert _ask(shelf, "DELETE", f"/views/{made.json()['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "query": ""},
        {"name": "   ", "query": ""},
        {"name": "nul \x00", "query": ""},
        {"name": "x", "query": "y" * 4001},
        {"name": "x", "query": "", "since": "yesterday"},
        {"name": "x"},
        {"name": "x", "query": "", "more": 1},
    ],
    ids=str,
)
def test_a_view_that_cannot_be_kept_is_refused(shelf: Site, body: dict[str, Any]) -> None:
    assert _ask(shelf, "POST", "/views", json=body).status_code == 422


def test_a_queue_walks_through_its_unlabelled_runs(shelf: Site) -> None:
    queue = _list(shelf, "walk", 3, 1, 2)
    first = _ask(shelf, "GET", f"/lists/{queue}/next").json()
    assert first == {"run_id": run_id(3), "runs": 3, "labelled": 0}
    score = {"name": "FM-1.3", "subject": {"kind": "run", "run_id": run_id(1)}, "flag": True, "source": "human"}
    assert _ask(shelf, "POST", "/scores", json={"scores": [score | {"evaluator": "me"}]}).status_code == 200
    step = _ask(shelf, "GET", f"/lists/{queue}/next", params={"after": run_id(3)}).json()
    assert step == {"run_id": run_id(2), "runs": 3, "labelled": 1}
    done = _ask(shelf, "POST", f"/lists/{queue}/done", json={"run_id": run_id(2), "is_done": True}).json()
    assert done == {"run_id": run_id(3), "runs": 3, "labelled": 2}
    items = _ask(shelf, "GET", f"/lists/{queue}/runs", "viewer").json()["items"]
    assert [(item["run"]["run_id"], item["is_labelled"]) for item in items] == [
        (run_id(3), False),
        (run_id(1), True),
        (run_id(2), True),
    ]
    assert items[2]["done_by"].startswith("key:")
    assert _ask(shelf, "POST", f"/lists/{queue}/done", json={"run_id": run_id(5), "is_done": True}).status_code == 404


def test_a_list_is_read_a_page_at_a_time(shelf: Site) -> None:
    dataset = _list(shelf, "pages", *range(20, 25), kind="dataset")
    seen, cursor = list[str](), None
    for _ in range(3):
        page = _ask(
            shelf, "GET", f"/lists/{dataset}/runs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        )
        seen += [item["run"]["run_id"] for item in page.json()["items"]]
        cursor = page.json()["cursor"]
    assert seen == [run_id(number) for number in range(20, 25)]
    assert cursor is None
    for garbage in ("x", "-1", "9" * 30):
        assert _ask(shelf, "GET", f"/lists/{dataset}/runs", params={"cursor": garbage}).status_code == 422


def test_only_runs_of_the_project_get_into_a_list(shelf: Site) -> None:
    dataset = _list(shelf, "ours", kind="dataset")
    for number in (11, 99):
        refused = _ask(shelf, "POST", f"/lists/{dataset}/runs", json={"add": [run_id(1), run_id(number)]})
        assert refused.status_code == 422
        assert run_id(number) in refused.json()["detail"]
    assert _ask(shelf, "POST", f"/lists/{dataset}/runs", json={"add": ["garbage"]}).status_code == 422
    assert _ask(shelf, "GET", f"/lists/{dataset}").json()["runs"] == 0
    assert _ask(shelf, "POST", "/lists", json={"name": "ours", "kind": "queue"}).status_code == 409


def test_deleted_runs_leave_every_list(shelf: Site) -> None:
    dataset = _list(shelf, "leaving", 25, 26, 27, kind="dataset")
    removed = _ask(shelf, "POST", "/runs/delete", "editor", json={"run_ids": [run_id(25), run_id(26), run_id(99)]})
    assert removed.json()["runs"] == 2
    items = _ask(shelf, "GET", f"/lists/{dataset}/runs").json()["items"]
    assert [item["run"]["run_id"] for item in items] == [run_id(27)]
    assert _ask(shelf, "DELETE", f"/runs/{run_id(27)}", "editor").status_code == 200
    kept = {item["name"]: item["runs"] for item in _ask(shelf, "GET", "/lists").json()["items"]}
    assert kept["leaving"] == 0
    actions = [entry["action"] for entry in _ask(shelf, "GET", "/audit", "owner").json()["items"]]
    assert {"runs.delete.requested", "runs.delete.done"} <= set(actions)
    assert _ask(shelf, "GET", "/audit/verify", "owner").json()["is_intact"]


def test_deleting_a_list_leaves_its_runs_and_is_written_down(shelf: Site) -> None:
    dataset = _list(shelf, "short-lived", 28, kind="dataset")
    assert _ask(shelf, "DELETE", f"/lists/{dataset}").status_code == 403
    assert _ask(shelf, "DELETE", f"/lists/{dataset}", "editor").status_code == 204
    assert _ask(shelf, "GET", f"/lists/{dataset}").status_code == 404
    assert _ask(shelf, "GET", f"/runs/{run_id(28)}").status_code == 200
    newest = _ask(shelf, "GET", "/audit", "owner").json()["items"][0]
    assert (newest["action"], newest["details"]) == ("list.deleted", {"name": "short-lived", "kind": "dataset"})


def test_tags_set_by_people_filter_like_those_of_the_spans(shelf: Site) -> None:
    tagged = _ask(
        shelf, "POST", "/tags", json={"run_ids": [run_id(1), run_id(11)], "add": ["golden"], "remove": ["nightly"]}
    )
    assert tagged.json() == {"runs": 1}
    rows = _ask(shelf, "GET", "/runs", params={"tag": "golden"}).json()["items"]
    assert [(row["run_id"], row["tags"]) for row in rows] == [(run_id(1), ["golden"])]
    assert run_id(1) not in {
        row["run_id"] for row in _ask(shelf, "GET", "/runs", params={"tag": "nightly"}).json()["items"]
    }
    assert {"value": "golden", "runs": 1} in _ask(shelf, "GET", "/facets").json()["tags"]
    assert shelf.ask("GET", "/api/v1/runs", shelf.key("two"), params={"tag": "golden"}).json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [{"add": ["a"], "remove": ["a"]}, {}, {"add": [""]}, {"add": ["\n"]}, {"add": ["x"] * 21}, {"add": "golden"}],
    ids=str,
)
def test_a_change_of_tags_that_says_nothing_is_refused(shelf: Site, change: dict[str, Any]) -> None:
    assert _ask(shelf, "POST", "/tags", json={"run_ids": [run_id(1)], **change}).status_code == 422


def test_briefs_say_how_many_turns_and_what_was_found(shelf: Site) -> None:
    subject = {"kind": "turn", "run_id": run_id(20), "turn": 1}
    by = {"source": "code", "evaluator": "e", "subject": subject}
    scores = [
        by | {"name": "FM-1.3", "flag": True},
        by | {"name": "FM-2.4", "flag": True},
        by | {"name": "origin", "number": 2, "subject": subject | {"agent": "second"}},
        by | {"name": "origin", "number": 1, "subject": subject | {"agent": "first"}},
        by | {"name": "FM-2.4", "flag": False, "source": "human", "evaluator": "me"},
    ]
    assert _ask(shelf, "POST", "/scores", json={"scores": scores}).status_code == 200
    asked = {"run_ids": [run_id(21), run_id(20), run_id(11), run_id(99)]}
    items = _ask(shelf, "POST", "/runs/briefs", "viewer", json=asked).json()["items"]
    nothing: dict[str, Any] = {"is_diagnosed": False, "codes": [], "origin_agent": None}
    assert items == [
        {"run_id": run_id(21), "turns": 4, **nothing},
        {"run_id": run_id(20), "turns": 4, "is_diagnosed": False, "codes": ["FM-1.3"], "origin_agent": "first"},
    ]


def test_chosen_runs_are_exported_and_no_others(shelf: Site) -> None:
    asked = {"run_ids": [run_id(1), run_id(2), run_id(11)], "format": "jsonl"}
    answer = _ask(shelf, "POST", "/export", "viewer", json=asked)
    assert answer.headers["content-disposition"].endswith('filename="masthead-one.jsonl"')
    assert len(answer.text.splitlines()) == 2
    assert "s3cr3t-two" not in answer.text
    (entry,) = _ask(shelf, "GET", "/audit", "owner", params={"action": "runs.exported"}).json()["items"]
    assert entry["target"] == "project:one"
    assert entry["actor"].startswith("key:")
    assert entry["details"] == {"format": "jsonl", "runs": 2, "run_ids": asked["run_ids"]}


def test_an_export_by_filter_is_audited_without_naming_the_user(shelf: Site) -> None:
    asked = {"format": "otlp", "user_id": "u/1", "min_tokens": 0, "metadata": "build=9", "text": "s3cr3t"}
    assert _ask(shelf, "GET", "/export", "viewer", params=asked).status_code == 200
    entry = _ask(shelf, "GET", "/audit", "owner", params={"action": "runs.exported"}).json()["items"][0]
    assert (entry["details"]["format"], entry["details"]["min_tokens"]) == ("otlp", 0)
    assert entry["details"]["metadata"] == ["build=9"]
    assert entry["details"]["user"] == digest_of_user(ProjectId("one"), "u/1")
    assert "s3cr3t" not in str(entry)


def test_a_redaction_is_tried_on_a_text_and_nothing_is_stored(shelf: Site) -> None:
    redaction = {"is_on": False, "kinds": ["email"], "custom": [{"name": "ship", "pattern": "SS [A-Z]\\w+"}]}
    tried = _ask(
        shelf, "POST", "/redaction/try", "owner", json={"text": "ann@x.example on SS Great", "redaction": redaction}
    )
    assert tried.json() == {"text": "[redacted:email] on [redacted:ship]", "counts": {"email": 1, "ship": 1}}
    bad = {"is_on": True, "custom": [{"name": "x", "pattern": "("}]}
    refused = _ask(shelf, "POST", "/redaction/try", "owner", json={"text": "", "redaction": bad})
    assert refused.status_code == 422
    assert refused.json()["where"] == "redaction.custom[0].pattern"


def test_a_run_is_found_by_what_it_is_about(shelf: Site) -> None:
    found = _ask(shelf, "GET", "/runs", params={"about": "TASK 3"}).json()["items"]
    assert [row["run_id"] for row in found] == [run_id(3)]
    assert len(_ask(shelf, "GET", "/runs", params={"about": "writer"}).json()["items"]) > 5
