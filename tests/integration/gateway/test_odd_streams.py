"""Streams as some servers send them: odd, but well meant, or broken where a plugin holds something back."""

import gzip
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from masthead.testing.gateway import RunningGateway
from masthead.testing.raw_upstream import Peer, RawUpstream, Talk
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

LIMITS = '[[limits]]\nper = "project"\ntokens = 1_000_000\n'
BANNED = '[[plugins]]\nkind = "banned"\nwords = ["project nightfall"]\n'
USAGE = {"prompt_tokens": 10, "completion_tokens": 5}


def sse(*events: Mapping[str, Any] | bytes) -> bytes:
    data = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in events]
    return b"".join(b"data: " + one + b"\n\n" for one in data)


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def streaming(data: bytes, *, is_ended: bool = True) -> Talk:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.begin_stream()
            peer.chunk(data)
            if not is_ended:
                return
            peer.chunk(b"")

    return talk


def configured(url: str, more: str = "") -> str:
    return f'[connections.up]\nprovider = "deepseek"\nbase_url = "{url}"\nallow_networks = ["loopback"]\n{more}'


def asked(gateway: RunningGateway, *, is_stream: bool = True) -> httpx.Response:
    body = {"model": "m", "stream": is_stream, "messages": [{"role": "user", "content": "hi"}]}
    return httpx.post(f"{gateway.url}/v1/chat/completions", json=body, timeout=20)


def test_a_stream_that_breaks_while_a_plugin_holds_back_what_is_banned_is_refused_in_whole(tmp_path: Path) -> None:
    data = sse(chunk(content="About project nightfall"))
    with (
        RawUpstream(streaming(data, is_ended=False)) as upstream,
        wired_gateway(tmp_path, configured(upstream.url, BANNED)) as running,
    ):
        answer = asked(running)
        spans = running.spans(1)
    assert answer.status_code == 200
    assert "nightfall" not in answer.text
    told = json.loads(answer.text.strip().rpartition("data: ")[2])
    assert "does not pass on" in told["error"]["message"]
    assert spans[0].status == "error"
    assert spans[0].attributes["http.response.status_code"] == 200


def test_a_stream_whose_last_event_lacks_its_blank_line_is_whole(tmp_path: Path) -> None:
    last: dict[str, Any] = {"id": "c", "model": "m", "choices": [], "usage": USAGE}
    data = sse(chunk(content="Hello"), chunk("stop"), last, b"[DONE]").removesuffix(b"\n\n")
    with RawUpstream(streaming(data)) as upstream, wired_gateway(tmp_path, configured(upstream.url)) as running:
        client = openai.OpenAI(base_url=f"{running.url}/v1", api_key="k", max_retries=0)
        stream = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
        spans = running.spans(1)
    assert "".join(one.choices[0].delta.content or "" for one in chunks if one.choices) == "Hello"
    assert spans[0].status != "error"
    assert spans[0].attributes["gen_ai.usage.output_tokens"] == 5


def test_a_stream_that_begins_with_no_tool_calls_counts_against_limits_and_is_recorded(tmp_path: Path) -> None:
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    begun = chunk(role="assistant", content=None, tool_calls=None)
    last = {**chunk("tool_calls"), "usage": {"prompt_tokens": 900_000, "completion_tokens": 100_000}}
    with (
        RawUpstream(streaming(sse(begun, chunk(tool_calls=[call]), last, b"[DONE]"))) as upstream,
        wired_gateway(tmp_path, configured(upstream.url, LIMITS)) as running,
    ):
        first, second = asked(running), asked(running)
        spans = running.spans(2)
    assert (first.status_code, second.status_code) == (200, 429)
    assert '"name":"f"' in str(spans[0].attributes["gen_ai.output.messages"])


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_an_answer_that_is_encoded_though_it_was_not_to_be_is_a_failure(tmp_path: Path, kind: str) -> None:
    def talk(peer: Peer) -> None:
        while peer.request():
            peer.answer(gzip.compress(sse(chunk("stop"))), kind=kind, more="content-encoding: gzip\r\n")

    text = 'retry = { times = 0 }\n[[routes.targets]]\nconnection = "up"\n'
    with (
        RawUpstream(talk) as upstream,
        wired_gateway(tmp_path, configured(upstream.url, f'[[routes]]\nmodel = "m"\n{text}')) as running,
    ):
        answer = asked(running, is_stream=kind.startswith("text"))
    assert answer.status_code == 502
    assert "gzip" in answer.json()["error"]["message"]
    assert "content-encoding" not in answer.headers


def test_a_call_that_a_plugin_cannot_read_is_refused_and_its_upstream_let_go(tmp_path: Path) -> None:
    gone = threading.Event()

    def talk(peer: Peer) -> None:
        peer.request()
        peer.begin_stream()
        peer.chunk(sse(chunk(content="Hello")))
        if peer.wait_until_gone():
            gone.set()

    text = '[[plugins]]\nkind = "json"\n'
    body = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}],"response_format":1e999}'
    with RawUpstream(talk) as upstream, wired_gateway(tmp_path, configured(upstream.url, text)) as running:
        answer = httpx.post(f"{running.url}/v1/chat/completions", content=body, timeout=20)
        assert gone.wait(20)
    assert answer.status_code == 400
    assert "response_format" in answer.json()["error"]["message"]
