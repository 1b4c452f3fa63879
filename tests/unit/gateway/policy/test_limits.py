"""Rates and budgets hold, also when many calls come at once, and say what is used up and until when."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Connection, Exchange, Target
from masthead.gateway.config_routes import LimitConfig
from masthead.gateway.policy.counters import MemoryCounters, Slot, Used
from masthead.gateway.policy.limits import Adding, Limits, all_added, window_at
from masthead.gateway.policy.uncounted import Uncounted
from masthead.gateway.seams import Refused
from masthead.model.reading import Usage
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit

NOON_NS = int(datetime(2026, 2, 28, 12, 0, 30, tzinfo=UTC).timestamp()) * 10**9


@dataclass
class House:
    """Limits in memory, under a clock that stands still."""

    limits: Sequence[LimitConfig]
    path: Path | None = None
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON_NS))
    price_usd: Decimal | None = Decimal("0.01")

    def __post_init__(self) -> None:
        self.counters = MemoryCounters(self.clock, self.path)
        self.plugin = Limits(self.limits, self.counters, self.cost, self.clock)
        self._number = 0

    def cost(self, _provider: str | None, _model: str, _usage: Usage) -> Decimal | None:
        return self.price_usd

    def exchange(self, *, project: str = "default", key: str | None = "k1", **more: Any) -> Exchange:
        self._number += 1
        named = {name: more.pop(name) for name in ("agent", "run") if name in more}
        run = named.pop("run", "a" * 32)
        body: dict[str, Any] = {"model": "m", "messages": [], **more}
        return exchange_of(body, project=project, key=key, run=run, number=self._number, **named)

    def end(self, exchange: Exchange, *, tokens: int = 15) -> None:
        exchange.status = 200
        usage = {"prompt_tokens": tokens, "completion_tokens": 0}
        exchange.answered.append(msgspec.json.encode({"choices": [], "usage": usage}))
        self.plugin.ended(exchange)

    async def call(self, **more: Any) -> bool:
        """Make a call; return whether it was let through."""
        tokens = more.pop("tokens", 15)
        exchange = self.exchange(**more)
        try:
            await self.plugin.before(exchange)
        except Refused:
            self.plugin.ended(exchange)
            return False
        self.end(exchange, tokens=tokens)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return True

    async def passed(self, count: int, **more: Any) -> int:
        return sum([await self.call(**more) for _ in range(count)])


async def test_requests_are_counted_to_the_last_also_when_all_come_at_once():
    house = House([LimitConfig(per="key", window="minute", requests=7)])
    exchanges = [house.exchange() for _ in range(100)]
    results = await asyncio.gather(*(house.plugin.before(one) for one in exchanges), return_exceptions=True)
    assert sum(result is None for result in results) == 7
    assert all(isinstance(result, Refused) for result in results if result is not None)


async def test_money_is_overspent_by_no_more_than_what_was_under_way():
    house = House([LimitConfig(per="project", window="day", cost_usd=Decimal("0.05"))])
    under_way = [house.exchange(key=f"k{number}") for number in range(4)]
    for one in under_way:
        await house.plugin.before(one)
    for one in under_way:
        house.end(one)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await house.passed(10, key="k9") == 1


async def test_tokens_are_limited():
    house = House([LimitConfig(per="key", window="hour", tokens=100)])
    assert await house.passed(10, tokens=40) == 3


async def test_the_refusal_says_what_how_much_and_until_when():
    house = House([LimitConfig(per="key", window="minute", requests=1)])
    await house.call()
    with pytest.raises(Refused) as refused:
        await house.plugin.before(house.exchange())
    assert str(refused.value) == (
        "the limit of key 'k1-name' is used up: 1 requests a minute. It begins anew at 2026-02-28T12:01:00Z"
    )
    assert (refused.value.status, refused.value.headers) == (429, ((b"retry-after", b"30"),))


async def test_a_budget_that_never_fills_again_is_not_to_be_retried():
    house = House([LimitConfig(per="run", window="total", requests=2)])
    assert await house.passed(3) == 2
    assert await house.passed(3, run="b" * 32) == 2
    with pytest.raises(Refused) as refused:
        await house.plugin.before(house.exchange())
    assert refused.value.headers == ((b"x-should-retry", b"false"),)


async def test_a_window_begins_anew():
    house = House([LimitConfig(per="key", window="minute", requests=1)])
    assert await house.passed(2) == 1
    house.clock.advance(30)
    assert await house.passed(2) == 1


async def test_each_subject_has_its_own_and_projects_share_nothing():
    house = House([LimitConfig(per="user", window="day", requests=1)])
    assert await house.passed(2, user="anna") == 1
    assert await house.passed(2, user="berta") == 1
    assert await house.passed(2, user="anna", project="other") == 1
    assert await house.passed(3) == 3


async def test_a_limit_may_hold_for_named_keys_only():
    house = House([LimitConfig(per="key", only=("k1-name", "k2"), window="day", requests=1)])
    assert [await house.passed(3, key=key) for key in ("k1", "k2", "k3")] == [1, 1, 3]


async def test_agents_and_models_are_limited_too():
    house = House(
        [LimitConfig(per="agent", window="day", requests=1), LimitConfig(per="model", window="day", requests=3)]
    )
    assert await house.passed(2, agent="researcher") == 1
    assert await house.passed(5) == 2


async def test_a_refused_call_takes_nothing_of_the_other_limits():
    house = House([LimitConfig(per="key", window="day", requests=3), LimitConfig(per="user", window="day", requests=1)])
    await house.passed(5, user="anna")
    assert await house.passed(5, user=None) == 2


async def test_what_is_used_is_kept_over_a_restart(tmp_path: Path):
    limit = LimitConfig(per="key", window="month", requests=3)
    house = House([limit], tmp_path / "limits.json")
    await house.passed(2)
    house.counters.close()
    assert await House([limit], tmp_path / "limits.json").passed(5) == 1


def test_a_damaged_file_counts_anew(tmp_path: Path):
    path = tmp_path / "limits.json"
    path.write_bytes(b'{"cut o')
    MemoryCounters(FixedClock(), path).close()
    assert path.read_bytes() == b"{}"


class Broken:
    """Counters whose server is gone."""

    async def take(self, slots: Sequence[Slot]) -> list[Used]:
        raise ConnectionRefusedError("no server")

    async def add(self, slots: Sequence[Slot], *, requests: int = 0, tokens: int = 0, nano_usd: int = 0) -> None:
        raise ConnectionRefusedError("no server")

    async def used(self, prefix: str) -> dict[str, Used]:
        raise ConnectionRefusedError("no server")

    def close(self) -> None:
        """Nothing is kept."""


@pytest.mark.parametrize("fails_open", [True, False])
async def test_without_its_counters_a_gateway_lets_everything_or_nothing_through(*, fails_open: bool):
    house = House([])
    limits = [LimitConfig(requests=1)]
    plugin = Limits(limits, Broken(), lambda _provider, _model, _usage: None, house.clock, fails_open=fails_open)
    if fails_open:
        assert await plugin.before(house.exchange()) is None
    else:
        with pytest.raises(Refused, match="cannot be checked"):
            await plugin.before(house.exchange())


@pytest.mark.parametrize(
    ("window", "end"),
    [
        ("minute", "2026-02-28T12:01:00"),
        ("hour", "2026-02-28T13:00:00"),
        ("day", "2026-03-01T00:00:00"),
        ("month", "2026-03-01T00:00:00"),
    ],
)
def test_windows_end_by_the_clock_in_utc(window: Any, end: str):
    _, end_ns = window_at(window, NOON_NS)
    assert end_ns == int(datetime.fromisoformat(f"{end}+00:00").timestamp()) * 10**9


class Slow(MemoryCounters):
    """Counters that take a while to add."""

    async def add(self, slots: Sequence[Slot], *, requests: int = 0, tokens: int = 0, nano_usd: int = 0) -> None:
        if tokens:
            await asyncio.sleep(0.02)
        await super().add(slots, requests=requests, tokens=tokens, nano_usd=nano_usd)


async def test_an_end_waits_until_the_last_calls_are_counted():
    house, adding = House([]), Adding()
    counters = Slow(house.clock)
    house.plugin = Limits([LimitConfig(tokens=1000)], counters, house.cost, house.clock, adding=adding)
    exchange = house.exchange()
    await house.plugin.before(exchange)
    house.end(exchange, tokens=40)
    await all_added(adding)
    assert [one.tokens for one in (await counters.used("")).values()] == [40]


async def test_while_prices_are_read_a_call_with_a_budget_of_money_is_to_come_again():
    house = House([])
    up = Target(Connection("up", "openai", (), "http://up", None), "m")

    async def not_yet() -> bool:
        return False

    uncounted = Uncounted(house.cost, lambda _exchange: (up,), not_yet)
    with pytest.raises(Refused, match="still being read") as refused:
        await uncounted.refuse(house.exchange(), [LimitConfig(cost_usd=Decimal(1))])
    assert (refused.value.status, refused.value.headers) == (503, ((b"retry-after", b"2"),))
    await uncounted.refuse(house.exchange(), [LimitConfig(tokens=1)])
