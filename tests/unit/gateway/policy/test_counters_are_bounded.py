"""Callers who name users without end fill no memory, and reset nobody's budget but their own names'.

What is written down of them is read by its owner alone.
"""

import os
import stat
from pathlib import Path

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


async def test_the_file_of_uses_and_its_folder_are_their_owners_alone_also_those_that_were_not(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = os.umask(0o022)
    request.addfinalizer(lambda: os.umask(before))
    file = tmp_path / "gateway" / "limits-0.json"
    for is_there in (False, True):
        if is_there:
            file.parent.chmod(0o755)
            for left in (file, file.with_suffix(".new")):
                left.write_bytes(b"{}")
                left.chmod(0o644)
        counters = MemoryCounters(FixedClock(), file)
        await counters.take([Slot("p\0user\0\0total\0ada@example.com", None)])
        counters.close()
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file)]
        assert modes == [0o700, 0o600]


async def test_models_that_callers_make_up_are_bounded_and_reset_no_budget_of_one_that_is_used() -> None:
    clock = FixedClock()
    counters = MemoryCounters(clock)
    used, named = Slot("p\0model\0\0total\0gpt-5", None), Slot("p\0model\0gpt-4\0total\0gpt-4", None)
    await counters.take([used, named])
    await counters.add([used], tokens=40)
    for number in range(25_000):
        await counters.add([Slot(f"p\0model\0\0total\0made-up-{number}", None)], requests=1)
    clock.advance(2)
    assert [one.requests for one in await counters.take([used, named])] == [2, 2]
    assert len(await counters.used("p\0")) <= 20_001
