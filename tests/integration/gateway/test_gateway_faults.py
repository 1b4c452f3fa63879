"""Everything that can go wrong between a client and an upstream, with real sockets on both sides."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.gateway.call import Answer, Exchange
from masthead.gateway.seams import StreamFilter
from masthead.model.errors import StoreError
from masthead.testing.gateway import RunningGateway, config_file, gateway_at, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream, Talk

pytestmark = pytest.mark.integration

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
ANSWER = {
    "id": "c1",
    "object": "chat.completion",
    "model": "m-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
TIMES = "first_byte_s = 0.4\nbetween_chunks_s = 0.4\nwhole_s = 5.0\nconnect_s = 2.0"


def silent(_peer: Peer) -> None:
    """Close the connection."""


def chunk(text: str | None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    body = {"id": "c1", "model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def ask(gateway: RunningGateway, path: str = "/v1/chat/completions", **changes: Any) -> httpx.Response:
    return httpx.post(f"{gateway.url}{path}", json={**CHAT, **changes}, timeout=20)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:

        def start(talk: Talk, *, connection: str = TIMES, more: str = "", head_s: float = 20.0) -> Any:
            upstream = stack.enter_context(RawUpstream(talk))
            file = config_file(tmp_path, upstream.url, connection=connection, more=more)
            return upstream, stack.enter_context(gateway_at(file, head_s=head_s))

        yield start


def configure(folder: Path, gateway: Any, more: str) -> None:
    """Put lines before those of the configuration's file, and have it taken up."""
    file = folder / "gateway.toml"
    file.write_text(more + file.read_text())
    gateway.service.tenants.look()


def test_an_upstream_that_hangs_is_given_up_after_its_time(serve: Any) -> None:
    gone = threading.Event()

    def talk(peer: Peer) -> None:
        peer.request()
        if peer.wait_until_gone():
            gone.set()

    _, gateway = serve(talk)
    response = ask(gateway)
    assert response.status_code == 504
    assert "nothing came within 0.4 s" in response.json()["error"]["message"]
    assert gone.wait(60)
    assert gateway.spans(1)[0].status == "error"


@pytest.mark.parametrize(("content", "is_kept"), [("full", True), ("hashed", False), ("off", False)])
@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
def test_an_upstream_that_repeats_what_it_was_asked_is_recorded_as_far_as_contents_are(
    serve: Any, caplog: pytest.LogCaptureFixture, status: str, content: str, *, is_kept: bool
) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.answer(b"you said: my opinion", status=status)

    _, gateway = serve(talk, more=f'[recording]\ncontent = "{content}"\n')
    response = ask(gateway, messages=[{"role": "user", "content": "my opinion"}])
    assert response.status_code in {400, 502}
    told = [f"{span.status_message} {span.attributes}" for span in gateway.spans(1)]
    assert ("my opinion" in str(told)) is is_kept
    assert all(span.status == "error" for span in gateway.spans(1))
    assert "my opinion" not in caplog.text


