"""Budgets hold on every endpoint, for every subject, under a race, and whatever a caller does to slip past them.

LiteLLM's users told of budgets that were bypassed or stale on some endpoints (#38176, #26672; alike #13882, #10750 and
#36646 on endpoints that are passed through, #11083 of end users; the text of #38176 itself was not to be had). What
they have in common is tested: `ENDPOINTS` are all that the gateway serves; a request and a token on any of them counts
against the same budget as on any other, at once and exactly; a budget that is used up refuses all of them, and lists
of models stay readable; what tells no tokens is refused to who has a budget of them.
"""

import json
import socket
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.clock import SystemClock
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.call import Identity
from masthead.gateway.config_routes import GuardsConfig, LimitConfig
from masthead.gateway.policy.counters import MemoryCounters
from masthead.gateway.policy.limits import Limits
from masthead.testing.gateway import PROJECT, RunningGateway, config_file, gateway_at, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream

pytestmark = pytest.mark.integration
SAID = [{"role": "user", "content": "hi"}]
CHAT: dict[str, Any] = {"model": "m", "messages": SAID}
USAGE = {"prompt_tokens": 30, "completion_tokens": 10, "total_tokens": 40, "input_tokens": 30, "output_tokens": 10}
MESSAGE = {"role": "assistant", "content": "hello"}
ANSWER = {
    "id": "c1",
    "model": "m",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
    "output": [],
    "data": [],
    "usage": USAGE,
}
ENDPOINTS: Mapping[str, dict[str, Any]] = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": {"model": "m", "input": "hi"},
    "/v1/messages": {"model": "m", "max_tokens": 5, "messages": SAID},
    "/v1/messages/count_tokens": {"model": "m", "messages": SAID},
    "/v1/embeddings": {"model": "m", "input": "hi"},
    "/v1/moderations": {"model": "m", "input": "hi"},
    "/v1/images/generations": {"model": "gpt-image-1", "prompt": "hi"},
    "/v1/audio/speech": {"model": "m", "input": "hi", "voice": "a"},
    "/v1/images/edits": {"model": "gpt-image-1", "prompt": "hi"},
    "/v1/files": {},
    "/v1/responses/compact": {"model": "m", "input": "hi"},
}
FREE = {"/v1/messages/count_tokens", "/v1/files", "/v1/moderations"}
UNCOUNTED = "/v1/audio/speech"
SPENDING = [path for path in ENDPOINTS if path not in {*FREE, UNCOUNTED}]


def talk(peer: Peer) -> None:
    while request := peer.request():
        if b"/messages/count_tokens" in request.split(b"\r\n")[0]:
            peer.answer(b'{"input_tokens": 3}')
        else:
            peer.answer(json.dumps(ANSWER).encode())


async def by_key(scope: Mapping[str, Any]) -> Identity:
    key = dict(scope["headers"]).get(b"authorization", b"Bearer k1").removeprefix(b"Bearer ").decode()
    return Identity(PROJECT, key, f"{key}-name")


@contextmanager
def limited(folder: Path, *limits: LimitConfig, speak: Any = talk) -> Generator[RunningGateway]:
    clock = SystemClock()

    def cost_of(*_asked: object) -> Decimal:
        return Decimal("0.10")

    guards = AgentGuards(lambda _call: GuardsConfig(), cost_of, clock)
    held = Limits(limits, MemoryCounters(clock), cost_of, clock, connections=("up",))
    dialects = 'dialects = ["openai-chat", "openai-responses", "anthropic"]'
    with RawUpstream(speak) as upstream:
        file = config_file(folder, upstream.url, connection=dialects)
        with gateway_at(file, identify=by_key, plugins=(guards, held)) as gateway:
            yield gateway


def ask(gateway: RunningGateway, path: str = "/v1/chat/completions", key: str = "k1", **more: Any) -> httpx.Response:
    body = {**ENDPOINTS[path], **more}
    return httpx.post(f"{gateway.url}{path}", json=body, headers={"authorization": f"Bearer {key}"}, timeout=30)


