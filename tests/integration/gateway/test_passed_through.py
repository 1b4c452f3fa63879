"""Images, audio and files pass as they are, under the same keys, access rules, routes and limits as other calls."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import openai
import pytest

from masthead.gateway.call import Identity
from masthead.model.errors import NotAuthenticated
from masthead.model.ids import DEFAULT_PROJECT, ProjectId
from masthead.testing.answering import Answering, Reply, Request
from masthead.testing.gateway import RunningGateway
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

SOUND = bytes(range(256)) * 40
RULES = """
[[routes]]
model = "ears"
targets = [{ connection = "two", model = "whisper-1" }]
[[access]]
keys = ["narrow"]
models = ["ears", "allowed"]
[[limits]]
per = "key"
only = ["few"]
window = "total"
requests = 1
"""


class Site(NamedTuple):
    gateway: RunningGateway
    one: Answering
    two: Answering

    def client(self, key: str = "any") -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.gateway.url}/v1", api_key=key, max_retries=0)


async def by_key(scope: Mapping[str, Any]) -> Identity:
    key = dict(scope["headers"]).get(b"authorization", b"").removeprefix(b"Bearer ").decode()
    if not key:
        raise NotAuthenticated("a key is needed")
    return Identity(ProjectId("shop") if key.startswith("shop") else DEFAULT_PROJECT, key, key)


def answer(request: Request) -> Reply:
    if request.path.endswith("/speech") or request.path.endswith("/content"):
        return Reply(SOUND, kind="audio/mpeg")
    return Reply({"id": "f1", "object": "file", "text": "hi", "data": [], "status": "ok"})


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    with contextlib.ExitStack() as stack:

        def start(more_rules: str = "") -> Site:
            one, two = Answering(answer), Answering(answer)
            text = ""
            for name, upstream, more in (("one", one, ""), ("two", two, 'models = ["never"]\n')):
                url = stack.enter_context(RawUpstream(upstream.talk)).url
                text += f'[connections.{name}]\nbase_url = "{url}"\nallow_networks = ["loopback"]\n{more}'
            return Site(
                stack.enter_context(wired_gateway(tmp_path, text + RULES + more_rules, identify=by_key)), one, two
            )

        yield start


def test_a_recording_goes_to_the_target_of_its_alias_and_is_otherwise_untouched(serve: Callable[..., Site]) -> None:
    site = serve()
    found = site.client("narrow").audio.transcriptions.create(model="ears", file=("a.wav", SOUND), language="en")
    assert found.text == "hi"
    (request,) = site.two.requests
    assert request.path == "/v1/audio/transcriptions"
    assert SOUND in request.data and b"whisper-1" in request.data and b"ears" not in request.data
    assert int(request.headers["content-length"]) == len(request.data)
    span = site.gateway.spans(1)[0]
    assert span.attributes["gen_ai.request.model"] == "whisper-1"


def test_binary_answers_and_uploads_pass_as_they_are(serve: Callable[..., Site]) -> None:
    site = serve()
    client = site.client()
    assert client.audio.speech.create(model="tts-1", voice="alloy", input="hi").content == SOUND
    assert client.files.create(file=("a.bin", SOUND), purpose="assistants").id == "f1"
    assert client.files.content("f1").content == SOUND
    assert client.files.delete("f1") is not None
    assert [one.method for one in site.one.requests] == ["POST", "POST", "GET", "DELETE"]
    assert SOUND in site.one.requests[1].data


def test_a_call_that_names_no_model_says_which_connection_it_means(serve: Callable[..., Site]) -> None:
    site = serve()
    client = site.client()
    client.files.list(extra_headers={"x-masthead-connection": "two"})
    client.files.list()
    assert (len(site.one.requests), len(site.two.requests)) == (1, 1)
    with pytest.raises(openai.NotFoundError, match="one, two in x-masthead-connection"):
        client.files.list(extra_headers={"x-masthead-connection": "three"})


FORM = {"files": {"file": ("a.wav", SOUND)}, "data": {"model": "other"}}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/chat/completions", {"json": {"model": "other", "messages": [{"role": "user", "content": "hi"}]}}),
    ("POST", "/v1/responses", {"json": {"model": "other", "input": "hi"}}),
    ("POST", "/v1/messages", {"json": {"model": "other", "max_tokens": 1, "messages": []}}),
    ("POST", "/v1/messages/count_tokens", {"json": {"model": "other", "messages": []}}),
    ("POST", "/v1/embeddings", {"json": {"model": "other", "input": "hi"}}),
    ("POST", "/v1/moderations", {"json": {"model": "other", "input": "hi"}}),
    ("POST", "/v1/images/generations", {"json": {"model": "other", "prompt": "hi"}}),
    ("POST", "/v1/images/edits", FORM),
    ("POST", "/v1/images/variations", FORM),
    ("POST", "/v1/audio/speech", {"json": {"model": "other", "input": "hi", "voice": "a"}}),
    ("POST", "/v1/audio/transcriptions", FORM),
    ("POST", "/v1/audio/translations", FORM),
    ("POST", "/v1/responses/compact", {"json": {"model": "other", "input": "hi"}}),
    ("POST", "/v1/responses/input_tokens", {"json": {"model": "other", "input": "hi"}}),
    ("GET", "/v1/responses/resp_1", {}),
    ("DELETE", "/v1/responses/resp_1", {}),
    ("POST", "/v1/responses/resp_1/cancel", {}),
    ("POST", "/v1/files", {"files": {"file": ("a", b"x")}}),
    ("GET", "/v1/files", {}),
    ("GET", "/v1/files/f1/content", {}),
    ("POST", "/v1/uploads", {"json": {"bytes": 1}}),
    ("POST", "/v1/batches", {"json": {"input_file_id": "f", "endpoint": "/v1/chat/completions"}}),
    ("POST", "/v1/vector_stores", {"json": {"name": "a"}}),
]


@pytest.mark.parametrize(("method", "path", "given"), CALLS, ids=[f"{method} {path}" for method, path, _ in CALLS])
def test_no_endpoint_is_past_the_key_the_access_rules_or_the_limits(
    serve: Callable[..., Site], method: str, path: str, given: dict[str, Any]
) -> None:
    site = serve()

    def ask(key: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.request(method, f"{site.gateway.url}{path}", headers=headers, timeout=20, **given)

    assert ask("").status_code == 401
    narrow = ask("narrow")
    assert narrow.status_code == 403
    assert "may not use" in narrow.text or "name no model" in narrow.text
    assert not site.one.requests and not site.two.requests
    first, second = ask("few"), ask("few")
    assert first.status_code not in {401, 403, 429}
    assert second.status_code == 429 and "used up" in second.text


STORED = [
    ("GET", "/v1/files"), ("GET", "/v1/files/f1/content"), ("DELETE", "/v1/files/f1"), ("POST", "/v1/files"),
    ("POST", "/v1/uploads"), ("GET", "/v1/batches"), ("POST", "/v1/batches"), ("GET", "/v1/vector_stores"),
    ("POST", "/v1/vector_stores/v1/search"), ("GET", "/v1/responses/resp_1"), ("DELETE", "/v1/responses/resp_1"),
    ("GET", "/v1/responses/resp_1/input_items"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), STORED, ids=[" ".join(one) for one in STORED])
def test_what_a_shared_account_stores_is_seen_by_no_other_project_and_opened_by_no_models_name(
    serve: Callable[..., Site], method: str, path: str
) -> None:
    site = serve()

    def ask(key: str, **given: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"}
        return httpx.request(method, f"{site.gateway.url}{path}", headers=headers, timeout=20, **given)

    for given in ({}, {"json": {"model": "gpt-4o"}}, {"json": {"model": "two/x"}}, {"data": {"model": "ears"}}):
        refused = ask("shop", **given)
        assert refused.status_code == 403 and "share_accounts" in refused.text
        assert ask("narrow", **({} if not given else {"json": {"model": "allowed"}})).status_code == 403
    assert not site.one.requests and not site.two.requests
    assert ask("any", json={"model": "gpt-4o"}).status_code == 200
    assert site.one.requests[0].data == b'{"model":"gpt-4o"}', "what the body says is the provider's to judge"


def test_projects_share_what_an_account_stores_where_the_operator_says_so(serve: Callable[..., Site]) -> None:
    site = serve("[projects]\nshare_accounts = true\n")
    assert [one.id for one in site.client("shop").files.list()] == []
    assert len(site.one.requests) == 1


def test_images_and_sounds_are_made_for_every_project(serve: Callable[..., Site]) -> None:
    site = serve()
    assert site.client("shop").audio.transcriptions.create(model="ears", file=("a.wav", SOUND)).text == "hi"
