"""What Prometheus reads."""

from collections import Counter
from collections.abc import ItemsView
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Attempt, Connection, Exchange, Identity, Target
from masthead.gateway.config_routes import BreakerConfig
from masthead.gateway.endpoints import endpoint_of
from masthead.gateway.metrics import Metrics, labelled, text_of
from masthead.gateway.noted import Content, attributes_of
from masthead.gateway.policy.health import Fleet
from masthead.gateway.reading import call_of
from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.providers.dialects import Dialect

pytestmark = pytest.mark.unit
CONNECTION = Connection("up", "openai", (Dialect.OPENAI_CHAT,), "https://x/v1", "sk-secret")
BODY = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
ANSWER = (
    b'{"choices":[{"message":{"role":"assistant","content":"ho"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}'
)


def exchange(*, status: int = 200, took_s: float = 0.3) -> Exchange:
    endpoint = endpoint_of("POST", "/v1/chat/completions")
    assert endpoint is not None
    call = call_of(endpoint, Identity(ProjectId("p")), {"headers": [], "method": "POST"}, BODY)
    start = FixedClock().now_ns()
    made = Exchange(call=call, start_ns=start, trace_id=RunId("a" * 32), span_id=SpanId("b" * 16))
    made.attempts.append(Attempt(target=Target(CONNECTION, "m"), start_ns=start, status=status))
    made.status, made.end_ns, made.answered = status, start + int(took_s * 1e9), [ANSWER]
    return made


def test_calls_tries_tokens_and_times_are_counted() -> None:
    metrics = Metrics()
    for one in (exchange(), exchange(), exchange(status=500, took_s=400)):
        metrics.count(one)
        metrics.count_tokens(one)
    text = text_of(metrics, {})
    assert 'requests_total{endpoint="chat",connection="up",status="200"} 2' in text
    assert 'requests_total{endpoint="chat",connection="up",status="500"} 1' in text
    assert 'tokens_total{connection="up",kind="input"} 21' in text
    assert 'tokens_total{connection="up",kind="cache_read"} 12' in text
    assert 'seconds_bucket{endpoint="chat",le="0.25"} 0' in text
    assert 'seconds_bucket{endpoint="chat",le="0.5"} 2' in text
    assert 'seconds_bucket{endpoint="chat",le="+Inf"} 3' in text
    assert "sk-secret" not in text


def test_large_counts_keep_every_digit_and_labels_are_escaped() -> None:
    metrics = Metrics()
    metrics.tokens["up", "input"] = 123_456_789_012
    gauges = {labelled("g", model='a"b\\c\nd'): 1.0, labelled("g", model="e"): 0.0}
    text = text_of(metrics, gauges)
    assert 'kind="input"} 123456789012' in text
    assert 'g{model="a\\"b\\\\c\\nd"} 1.0' in text
    assert text.count("# TYPE g gauge") == 1


class Growing(Counter[tuple[str, str]]):
    """Counts of which another thread makes a new one whenever somebody goes through them one by one."""

    def items(self) -> Any:
        return ItemsView(self)

    def __getitem__(self, key: tuple[str, str]) -> int:
        self.setdefault((f"c{len(self)}", "ok"), 1)
        return super().__getitem__(key)


def test_metrics_are_told_while_calls_are_counted() -> None:
    metrics = Metrics(attempts=Growing({("up", "ok"): 1, ("down", "ok"): 1}))
    assert 'attempts_total{connection="up",outcome="ok"} 1' in text_of(metrics, {})


def test_how_targets_fare_is_told_while_calls_end() -> None:
    fleet = Fleet(FixedClock(), BreakerConfig())
    fleet.note(exchange().attempts[0])
    for _ in fleet.all():
        fleet.note(Attempt(target=Target(CONNECTION, "another"), start_ns=0, status=200))
    assert len(fleet.all()) == 2


def test_content_can_be_left_out_or_hashed() -> None:
    kinds: tuple[Content, ...] = ("full", "hashed", "off")
    full, hashed, off = (str(attributes_of(exchange(), content=kind)) for kind in kinds)
    assert '"content":"hi"' in full
    assert '"content":"ho"' in full
    for text in (hashed, off):
        assert '"hi"' not in text
        assert '"ho"' not in text
    assert "gen_ai.input.messages.sha256" in hashed
    assert "sha256" not in off
    assert "gen_ai.usage.input_tokens" in off


def test_messages_that_are_too_long_keep_the_latest() -> None:
    one = exchange()
    messages = [{"role": "user", "content": str(number) * 100} for number in range(10)]
    one.call = one.call.replacing(messages=messages)
    attributes = attributes_of(one, max_content_bytes=300)
    assert "9" * 100 in str(attributes["gen_ai.input.messages"])
    assert "1" * 100 not in str(attributes["gen_ai.input.messages"])
    assert attributes["masthead.gateway.is_truncated"] is True