def settled(gateway: RunningGateway) -> None:
    wait_until(lambda: gateway.service.gateway.metrics.in_flight == 0, "nothing is in flight")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_limit_of_requests_holds_on_every_endpoint(tmp_path: Path, path: str) -> None:
    with limited(tmp_path, LimitConfig(per="key", requests=2)) as gateway:
        assert [ask(gateway, path).status_code for _ in range(3)] == [200, 200, 429]
        assert ask(gateway, path, key="k2").status_code == 200


@pytest.mark.parametrize("path", SPENDING)
@pytest.mark.parametrize("what", [{"tokens": 70}, {"cost_usd": Decimal("0.15")}], ids=["tokens", "money"])
def test_what_any_endpoint_used_counts_against_all_of_them(tmp_path: Path, path: str, what: dict[str, Any]) -> None:
    with limited(tmp_path, LimitConfig(per="key", **what)) as gateway:
        for _ in range(2):
            assert ask(gateway, path).status_code == 200
            settled(gateway)
        for other in ENDPOINTS:
            refused = ask(gateway, other)
            assert (other, refused.status_code) == (other, 403 if other == UNCOUNTED else 429)
            assert ("cannot be counted" if other == UNCOUNTED else "used up") in refused.text
        assert httpx.get(f"{gateway.url}/v1/models").status_code == 200


@pytest.mark.parametrize("per", ["project", "key", "user", "agent", "run", "model"])
def test_a_budget_holds_for_every_subject(tmp_path: Path, per: Any) -> None:
    said: dict[str, Any] = {"user": "anna", "metadata": {"agent": "writer", "masthead_run": "r1"}}
    with limited(tmp_path, LimitConfig(per=per, tokens=1)) as gateway:
        assert ask(gateway, **said).status_code == 200
        settled(gateway)
        refused = ask(gateway, **said)
    assert (refused.status_code, per in refused.json()["error"]["message"]) == (429, True)


@pytest.mark.parametrize("per", ["agent", "run"])
@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_budget_of_an_agent_or_a_run_that_its_caller_names_holds_on_every_endpoint(
    tmp_path: Path, path: str, per: Any
) -> None:
    said = {"authorization": "Bearer k1", "x-masthead-agent": "writer", "x-masthead-run": "r1"}
    with limited(tmp_path, LimitConfig(per=per, requests=1)) as gateway:
        answers = [httpx.post(f"{gateway.url}{path}", json=ENDPOINTS[path], headers=said, timeout=30) for _ in "12"]
    assert [answer.status_code for answer in answers] == [200, 429]


def test_naming_a_model_by_its_connection_is_the_same_model(tmp_path: Path) -> None:
    with limited(tmp_path, LimitConfig(per="model", only=("m",), requests=1)) as gateway:
        assert ask(gateway).status_code == 200
        assert ask(gateway, model="up/m").status_code == 429


def test_a_hundred_keys_racing_one_budget_never_pass_it(tmp_path: Path) -> None:
    with (
        limited(tmp_path, LimitConfig(per="project", requests=40), LimitConfig(per="key", requests=1)) as gateway,
        ThreadPoolExecutor(50) as pool,
    ):
        asked = [pool.submit(ask, gateway, key=f"k{number}") for number in range(100)]
        statuses = [one.result().status_code for one in asked]
    assert (statuses.count(200), statuses.count(429)) == (40, 60)


def test_two_limits_of_one_subject_count_a_call_once(tmp_path: Path) -> None:
    with limited(tmp_path, LimitConfig(requests=4), LimitConfig(tokens=100)) as gateway:
        assert [_settled_status(gateway) for _ in range(4)] == [200, 200, 200, 429]


def _settled_status(gateway: RunningGateway) -> int:
    status = ask(gateway).status_code
    settled(gateway)
    return status


