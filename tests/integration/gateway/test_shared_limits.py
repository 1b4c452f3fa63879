"""Gateways that share a Redis server share their limits to the last request."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from masthead.gateway.config_routes import LimitConfig
from masthead.gateway.policy.counters import Slot
from masthead.gateway.policy.limits import slots_of
from masthead.gateway.policy.redis_counters import RedisCounters
from masthead.model.errors import SettingsError
from masthead.model.ids import DEFAULT_PROJECT
from masthead.testing.redis import PrivateRedis, private_redis

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server() -> Generator[PrivateRedis]:
    with private_redis() as running:
        yield running


@asynccontextmanager
async def processes(server: PrivateRedis, count: int) -> AsyncGenerator[list[RedisCounters]]:
    made = [RedisCounters(server.url) for _ in range(count)]
    yield made
    for one in made:
        await one.aclose()


async def test_no_two_processes_count_past_each_other(server: PrivateRedis):
    slot = Slot("key\0anna", None)
    async with processes(server, 4) as counters:
        taken = await asyncio.gather(*(counters[number % 4].take([slot]) for number in range(400)))
    assert sorted(used[0].requests for used in taken) == list(range(1, 401))


async def test_tokens_and_money_of_one_process_are_seen_by_another(server: PrivateRedis):
    slots = [Slot("key\0berta", None), Slot("project\0p", None)]
    async with processes(server, 2) as (first, second):
        await first.take(slots)
        await first.add(slots, tokens=70, nano_usd=2_500_000_000)
        used = await second.take(slots)
    assert [(one.requests, one.tokens, one.nano_usd) for one in used] == [(2, 70, 2_500_000_000)] * 2


async def test_what_was_used_of_a_window_expires_after_it(server: PrivateRedis):
    slot = Slot("key\0carla", (int(time.time()) - 120) * 10**9)
    async with processes(server, 1) as (counters,):
        await counters.take([slot])
        assert (await counters.take([slot]))[0].requests == 1


async def test_a_run_is_forgotten_a_month_after_its_last_call_and_a_key_never(server: PrivateRedis):
    config = LimitConfig(per="run", window="total", tokens=1)
    names = [slots_of(DEFAULT_PROJECT, limit, 0)[0] for limit in (config, config.model_copy(update={"per": "key"}))]
    async with processes(server, 1) as (counters,):
        await counters.take([Slot(f"{name}one", None) for name in names])
    async with Redis.from_url(server.url) as redis:  # pyright: ignore[reportUnknownMemberType] - typed in part
        left_s = [await redis.ttl(f"masthead:limit:{name}one") for name in names]
    assert 29 * 86_400 < left_s[0] <= 30 * 86_400
    assert left_s[1] == -1


async def test_a_server_that_is_gone_is_said_to_be_gone():
    with private_redis() as server:
        async with processes(server, 1) as (counters,):
            await counters.take([Slot("a", None)])
            server.stop()
            with pytest.raises(ConnectionError, match="does not answer"):
                await counters.take([Slot("a", None)])
            assert counters.failed == 1
            server.start()
            assert (await counters.take([Slot("a", None)]))[0].requests == 1


def test_an_address_that_is_none_is_refused():
    with pytest.raises(SettingsError, match="redis_url"):
        RedisCounters("nonsense")
