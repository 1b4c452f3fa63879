"""Calls that no client asked for: copies for a shadow target, embeddings for the cache. Recorded like any other."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from masthead.gateway.call import Exchange, Identity
from masthead.gateway.seams import ModelEntry, Plan, Plugin

Make = Callable[[Exchange, "OnePlan", tuple[Plugin, ...]], Awaitable[None]]
"""Makes a call to its end, and records it; raises nothing but `CancelledError`."""


class OnePlan:
    """A router that leads every call the same way."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def plan(self, exchange: Exchange) -> Plan:  # noqa: ARG002 - the port's
        """Return the way."""
        return self._plan

    def models(self, identity: Identity) -> Sequence[ModelEntry]:  # noqa: ARG002 - the port's
        """Name none: nobody asks."""
        return ()


class OwnCalls:
    """Those that are under way. Belongs to one event loop."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._tasks: set[asyncio.Task[None]] = set()
        self.left_out: Counter[str] = Counter()
        """Copies that were not made because too many were under way, by route."""

    def begin(self, exchange: Exchange, plan: Plan, plugins: tuple[Plugin, ...], then: Callable[[], None]) -> None:
        """Make a call beside all others; `then` is called when it is over, however it ended."""
        task = asyncio.get_running_loop().create_task(self.make(exchange, plan, plugins))
        self._tasks.add(task)

        def over(ended: asyncio.Task[None]) -> None:
            self._tasks.discard(ended)
            then()

        task.add_done_callback(over)

    @property
    def under_way(self) -> int:
        """How many were begun and are not over."""
        return len(self._tasks)

    async def make(self, exchange: Exchange, plan: Plan, plugins: tuple[Plugin, ...] = ()) -> None:
        """Make a call, and wait for it."""
        await self._make(exchange, OnePlan(plan), plugins)

    async def close(self) -> None:
        """End those that are under way; they are recorded as given up."""
        for task in self._tasks:
            task.cancel("the gateway ended")
        await asyncio.gather(*self._tasks, return_exceptions=True)
