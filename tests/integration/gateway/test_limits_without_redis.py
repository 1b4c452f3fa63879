"""What becomes of limits while the server that counts them is gone, hangs, or is one for several gateways."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from masthead.clock import SystemClock
from masthead.gateway.call import Exchange
from masthead.gateway.config_routes import LimitConfig
from masthead.gateway.policy.limits import Limits
from masthead.gateway.policy.redis_counters import RedisCounters
from masthead.gateway.seams import Refused
from masthead.testing.exchanges import exchange_of
from masthead.testing.redis import PrivateRedis, private_redis

pytestmark = pytest.mark.integration
TWO = LimitConfig(per="key", requests=2, window="total")


def _cost(*_asked: object) -> Decimal:
    return Decimal("0.10")


@asynccontextmanager
async def gateways(
    server: PrivateRedis, *limits: LimitConfig, count: int = 1, fails_open: bool = True
) -> AsyncGenerator[list[Limits]]:
    counters = [RedisCounters(server.url) for _ in range(count)]
    yield [Limits(limits, one, _cost, SystemClock(), fails_open=fails_open) for one in counters]
    for one in counters:
        await one.aclose()


async def asked(gateway: Limits, number: int = 1, key: str = "k1") -> int:
    """Return the status that a call gets, 200 where it may go on."""
    made = exchange_of({"model": "m"}, key=key, number=number)
    try:
        await gateway.before(made)
    except Refused as refused:
        return refused.status
    _answer(made)
    gateway.ended(made)
    return 200


def _answer(made: Exchange) -> None:
    made.status, made.answered = 200, [b'{"usage": {"prompt_tokens": 30, "completion_tokens": 10}}']


@pytest.mark.parametrize("fails_open", [True, False])
async def test_while_redis_is_gone_calls_pass_or_are_refused_as_set_and_are_counted_again_afterwards(fails_open: bool):
    with private_redis() as server:
        async with gateways(server, TWO, fails_open=fails_open) as (gateway,):
            assert await asked(gateway) == 200
            await asyncio.sleep(0.05)
            server.stop()
            assert [await asked(gateway) for _ in range(4)] == [200 if fails_open else 503] * 4
            server.start()
            assert [await asked(gateway) for _ in range(3)] == [200, 200, 429]  # what it held is gone


async def test_a_redis_that_is_gone_is_logged_now_and_then_and_counted_at_each_call(caplog: pytest.LogCaptureFixture):
    with private_redis() as server:
        async with gateways(server, LimitConfig(requests=1000)) as (gateway,):
            server.stop()
            assert {await asked(gateway, number) for number in range(50)} == {200}
    told = [record for record in caplog.records if "counted" in record.message]
    assert len(told) == 1


async def test_a_redis_that_hangs_holds_up_calls_for_about_a_second_and_not_each_of_them():
    with private_redis() as server:
        async with gateways(server, LimitConfig(requests=1000)) as (gateway,):
            assert await asked(gateway) == 200
            server.hang()
            try:
                begun_s = asyncio.get_running_loop().time()
                found = await asyncio.gather(*(asked(gateway, number) for number in range(200)))
                found += [await asked(gateway, number) for number in range(200, 210)]
                took_s = asyncio.get_running_loop().time() - begun_s
            finally:
                server.hang(is_hanging=False)
            assert set(found) == {200}
            assert took_s < 6  # 210 calls over 16 connections would be 13 s, each waiting for its turn


async def test_a_hundred_keys_racing_one_budget_over_two_gateways_never_pass_it():
    limits = (LimitConfig(per="project", requests=40), LimitConfig(per="key", requests=1))
    with private_redis() as server:
        async with gateways(server, *limits, count=2) as both:
            found = await asyncio.gather(*(asked(both[n % 2], n, key=f"k{n}") for n in range(100)))
    assert (found.count(200), found.count(429)) == (40, 60)


async def test_money_and_tokens_over_two_gateways_pass_a_budget_by_no_more_than_was_under_way():
    with private_redis() as server:
        async with gateways(server, LimitConfig(per="project", cost_usd=Decimal(1)), count=2) as both:
            statuses: list[int] = []
            for at in range(8):  # four calls under way at a time, 0.10 USD each
                statuses += await asyncio.gather(*(asked(both[n % 2], at * 4 + n) for n in range(4)))
                await asyncio.sleep(0.05)
    assert 10 <= statuses.count(200) <= 10 + 3
