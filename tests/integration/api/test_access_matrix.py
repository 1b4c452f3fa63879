"""Every route × role × project, taken from the routes themselves, so that a new one cannot be forgotten."""

from typing import Any

import pytest

from masthead.api.app import build_api
from masthead.api.description import role_of, routes_of
from masthead.model.ids import ProjectId
from masthead.model.tenancy import Role
from masthead.testing.site import Site

pytestmark = pytest.mark.integration

PUBLIC = {("GET", "/health"), ("GET", "/ready"), ("POST", "/api/v1/session"), ("DELETE", "/api/v1/session")}
ROUTES = sorted((method, path, role_of(route)) for path, method, route in routes_of(build_api(None)))
GUARDED = [(method, path, role) for method, path, role in ROUTES if role is not None]
RUN_OF_ONE = f"{1:032x}"
ABSENT = "f" * 32
SUBJECT = {"kind": "run", "run_id": RUN_OF_ONE}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/runs/exists"): {"run_ids": [RUN_OF_ONE, f"{11:032x}"]},
    ("POST", "/api/v1/scores"): {
        "scores": [{"name": "quality", "subject": SUBJECT, "flag": True, "source": "human", "evaluator": "me"}]
    },
    ("POST", "/api/v1/projects"): {"id": "one"},
    ("PATCH", "/api/v1/projects/{project_id}"): {"name": "One"},
    ("POST", "/api/v1/keys"): {"name": "made by the matrix", "role": "viewer"},
    ("PATCH", "/api/v1/keys/{key_id}"): {"models": ["m"]},
    ("POST", "/api/v1/diagnoses"): {"run_ids": [RUN_OF_ONE]},
    ("POST", "/api/v1/import"): b"nothing that any importer knows",
    ("POST", "/api/v1/runs/briefs"): {"run_ids": [RUN_OF_ONE]},
    ("POST", "/api/v1/runs/delete"): {"run_ids": [ABSENT]},
    ("POST", "/api/v1/export"): {"run_ids": [RUN_OF_ONE]},
    ("POST", "/api/v1/redaction/try"): {"text": "a@b.example", "redaction": {"is_on": True}},
    ("POST", "/api/v1/views"): {"name": "made by the matrix", "query": "outcome:failure"},
    ("POST", "/api/v1/lists"): {"name": "made by the matrix", "kind": "queue"},
    ("POST", "/api/v1/lists/{list_id}/runs"): {"add": []},
    ("POST", "/api/v1/lists/{list_id}/done"): {"run_id": RUN_OF_ONE, "is_done": True},
    ("PUT", "/api/v1/gateway/config"): {"revision": 0, "document": {}},
    ("POST", "/api/v1/gateway/config/check"): {"document": {}},
    ("POST", "/api/v1/gateway/config/read"): {"text": ""},
    ("POST", "/api/v1/gateway/config/write"): {"document": {}},
    ("POST", "/api/v1/gateway/connections/try"): {"name": "absent"},
    ("POST", "/api/v1/gateway/config/restore"): {"revision": 0, "restore": 1},
    ("PUT", "/api/v1/gateway/secrets/{name}"): {"value": "s3cr3t-one"},
    ("POST", "/api/v1/tags"): {"run_ids": [RUN_OF_ONE], "add": ["matrix"]},
}

QUERIES: dict[str, dict[str, Any]] = {
    "search": {"text": "turn"},
    "followed": {"turn": 0},
    "test-case": {"code": "FM-1.3", "evaluator": "me"},
}


def request(site: Site, method: str, path: str, key: str | None, **ids: str) -> Any:
    names = {"run_id": ABSENT, "other_id": ABSENT, "job_id": "f" * 16, "project_id": "absent", "user_id": "nobody"}
    names |= dict.fromkeys(("span_id", "key_id", "view_id", "list_id"), "f" * 16)
    names |= {"name": "absent", "revision": "2147483647"}
    body = BODIES.get((method, path))
    options: dict[str, Any] = {"params": QUERIES.get(path.rpartition("/")[2], {})}
    if isinstance(body, bytes):
        options |= {"content": body, "headers": {"content-type": "application/octet-stream"}}
    elif body is not None:
        options["json"] = body
    return site.ask(method, path.format(**(names | ids)), key, **options)