def test_a_drop_in_the_middle_of_a_stream_is_told_as_an_error_event(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.begin_stream()
        peer.chunk(chunk("hel"))
        peer.chunk(chunk("lo"))

    _, gateway = serve(talk)
    response = ask(gateway, stream=True)
    events = [line for line in response.text.split("\n\n") if line]
    assert response.status_code == 200
    assert json.loads(events[0].removeprefix("data: "))["choices"][0]["delta"]["content"] == "hel"
    assert "error" in json.loads(events[-1].removeprefix("data: "))
    span = gateway.spans(1)[0]
    assert span.status == "error"
    assert "hello" in str(span.attributes["gen_ai.output.messages"])


def test_half_a_line_of_a_stream_never_reaches_the_client(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.begin_stream()
        peer.chunk(chunk("whole"))
        peer.chunk(b'data: {"id":"c1","choices":[{"del')

    _, gateway = serve(talk)
    events = [line.removeprefix("data: ") for line in ask(gateway, stream=True).text.split("\n\n") if line]
    assert [("error" in json.loads(event)) for event in events] == [False, True]


def test_a_stream_that_ends_with_its_connection_alone_is_whole_only_with_its_last_event(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.say(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            peer.say(chunk("a") + (chunk(None, "stop") + b"data: [DONE]\n\n" if peer.number == 0 else b""))
            return

    _, gateway = serve(talk)
    assert "error" not in ask(gateway, stream=True).text
    assert "error" in ask(gateway, stream=True).text


def test_a_silent_stream_is_given_up_between_two_chunks(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.begin_stream()
        peer.chunk(chunk("a"))
        peer.wait_until_gone()

    _, gateway = serve(talk)
    assert "nothing more came within 0.4 s" in ask(gateway, stream=True).text


@pytest.mark.parametrize("body", [b"<html>busy</html>", b'{"half": ', b"[1, 2]", b""])
def test_an_answer_that_is_no_json_object_is_a_bad_gateway(serve: Any, body: bytes) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(body)

    _, gateway = serve(talk)
    response = ask(gateway)
    assert response.status_code == 502
    assert response.json()["error"]["message"]


@pytest.mark.parametrize("more", ["retry-after: 7\r\n", ""])
def test_a_429_keeps_its_status_its_body_and_its_retry_after(serve: Any, more: str) -> None:
    body = b'{"error":{"message":"slow down","type":"rate_limit_exceeded","code":"rpm"}}'

    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(body, status="429 Too Many Requests", more=more)

    _, gateway = serve(talk)
    response = ask(gateway)
    assert (response.status_code, response.content) == (429, body)
    assert response.headers.get("retry-after") == ("7" if more else None)


def test_an_upstreams_error_reaches_a_caller_of_the_other_dialect_in_that_ones_form(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(b'{"error":{"message":"overloaded","type":"server_error"}}', status="503 Busy")

    _, gateway = serve(talk)
    response = ask(gateway, "/v1/messages", max_tokens=5)
    assert response.status_code == 503
    assert response.json()["type"] == "error"
    assert response.json()["error"]["message"] == "overloaded"


def test_a_storm_of_failures_falls_back_and_every_try_is_seen(tmp_path: Path) -> None:
    def bad(peer: Peer) -> None:
        while peer.request():
            peer.answer(b'{"error":{"message":"boom"}}', status="500 Oh")

    def good(peer: Peer) -> None:
        while peer.request():
            peer.answer(json.dumps(ANSWER).encode())

    with RawUpstream(bad) as first, RawUpstream(good) as second:
        file = config_file(
            tmp_path,
            first.url,
            more=(
                f'[connections.two]\nbase_url = "{second.url}"\nallow_networks = ["loopback"]\n'
                '[[routes]]\nmodel = "m"\ntargets = [{connection = "up"}, {connection = "two", model = "other"}]\n'
                "retry = {times = 0}\n[breaker]\nfailures = 1000\n"
            ),
        )
        with gateway_at(file) as gateway:
            responses = [ask(gateway) for _ in range(20)]
            spans = gateway.spans(60)
    assert {response.status_code for response in responses} == {200}
    attempts = [span for span in spans if span.name.startswith("attempt")]
    assert sorted((span.name, span.status) for span in attempts[:2]) == [
        ("attempt 1 up", "error"),
        ("attempt 2 two", "unset"),
    ]
    assert spans[0].attributes["gen_ai.request.model"] == "other"
    assert spans[0].attributes["masthead.gateway.model_asked"] == "m"


def test_a_client_that_leaves_closes_its_upstream_at_once(serve: Any) -> None:
    gone = threading.Event()

    def talk(peer: Peer) -> None:
        peer.request()
        peer.begin_stream()
        peer.chunk(chunk("a"))
        if peer.wait_until_gone(5):
            gone.set()

    _, gateway = serve(talk, connection="")
    with httpx.stream("POST", f"{gateway.url}/v1/chat/completions", json={**CHAT, "stream": True}) as response:
        next(response.iter_raw())
    assert gone.wait(60)
    span = gateway.spans(1)[0]
    assert span.status_message == "the client went away before the answer's end"
    wait_until(lambda: gateway.service.gateway.metrics.in_flight == 0, "nothing is in flight")


def test_a_client_that_leaves_before_any_answer_closes_its_upstream_at_once(serve: Any) -> None:
    gone = threading.Event()
    asked = threading.Event()

    def talk(peer: Peer) -> None:
        peer.request()
        asked.set()
        if peer.wait_until_gone(5):
            gone.set()

    _, gateway = serve(talk, connection="")
    body = json.dumps(CHAT).encode()
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        assert asked.wait(60)
    assert gone.wait(60)


def test_a_slow_head_is_cut_off(serve: Any) -> None:
    _, gateway = serve(silent, head_s=0.3)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: loc")
        assert client.recv(100) == b""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as client:
        assert client.recv(100) == b""


def test_a_kept_connection_that_the_upstream_closed_is_replaced_without_anybody_noticing(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.answer(json.dumps(ANSWER).encode())  # and closes, though it did not say so

    upstream, gateway = serve(talk)
    assert [ask(gateway).status_code for _ in range(5)] == [200] * 5
    assert upstream.connections == 5


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"I am no server\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x-a: %s\r\n" % (b"y" * 8000) * 20 + b"content-length: 2\r\n\r\n{}",
        b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
    ],
    ids=["both lengths", "two lengths", "bad chunk", "upgrade", "no http", "huge head", "redirect"],
)
def test_what_is_no_strict_http_is_a_failure_and_never_passed_on(serve: Any, raw: bytes) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.say(raw)
        peer.wait_until_gone(5)

    _, gateway = serve(talk)
    assert ask(gateway).status_code in {502, 504}


def test_an_answer_nobody_asked_for_is_not_given_to_the_next_caller(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(json.dumps(ANSWER | {"id": f"own-{peer.number}"}).encode())
            peer.answer(json.dumps(ANSWER | {"id": "smuggled"}).encode())
            time.sleep(0.05)

    _, gateway = serve(talk)
    assert [ask(gateway).json()["id"] for _ in range(4)] == [f"own-{number}" for number in range(4)]


def test_an_answer_over_the_limit_is_a_failure(serve: Any, tmp_path: Path) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(b'{"x": "' + b"y" * 5000 + b'"}')

    _, gateway = serve(talk)
    assert ask(gateway).status_code == 200
    configure(tmp_path, gateway, "max_answer_bytes = 2000\n")
    assert ask(gateway).status_code == 502


def test_a_body_over_the_limit_is_refused_in_the_dialect_whether_announced_or_not(serve: Any, tmp_path: Path) -> None:
    _, gateway = serve(silent)
    configure(tmp_path, gateway, "max_body_bytes = 1024\n")
    big = json.dumps(CHAT | {"x": "y" * 5000}).encode()
    announced = httpx.post(f"{gateway.url}/v1/messages", content=big)
    chunked = httpx.post(f"{gateway.url}/v1/messages", content=iter([big]))
    assert (announced.status_code, chunked.status_code) == (413, 413)
    assert announced.json()["type"] == chunked.json()["type"] == "error"


def test_while_the_sink_is_down_calls_are_answered_and_recorded_later(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(json.dumps(ANSWER).encode())

    _, gateway = serve(talk)
    gateway.sink.failure = StoreError("the store is away")
    assert [ask(gateway).status_code for _ in range(10)] == [200] * 10
    assert gateway.service.recorder.counters().recorded == 0
    gateway.sink.failure = None
    assert len(gateway.spans(10)) == 10
    wait_until(lambda: gateway.service.recorder.counters().recorded == 10, "all are counted as recorded")
    assert gateway.service.recorder.counters().lost == 0


def test_a_request_with_both_lengths_is_refused(serve: Any) -> None:
    _, gateway = serve(silent)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as client:
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n"
            b"transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"
        )
        assert b" 400 " in client.recv(4096).split(b"\r\n")[0]


def test_only_named_headers_go_upstream_and_never_the_callers_key(serve: Any) -> None:
    seen: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            seen.append(request)
            peer.answer(json.dumps(ANSWER).encode())

    _, gateway = serve(talk)
    headers = {
        "authorization": "Bearer mine",
        "cookie": "session=mine",
        "x-api-key": "mine",
        "connection": "keep-alive, x-custom",
        "x-custom": "mine",
        "openai-organization": "org-1",
        "x-masthead-agent": "mine",
    }
    httpx.post(f"{gateway.url}/v1/chat/completions", json=CHAT, headers=headers)
    head = seen[0].split(b"\r\n\r\n")[0].lower()
    assert b"mine" not in head
    assert b"openai-organization: org-1" in head


def test_private_addresses_are_refused_unless_allowed_and_the_caller_learns_nothing_of_them(tmp_path: Path) -> None:
    with RawUpstream(silent) as upstream:
        file = tmp_path / "gateway.toml"
        file.write_text(f'[connections.up]\nbase_url = "{upstream.url}"\n')
        with gateway_at(file) as gateway:
            response = ask(gateway)
        assert upstream.connections == 0
    assert response.status_code == 502
    assert "127.0.0.1" not in response.text


def test_a_plugin_that_fails_within_a_stream_is_told_within_it(tmp_path: Path) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.begin_stream()
            peer.chunk(chunk("a"))
            peer.chunk(b"")

    class Failing:
        def feed(self, events: bytes) -> bytes:
            raise ZeroDivisionError(events)

        def close(self) -> bytes:
            return b""

    class Broken:
        async def before(self, exchange: Exchange) -> Answer | None:
            return None

        def filter(self, exchange: Exchange) -> StreamFilter | None:
            return Failing()

        async def after(self, exchange: Exchange, answer: Answer) -> Answer:
            return answer

        def ended(self, exchange: Exchange) -> None:
            raise ZeroDivisionError

    with (
        RawUpstream(talk) as upstream,
        gateway_at(config_file(tmp_path, upstream.url), plugins=(Broken(),)) as gateway,
    ):
        response = ask(gateway, stream=True)
        assert response.status_code == 200
        assert "stands in its log" in response.text
        assert gateway.spans(1)[0].status == "error"


def test_files_and_audio_pass_through_as_they_are(serve: Any) -> None:
    seen: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            seen.append(request)
            peer.answer(b"\x00\x01binary", kind="audio/mpeg")

    _, gateway = serve(talk)
    sent = httpx.post(
        f"{gateway.url}/v1/audio/transcriptions", files={"file": ("a.wav", b"RIFF\xff\x00")}, data={"model": "whisper"}
    )
    got = httpx.get(f"{gateway.url}/v1/files/file-1/content?x=1")
    assert (sent.status_code, sent.content, got.headers["content-type"]) == (200, b"\x00\x01binary", "audio/mpeg")
    assert b"RIFF\xff\x00" in seen[0]
    assert b"content-type: multipart/form-data; boundary=" in seen[0].lower()
    assert seen[1].startswith(b"GET /v1/files/file-1/content?x=1 HTTP/1.1\r\n")


def test_a_client_that_reads_slowly_makes_the_upstream_wait(serve: Any) -> None:
    sent = 0

    def talk(peer: Peer) -> None:
        nonlocal sent
        peer.request()
        peer.begin_stream()
        for _ in range(2000):
            peer.chunk(chunk("x" * 20_000))
            sent += 20_000
        peer.chunk(b"")

    _, gateway = serve(talk, connection="")
    with httpx.stream(
        "POST", f"{gateway.url}/v1/chat/completions", json={**CHAT, "stream": True}, timeout=60
    ) as answer:
        parts = answer.iter_raw()
        next(parts)
        wait_until(lambda: _is_steady(lambda: sent), "the upstream waits")
        assert 0 < sent < 30_000_000
        assert sum(map(len, parts)) > 39_000_000


def _is_steady(count: Any) -> bool:
    before = count()
    time.sleep(0.5)
    return count() == before
