"""Whatever is put into a filter: a clear answer, nothing of another project, and nothing broken afterwards."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masthead.api.app import build_api
from masthead.api.description import routes_of
from masthead.diagnose.stored import diagnose_stored
from masthead.model.ids import ProjectId
from masthead.testing.site import Site, run_id

pytestmark = pytest.mark.integration

ROUTES = {
    (method, path): route
    for path, method, route in routes_of(build_api(None))
    if path.startswith("/api/") and path not in {"/api/v1/session", "/api/v1/import"}
}
LISTS = sorted(path for (method, path) in ROUTES if method == "GET")
RECORDED = "/api/v1/runs/{run_id}/spans/{span_id}/call"
"""Takes a call that the gateway recorded, of which this site has none: test_calls_from_pages.py has."""
DESCRIBED: dict[str, Any] = build_api(None).openapi()["paths"]
INJECTIONS = (
    "' OR '1'='1",
    "' OR 1=1 --",
    '" OR ""="',
    "'; DROP TABLE runs; --",
    "\\' OR 1=1 -- ",
    "') UNION ALL SELECT * FROM spans --",
    "%' OR project_id='two' OR '%'='",
    "{project:String}",
    "' OR project_id = {project:String} OR '",
    "x') OR (project_id='two') --",
    "1; SYSTEM SHUTDOWN",
    "\x00' OR 1=1",
    "%",
    "_",
    "\\",
    "${jndi:ldap://x}",
)
NASTY = st.one_of(st.sampled_from(INJECTIONS), st.text(max_size=30), st.integers().map(str), st.floats().map(str))

NAMES = st.sampled_from(["scores", "name", "subject", "id", "role", "run_ids", "key"]) | st.text(max_size=5)
BODIES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


def parameters(path: str) -> list[str]:
    return [one["name"] for one in DESCRIBED[path]["get"].get("parameters", []) if one["in"] == "query"]


def filled(path: str, span_id: str = "0" * 16) -> str:
    ids = {"run_id": run_id(1), "span_id": span_id, "project_id": "one", "user_id": "u", "key_id": "0" * 16}
    ids |= {"job_id": "0" * 16, "list_id": "0" * 16, "view_id": "0" * 16, "other_id": run_id(2)}
    ids |= {"revision": 1, "name": "n"}
    return path.format(**ids)


ASKED: dict[str, dict[str, Any]] = {
    "/api/v1/search": {"text": "turn"},
    "/api/v1/runs/{run_id}/conversation/search": {"text": "turn"},
    "/api/v1/compare": {"by": "outcome"},
    "/api/v1/runs/{run_id}/followed": {"turn": 0},
    "/api/v1/runs/{run_id}/test-case": {"code": "FM-1.3", "evaluator": "anna", "evidence": [0]},
}
"""What a route cannot be asked without."""

FILTERS = [(path, name) for path in LISTS for name in parameters(path)]


def reader(site: Site, path: str) -> str:
    """Return whose key may read the route: the operator's where it concerns the whole installation."""
    return site.key("*", "operator") if path == "/api/v1/status" else site.key("one")


@pytest.mark.parametrize(("path", "name"), FILTERS, ids=lambda value: str(value).removeprefix("/api/v1"))
def test_no_filter_is_an_entrance(site: Site, path: str, name: str) -> None:
    for injection in INJECTIONS:
        params = {**ASKED.get(path, {}), name: injection}
        response = site.ask("GET", filled(path), site.key("one"), params=params)
        assert response.status_code in {200, 404, 422}, (injection, response.text)
        assert "s3cr3t-two" not in response.text, injection
        if response.status_code != 200:
            assert response.headers["content-type"] == "application/problem+json"
        elif path != "/api/v1/export" and name in {
            "agent",
            "model",
            "system",
            "session_id",
            "user_id",
            "tag",
            "evaluator",
            "name",
            "action",
        }:
            assert response.json().get("items", []) == [], injection
    left = site.ask("GET", "/api/v1/runs", site.key("one")).json()["items"]
    assert len(left) == 5


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_combination_of_filters_is_answered_as_described(site: Site, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(LISTS))
    names = parameters(path)
    params = data.draw(st.dictionaries(st.sampled_from(names), NASTY, max_size=4)) if names else {}
    response = site.ask("GET", filled(path), reader(site, path), params=params)
    assert response.status_code in {200, 404, 422}, (path, params, response.text)
    assert "s3cr3t-two" not in response.text
    if response.status_code == 200:
        check_as_described(path, response.content)


@given(body=BODIES, at=st.sampled_from(sorted(key for key in ROUTES if key[0] in {"POST", "PATCH"})))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_body_that_is_none_is_refused_with_its_place(site: Site, body: Any, at: tuple[str, str]) -> None:
    headers, content = {"Content-Type": "application/json"}, json.dumps(body).encode()
    response = site.ask(at[0], filled(at[1]), site.key("one"), content=content, headers=headers)
    assert response.status_code in {200, 201, 202, 403, 404, 409, 422}, (at, body, response.text)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"name": "\\ud800"}', b"nul", b'{"name": 1e999}']
)
def test_a_body_that_is_no_json_is_refused(site: Site, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = site.ask("POST", "/api/v1/keys", site.key("one"), content=content, headers=headers)
    assert response.status_code in {400, 422}, response.text
    assert response.headers["content-type"] == "application/problem+json"


def test_a_body_over_the_limit_is_refused_before_it_is_read(site: Site) -> None:
    headers = {"Content-Type": "application/json"}
    response = site.ask("POST", "/api/v1/scores", site.key("one"), content=b" " * (17 * 1024 * 1024), headers=headers)
    assert response.status_code == 413, response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", [path for path in LISTS if path != RECORDED])
def test_every_answer_has_the_form_that_is_described(site: Site, path: str) -> None:
    spans = site.ask("GET", f"/api/v1/runs/{run_id(1)}/spans", site.key("one")).json()["items"]
    one = ProjectId("one")
    diagnose_stored(site.services.store, one, [run_id(number) for number in range(1, 6)], site.services.clock)
    job = site.services.jobs.start(one, "nothing", 0, lambda _: None)
    made = site.ask("POST", "/api/v1/lists", site.key("one"), json={"name": path, "kind": "queue"}).json()
    site.ask("POST", f"/api/v1/lists/{made['id']}/runs", site.key("one"), json={"add": [run_id(1), run_id(2)]})
    site.ask("PUT", "/api/v1/gateway/config", site.key("one"), json={"revision": 0, "document": {}})
    address = path.replace("{job_id}", job.id).replace("{list_id}", made["id"])
    called = next(span["span_id"] for span in spans if span["model"])
    response = site.ask("GET", filled(address, called), reader(site, path), params=ASKED.get(path, {}))
    assert response.status_code == 200, response.text
    check_as_described(path, response.content)


def check_as_described(path: str, content: bytes) -> None:
    """The renderers build answers without checking them; here they are checked, strictly."""
    kind = ROUTES["GET", path].response_model
    if kind is not None:
        kind.model_validate_json(content)


def test_methods_and_paths_that_are_not_there_are_problems_too(site: Site) -> None:
    for method, path, status in (
        ("PUT", "/api/v1/runs", 405),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/runs/../keys", 404),
    ):
        response = site.ask(method, path, site.key("one"))
        assert response.status_code in {status, 200}, path
        if response.status_code != 200:
            assert response.headers["content-type"] == "application/problem+json"