def test_every_route_names_its_role_or_is_known_to_be_public() -> None:
    assert {(method, path) for method, path, role in ROUTES if role is None} == PUBLIC


def test_every_route_that_takes_a_body_is_tried_with_one() -> None:
    described = build_api(None).openapi()["paths"]
    taking = {
        (method.upper(), path) for path, item in described.items() for method in item if "requestBody" in item[method]
    }
    assert taking - PUBLIC == set(BODIES)


@pytest.mark.parametrize(("method", "path", "needed"), GUARDED, ids=str)
def test_a_role_may_do_what_it_includes_and_nothing_else(site: Site, method: str, path: str, needed: str) -> None:
    for role in Role:
        response = request(site, method, path, site.key("one", role.value))
        is_permitted = needed != "operator" and role.includes(Role(needed))
        if is_permitted:
            assert response.status_code not in {401, 403}, (role, response.text)
            assert response.status_code < 500, (role, response.text)
        else:
            assert response.status_code == 403, (role, response.text)
            assert response.json()["type"] == "not-allowed"


@pytest.mark.parametrize(("method", "path", "needed"), GUARDED, ids=str)
def test_without_a_usable_key_nothing_is_answered(site: Site, method: str, path: str, needed: str) -> None:
    for key in (None, "mh_wrong", "sk-another-product"):
        site.services.attempts.__init__(site.services.clock)
        response = request(site, method, path, key)
        assert response.status_code == 401, (needed, response.text)
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "needed"), GUARDED, ids=str)
def test_another_projects_ids_are_as_if_they_did_not_exist(site: Site, method: str, path: str, needed: str) -> None:
    spans = site.ask("GET", f"/api/v1/runs/{RUN_OF_ONE}/spans", site.key("one")).json()["items"]
    keys = site.ask("GET", "/api/v1/keys", site.key("one")).json()["items"]
    lists = site.ask("GET", "/api/v1/lists", site.key("one")).json()["items"]
    views = site.ask("GET", "/api/v1/views", site.key("one")).json()["items"]
    ids = {"run_id": RUN_OF_ONE, "span_id": spans[0]["span_id"], "key_id": keys[0]["id"], "project_id": "one"}
    ids |= {"list_id": lists[0]["id"], "view_id": views[0]["id"]}
    ids["other_id"] = RUN_OF_ONE
    ids["job_id"] = site.services.jobs.start(ProjectId("one"), "nothing", 0, lambda _: None).id
    response = request(site, method, path, site.key("two"), **ids)
    assert "s3cr3t-one" not in response.text
    if any(f"{{{name}}}" in path for name in ids):
        assert response.status_code == 404, response.text
    if needed != "operator":
        named = site.ask(
            method,
            path.format(**(ids | {"user_id": "u", "name": "n", "revision": "1"})),
            site.key("two"),
            headers={"X-Masthead-Project": "one"},
        )
        assert named.status_code == 404, named.text


def test_nothing_of_project_one_was_lost_to_project_two(site: Site) -> None:
    runs = site.ask("GET", "/api/v1/runs", site.key("one")).json()["items"]
    assert [run["run_id"] for run in runs] == [f"{n:032x}" for n in (5, 4, 3, 2, 1)]
    assert len(site.ask("GET", "/api/v1/keys", site.key("two")).json()["items"]) >= 4


def test_scores_cannot_be_put_on_another_projects_runs(site: Site) -> None:
    response = request(site, "POST", "/api/v1/scores", site.key("two"))
    assert response.status_code == 422
    assert "no run" in response.json()["detail"]


def test_the_local_token_chooses_among_all_projects(site: Site) -> None:
    token = site.key("*", "operator")
    assert len(site.ask("GET", "/api/v1/projects", token).json()["items"]) == 3
    for project, count in (("one", 5), ("two", 2)):
        runs = site.ask("GET", "/api/v1/runs", token, headers={"X-Masthead-Project": project}).json()["items"]
        assert len(runs) == count
    assert site.ask("GET", "/api/v1/runs", token, params={"project": "three"}).status_code == 404
    assert site.ask("GET", "/api/v1/runs", token, params={"project": "\0' OR 1=1"}).status_code == 404
