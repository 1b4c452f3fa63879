"""Browsers that log in with a key, and keys that end."""

import pytest

from masthead.api.access import SESSION_COOKIE
from masthead.govern.attempts import ALLOWED
from masthead.testing.site import Site

pytestmark = pytest.mark.integration


def log_in(site: Site, key: str, **headers: str) -> tuple[dict[str, str], str]:
    """Return the headers that the browser sends from now on, and the cookie as it was set."""
    response = site.ask("POST", "/api/v1/session", json={"key": key}, headers=headers)
    assert response.status_code == 200, response.text
    set_cookie = response.headers["set-cookie"]
    return {"Cookie": set_cookie.partition(";")[0], "X-CSRF-Token": response.json()["csrf_token"]}, set_cookie


def test_the_cookie_is_for_the_browser_alone(site: Site) -> None:
    _, cookie = log_in(site, site.key("one"))
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert site.key("one") not in cookie


def test_behind_https_the_cookie_is_secure(site: Site) -> None:
    _, cookie = log_in(site, site.key("one"), **{"X-Forwarded-Proto": "https"})
    assert "Secure" in cookie.split("; ")


def test_a_browser_reads_with_the_cookie_and_changes_with_the_token(site: Site) -> None:
    browser, _ = log_in(site, site.key("one"))
    cookie = {"Cookie": browser["Cookie"]}
    me = site.ask("GET", "/api/v1/me", headers=cookie).json()
    assert (me["project_id"], me["role"], me["csrf_token"]) == ("one", "owner", browser["X-CSRF-Token"])
    body = {"name": "made by a browser", "role": "viewer"}
    assert site.ask("POST", "/api/v1/keys", json=body, headers=cookie).status_code == 403
    wrong = {**cookie, "X-CSRF-Token": "0" * 64}
    assert site.ask("POST", "/api/v1/keys", json=body, headers=wrong).status_code == 403
    assert site.ask("POST", "/api/v1/keys", json=body, headers=browser).status_code == 201


def test_logging_out_ends_the_session(site: Site) -> None:
    browser, _ = log_in(site, site.key("one"))
    assert site.ask("DELETE", "/api/v1/session", headers=browser).status_code == 204
    assert site.ask("GET", "/api/v1/me", headers=browser).status_code == 401
    assert site.ask("DELETE", "/api/v1/session").status_code == 204


def test_revoking_a_key_ends_it_and_its_browsers_at_once(site: Site) -> None:
    owner = site.key("one")
    made = site.ask("POST", "/api/v1/keys", owner, json={"name": "short-lived", "role": "viewer"}).json()
    browser, _ = log_in(site, made["secret"])
    assert site.ask("GET", "/api/v1/runs", made["secret"]).status_code == 200
    revoked = site.ask("DELETE", f"/api/v1/keys/{made['key']['id']}", owner)
    assert revoked.json()["revoked"] is not None
    assert site.ask("GET", "/api/v1/runs", made["secret"]).status_code == 401
    assert site.ask("GET", "/api/v1/runs", headers=browser).status_code == 401
    assert site.ask("POST", "/api/v1/session", json={"key": made["secret"]}).status_code == 401


def test_a_basic_credential_carries_the_key_as_its_password(site: Site) -> None:
    response = site.client.get("/api/v1/me", auth=("anything", site.key("two", "editor")))
    assert (response.json()["project_id"], response.json()["role"]) == ("two", "editor")
    assert site.ask("GET", "/api/v1/me", headers={"Authorization": "Basic !!!"}).status_code == 401


def test_who_keeps_guessing_is_told_to_wait_but_a_working_key_goes_on(site: Site) -> None:
    statuses = [site.ask("GET", "/api/v1/me", f"mh_guess{number}").status_code for number in range(ALLOWED + 5)]
    assert set(statuses) <= {401, 429}
    assert statuses[-1] == 429
    refused = site.ask("POST", "/api/v1/session", json={"key": "mh_guess"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert site.ask("GET", "/api/v1/me", site.key("one")).status_code == 200
