"""Notices a client that goes away, and cancels the task that serves it, which closes the upstream."""

import asyncio
from collections.abc import Callable
from typing import Final

from masthead.gateway.call import Exchange
from masthead.gateway.reading import Receive, Scope

GONE: Final = "masthead.gone"
"""Where a scope has the `Hear` of its request, if its server knows one."""
Hear = Callable[[Callable[[], None] | None], None]
"""Has something called when the client goes away, once; None for nothing any more."""
_LOOK_S: Final = 0.02
"""When to begin to look: a call that is answered sooner needs no second task, which costs some 15 µs."""


class Departure:
    """Watches over one call; `over` ends the watch."""

    __slots__ = ("_exchange", "_hear", "_loop", "_receive", "_task", "_timer", "_watch")

    def __init__(self, exchange: Exchange, task: asyncio.Task[object], scope: Scope, receive: Receive) -> None:
        self._exchange = exchange
        self._task = task
        self._receive = receive
        self._watch: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._hear: Hear | None = scope.get(GONE)
        if self._hear is not None:
            self._hear(self._gone)
        else:
            self._loop = asyncio.get_running_loop()
            self._timer = self._loop.call_later(_LOOK_S, self._look)

    def over(self) -> None:
        """Stop watching; the exchange has its end by now."""
        if self._hear is not None:
            self._hear(None)
            return
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None  # whose end knows the frame that this stands in: a cycle that would hold the whole call

    def _look(self) -> None:
        self._watch = self._loop.create_task(self._wait())
        self._watch.add_done_callback(lambda _watch: self._gone())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _gone(self) -> None:
        if self._exchange.end_ns is None:
            self._exchange.is_client_gone = True
            self._task.cancel()
