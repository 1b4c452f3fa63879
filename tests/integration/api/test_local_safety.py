"""Without a login, no web page of another site and no proxy may speak for the local caller."""

import pytest

from masthead.testing.site import Site

pytestmark = pytest.mark.integration

NEW_KEY = {"name": "mine"}


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "LOCALHOST:1", "[::1]:8765", "run.localhost:8765"])
def test_loopback_names_are_served(local_site: Site, host: str) -> None:
    assert local_site.ask("GET", "/api/v1/runs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "192.168.1.5:8765", "", "[::", "localhost@evil.io"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_name_that_was_rebound_to_loopback_is_refused(local_site: Site, host: str, method: str) -> None:
    path = "/api/v1/runs" if method == "GET" else "/api/v1/keys"
    response = local_site.ask(method, path, headers={"Host": host}, json=NEW_KEY if method == "POST" else None)
    assert response.status_code == 403, response.text
    assert "require_keys" in response.json()["detail"]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "null", "http://localhost:8765"])
def test_a_page_of_another_origin_changes_nothing(local_site: Site, origin: str) -> None:
    response = local_site.ask("POST", "/api/v1/keys", json=NEW_KEY, headers={"Origin": origin})
    assert response.status_code == 403
    assert origin in response.json()["detail"]


def test_our_own_page_may_change_things(local_site: Site) -> None:
    headers = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}
    assert local_site.ask("POST", "/api/v1/keys", json=NEW_KEY, headers=headers).status_code == 201


def test_a_cross_site_fetch_without_an_origin_is_refused(local_site: Site) -> None:
    response = local_site.ask("POST", "/api/v1/keys", json=NEW_KEY, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_cannot_carry_json(local_site: Site, content_type: str) -> None:
    response = local_site.ask(
        "POST", "/api/v1/keys", content='{"name": "mine"}', headers={"Content-Type": content_type}
    )
    assert response.status_code == 422


def test_a_form_cannot_carry_a_log(local_site: Site) -> None:
    response = local_site.ask("POST", "/api/v1/import", content="Alice: hello", headers={"Content-Type": "text/plain"})
    assert response.status_code == 422
    assert response.json()["where"] == "header.content-type"


def test_spans_are_guarded_like_everything_else(local_site: Site) -> None:
    headers = {"Content-Type": "application/json", "Host": "evil.example"}
    assert local_site.ask("POST", "/v1/traces", content="{}", headers=headers).status_code == 403
    headers = {"Content-Type": "application/json", "Origin": "https://evil.example"}
    assert local_site.ask("POST", "/v1/traces", content="{}", headers=headers).status_code == 403
    assert local_site.ask("POST", "/v1/traces", content="{}", headers={"Content-Type": "text/plain"}).status_code == 415


def test_a_proxy_that_lets_the_world_in_is_noticed(local_site: Site) -> None:
    response = local_site.ask("GET", "/api/v1/runs", headers={"X-Forwarded-For": "203.0.113.9, 127.0.0.1"})
    assert response.status_code == 403


def test_another_products_credential_is_ignored_where_no_key_is_needed_but_a_wrong_one_of_ours_is_not(
    local_site: Site,
) -> None:
    assert local_site.ask("GET", "/api/v1/runs", "sk-lf-1234").status_code == 200
    assert local_site.ask("GET", "/api/v1/runs", "mh_1234").status_code == 401


def test_a_key_speaks_for_its_own_project_and_role_on_loopback_too(local_site: Site) -> None:
    me = local_site.ask("GET", "/api/v1/me", local_site.key("one", "viewer")).json()
    assert (me["project_id"], me["role"], me["is_operator"], me["is_login_required"]) == ("one", "viewer", False, False)
    assert local_site.ask("GET", "/api/v1/keys", local_site.key("one", "viewer")).status_code == 403


def test_every_answer_forbids_foreign_scripts_and_frames(local_site: Site) -> None:
    for path in ("/", "/runs/anything", "/api/v1/runs", "/health", "/v1/traces", "/api/v1/none"):
        headers = local_site.ask("GET", path).headers
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "access-control-allow-origin" not in headers, path
