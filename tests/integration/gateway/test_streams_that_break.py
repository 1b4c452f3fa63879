"""A stream that breaks off in its middle is told as an error, in the way of the caller's dialect, whoever broke off."""

import contextlib
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from masthead.providers.dialects import Dialect
from masthead.testing import wires
from masthead.testing.gateway import RunningGateway, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream, Talk
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

PROVIDERS = {
    Dialect.OPENAI_CHAT: "deepseek",
    Dialect.OPENAI_RESPONSES: "openai",
    Dialect.ANTHROPIC: "anthropic",
    Dialect.GEMINI: "google",
    Dialect.BEDROCK: "bedrock",
}
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}]},
    "/v1/responses": {"input": "hi"},
    "/v1/messages": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100},
}
ENDS = (b"[DONE]", b"response.completed", b"message_stop", b'"finish_reason":"')


def breaking(dialect: Dialect) -> Any:
    data = wires.stream(dialect)

    def talk(peer: Peer) -> None:
        peer.request()
        kind = "application/vnd.amazon.eventstream" if dialect is Dialect.BEDROCK else "text/event-stream"
        peer.say(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        peer.chunk(data[: len(data) // 2])

    return talk


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningGateway]:
    folder: Path = tmp_path_factory.mktemp("breaking")
    with contextlib.ExitStack() as stack:
        text = ""
        for dialect, provider in PROVIDERS.items():
            url = stack.enter_context(RawUpstream(breaking(dialect))).url
            text += f'[connections.{dialect.value}]\nprovider = "{provider}"\nbase_url = "{url}"\n'
            text += f'dialects = ["{dialect.value}"]\nallow_networks = ["loopback"]\n'
        yield stack.enter_context(wired_gateway(folder, text))


def last_event(path: str, text: str) -> dict[str, Any]:
    events = [one for one in text.replace("\r\n", "\n").split("\n\n") if one.strip()]
    data = next(line for line in events[-1].split("\n") if line.startswith("data: "))
    told: dict[str, Any] = json.loads(data.removeprefix("data: "))
    if path == "/v1/messages":
        assert events[-1].startswith("event: error")
    return told


@pytest.mark.parametrize("path", list(ASKED))
@pytest.mark.parametrize("target", list(Dialect))
def test_half_a_stream_ends_with_an_error_and_no_regular_end(
    gateway: RunningGateway, target: Dialect, path: str
) -> None:
    body = {"model": f"{target.value}/m", "stream": True, **ASKED[path]}
    response = httpx.post(f"{gateway.url}{path}", json=body, timeout=20)
    assert response.status_code == 200, response.text
    assert not any(end in response.content for end in ENDS)
    told = last_event(path, response.text)
    assert told.get("error") or told.get("type") in {"error", "response.failed"}
    span_id = response.headers["x-masthead-span"]
    wait_until(lambda: any(one.span_id == span_id for one in gateway.sink.spans), "it is recorded")
    span = next(one for one in gateway.sink.spans if one.span_id == span_id)
    assert span.status == "error"


def test_the_real_clients_raise(gateway: RunningGateway) -> None:
    chat = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0)
    with pytest.raises(openai.APIError):
        list(chat.chat.completions.create(model="gemini/m", messages=[{"role": "user", "content": "hi"}], stream=True))
    claude = anthropic.Anthropic(base_url=gateway.url, api_key="k", max_retries=0)
    with (
        pytest.raises(anthropic.APIError),
        claude.messages.stream(
            model="openai-chat/m", max_tokens=10, messages=[{"role": "user", "content": "hi"}]
        ) as stream,
    ):
        list(stream)


ERRORS = {
    "/v1/chat/completions": b'data: {"error":{"message":"no room","code":429}}\n\ndata: [DONE]\n\n',
    "/v1/responses": b'event: error\ndata: {"type":"error","code":"rate","message":"no room"}\n\n',
    "/v1/messages": b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no room"}}\n\n',
}
BEGUN = {
    "/v1/chat/completions": b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"It is"}}]}\n\n',
    "/v1/responses": b'data: {"type":"response.output_text.delta","delta":"It is"}\n\n',
    "/v1/messages": b'data: {"type":"message_start","message":{"id":"1","model":"m","content":[],"usage":{}}}\n\n',
}


DIALECTS = 'dialects = ["openai-chat", "openai-responses", "anthropic"]\nallow_networks = ["loopback"]\n'


def streaming(asked: list[bytes], *pieces: bytes) -> Talk:
    """Return an upstream that answers every request with these pieces of a stream, and notes what it was asked."""

    def talk(peer: Peer) -> None:
        while request := peer.request():
            asked.append(request)
            peer.begin_stream()
            for piece in (*pieces, b""):
                peer.chunk(piece)

    return talk


