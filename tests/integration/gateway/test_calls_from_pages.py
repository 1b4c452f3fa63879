"""A browser's session as a caller of models: its project, its role, and no calls in its name from anywhere else."""

from collections.abc import Generator
from typing import Any

import pytest

from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.span import Span
from masthead.testing.chatting_upstream import ChattingUpstream
from masthead.testing.gateway import wait_until
from masthead.testing.site import Site, site_in

pytestmark = pytest.mark.integration

CONFIG = """
[connections.up]
provider = "openai-compatible"
base_url = "{url}"
allow_networks = ["loopback"]
models = ["north"]
"""
CALL = {"model": "north", "messages": [{"role": "user", "content": "How deep?"}], "stream": True}


@pytest.fixture(scope="module")
def upstream() -> Generator[ChattingUpstream]:
    with ChattingUpstream({"north": "Seven fathoms."}) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, upstream: ChattingUpstream) -> Generator[Site]:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "gateway.toml").write_text(CONFIG.format(url=upstream.url))
    with site_in(folder, require_keys=True) as site:
        yield site


def _log_in(site: Site, role: str) -> dict[str, str]:
    """Log in; return the header that goes with the cookie."""
    site.client.cookies.clear()
    answer = site.client.post("/api/v1/session", json={"key": site.key("one", role)})
    assert answer.status_code == 200
    return {"X-CSRF-Token": answer.json()["csrf_token"]}


def _call(site: Site, headers: dict[str, str]) -> Any:
    return site.client.post("/v1/chat/completions", json=CALL, headers=headers)


def _recorded(site: Site, run: RunId, span: SpanId) -> Span:
    """Wait until a call of project `one` was recorded; return its span."""
    found: list[Span] = []

    def is_there() -> bool:
        site.door.flush()
        recorded = site.services.store.span(ProjectId("one"), run, span)
        if recorded is not None:
            found.append(recorded)
        return bool(found)

    wait_until(is_there, "the call is recorded")
    return found[0]


def test_a_session_calls_models_in_its_project_and_the_record_says_so(site: Site) -> None:
    answer = _call(site, _log_in(site, "editor") | {"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200
    assert "Seven" in answer.text
    run, span = RunId(answer.headers["x-masthead-run"]), SpanId(answer.headers["x-masthead-span"])
    recorded = _recorded(site, run, span)
    assert recorded.attributes["masthead.gateway.is_from_page"] is True
    assert site.services.store.span(ProjectId("two"), run, span) is None


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_session_without_its_token_calls_nothing(site: Site, upstream: ChattingUpstream, token: str | None) -> None:
    _log_in(site, "owner")
    before = len(upstream.asked)
    answer = _call(site, {} if token is None else {"X-CSRF-Token": token})
    assert answer.status_code == 403
    assert "X-CSRF-Token" in answer.json()["error"]["message"]
    assert len(upstream.asked) == before


def test_a_session_calls_in_no_other_project_and_a_viewer_calls_nothing(site: Site, upstream: ChattingUpstream) -> None:
    before = len(upstream.asked)
    assert _call(site, _log_in(site, "owner") | {"X-Masthead-Project": "two"}).status_code == 404
    assert _call(site, _log_in(site, "viewer")).status_code == 403
    assert len(upstream.asked) == before


def test_the_session_never_reaches_the_provider(site: Site, upstream: ChattingUpstream) -> None:
    assert _call(site, _log_in(site, "editor")).status_code == 200
    assert upstream.keys[-1] == ""


def test_the_recorded_call_can_be_asked_for_again(site: Site) -> None:
    headers = _log_in(site, "editor")
    answer = _call(site, headers)
    run, span = answer.headers["x-masthead-run"], answer.headers["x-masthead-span"]
    _recorded(site, RunId(run), SpanId(span))
    call = site.client.get(f"/api/v1/runs/{run}/spans/{span}/call", headers=headers)
    assert call.status_code == 200
    assert (call.json()["model"], call.json()["messages"]) == ("north", CALL["messages"])
    _log_in(site, "editor")
    other = site.ask("GET", f"/api/v1/runs/{run}/spans/{span}/call", site.key("two"))
    assert other.status_code == 404


def test_a_key_is_offered_the_models_that_it_may_name(site: Site) -> None:
    owner = site.key("one")
    (offered,) = site.ask("GET", "/api/v1/gateway/models", owner).json()["items"]
    assert (offered["model"], offered["kind"], offered["usd_per_million"]) == ("north", "named", None)
    given = {"name": "elsewhere", "role": "editor", "models": ["south*"]}
    secret = site.ask("POST", "/api/v1/keys", owner, json=given).json()["secret"]
    assert site.ask("GET", "/api/v1/gateway/models", secret).json()["items"] == []
