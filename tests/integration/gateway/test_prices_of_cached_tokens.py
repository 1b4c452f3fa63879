"""What was read from and written to a provider's cache is paid once, at its own rate, whoever asks and whoever answers.

Other gateways billed cached tokens twice or as fresh ones. Every caller's dialect, whole and streamed, meets every
vendor's here: what the door prices and what budgets count must be the sum worked out by hand.
"""

import contextlib
import json
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from masthead.gateway.call import Identity
from masthead.ingest import otlp_json
from masthead.ingest.otlp_write import traces_json
from masthead.ingest.rows import rows_of
from masthead.model.ids import DEFAULT_PROJECT
from masthead.model.money import dollars
from masthead.model.span import Span
from masthead.providers.dialects import Dialect
from masthead.providers.prices import Prices
from masthead.testing.answering import Answering, Reply
from masthead.testing.gateway import RunningGateway, wait_until
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wire_vendor import WireVendor
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration


class Sold(NamedTuple):
    """A vendor's model, and what the call of `wires` costs there: 400 fresh, 600 read from the cache, 50 out."""

    provider: str
    model: str
    cost_usd: Decimal


SOLD = {
    Dialect.OPENAI_CHAT: Sold("openai", "gpt-4o", Decimal("0.00225")),  # 400 x 2.50 + 600 x 1.25 + 50 x 10
    Dialect.OPENAI_RESPONSES: Sold("openai", "gpt-4o", Decimal("0.00225")),
    Dialect.ANTHROPIC: Sold("anthropic", "claude-sonnet-4-5", Decimal("0.00213")),  # 400 x 3 + 600 x 0.30 + 50 x 15
    Dialect.GEMINI: Sold("google", "gemini-2.5-flash", Decimal("0.000263")),  # 400 x 0.30 + 600 x 0.03 + 50 x 2.50
    Dialect.BEDROCK: Sold(  # 400 x 3.30 + 600 x 0.33 + 50 x 16.50
        "bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", Decimal("0.002343")
    ),
}
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}]},
    "/v1/responses": {"input": "hi"},
    "/v1/messages": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100},
}
PRICES = Prices()


def connection(name: str, url: str, provider: str, dialect: Dialect) -> str:
    lines = [f"[connections.{name}]", f'provider = "{provider}"', f'base_url = "{url}"', 'secret = "file:KEY"']
    return "\n".join([*lines, f'dialects = ["{dialect.value}"]', 'allow_networks = ["loopback"]\n'])


async def whoever(scope: Any) -> Identity:
    """Take each key for the caller's name, so that each test has budgets of its own."""
    name = dict(scope["headers"]).get(b"x-api-key", b"nobody").decode()
    return Identity(DEFAULT_PROJECT, name, name)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningGateway]:
    folder = tmp_path_factory.mktemp("prices")
    (folder / "key").write_text("bearer-token")
    with contextlib.ExitStack() as stack:
        text = '[[limits]]\nper = "key"\nwindow = "total"\ncost_usd = 0.000001\n'
        for dialect, sold in SOLD.items():
            upstream = stack.enter_context(RawUpstream(WireVendor(dialect, sold.model).talk))
            text += connection(dialect.value, upstream.url, sold.provider, dialect)
        running = stack.enter_context(wired_gateway(folder, text.replace("KEY", str(folder / "key")), identify=whoever))
        wait_until(lambda: costs_are_known(running), "the catalogue is read")
        yield running


def costs_are_known(running: RunningGateway) -> bool:
    sold = SOLD[Dialect.OPENAI_CHAT]
    return bool(spent(running, f"warm-{id(object())}", "/v1/chat/completions", f"openai-chat/{sold.model}", False)[1])


def spent(running: RunningGateway, key: str, path: str, model: str, is_stream: bool) -> tuple[Span, str]:
    """Make a call; return its span, and what the budget says is spent when the next one is refused."""
    body = {"model": model, "stream": is_stream, **ASKED[path]}
    headers = {"x-api-key": key}
    response = httpx.post(f"{running.url}{path}", json=body, headers=headers, timeout=20)
    assert response.status_code == 200, response.text
    span_id = response.headers["x-masthead-span"]
    wait_until(lambda: any(one.span_id == span_id for one in running.sink.spans), "it is recorded")
    refused = httpx.post(f"{running.url}{path}", json=body, headers=headers, timeout=20)
    message = refused.json()["error"]["message"] if refused.status_code == 429 else ""
    return next(one for one in running.sink.spans if one.span_id == span_id), message