@pytest.mark.parametrize("path", list(ASKED))
def test_an_error_that_the_upstream_sends_within_its_stream_is_a_failure_and_never_given_again(
    tmp_path: Path, path: str
) -> None:
    asked: list[bytes] = []
    with RawUpstream(streaming(asked, BEGUN[path], ERRORS[path])) as upstream:
        text = (
            f'[connections.up]\nbase_url = "{upstream.url}"\n{DIALECTS}[cache]\nis_on = true\n[breaker]\nfailures = 2\n'
        )
        with wired_gateway(tmp_path, text) as running:
            body = {"model": "m", "stream": True, "temperature": 0, **ASKED[path]}
            answers = [httpx.post(f"{running.url}{path}", json=body, timeout=20) for _ in "123"]
            spans = [one for one in running.spans(3) if one.parent_span_id is None]
    assert [answer.status_code for answer in answers] == [200, 200, 503]
    assert answers[0].content == BEGUN[path] + ERRORS[path], "told once, as it came"
    assert len(asked) == 2
    assert [span.status for span in spans[:2]] == ["error", "error"]
    assert "no room" in str(spans[0].status_message)


@pytest.mark.parametrize("path", list(ASKED))
def test_a_stream_that_begins_with_an_error_goes_to_the_next_target(tmp_path: Path, path: str) -> None:
    def talk(peer: Peer) -> None:
        while request := peer.request():
            peer.begin_stream()
            peer.chunk(ERRORS[path] if b'"model":"full"' in request else BEGUN[path])
            peer.chunk(b"")

    targets = '[{ connection = "up", model = "full" }, { connection = "up", model = "free" }]'
    routes = (
        f'[[routes]]\nmodel = "best"\nretry = {{ times = 0 }}\ntargets = {targets}\n'
        f'[[routes]]\nmodel = "worst"\nretry = {{ times = 0 }}\ntargets = {targets.split("}, ", maxsplit=1)[0]} }}]\n'
    )
    with RawUpstream(talk) as upstream:
        text = f'[connections.up]\nbase_url = "{upstream.url}"\n{DIALECTS}{routes}[recording]\ncontent = "off"\n'
        with wired_gateway(tmp_path, text) as running:
            body = {"stream": True, **ASKED[path]}
            good = httpx.post(f"{running.url}{path}", json={"model": "best", **body}, timeout=20)
            bad = httpx.post(f"{running.url}{path}", json={"model": "worst", **body}, timeout=20)
            spans = running.spans(4)
    assert (good.status_code, good.content) == (200, BEGUN[path])
    assert bad.status_code == {"/v1/chat/completions": 429, "/v1/responses": 502, "/v1/messages": 529}[path]
    assert bad.json()["error"]["message"] == "no room" and bad.headers["content-type"] == "application/json"
    assert sorted(span.status for span in spans) == ["error", "error", "unset", "unset"]
    assert "no room" not in str(spans), "contents are not recorded"


MISTAKES = {
    "/v1/chat/completions": b'data: {"error":{"message":"too long","type":"odd","code":"400"}}\n\n',
    "/v1/responses": b'data: {"type":"response.failed","response":{"error":{"code":"invalid_request_error"}}}\n\n',
    "/v1/messages": b'data: {"type":"error","error":{"type":"invalid_request_error","message":"too long"}}\n\n',
}


@pytest.mark.parametrize("path", list(ASKED))
@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses", "anthropic"])
def test_a_stream_that_begins_with_the_callers_own_mistake_is_a_400_and_no_fault_of_the_target(
    tmp_path: Path, path: str, dialect: str
) -> None:
    own = {"openai-chat": "/v1/chat/completions", "openai-responses": "/v1/responses", "anthropic": "/v1/messages"}
    asked: list[bytes] = []
    with RawUpstream(streaming(asked, MISTAKES[own[dialect]])) as upstream:
        up = f'base_url = "{upstream.url}"\ndialects = ["{dialect}"]\nallow_networks = ["loopback"]\n'
        with wired_gateway(tmp_path, f"[connections.up]\n{up}[breaker]\nfailures = 2\n") as running:
            body = {"model": "m", "stream": True, **ASKED[path]}
            answers = [httpx.post(f"{running.url}{path}", json=body, timeout=20) for _ in "123"]
    assert [answer.status_code for answer in answers] == [400] * 3
    assert (answers[0].json().get("type") == "error") is (path == "/v1/messages")
    assert len(asked) == 3, "asked once each, and never set aside"
