"""Upstreams that come drop by drop, ask to wait, or fail one call after the other."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.testing.gateway import RunningGateway, config_file, gateway_at, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream, Talk

pytestmark = pytest.mark.integration
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
ANSWER = b'{"id":"c1","choices":[{"index":0,"message":{"role":"assistant","content":"hello"}}]}'
TIMES = "first_byte_s = 0.5\nbetween_chunks_s = 0.4\nwhole_s = 1.2\nconnect_s = 2.0"
ONE_ROUTE = '[[routes]]\nmodel = "m"\ntargets = [{connection = "up"}]\n'


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(talk: Talk, more: str = "") -> tuple[RawUpstream, RunningGateway]:
            upstream = stack.enter_context(RawUpstream(talk))
            file = config_file(tmp_path, upstream.url, connection=TIMES, more=more)
            return upstream, stack.enter_context(gateway_at(file))

        yield start


def ask(gateway: RunningGateway, path: str = "/v1/chat/completions", **more: Any) -> httpx.Response:
    return httpx.post(f"{gateway.url}{path}", json={**CHAT, **more}, timeout=20)


def drip(peer: Peer, data: bytes) -> None:
    for at in range(len(data)):
        peer.say(data[at : at + 1])
        time.sleep(0.05)


def test_a_head_that_comes_drop_by_drop_is_given_up(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        drip(peer, b"HTTP/1.1 200 OK\r\nx-a: " + b"y" * 100)

    _, gateway = serve(talk, ONE_ROUTE + "retry = {times = 0}\n")
    assert ask(gateway).status_code == 504


def test_a_body_that_comes_drop_by_drop_is_given_up_when_the_whole_takes_too_long(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200\r\n\r\n")
        drip(peer, b"y" * 200)

    _, gateway = serve(talk, ONE_ROUTE + "retry = {times = 0}\n")
    answer = ask(gateway)
    assert answer.status_code == 504
    assert "not complete within 1.2 s" in answer.json()["error"]["message"]


def test_a_stream_that_comes_drop_by_drop_ends_with_an_error_when_the_whole_takes_too_long(serve: Any) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.begin_stream()
        peer.chunk(b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n')
        for _ in range(100):
            peer.chunk(b": still here\n\n")
            time.sleep(0.05)

    _, gateway = serve(talk)
    begun_s = time.monotonic()
    events = [event for event in ask(gateway, stream=True).text.split("\n\n") if event]
    assert "not complete within 1.2 s" in events[-1]
    assert json.loads(events[-1].removeprefix("data: "))["error"]
    assert time.monotonic() - begun_s < 15


def test_an_upstream_that_takes_nothing_of_a_large_request_is_given_up(serve: Any) -> None:
    gone = threading.Event()

    def talk(_peer: Peer) -> None:
        time.sleep(1.5)  # reads nothing meanwhile
        gone.set()

    _, gateway = serve(talk, ONE_ROUTE + "retry = {times = 0}\n")
    answer = ask(gateway, messages=[{"role": "user", "content": "x" * 20_000_000}])
    assert answer.status_code == 504
    assert gone.wait(60)


@pytest.mark.parametrize(
    "wait", ["1", "Sun, 06 Nov 1994 08:49:38 GMT\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT"], ids=["seconds", "date"]
)
def test_a_wait_that_the_upstream_asks_for_is_kept_and_a_long_one_is_passed_on(serve: Any, wait: str) -> None:
    came: list[float] = []

    def talk(peer: Peer) -> None:
        while peer.request():
            came.append(time.monotonic())
            more = f"retry-after: {wait}\r\n" if len(came) == 1 else "retry-after: 600\r\n"
            if len(came) == 2:
                peer.answer(ANSWER)
            else:
                peer.answer(b'{"error":{"message":"slow"}}', status="429 Slow", more=more)

    _, gateway = serve(talk, ONE_ROUTE + "retry = {times = 1, wait_s = 0.01}\n")
    assert ask(gateway).status_code == 200
    assert came[1] - came[0] >= 0.95
    refused = ask(gateway)
    assert (refused.status_code, refused.headers["retry-after"], len(came)) == (429, "600", 3)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("status", [500, 503, 529])
def test_in_a_storm_of_failures_an_upstream_is_let_alone_and_callers_are_told_when_to_return(
    serve: Any, path: str, status: int
) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(b"<html>oops</html>", status=f"{status} Oops", kind="text/html")

    more = ONE_ROUTE + "retry = {times = 0}\n[breaker]\nfailures = 3\npause_s = 30.0\n"
    upstream, gateway = serve(talk, more)
    answers = [ask(gateway, path, max_tokens=5) for _ in range(12)]
    assert [one.status_code for one in answers[:3]] == [status] * 3
    assert {one.status_code for one in answers[3:]} == {503}
    assert all(1 <= int(one.headers["retry-after"]) <= 30 for one in answers[3:])
    assert all(one.json()["error"]["message"] for one in answers[3:])
    assert len(gateway.spans(12)) == 12
    assert upstream.connections <= 3


def test_a_client_that_leaves_while_a_retry_is_waited_for_ends_the_call(serve: Any) -> None:
    tries: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            tries.append(request)
            peer.answer(b"{}", status="503 Busy")

    _, gateway = serve(talk, ONE_ROUTE + "retry = {times = 5, wait_s = 2.0}\n")
    body = json.dumps(CHAT).encode()
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
        client.sendall(head + body)
        wait_until(lambda: len(tries) == 1, "the first try was made")
    wait_until(lambda: gateway.service.gateway.metrics.in_flight == 0, "nothing is in flight")
    assert len(tries) == 1


@pytest.mark.parametrize("said", [b"", b"no HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"])
def test_callers_are_not_told_which_host_failed_and_its_trace_is(serve: Any, said: bytes) -> None:
    def talk(peer: Peer) -> None:
        peer.request()
        peer.say(said)

    upstream, gateway = serve(talk, ONE_ROUTE + "retry = {times = 0}\n")
    answer = ask(gateway)
    assert answer.status_code == 502
    assert "127.0.0.1" not in answer.text and upstream.url.split(":")[2].removesuffix("/v1") not in answer.text
    assert "127.0.0.1" in str(gateway.spans(1)[0])


def test_callers_are_not_told_which_host_cannot_be_reached_and_its_trace_is(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with gateway_at(config_file(tmp_path, f"http://127.0.0.1:{port}/v1")) as gateway:
            answer = ask(gateway)
            assert str(port) in str(gateway.spans(1))
    assert answer.status_code == 502
    assert "127.0.0.1" not in answer.text and str(port) not in answer.text
