"""Notices a client that goes away, and cancels the task that serves it, which closes the upstream."""

import asyncio
from typing import Final

from masthead.gateway.call import Exchange
from masthead.gateway.reading import Receive

_LOOK_S: Final = 0.02
"""When to begin to look: a call that is answered sooner needs no second task, which costs some 15 µs."""


class Departure:
    """Watches over one call; `over` ends the watch."""

    __slots__ = ("_exchange", "_loop", "_receive", "_task", "_timer", "_watch")

    def __init__(self, exchange: Exchange, task: asyncio.Task[object], receive: Receive) -> None:
        self._exchange = exchange
        self._task = task
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(_LOOK_S, self._look)

    def over(self) -> None:
        """Stop watching; the exchange has its end by now."""
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None  # whose end knows the frame that this stands in: a cycle that would hold the whole call

    def _look(self) -> None:
        self._watch = self._loop.create_task(self._wait())
        self._watch.add_done_callback(self._gone)

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _gone(self, _watch: asyncio.Task[None]) -> None:
        if self._exchange.end_ns is None:
            self._exchange.is_client_gone = True
            self._task.cancel()
