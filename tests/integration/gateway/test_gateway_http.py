"""What comes in over HTTP from whoever can connect: smuggling, slow and greedy clients, garbage."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from masthead.gateway import http_server, reading
from masthead.testing.gateway import RunningGateway, config_file, gateway_at, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream

pytestmark = pytest.mark.integration
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
LENGTH = b"content-length: %d\r\n" % len(BODY)
CHUNKED = b"transfer-encoding: chunked\r\n"
WHOLE = POST + LENGTH + b"\r\n" + BODY
ANSWER = {"id": "c1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}}]}


class Door:
    """A gateway in front of an upstream that notes what reaches it."""

    def __init__(self, gateway: RunningGateway, reached: list[bytes]) -> None:
        self.gateway = gateway
        self.reached = reached

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.gateway.port), timeout=20)

    def say(self, *parts: bytes, count: int = 1) -> list[tuple[int, dict[str, Any]]]:
        """Send bytes, in pieces; return the answers, `count` of them unless the connection ends before."""
        with self.connect() as client:
            for number, part in enumerate(parts):
                time.sleep(0.05 * (number > 0))
                client.sendall(part)
            found = b""
            while len(whole := answers(found)) < count:
                data = client.recv(65_536)
                if not data:
                    break
                found += data
            return whole

    def is_well(self) -> bool:
        """Whether the next caller is served as ever, and nothing is left of those before."""
        before = len(self.reached)
        with self.connect() as client:
            client.sendall(POST + b"connection: close\r\n" + LENGTH + b"\r\n" + BODY)
            is_served = answers(received(client))[0][0] == 200
        wait_until(lambda: self.gateway.service.gateway.metrics.in_flight == 0, "nothing is in flight")
        return is_served and len(self.reached) == before + 1


def received(client: socket.socket) -> bytes:
    found = b""
    try:
        while data := client.recv(65_536):
            found += data
    except ConnectionResetError:
        pass
    return found


def answers(data: bytes) -> list[tuple[int, dict[str, Any]]]:
    """Return status and body of each answer; every one of ours has a length."""
    found: list[tuple[int, dict[str, Any]]] = []
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = int(next(line for line in lines if line.startswith(b"content-length:")).partition(b":")[2])
        if len(rest) < length:
            break
        found.append((int(head.split()[1]), msgspec.json.decode(rest[:length])))
        data = rest[length:]
    return found


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    reached: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            reached.append(request)
            peer.answer(json.dumps(ANSWER).encode())

    folder: Path = tmp_path_factory.mktemp("door")
    with RawUpstream(talk) as upstream, gateway_at(config_file(folder, upstream.url), head_s=0.5) as gateway:
        yield Door(gateway, reached)


SMUGGLED = b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"
SMUGGLING = {
    "both lengths": POST + LENGTH + CHUNKED + b"\r\n0\r\n\r\n" + SMUGGLED,
    "both lengths, the other way": POST + CHUNKED + LENGTH + b"\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": POST + LENGTH + b"content-length: 3\r\n\r\n" + BODY,
    "the same length twice": POST + LENGTH + LENGTH + b"\r\n" + BODY,
    "a list of lengths": POST + b"content-length: 5, 5\r\n\r\n" + BODY,
    "a length with a sign": POST + b"content-length: +5\r\n\r\n" + BODY,
    "a negative length": POST + b"content-length: -1\r\n\r\n" + BODY,
    "a length past 64 bits": POST + b"content-length: 99999999999999999999999\r\n\r\n" + BODY,
    "a space before the colon": POST + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunked misspelt": POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n",
    "chunked behind a control character": POST + b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a folded encoding": POST + b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a folded header": POST + b"x-a: 1\r\n 2\r\n" + LENGTH + b"\r\n" + BODY,
    "bare line feeds": WHOLE.replace(b"\r\n", b"\n"),
    "one bare line feed": POST + b"x-a: b\n" + LENGTH + b"\r\n" + BODY,
    "a bare carriage return": POST + b"x-a: b\rc\r\n" + LENGTH + b"\r\n" + BODY,
    "a null in a header": POST + b"x-a: b\0c\r\n" + LENGTH + b"\r\n" + BODY,
    "a line feed behind a chunk's extension": POST + CHUNKED + b"\r\n%x;a\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
    "chunks ended by line feeds": POST + CHUNKED + b"\r\n%x\n%s\n0\n\n" % (len(BODY), BODY),
    "a chunk past 64 bits": POST + CHUNKED + b"\r\nffffffffffffffffff\r\n" + BODY,
    "a length among the trailers": POST + CHUNKED + b"\r\n0\r\ncontent-length: 5\r\n\r\n",
    "an upgrade with chunks": POST + b"connection: upgrade\r\nupgrade: h2c\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + SMUGGLED,
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01" * 20,
    "every byte": bytes(range(256)),
}


@pytest.mark.parametrize("data", SMUGGLING.values(), ids=SMUGGLING)
def test_a_request_that_could_be_read_in_two_ways_is_refused_and_its_connection_closed(door: Door, data: bytes) -> None:
    before = len(door.reached)
    [(status, body)] = door.say(data)
    assert (status, body["type"]) == (400, "error")
    assert body["error"]["message"]
    assert len(door.reached) == before


def test_extensions_of_chunks_are_left_out(door: Door) -> None:
    sent = POST + CHUNKED + b'\r\n%x;a=b;c="d"\r\n%s\r\n0\r\n\r\n' % (len(BODY), BODY)
    assert door.say(sent)[0][0] == 200
    assert b"a=b" not in door.reached[-1]


@pytest.mark.parametrize("is_in_pieces", [False, True])
def test_a_request_that_offers_another_protocol_keeps_its_body_and_smuggles_nothing(
    door: Door, is_in_pieces: bool
) -> None:
    before = len(door.reached)
    head = POST + b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
    inner = json.dumps({"model": "m", "messages": [], "x": (WHOLE * 2).decode()}).encode()
    head += b"content-length: %d\r\n\r\n" % len(inner)
    parts = (head, inner[:50], inner[50:] + WHOLE) if is_in_pieces else (head + inner + WHOLE,)
    found = door.say(*parts, count=2)
    assert [status for status, _ in found] == [200, 200]
    arrived = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in door.reached[before:]]
    assert arrived == [json.loads(inner), json.loads(BODY)]


def test_a_head_that_never_ends_is_refused_at_64_kib(door: Door) -> None:
    for line in (b"x-%d: " + b"y" * 200 + b"\r\n", b"y" * 500):
        sent = 0
        with door.connect() as client:
            client.sendall(POST + (b"" if line.endswith(b"\n") else b"x-long: "))
            try:
                for number in range(10_000):
                    data = line % number if b"%d" in line else line
                    client.sendall(data)
                    sent += len(data)
            except OSError:
                pass
            found = received(client)
        assert sent < 8 * 1024 * 1024
        assert not found or answers(found)[0][0] == 431
    assert door.is_well()


def test_an_address_that_never_ends_is_refused(door: Door) -> None:
    with door.connect() as client:
        client.sendall(b"GET /v1/models?")
        time.sleep(0.05)
        client.sendall(b"x" * 400_000)
        found = received(client)
    assert not found or answers(found)[0][0] in {400, 431}
    assert door.is_well()


def test_a_body_that_does_not_come_is_given_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "NUDGED_S", 0.05)
    monkeypatch.setattr(reading, "BODY_S", 0.2)
    for begun in (b"", b'{"mod'):
        with door.connect() as client:
            client.sendall(POST + LENGTH + b"\r\n" + begun)
            assert int(client.recv(4096).split()[1]) == 400
    assert door.is_well()


def test_a_body_that_comes_drop_by_drop_is_given_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BODY_S", 0.3)
    with door.connect() as client:
        client.sendall(POST + LENGTH + b"\r\n")
        client.settimeout(0.02)
        for at in range(len(BODY)):
            client.sendall(BODY[at : at + 1])
            try:
                found = client.recv(4096)
                break
            except TimeoutError:
                continue
        else:
            found = b""
    assert found.startswith(b"HTTP/1.1 400 ")
    assert door.is_well()


def test_a_client_that_takes_nothing_of_its_answer_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server.PatientProtocol, "stalled_s", 0.2)
    gone: list[bool] = []

    def talk(peer: Peer) -> None:
        peer.request()
        peer.begin_stream()
        event = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * 60_000 + b'"}}]}\n\n'
        for _ in range(2000):
            peer.chunk(event)
        gone.append(peer.wait_until_gone(10))

    with RawUpstream(talk) as upstream, gateway_at(config_file(tmp_path, upstream.url)) as gateway:
        with socket.create_connection(("127.0.0.1", gateway.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            streamed = BODY[:-1] + b', "stream": true}'
            client.sendall(POST + b"content-length: %d\r\n\r\n" % len(streamed) + streamed)
            wait_until(lambda: gone == [True], "the upstream was let go of")
            wait_until(lambda: gateway.service.gateway.metrics.in_flight == 0, "nothing is in flight")
        assert gateway.spans(1)[0].status == "error"


@pytest.mark.parametrize("host", [b"[", b"]:80", b"a:b:c", b"localhost/#@evil", b"\xff", b"", b"evil.example"])
def test_no_host_header_leads_anywhere_else(door: Door, host: bytes) -> None:
    sent = WHOLE.replace(b"localhost", host)
    assert door.say(sent)[0][0] in {200, 400}
    sent = b"POST /v1/keys HTTP/1.1\r\nhost: localhost/v1/chat/completions?x=\r\ncontent-length: 0\r\n\r\n"
    assert door.say(sent)[0][0] == 404
    assert door.is_well()


@pytest.mark.parametrize("path", ["files/../x", "files/%2e%2e/x", "files/%2E./x", "files/a%0d%0ax:y", "files/a%00"])
def test_no_path_climbs_out_or_breaks_its_line(door: Door, path: str) -> None:
    before = len(door.reached)
    found = door.say(f"GET /v1/{path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    assert found[0][0] in {400, 404}
    assert len(door.reached) == before


def test_pipelined_requests_are_each_answered_in_their_order(door: Door) -> None:
    assert [status for status, _ in door.say(WHOLE + SMUGGLED + WHOLE, count=3)] == [200, 200, 200]
