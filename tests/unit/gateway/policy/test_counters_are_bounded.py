"""Callers who name users without end fill no memory, and reset nobody's budget but their own names'."""

import pytest

from masthead.clock import FixedClock
from masthead.gateway.policy.counters import MemoryCounters, Slot

pytestmark = pytest.mark.unit


async def test_uses_of_names_that_callers_choose_are_forgotten_first() -> None:
    clock = FixedClock()
    counters = MemoryCounters(clock)
    key = Slot("p\0key\0\0total\0k1", None)
    await counters.take([key])
    for number in range(25_000):
        await counters.add([Slot(f"p\0user\0\0total\0u{number}", None)], requests=1)
    clock.advance(2)
    [used] = await counters.take([key])
    assert used.requests == 2
    assert len(await counters.used("p\0")) <= 20_001
    assert len(await counters.used("p\0user\0\0total\0u24999")) == 1


async def test_a_window_that_ends_in_this_very_moment_is_no_failure() -> None:
    clock = FixedClock()
    counters = MemoryCounters(clock)
    slot = Slot("p\0key\0\0minute\0k1", clock.now_ns() + 10)
    await counters.take([slot])
    clock.advance(2)
    assert [one.requests for one in await counters.take([slot])] == [1]