def _chunk(text: str) -> bytes:
    event = {"id": "c1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def _long_stream(peer: Peer) -> None:
    peer.request()
    peer.begin_stream()
    for _ in range(100):
        peer.chunk(_chunk("word " * 20))
    peer.wait_until_gone(20)


def test_a_caller_who_leaves_before_the_tokens_are_told_pays_for_them(tmp_path: Path) -> None:
    with limited(tmp_path, LimitConfig(tokens=2000), speak=_long_stream) as gateway:
        body = json.dumps({**CHAT, "stream": True}).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as client:
            client.sendall(head + body)
            found = b""
            while found.count(b"word ") < 1900:
                found += client.recv(65_536)
        settled(gateway)
        assert ask(gateway, stream=True).status_code == 429
        told = gateway.spans(1)[0].attributes
    assert 2000 <= int(str(told["masthead.gateway.charged_tokens"])) <= 4000
    assert "gen_ai.usage.output_tokens" not in told


def test_a_stream_that_never_tells_its_tokens_counts_by_its_length(tmp_path: Path) -> None:
    def silent(peer: Peer) -> None:
        while peer.request():
            peer.begin_stream()
            peer.chunk(_chunk("word " * 100) + b"data: [DONE]\n\n")
            peer.chunk(b"")

    with limited(tmp_path, LimitConfig(tokens=100), speak=silent) as gateway:
        assert ask(gateway, stream=True).status_code == 200
        settled(gateway)
        assert ask(gateway, stream=True).status_code == 429


def test_calls_that_failed_upstream_cost_no_tokens(tmp_path: Path) -> None:
    def failing(peer: Peer) -> None:
        while peer.request():
            peer.answer(b'{"error": {"message": "no"}}', status="400 Bad")

    with limited(tmp_path, LimitConfig(tokens=1), speak=failing) as gateway:
        assert [_settled_status(gateway) for _ in range(3)] == [400, 400, 400]


def test_what_cannot_be_counted_is_refused_to_who_has_a_budget_of_tokens_or_money(tmp_path: Path) -> None:
    def made(gateway: RunningGateway) -> list[int]:
        url = gateway.url
        batch = httpx.post(f"{url}/v1/batches", json={"input_file_id": "f"})
        background = httpx.post(f"{url}/v1/responses", json={"model": "m", "input": "hi", "background": True})
        looked_up = httpx.get(f"{url}/v1/batches/b1")
        return [batch.status_code, background.status_code, looked_up.status_code]

    with limited(tmp_path, LimitConfig(cost_usd=Decimal(5))) as gateway:
        assert made(gateway) == [403, 403, 200]
    with limited(tmp_path, LimitConfig(requests=5)) as gateway:
        assert made(gateway) == [200, 200, 200]


def test_media_that_tell_no_tokens_are_refused_to_who_has_a_budget_of_tokens_or_money(tmp_path: Path) -> None:
    asked = [
        ("/v1/audio/speech", {"model": "tts-1", "input": "hello", "voice": "a"}),
        ("/v1/audio/transcriptions", {"model": "whisper-1"}),
        ("/v1/images/generations", {"model": "dall-e-3", "prompt": "x"}),
        ("/v1/images/generations", {"model": "gpt-image-1", "prompt": "x", "stream": True}),
        ("/v1/images/generations", {"model": "gpt-image-1", "prompt": "x"}),
        ("/v1/audio/transcriptions", {"model": "gpt-4o-mini-transcribe"}),
    ]

    def made(gateway: RunningGateway) -> list[int]:
        return [httpx.post(f"{gateway.url}{path}", json=body).status_code for path, body in asked]

    for limit in (LimitConfig(tokens=10_000), LimitConfig(cost_usd=Decimal(5))):
        with limited(tmp_path, limit) as gateway:
            assert made(gateway) == [403, 403, 403, 403, 200, 200]
    with limited(tmp_path, LimitConfig(requests=100)) as gateway:
        assert set(made(gateway)) == {200}


def test_a_streamed_image_in_a_form_is_refused_too(tmp_path: Path) -> None:
    form = {"model": (None, "gpt-image-1"), "prompt": (None, "x")}
    with limited(tmp_path, LimitConfig(tokens=10_000)) as gateway:
        statuses = [
            httpx.post(f"{gateway.url}/v1/images/edits", files=files).status_code
            for files in (form, {**form, "stream": (None, "true")})
        ]
    assert statuses == [200, 403]
