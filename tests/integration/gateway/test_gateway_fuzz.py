"""Whatever comes in, from either side, is answered in the caller's dialect, and the next caller is served as ever."""

import json
import logging
import random
import socket
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masthead.clock import SystemClock
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.config_routes import GuardsConfig, LimitConfig
from masthead.gateway.policy.counters import MemoryCounters
from masthead.gateway.policy.limits import Limits
from masthead.testing.gateway import RunningGateway, config_file, gateway_at, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream

pytestmark = pytest.mark.integration
PATHS = ("/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/embeddings")
PASSED = "/v1/images/edits"
GOOD = b'{"id":"c1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"}}]}'
OTHERS = """
[connections.anthropic]
provider = "anthropic"
base_url = "{url}"
allow_networks = ["loopback"]
models = ["claude"]
"""
FUZZED = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Bench:
    """A gateway with everything plugged in, and an upstream that says what it is told to."""

    def __init__(self) -> None:
        self.said = b""
        self.gateway: RunningGateway
        self.client = httpx.Client(timeout=20)
        self.failures: list[str] = []
        """What the gateway logged as an error that nobody foresaw, or as a call that could not be recorded."""

    def talk(self, peer: Peer) -> None:
        while peer.request():
            if not self.said:
                peer.answer(GOOD)
                continue
            peer.say(self.said)
            return

    def ask(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            return self.client.post(f"{self.gateway.url}{path}", content=body, headers=headers)
        except httpx.RemoteProtocolError as error:
            raise AssertionError(f"no whole answer to {body!r}: {error}") from error

    def is_well(self) -> bool:
        self.said = b""
        return self.ask(PATHS[0], b'{"model": "m", "messages": []}').status_code == 200


class Noting(logging.Handler):
    """Keeps errors, with where they came from."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self._kept.append(logging.Formatter().format(record))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench()
    noting = Noting(made.failures)
    logging.getLogger("masthead.gateway").addHandler(noting)
    clock = SystemClock()
    folder: Path = tmp_path_factory.mktemp("fuzz")

    def cost_of(*_asked: object) -> Decimal:
        return Decimal("0.01")

    guards = AgentGuards(lambda _call: GuardsConfig(on_finding="warn"), cost_of, clock)
    limits = (LimitConfig(per="user", tokens=10**12), LimitConfig(per="agent", requests=10**9))
    plugins = (guards, Limits(limits, MemoryCounters(clock), cost_of, clock))
    with RawUpstream(made.talk) as upstream:
        more = OTHERS.format(url=upstream.url) + "[breaker]\nfailures = 1000000\n"
        times = "first_byte_s = 0.5\nbetween_chunks_s = 0.5"
        file = config_file(folder, upstream.url, connection=times, more=more)
        with gateway_at(file, plugins=plugins) as made.gateway:
            yield made
            made.client.close()
    logging.getLogger("masthead.gateway").removeHandler(noting)


def check(path: str, answer: httpx.Response) -> None:
    """Check that an answer is one that a client of this path can read, and none that nobody foresaw."""
    assert answer.status_code != 500, answer.text
    if answer.status_code >= 400:
        told = answer.json()
        assert told["error"]["message"]
        assert (told.get("type") == "error") is path.startswith("/v1/messages")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ROLES = st.sampled_from(["user", "assistant", "system", "tool", "developer", "function", ""]) | JSON
BLOCK = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "image_url", "tool_use", "tool_result", "input_text"]) | JSON,
        "text": JSON, "id": JSON, "input": JSON, "tool_use_id": JSON, "content": JSON, "image_url": JSON,
        "source": JSON,
    },
)  # fmt: skip
CALL = st.fixed_dictionaries({}, optional={"id": JSON, "type": JSON, "function": JSON | st.fixed_dictionaries(
    {}, optional={"name": JSON, "arguments": JSON})})  # fmt: skip
MESSAGE = JSON | st.fixed_dictionaries(
    {"role": ROLES},
    optional={
        "content": JSON | st.lists(BLOCK, max_size=3), "tool_calls": JSON | st.lists(CALL, max_size=2),
        "tool_call_id": JSON, "name": JSON, "function_call": JSON,
    },
)  # fmt: skip
BODY = st.fixed_dictionaries(
    {"model": st.sampled_from(["m", "claude", "up/m", "nowhere/x"]) | JSON},
    optional={
        "messages": JSON | st.lists(MESSAGE, max_size=4), "input": JSON | st.lists(MESSAGE, max_size=3),
        "stream": JSON, "stream_options": JSON, "user": JSON, "metadata": JSON,
        "tools": JSON | st.lists(JSON, max_size=2),
        "tool_choice": JSON, "system": JSON, "instructions": JSON, "max_tokens": JSON, "previous_response_id": JSON,
        "response_format": JSON, "temperature": JSON, "safety_identifier": JSON, "stop": JSON, "thinking": JSON,
        "reasoning": JSON, "text": JSON, "n": JSON,
    },
)  # fmt: skip


@FUZZED
@given(path=st.sampled_from(PATHS), body=BODY)
def test_any_json_is_answered(bench: Bench, path: str, body: dict[str, Any]) -> None:
    bench.said = b""
    check(path, bench.ask(path, json.dumps(body).encode("utf-8", "surrogatepass")))


@FUZZED
@given(path=st.sampled_from(PATHS), body=BODY, seed=st.integers(0, 2**32))
def test_any_damaged_json_is_answered(bench: Bench, path: str, body: dict[str, Any], seed: int) -> None:
    bench.said = b""
    chance = random.Random(seed)
    data = bytearray(json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass"))
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    check(path, bench.ask(path, bytes(data)))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"model":' * 50_000,
        b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model":"m","messages":[{"role":"user","content":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}]}",
        b'{"model":"m","user":"\xff\xfe","messages":[]}', b'{"model":"\xc3\x28"}', b'{"model":"\\ud800","messages":[]}',
        (b'{"model":"m","user":"\\ud800","metadata":{"agent":"\\udfff"},'
        b'"messages":[{"role":"user","content":"\\ud800"}]}'),
        b'{"model":"m","messages":[{"role":"user","content":1e999}],"n":' + b"9" * 5000 + b"}",
        b'{"model":"m","messages":NaN}', b'{"model":"m","model":"claude","messages":[]}',
        b'{"model":"' + b"m" * 200_000 + b'","messages":[]}',
        b'{"model":"m","metadata":{"masthead_run":"\\u0000\\r\\n"},"messages":[{"role":"user","content":"x"}]}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [*PATHS, PASSED])
def test_odd_bodies_are_answered(bench: Bench, path: str, body: bytes) -> None:
    bench.said = b""
    check(path, bench.ask(path, body))
    for model in (b'"claude"', b'"m"'):
        changed = body.replace(b'"m"', model, 1)
        check(path, bench.ask(path, changed))


HEADERS = st.dictionaries(
    st.sampled_from(
        ["traceparent", "x-masthead-run", "x-masthead-agent", "x-masthead-session", "x-masthead-cache",
         "x-masthead-project", "x-masthead-system", "authorization", "x-api-key", "anthropic-beta", "accept", "origin",
         "content-type", "idempotency-key", "openai-organization", "user-agent", "forwarded", "x-forwarded-for"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300),
    max_size=5,
)  # fmt: skip


@FUZZED
@given(path=st.sampled_from(PATHS), headers=HEADERS)
def test_any_headers_are_answered(bench: Bench, path: str, headers: dict[str, str]) -> None:
    bench.said = b""
    sent = {name: value.strip() for name, value in headers.items()}
    check(path, bench.ask(path, b'{"model":"m","messages":[{"role":"user","content":"x"}]}', sent))


EVENT = st.sampled_from(
    [
        b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n', b"data: [DONE]\n\n", b": ping\n\n", b"\r\n\r\n",
        b'data: {"choices":[]}\n\n', b'data: {"choices":[{"delta":null}]}\n\n', b"data: null\n\n", b"data: 7\n\n",
        (b'event: message_start\ndata: {"type":"message_start","message":'
        b'{"id":"x","usage":{"input_tokens":"many"}}}\n\n'),
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":9,"delta":{"type":"text_delta"}}\n\n',
        b'event: content_block_start\ndata: {"type":"content_block_start","index":-1,"content_block":[]}\n\n',
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n', b"event: error\ndata: {}\n\n", b"data:", b"\n",
        b"data: {",
        b'data: {"error":{"message":"no"}}\n\n', b"\xff\xfe\n\n", b"id: 1\nretry: 5\n\n",
        b'data: {"type":"response.completed","response":{"output":[{"type":"message","content":null}],"usage":[]}}\n\n',
        b'data: {"type":"response.output_item.added","output_index":"x","item":null}\n\n',
        (b'data: {"choices":[{"index":"x","delta":{"tool_calls":[{"index":null,'
        b'"function":{"arguments":7}}]}}],"usage":3}\n\n'),
    ]
) | st.binary(max_size=40)  # fmt: skip


@FUZZED
@given(path=st.sampled_from(PATHS[:3]), model=st.sampled_from(["m", "claude"]), events=st.lists(EVENT, max_size=6))
def test_any_stream_of_an_upstream_ends_in_the_callers_dialect(
    bench: Bench, path: str, model: str, events: list[bytes]
) -> None:
    body = b"".join(events)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body)
    bench.said = head + body
    asked = {
        "model": model,
        "stream": True,
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "x"}],
        "input": "x",
    }
    answer = bench.ask(path, json.dumps(asked).encode())
    check(path, answer)
    assert answer.status_code in {200, 502}
    assert "stands in its log" not in answer.text
    assert not answer.content or answer.content.endswith((b"\n\n", b"}", b"\r\n\r\n"))


@FUZZED
@given(
    path=st.sampled_from(PATHS),
    model=st.sampled_from(["m", "claude"]),
    reply=JSON | BODY,
    status=st.sampled_from([200, 400, 429, 500, 529]),
)
def test_any_answer_of_an_upstream_is_passed_on_or_told_in_the_callers_dialect(
    bench: Bench, path: str, model: str, reply: Any, status: int
) -> None:
    body = json.dumps(reply).encode()
    bench.said = (
        b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(body)) + body
    )
    asked = {"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "x"}], "input": "x"}
    answer = bench.ask(path, json.dumps(asked).encode())
    assert "stands in its log" not in answer.text
    assert answer.status_code in {status, 400, 501, 502}


def test_garbage_on_the_wire_is_answered_or_closed(bench: Bench) -> None:
    chance = random.Random(7)
    parts = [
        b"POST ", b"/v1/chat/completions", b" HTTP/1.1\r\n", b"host: x\r\n", b"content-length: 5\r\n", b"\r\n", b"{}",
        b"\0",
        b"transfer-encoding: chunked\r\n", b"0\r\n\r\n", b"\xff" * 9, b"GET /v1/models HTTP/1.1\r\n\r\n", b":" * 50,
        b"\n",
    ]  # fmt: skip
    for _ in range(150):
        data = b"".join(chance.choices(parts, k=chance.randint(1, 12)))
        with socket.create_connection(("127.0.0.1", bench.gateway.port), timeout=5) as client:
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65_536):
                    pass
            except ConnectionError:
                pass
    assert bench.is_well()
    wait_until(lambda: bench.gateway.service.gateway.metrics.in_flight == 0, "nothing is in flight")
    assert bench.failures == []
    assert bench.gateway.service.recorder.counters().lost == 0
