"""Keys open what they open: no words in a key do more, and nothing of one project is reached from another."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from masthead.model.ids import ProjectId, RunId
from masthead.testing.gateway import wait_until
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply
from masthead.testing.site import Site, run_id, site_in

pytestmark = pytest.mark.integration
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0}
ONE, TWO = ProjectId("one"), ProjectId("two")
MORE = """
[cache]
is_on = true
[guards]
on_finding = "stop"
[guards.run]
calls = 3
[[limits]]
per = "user"
window = "total"
requests = 2
[[access]]
keys = ["annotator"]
models = ["nothing"]
"""


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel(lambda request: ScriptedReply(text=f"Answer {request.number}.")) as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("isolation")
    text = f'[connections.up]\nbase_url = "{model.url}"\nallow_networks = ["loopback"]\n{MORE}'
    (folder / "gateway.toml").write_text(text)
    with site_in(folder, require_keys=True) as opened:
        yield opened


def call(site: Site, key: str, headers: Mapping[str, str] | None = None, **changes: Any) -> Any:
    return site.ask("POST", "/v1/chat/completions", key, json={**CHAT, **changes}, headers=headers or {})


INJECTIONS = [
    "' OR '1'='1", "' OR 1=1 --", "mh_' OR '1'='1", "mh_x' UNION SELECT * FROM api_keys --",
    "'; DROP TABLE api_keys; --",
    "mh_%", "mh_*", "mh_\\", 'mh_" OR ""="', "mh_x' OR sleep(10) --", "' OR (SELECT pg_sleep(10)) IS NULL --", "mh_{}",
    "mh_${jndi:x}", "null", "undefined", "0", "true", "mh_" + "a" * 60_000, "mh_\u00e9", "mh_x'/**/OR/**/1=1#",
]  # fmt: skip


@pytest.mark.parametrize("secret", INJECTIONS)
@pytest.mark.parametrize("name", ["authorization", "x-api-key", "api-key"])
def test_no_words_in_a_key_are_read_as_a_query(site: Site, secret: str, name: str, model: ScriptedModel) -> None:
    """CVE-2026-42208: LiteLLM put the key into the text of its query."""
    before = len(model.requests)
    sent = (f"Bearer {secret}" if name == "authorization" else secret).encode()
    site.client.cookies.clear()
    for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings"):
        answer = site.client.post(path, json=CHAT, headers=[(name.encode(), sent)])
        assert answer.status_code in {401, 429}
        assert answer.json()["error"]["message"]
    assert site.client.get("/v1/models", headers=[(name.encode(), sent)]).status_code in {401, 429}
    assert len(model.requests) == before
    assert call(site, site.key("one", "editor")).status_code == 200  # the keys are all there


HOSTS = ["evil.example", "127.0.0.1:8765/v1/models#@x", "127.0.0.1:8765/health?", "[", "localhost:8765/#@attacker", ""]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/v1/files", "/api/v1/keys", "/metrics"])
def test_no_host_header_opens_what_a_key_is_needed_for(site: Site, host: str, path: str) -> None:
    """CVE-2026-49468: LiteLLM asked for a key by a path that was put together from the Host header."""
    method = "POST" if path.endswith("completions") else "GET"
    answer = site.client.request(method, path, json=CHAT, headers={"host": host})
    assert answer.status_code in {400, 401, 403, 429}


PATHS = [
    "/v1//chat/completions", "//v1/chat/completions", "/v1/chat/completions/", "/V1/chat/completions",
    "/v1/chat/completions;x",
    "/v1/./chat/completions", "/health/../v1/chat/completions", "/v1/%63hat/completions", "/v1/chat/completions%00",
    "/assets/../v1/models", "/v1/models/", "/v1/models/x/../..", "/v1/files/", "/v1/files/a/../../chat",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_spelling_of_a_path_is_served_without_a_key(site: Site, path: str, model: ScriptedModel) -> None:
    before = len(model.requests)
    for method in ("POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
        answer = site.client.request(method, path, json=CHAT)
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        assert answer.status_code in {301, 307, 308, 400, 401, 403, 404, 405, 429} or is_page
    assert len(model.requests) == before


def test_a_run_of_another_project_is_joined_by_no_id_of_it(site: Site) -> None:
    theirs = run_id(11)
    before = site.services.store.run(TWO, theirs)
    for headers in (
        {"traceparent": f"00-{theirs}-{'ab' * 8}-01"},
        {"x-masthead-run": theirs},
        {"x-masthead-run": theirs, "x-masthead-session": "session-11"},
    ):
        answer = call(site, site.key("one", "editor"), headers, messages=[{"role": "user", "content": str(headers)}])
        assert (answer.status_code, answer.headers["x-masthead-run"]) == (200, theirs)
    wait_until(lambda: site.services.store.run(ONE, theirs) is not None, "the calls can be read")
    assert site.services.store.run(TWO, theirs) == before


def test_a_name_of_a_run_is_another_run_in_each_project(site: Site) -> None:
    found = {
        call(site, site.key(project, "editor"), {"x-masthead-run": "nightly"}).headers["x-masthead-run"]
        for project in ("one", "two")
    }
    assert len(found) == 2


def test_a_run_that_is_used_up_in_one_project_is_not_in_another(site: Site) -> None:
    said = {"x-masthead-run": "cd" * 16, "x-masthead-cache": "no-store"}
    found = [call(site, site.key("one", "editor"), said).status_code for _ in range(4)]
    assert found == [200, 200, 200, 429]
    assert call(site, site.key("two", "editor"), said).status_code == 200


def test_an_answer_kept_for_one_project_is_given_to_no_other(site: Site) -> None:
    asked = [{"role": "user", "content": "What is kept?"}]
    made = {
        project: [call(site, site.key(project, "editor"), messages=asked) for _ in range(2)]
        for project in ("one", "two")
    }
    for answers in made.values():
        assert [one.headers.get("x-masthead-cache") for one in answers] == [None, "hit"]
        assert answers[0].json() == answers[1].json()
    assert made["one"][0].json()["choices"] != made["two"][0].json()["choices"]


def test_an_end_user_of_the_same_name_has_limits_of_each_project(site: Site) -> None:
    def asked(project: str) -> int:
        more = {"user": "anna", "messages": [{"role": "user", "content": project}]}
        return call(site, site.key(project, "editor"), {"x-masthead-cache": "no-store"}, **more).status_code

    assert [asked("one") for _ in range(3)] == [200, 200, 429]
    assert [asked("two") for _ in range(3)] == [200, 200, 429]


def test_calls_go_on_from_no_history_of_another_project_or_key(site: Site) -> None:
    first = call(site, site.key("one", "editor"), messages=[{"role": "user", "content": "Tell me of whales."}])
    reply = first.json()["choices"][0]["message"]
    on = [{"role": "user", "content": "Tell me of whales."}, reply, {"role": "user", "content": "More."}]
    runs = [
        call(site, site.key(project, role), messages=on).headers["x-masthead-run"]
        for project, role in (("one", "editor"), ("two", "editor"), ("one", "owner"))
    ]
    assert runs[0] == RunId(first.headers["x-masthead-run"])
    assert len(set(runs)) == 3
