"""Trying a connection before it is saved: what is asked, what is told, and what nobody may try."""

from collections.abc import Generator
from typing import Any

import pytest

from masthead.testing.chatting_upstream import ChattingUpstream
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.site import Site, site_in

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def upstream() -> Generator[ChattingUpstream]:
    with ChattingUpstream({"north": "Seven fathoms.", "south": ""}) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, upstream: ChattingUpstream) -> Generator[Site]:
    folder = tmp_path_factory.mktemp("setup")
    (folder / "gateway.toml").write_text(
        '[projects]\nallow_networks = ["loopback"]\n'
        f'[connections.shared]\nprovider = "openai-compatible"\nbase_url = "{upstream.url}"\n'
        'allow_networks = ["loopback"]\n'
    )
    with site_in(folder, require_keys=True) as site:
        yield site


def _try(site: Site, role: str = "owner", **asked: Any) -> Any:
    return site.ask("POST", "/api/v1/gateway/connections/try", site.key("one", role), json={"name": "mine", **asked})


def _at(url: str, **more: Any) -> dict[str, Any]:
    return {"provider": "openai-compatible", "base_url": url, "allow_networks": ["loopback"], **more}


def test_a_connection_that_works_says_which_models_it_serves(site: Site, upstream: ChattingUpstream) -> None:
    tried = _try(site, connection=_at(upstream.url), key="sk-tried-7").json()
    assert tried == {"is_ok": True, "said": "It answers and serves 2 models.", "models": ["north", "south"]}
    assert upstream.keys[-1] == "Bearer sk-tried-7"
    secrets = site.ask("GET", "/api/v1/gateway/secrets", site.key("one")).json()
    assert secrets["items"] == []


def test_a_connection_in_force_is_tried_by_its_name(site: Site) -> None:
    assert _try(site, name="shared").json()["is_ok"] is True
    assert _try(site, name="nobody").status_code == 404


def test_a_stored_key_is_used_and_a_missing_one_is_named(site: Site, upstream: ChattingUpstream) -> None:
    key = site.key("one")
    assert site.ask("PUT", "/api/v1/gateway/secrets/kept", key, json={"value": "sk-kept-8"}).status_code == 200
    assert _try(site, connection=_at(upstream.url, secret="stored:kept")).json()["is_ok"] is True
    assert upstream.keys[-1] == "Bearer sk-kept-8"
    missing = _try(site, connection=_at(upstream.url, secret="stored:gone")).json()
    assert (missing["is_ok"], "stored:gone" in missing["said"]) == (False, True)
    other = site.ask(
        "POST",
        "/api/v1/gateway/connections/try",
        site.key("two"),
        json={"name": "x", "connection": _at(upstream.url, secret="stored:kept")},
    )
    assert other.json()["is_ok"] is False


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ({"provider": "openai-compatible"}, "base URL"),
        ({"base_url": "ftp://models.example"}, "http(s)://"),
        ({"base_url": "http://10.0.0.7/v1"}, "this address is not public, and not permitted"),
        ({"base_url": "http://169.254.169.254/v1", "allow_networks": ["169.254.0.0/16"]}, "permits projects no"),
        ({"secret": "env:HOME"}, "stored secrets alone"),
        ({"secret": "file:/etc/hostname"}, "stored secrets alone"),
        ({"odd": 1}, "odd"),
        ({"base_url": "http://127.0.0.1:1/v1", "allow_networks": ["loopback"]}, "127.0.0.1"),
    ],
)
def test_what_is_wrong_is_said(site: Site, connection: dict[str, Any], words: str) -> None:
    tried = _try(site, connection=connection).json()
    assert tried["is_ok"] is False
    assert words in tried["said"]


def test_a_key_that_is_refused_is_told_in_the_providers_words(site: Site) -> None:
    def refuse(peer: Peer) -> None:
        peer.request()
        peer.answer(b'{"error": {"message": "Incorrect API key provided."}}', status="401 Unauthorized")

    with RawUpstream(refuse) as upstream:
        tried = _try(site, connection=_at(upstream.url), key="sk-wrong").json()
    assert tried["said"] == "the provider refuses the key (status 401): Incorrect API key provided."
    assert "sk-wrong" not in str(tried)


def test_where_models_are_not_listed_the_named_one_is_asked_for_a_word(site: Site) -> None:
    asked: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            asked.append(request.split(b"\r\n", 1)[0])
            if request.startswith(b"GET"):
                peer.answer(b"<h1>nothing here</h1>", status="404 Not Found", kind="text/html")
            else:
                peer.answer(b'{"choices": [{"message": {"role": "assistant", "content": "yes"}}]}')

    with RawUpstream(talk) as upstream:
        connection = _at(upstream.url)
        said = _try(site, connection=connection).json()["said"]
        assert said.startswith("the provider refuses (status 404): nothing here. Where it lists no models, name one")
        assert _try(site, connection=connection, model="north").json()["said"] == "It answers: north said something."
    assert asked[-1] == b"POST /v1/chat/completions HTTP/1.1"


def test_a_list_that_is_none_does_no_harm(site: Site) -> None:
    bodies = iter([b"[]", b'{"data": {"a": 1}}', b'{"data": [3, {"id": 7}, {"name": "models/x"}]}', b"{"])

    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(next(bodies))

    with RawUpstream(talk) as upstream:
        found = [_try(site, connection=_at(upstream.url)).json() for _ in range(4)]
    assert [one["models"] for one in found] == [[], [], ["x"], []]
    assert [one["is_ok"] for one in found] == [True, True, True, False]


@pytest.mark.parametrize("role", ["viewer", "annotator", "editor"])
def test_only_owners_try_connections(site: Site, upstream: ChattingUpstream, role: str) -> None:
    assert _try(site, role, connection=_at(upstream.url)).status_code == 403


def test_the_vendors_say_whether_they_need_a_key(site: Site) -> None:
    items = site.ask("GET", "/api/v1/gateway/vendors", site.key("one", "viewer")).json()["items"]
    found = {item["id"]: item for item in items}
    assert (found["openai"]["needs_key"], found["vllm"]["needs_key"]) == (True, False)
    assert found["openai-compatible"]["base_url"] is None
    assert len(found) >= 30
