"""The cache gives the same answer to the same request of the same caller, and to no other."""

from collections.abc import Mapping
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Answer, Exchange
from masthead.gateway.config_routes import CacheConfig
from masthead.gateway.policy.cache import Cache
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit

ASKED: Mapping[str, Any] = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "Why?"}]}


def exchange(
    body: Mapping[str, Any] = ASKED,
    *,
    project: str = "default",
    key: str = "k1",
    headers: Mapping[bytes, bytes] | None = None,
) -> Exchange:
    return exchange_of(body, project=project, key=key, headers=headers)


async def ask(cache: Cache, made: Exchange, answer: bytes = b'{"id":"1"}', status: int = 200) -> Answer | None:
    """Ask, and where nothing is kept, be answered by a provider."""
    found = await cache.before(made)
    made.status = status
    if found is None:
        made.answered.append(answer)
        made.is_stream_answer = made.call.is_stream
    cache.ended(made)
    return found


async def test_the_same_request_is_answered_again_and_says_so():
    cache = Cache(CacheConfig(is_on=True), FixedClock())
    assert await ask(cache, exchange()) is None
    again = exchange({"messages": ASKED["messages"], "temperature": 0, "model": "m", "metadata": {"run": "2"}})
    found = await ask(cache, again)
    assert found is not None and found.body == b'{"id":"1"}'
    assert again.headers == [(b"x-masthead-cache", b"hit")]


@pytest.mark.parametrize(
    "other",
    [
        exchange({**ASKED, "messages": [{"role": "user", "content": "How?"}]}),
        exchange({**ASKED, "max_tokens": 5}),
        exchange({**ASKED, "stream": True}),
        exchange({**ASKED, "user": "anna"}),
        exchange(project="other"),
        exchange(key="k2"),
    ],
)
async def test_any_other_request_project_key_or_user_is_not(other: Exchange):
    cache = Cache(CacheConfig(is_on=True), FixedClock())
    await ask(cache, exchange())
    assert await ask(cache, other) is None


async def test_an_answer_that_is_given_again_counts_for_the_variant_that_gave_it():
    cache = Cache(CacheConfig(is_on=True), FixedClock())
    first, again = exchange(), exchange()
    first.attributes["masthead.gateway.variant"] = "brief"
    await ask(cache, first)
    await ask(cache, again)
    assert again.attributes["masthead.gateway.variant"] == "brief"
    assert again.attributes["masthead.run.tags"] == ["brief"]


async def test_users_of_a_project_share_answers_where_they_may():
    cache = Cache(CacheConfig(is_on=True, per="project"), FixedClock())
    await ask(cache, exchange({**ASKED, "user": "anna"}))
    assert await ask(cache, exchange({**ASKED, "user": "berta"}, key="k2")) is not None
    assert await ask(cache, exchange(project="other")) is None


@pytest.mark.parametrize("more", [{"temperature": 0.7}, {"temperature": None}, {"tools": []}])
async def test_sampled_answers_and_tool_calls_are_not_kept_unless_asked_for(more: Mapping[str, Any]):
    plain, asked = CacheConfig(is_on=True), CacheConfig(is_on=True, sampled=True, tool_calls=True)
    for config, is_kept in ((plain, False), (asked, True)):
        cache = Cache(config, FixedClock())
        await ask(cache, exchange({**ASKED, **more}))
        assert (await ask(cache, exchange({**ASKED, **more})) is not None) is is_kept


async def test_the_caller_may_leave_the_cache_out_or_have_it_renewed():
    cache = Cache(CacheConfig(is_on=True), FixedClock())
    await ask(cache, exchange(), b"old")
    assert await ask(cache, exchange(headers={b"x-masthead-cache": b"no-store"}), b"never") is None
    assert await ask(cache, exchange(headers={b"x-masthead-cache": b"no-cache"}), b"new") is None
    found = await ask(cache, exchange())
    assert found is not None and found.body == b"new"


async def test_answers_grow_old():
    clock = FixedClock()
    cache = Cache(CacheConfig(is_on=True, ttl_s=60), clock)
    await ask(cache, exchange())
    clock.advance(61)
    assert await ask(cache, exchange()) is None


async def test_bad_and_broken_answers_are_not_kept():
    cache = Cache(CacheConfig(is_on=True), FixedClock())
    await ask(cache, exchange(), status=500)
    broken = exchange()
    broken.error = "the provider broke off"
    await ask(cache, broken)
    assert await ask(cache, exchange()) is None


async def test_a_stream_is_given_again_as_the_events_it_was():
    cache = Cache(CacheConfig(is_on=True), FixedClock())
    events = b'data: {"choices":[]}\n\ndata: [DONE]\n\n'
    await ask(cache, exchange({**ASKED, "stream": True}), events)
    again = exchange({**ASKED, "stream": True})
    found = await ask(cache, again)
    assert found is not None and found.body == events and again.is_stream_answer


async def test_memory_is_bounded():
    cache = Cache(CacheConfig(is_on=True, most_bytes=1024), FixedClock())
    for number in range(20):
        await ask(cache, exchange({**ASKED, "seed": number}), b"x" * 200)
    kept = [await ask(cache, exchange({**ASKED, "seed": number}), b"x" * 200) is not None for number in (0, 19)]
    assert kept == [False, True]


@pytest.mark.parametrize(
    ("answer", "is_kept"),
    [
        (b'{"error": {"message": "no room", "code": 502}}', False),
        (b'{"id": "1", "status": "completed", "error": null}', True),
        (b'{"choices": [{"message": {"content": "{\\"error\\": 1}"}}]}', True),
        (b'{"choices": [{"message": {"error": "x"}}]}', True),
    ],
)
async def test_an_error_that_comes_with_status_200_is_not_kept(answer: bytes, is_kept: bool):
    cache = Cache(CacheConfig(is_on=True), FixedClock())
    assert await ask(cache, exchange(), answer) is None
    assert (await ask(cache, exchange()) is not None) == is_kept
