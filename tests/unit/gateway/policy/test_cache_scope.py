"""What must not be shared: past access rules, conditions of routes, headers that change the answer, or state."""

from collections.abc import Mapping
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Answer, Exchange
from masthead.gateway.config import parse
from masthead.gateway.config_routes import CacheConfig
from masthead.gateway.policy.cache import Cache
from masthead.gateway.policy.cache_control import control_of
from masthead.gateway.policy.health import Fleet
from masthead.gateway.policy.routing import PolicyRouter
from masthead.gateway.secret import Secrets
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit

ASKED: Mapping[str, Any] = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "Why?"}]}
CONNECTIONS: Mapping[str, Any] = {name: {"base_url": f"https://{name}.example/v1"} for name in ("one", "two")}


def cache_over(clock: FixedClock | None = None, **given: Any) -> Cache:
    clock = clock or FixedClock()
    config = parse({"connections": CONNECTIONS, **given}, where="test")
    router = PolicyRouter(config, Secrets({}), Fleet(clock, config.breaker), clock)
    return Cache(config.cache, clock, may_use=router.may_use, way_of=router.way)


async def ask(cache: Cache, made: Exchange, answer: bytes = b'{"id":"1"}') -> Answer | None:
    found = await cache.before(made)
    made.status = 200
    if found is None:
        made.answered.append(answer)
        made.is_stream_answer = made.call.is_stream
    cache.ended(made)
    return found


async def test_a_key_that_may_not_name_the_model_gets_no_kept_answer_of_it():
    access = [{"keys": ["k2"], "models": ["other"]}]
    cache = cache_over(cache={"is_on": True, "per": "project"}, access=access)
    assert await ask(cache, exchange_of(ASKED, key="k1")) is None
    assert await ask(cache, exchange_of(ASKED, key="k3")) is not None
    assert await ask(cache, exchange_of(ASKED, key="k2")) is None


async def test_calls_that_a_routes_conditions_lead_elsewhere_do_not_share():
    targets = [
        {"connection": "one", "when": 'headers["x-tier"] == "gold"'},
        {"connection": "two", "when": 'headers["x-tier"] != "gold"'},
    ]
    cache = cache_over(cache={"is_on": True}, routes=[{"model": "m", "targets": targets}])
    assert await ask(cache, exchange_of(ASKED, headers={b"x-tier": b"gold"})) is None
    assert await ask(cache, exchange_of(ASKED, headers={b"x-tier": b"tin"})) is None
    assert await ask(cache, exchange_of(ASKED, headers={b"x-tier": b"gold", b"x-request": b"2"})) is not None


async def test_the_sides_of_a_sticky_split_do_not_share():
    targets = [{"connection": "one"}, {"connection": "two"}]
    route = {"model": "m", "targets": targets, "pick": "weight", "sticky": "user"}
    cache = cache_over(cache={"is_on": True, "per": "project"}, routes=[route])
    found = [await ask(cache, exchange_of({**ASKED, "user": f"user-{at}"})) for at in range(40)]
    assert sum(one is None for one in found) == 2, "one answer of each side"


@pytest.mark.parametrize("name", [b"anthropic-beta", b"openai-beta", b"anthropic-version"])
async def test_headers_that_change_the_answer_count(name: bytes):
    cache = cache_over(cache={"is_on": True})
    await ask(cache, exchange_of(ASKED, headers={name: b"a"}))
    assert await ask(cache, exchange_of(ASKED, headers={name: b"b"})) is None
    assert await ask(cache, exchange_of(ASKED, headers={name: b"a"})) is not None


@pytest.mark.parametrize("more", [{"background": True}, {"conversation": "c"}, {"mcp_servers": ["s"]}])
async def test_what_is_answered_differently_each_time_is_not_kept(more: Mapping[str, Any]):
    cache = cache_over(cache={"is_on": True})
    for _ in range(2):
        assert await ask(cache, exchange_of({**ASKED, **more})) is None


async def test_who_did_not_ask_for_the_usage_of_a_stream_never_gets_it_from_the_cache():
    cache = cache_over(cache={"is_on": True})
    said = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n'
    body = {**ASKED, "stream": True}
    asking = {**body, "stream_options": {"include_usage": True}}
    await ask(cache, exchange_of(body), said + usage + b"data: [DONE]\n\n")
    found = await ask(cache, exchange_of(body))
    assert found is not None and found.body == said + b"data: [DONE]\n\n"
    assert await ask(cache, exchange_of(asking), said + usage) is None
    found = await ask(cache, exchange_of(asking))
    assert found is not None and found.body == said + usage


async def test_a_hit_costs_nothing_and_tells_which_call_it_repeats():
    cache = cache_over(cache={"is_on": True})
    first, again = exchange_of(ASKED, number=1), exchange_of(ASKED, number=2)
    await ask(cache, first)
    await ask(cache, again)
    assert again.attributes["masthead.cost_usd"] == 0
    assert again.attributes["masthead.gateway.cache_of"] == first.span_id
    assert again.usage is None


async def test_a_caller_may_say_how_old_an_answer_may_be():
    clock = FixedClock()
    cache = cache_over(clock, cache={"is_on": True, "ttl_s": 100})
    await ask(cache, exchange_of(ASKED))
    clock.advance(50)
    assert await ask(cache, exchange_of(ASKED, headers={b"x-masthead-cache": b"max-age=60"})) is not None
    assert await ask(cache, exchange_of(ASKED, headers={b"x-masthead-cache": b"exact, max-age=40"})) is None


@pytest.mark.parametrize("told", [b"", b"nonsense", b"max-age=x", b"max-age=", b"\xff"])
def test_what_says_nothing_changes_nothing(told: bytes):
    assert control_of(exchange_of(ASKED, headers={b"x-masthead-cache": told}).call) == control_of(
        exchange_of(ASKED).call
    )


async def test_the_gateways_own_calls_are_not_cached():
    cache = Cache(CacheConfig(is_on=True), FixedClock())
    for _ in range(2):
        made = exchange_of({"model": "e", "input": "a"}, path="/v1/embeddings")
        made.purpose = "cache"
        assert await ask(cache, made) is None
