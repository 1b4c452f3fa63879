"""The gateway with aiohttp as its client: the port is the same, so is what must hold."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.gateway.upstream.aiohttp_client import AiohttpClient
from masthead.testing.gateway import RunningGateway, config_file, gateway_at
from masthead.testing.raw_upstream import Peer, RawUpstream, Talk

pytestmark = pytest.mark.integration
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'


@contextmanager
def serving(folder: Path, talk: Talk) -> Generator[RunningGateway]:
    times = "first_byte_s = 0.5\nbetween_chunks_s = 0.5"
    with (
        RawUpstream(talk) as upstream,
        gateway_at(config_file(folder, upstream.url, connection=times), make_client=AiohttpClient) as gateway,
    ):
        yield gateway


def ask(gateway: RunningGateway, **changes: Any) -> httpx.Response:
    return httpx.post(f"{gateway.url}/v1/chat/completions", json={**CHAT, **changes}, timeout=20)


def test_answers_and_errors_pass_as_they_are(tmp_path: Path) -> None:
    heads: list[bytes] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            heads.append(request)
            if len(heads) == 1:
                peer.answer(b'{"choices": [], "id": "c"}')
            else:
                peer.answer(b'{"error": {"message": "slow"}}', status="429 Slow", more="retry-after: 3\r\n")

    with serving(tmp_path, talk) as gateway:
        good, bad = ask(gateway), ask(gateway)
    assert (good.json()["id"], bad.status_code, bad.headers["retry-after"]) == ("c", 429, "3")
    assert heads[0].partition(b"\r\n\r\n")[2] == json.dumps(CHAT, separators=(",", ":")).encode()
    assert heads[0].lower().count(b"content-type") == 1


def test_a_stream_that_breaks_off_and_an_upstream_that_hangs_are_told(tmp_path: Path) -> None:
    def talk(peer: Peer) -> None:
        asked = peer.request()
        if b'"stream":true' in asked:
            peer.begin_stream()
            peer.chunk(EVENT)
            return
        peer.wait_until_gone(5)

    with serving(tmp_path, talk) as gateway:
        events = [one for one in ask(gateway, stream=True).text.split("\n\n") if one]
        assert ["error" in one for one in events] == [False, True]
        assert ask(gateway).status_code == 504


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_private_addresses_are_refused_by_name_and_by_number(tmp_path: Path, host: str) -> None:
    with RawUpstream(lambda peer: peer.say(b"never")) as upstream:
        (tmp_path / "gateway.toml").write_text(
            f'[connections.up]\nbase_url = "{upstream.url}"\n'.replace("127.0.0.1", host)
        )
        with gateway_at(tmp_path / "gateway.toml", make_client=AiohttpClient) as gateway:
            assert ask(gateway).status_code == 502
        assert upstream.connections == 0


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(b"", status="302 Found", more="location: http://169.254.169.254/\r\n")

    with serving(tmp_path, talk) as gateway:
        assert ask(gateway).status_code == 502
