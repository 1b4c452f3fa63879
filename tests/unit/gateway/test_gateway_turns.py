"""Large bodies take turns."""

import asyncio

import pytest

from masthead.gateway.turns import Turns

pytestmark = pytest.mark.unit


def test_what_else_is_due_comes_between_two_large_bodies_and_they_keep_their_order() -> None:
    seen: list[str] = []

    async def large(turns: Turns, name: str) -> None:
        await turns.take()
        seen.append(name)

    async def other() -> None:
        for _ in range(12):
            seen.append("-")
            await asyncio.sleep(0)

    async def together() -> None:
        turns = Turns()
        await asyncio.gather(*(large(turns, name) for name in "abcd"), other())

    asyncio.run(together())
    worked = "".join(seen).strip("-")
    assert worked.replace("-", "") == "abcd"
    assert all(f"{one}-" in worked for one in "abc")


def test_one_that_is_given_up_while_it_waits_leaves_its_turn_to_the_next() -> None:
    async def given_up() -> bool:
        turns = Turns()
        waiting = [asyncio.create_task(turns.take()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        await asyncio.wait_for(waiting[2], 5)
        return True

    assert asyncio.run(given_up())