def priced(span: Span) -> Decimal | None:
    """Return what the door says that the span cost."""
    (row,) = rows_of(DEFAULT_PROJECT, otlp_json.decode(traces_json([span])), PRICES)
    return row.cost_usd


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("path", list(ASKED))
@pytest.mark.parametrize("target", list(Dialect))
def test_cached_tokens_are_paid_once_at_their_own_rate(
    gateway: RunningGateway, target: Dialect, path: str, is_stream: bool
) -> None:
    sold = SOLD[target]
    span, message = spent(gateway, f"{target}-{path}-{is_stream}", path, f"{target.value}/{sold.model}", is_stream)
    told = span.attributes
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (1000, 50)
    assert told["gen_ai.usage.cache_read.input_tokens"] == 600
    assert priced(span) == sold.cost_usd
    assert f"{dollars(sold.cost_usd)} of" in message


USAGE = {"input_tokens": 100, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 2000, "output_tokens": 10}
WRITTEN_USD = Decimal("0.00825")
"""100 x 3 + 1,000 x 0.30 + 2,000 x 3.75 + 10 x 15, for a million each."""


HOUR_USAGE = {**USAGE, "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1500}}
HOUR_USD = Decimal("0.011625")
"""As above, but 500 x 3.75 + 1,500 x 6 of what was written."""


def written(is_stream: bool, usage: dict[str, Any] = USAGE) -> Reply:
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "stop_reason": "end_turn",
    }
    whole = {**message, "stop_sequence": None, "content": [{"type": "text", "text": "hi"}], "usage": usage}
    if not is_stream:
        return Reply(whole)
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 10}},
        {"type": "message_stop"},
    ]
    data = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
    return Reply(data.encode(), kind="text/event-stream")


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("path", list(ASKED))
def test_tokens_written_to_a_cache_have_their_own_rate_too(tmp_path: Path, path: str, is_stream: bool) -> None:
    (tmp_path / "key").write_text("k")
    with RawUpstream(Answering(lambda _request: written(is_stream)).talk) as upstream:
        text = connection("claude", upstream.url, "anthropic", Dialect.ANTHROPIC).replace("KEY", str(tmp_path / "key"))
        with wired_gateway(tmp_path, text) as gateway:
            body = {"model": "claude/claude-sonnet-4-5", "stream": is_stream, **ASKED[path]}
            assert httpx.post(f"{gateway.url}{path}", json=body, timeout=20).status_code == 200
            span = gateway.spans(1)[0]
    told = span.attributes
    assert told["gen_ai.usage.input_tokens"] == 3100
    assert told["gen_ai.usage.cache_read.input_tokens"] == 1000
    assert told["gen_ai.usage.cache_creation.input_tokens"] == 2000
    assert priced(span) == WRITTEN_USD


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
def test_what_a_cache_keeps_for_an_hour_costs_more_in_the_record_and_in_budgets(
    tmp_path: Path, is_stream: bool
) -> None:
    (tmp_path / "key").write_text("k")
    with RawUpstream(Answering(lambda _request: written(is_stream, HOUR_USAGE)).talk) as upstream:
        text = connection("claude", upstream.url, "anthropic", Dialect.ANTHROPIC).replace("KEY", str(tmp_path / "key"))
        text += '[[limits]]\nper = "project"\nwindow = "total"\ncost_usd = 0.01\n'
        with wired_gateway(tmp_path, text) as gateway:
            body = {"model": "claude/claude-sonnet-4-5", "stream": is_stream, **ASKED["/v1/messages"]}
            assert httpx.post(f"{gateway.url}/v1/messages", json=body, timeout=20).status_code == 200
            span = gateway.spans(1)[0]
            refused = httpx.post(f"{gateway.url}/v1/messages", json=body, timeout=20)
    assert priced(span) == HOUR_USD
    assert (refused.status_code, "$0.0116 of $0.01" in refused.text) == (429, True)


def test_sound_costs_what_sound_does_in_the_record_and_in_budgets(tmp_path: Path) -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "total_tokens": 1100,
        "prompt_tokens_details": {"audio_tokens": 800},
        "completion_tokens_details": {"audio_tokens": 60},
    }
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}
    answer = {"id": "a", "object": "chat.completion", "model": "gpt-audio", "choices": [choice], "usage": usage}
    (tmp_path / "key").write_text("k")
    with RawUpstream(Answering(lambda _request: Reply(json.dumps(answer).encode())).talk) as upstream:
        text = connection("openai", upstream.url, "openai", Dialect.OPENAI_CHAT).replace("KEY", str(tmp_path / "key"))
        text += '[[limits]]\nper = "project"\nwindow = "total"\ncost_usd = 0.03\n'
        with wired_gateway(tmp_path, text) as gateway:
            body = {"model": "openai/gpt-audio", **ASKED["/v1/chat/completions"]}
            assert httpx.post(f"{gateway.url}/v1/chat/completions", json=body, timeout=20).status_code == 200
            span = gateway.spans(1)[0]
            refused = httpx.post(f"{gateway.url}/v1/chat/completions", json=body, timeout=20)
    assert priced(span) == Decimal("0.03034")  # 200 x 2.50 + 800 x 32 + 40 x 10 + 60 x 64
    assert (refused.status_code, "$0.0303 of $0.03" in refused.text) == (429, True)
