"""Targets whose context window a call surely exceeds are left out, where another one may hold it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Exchange
from masthead.gateway.config import parse
from masthead.gateway.policy.health import Fleet
from masthead.gateway.policy.routing import PolicyRouter
from masthead.gateway.policy.windows import words_of
from masthead.gateway.secret import Secrets
from masthead.providers.cards import ModelLimits
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit

WINDOWS = {"small": 4096, "middle": 16_000, "large": 1_000_000}
CONNECTIONS: Mapping[str, Any] = {"up": {"base_url": "https://up.example/v1"}}


def plan(models: Sequence[str], words: int, windows: Mapping[str, int | None] = WINDOWS) -> tuple[list[str], Exchange]:
    """Return the targets of a call of so many words, in order."""
    routes = [{"model": "best", "targets": [{"connection": "up", "model": one} for one in models]}]
    config = parse({"connections": CONNECTIONS, "routes": routes}, where="test")
    clock = FixedClock()
    router = PolicyRouter(
        config,
        Secrets({}),
        Fleet(clock, config.breaker),
        clock,
        limits_of=lambda _provider, model: ModelLimits(windows[model]) if model in windows else None,
    )
    made = exchange_of({"model": "best", "messages": [{"role": "user", "content": "word " * words}]})
    found: Any = router.plan(made)
    return [one.model for one in found._targets], made


def test_a_short_call_goes_where_the_route_says():
    assert plan(["small", "large"], 100)[0] == ["small", "large"]


def test_a_call_that_cannot_fit_skips_the_small_target_and_says_so():
    models, made = plan(["small", "middle", "large"], 20_000)
    assert models == ["large"]
    assert made.attributes["masthead.gateway.too_small"] == [
        "up/small: over 4096 tokens, the context window",
        "up/middle: over 16000 tokens, the context window",
    ]


def test_a_call_that_may_fit_is_sent_even_if_it_is_likely_too_long():
    assert plan(["small", "large"], 4000)[0] == ["small", "large"]


@pytest.mark.parametrize(("models", "words"), [(["small", "middle"], 20_000), (["small"], 20_000)])
def test_where_it_fits_nowhere_the_providers_say_so_themselves(models: list[str], words: int):
    found, made = plan(models, words)
    assert found == models and "masthead.gateway.too_small" not in made.attributes


def test_a_window_that_nobody_knows_is_tried():
    assert plan(["small", "unknown"], 20_000)[0] == ["unknown"]
    assert plan(["unknown", "large"], 20_000, {"large": None})[0] == ["unknown", "large"]


def test_an_image_is_one_word_however_large():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    made = exchange_of({"model": "m", "messages": [{"role": "user", "content": [image]}], "tools": ["a b c d"] * 5000})
    assert words_of(made.call, most=10_000) < 10


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m", "input": "a b c", "instructions": "d"},
        {"model": "m", "messages": [{"content": [{"text": "a b"}]}, {"content": "c"}], "system": [{"text": "d"}]},
    ],
)
def test_words_are_counted_wherever_a_dialect_puts_them(body: Any):
    assert words_of(exchange_of(body).call, most=100) >= 4
    assert words_of(exchange_of(body).call, most=2) == 2
