"""A connection's URL is no way into the network that the gateway stands in: through real sockets, and real names."""

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.gateway.call import Timeouts
from masthead.gateway.upstream.pool import Http1Client
from masthead.gateway.upstream.port import Origin, UpstreamFailed, UpstreamRequest
from masthead.testing.gateway import gateway_at, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream

pytestmark = pytest.mark.integration
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
LOOPBACK = ("127.0.0.0/8", "::1/128")


def answering(peer: Peer) -> None:
    while peer.request():
        peer.answer(b'{"id": "c", "choices": []}')


def asked(port: int, host: str, allowed: tuple[str, ...] = ()) -> UpstreamRequest:
    return UpstreamRequest("POST", Origin("http", host, port, allowed), "/v1/x", (), b"{}", Timeouts(2, 2, 2, 5))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "0.0.0",
        "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "[fd00:ec2::254]",
    ],
)  # fmt: skip
def test_no_spelling_of_a_private_address_in_a_base_url_is_connected_to(tmp_path: Path, host: str) -> None:
    with RawUpstream(answering) as upstream:
        port = upstream.url.split(":")[2].split("/")[0]
        file = tmp_path / "gateway.toml"
        file.write_text(f'[connections.up]\nbase_url = "http://{host}:{port}/v1"\nconnect_s = 2.0\n')
        with gateway_at(file) as gateway:
            answer = httpx.post(f"{gateway.url}/v1/chat/completions", json=CHAT, timeout=20)
        assert upstream.connections == 0
    assert answer.status_code == 502
    assert "127.0.0.1" not in answer.text and "169.254" not in answer.text


class Names:
    """A name server whose answers change."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int, **_more: Any) -> Any:
        self.asked.append(host)
        found = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]


async def test_a_name_that_changes_its_address_between_check_and_use_is_connected_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch,
):
    with RawUpstream(answering) as upstream:
        port = int(upstream.url.split(":")[2].split("/")[0])
        names = Names(["127.0.0.1"], ["169.254.169.254"])
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
        client = Http1Client()
        response = await client.send(asked(port, "models.example", LOOPBACK))
        assert (response.status, names.asked) == (200, ["models.example"])
        await client.close()
        with pytest.raises(UpstreamFailed, match=r"169\.254\.169\.254"):
            await Http1Client().send(asked(port, "models.example", LOOPBACK))


async def test_a_connection_that_was_allowed_is_not_used_for_one_that_is_not():
    with RawUpstream(answering) as upstream:
        port = int(upstream.url.split(":")[2].split("/")[0])
        client = Http1Client()
        await (await client.send(asked(port, "127.0.0.1", LOOPBACK))).read(1000)
        assert client.open_connections == 1
        with pytest.raises(UpstreamFailed) as caught:
            await client.send(asked(port, "127.0.0.1"))
        assert caught.value.kind == "refused"
        await client.close()
    assert upstream.connections == 1


def test_a_redirect_into_the_network_is_not_followed(tmp_path: Path) -> None:
    with RawUpstream(answering) as inside:

        def redirecting(peer: Peer) -> None:
            while peer.request():
                peer.answer(b"", status="307 Over There", more=f"location: {inside.url}/chat/completions\r\n")

        with RawUpstream(redirecting) as upstream:
            file = tmp_path / "gateway.toml"
            file.write_text(f'[connections.up]\nbase_url = "{upstream.url}"\nallow_networks = ["loopback"]\n')
            with gateway_at(file) as gateway:
                answer = httpx.post(f"{gateway.url}/v1/chat/completions", json=CHAT, timeout=20)
            wait_until(lambda: upstream.connections > 0, "the upstream was asked")
        assert (answer.status_code, inside.connections, "location" in answer.headers) == (502, 0, False)


@pytest.mark.parametrize("model", ["../../admin", "m?x=1", "m#x", "m\r\nx: y", "m/../../x", "\ud7ff\u0000"])
def test_a_models_name_never_leads_to_another_path(tmp_path: Path, model: str) -> None:
    seen: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            seen.append(request.split(b"\r\n")[0])
            peer.answer(b'{"candidates": [{"content": {"parts": [{"text": "x"}]}}]}')

    with RawUpstream(talk) as upstream:
        file = tmp_path / "gateway.toml"
        file.write_text(
            f'[connections.up]\nprovider = "gemini"\nbase_url = "{upstream.url}"\nallow_networks = ["loopback"]\n'
        )
        with gateway_at(file) as gateway:
            httpx.post(f"{gateway.url}/v1/chat/completions", json={**CHAT, "model": model}, timeout=20)
    [line] = seen
    method, path, version = line.split(b" ")
    assert (method, version) == (b"POST", b"HTTP/1.1")
    assert path.startswith(b"/v1/models/") and path.endswith(b":generateContent")
    assert path.count(b"/") == 3 and b"?" not in path


async def test_an_address_that_swallows_packets_leaves_time_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
):
    with RawUpstream(answering) as upstream, contextlib.ExitStack() as stack:
        port = int(upstream.url.split(":")[2].split("/")[0])
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.2", port))
        full.listen(0)
        for _ in range(4):  # whoever comes after these is not answered
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.2", port))
        names = Names(["127.0.0.2", "127.0.0.1"])
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
        client = Http1Client()
        first = await client.send(asked(port, "models.example", LOOPBACK))
        assert (first.status, await first.read(100)) == (200, b'{"id": "c", "choices": []}')
        await client.close()
