"""How late the event loop comes to what is due, which every call and stream waits for, whoever holds the loop up."""

import asyncio
from typing import Final

from masthead.gateway.metrics import Histogram

LOOK_S: Final = 0.02
"""How often to look: what holds the loop up for longer shows, this much shorter than it was at most."""
_MINUTE: Final = round(60 / LOOK_S)


class LoopLag:
    """Looks at the clock every 20 ms, which costs about 0.1 % of a core."""

    def __init__(self, seen: Histogram) -> None:
        self._seen = seen
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        self._looks = 0
        self._longest_s = 0.0
        self._longest_before_s = 0.0

    @property
    def longest_s(self) -> float:
        """The longest of this minute and the one before."""
        return max(self._longest_s, self._longest_before_s)

    def begin(self) -> None:
        """Begin, in the loop that is watched."""
        if self._timer is None:
            self._arm(asyncio.get_running_loop())

    def end(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due_s = loop.time() + LOOK_S
        self._timer = loop.call_at(self._due_s, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        lag_s = max(0.0, loop.time() - self._due_s)
        self._seen.add(lag_s)
        self._longest_s = max(self._longest_s, lag_s)
        self._looks += 1
        if self._looks % _MINUTE == 0:
            self._longest_before_s, self._longest_s = self._longest_s, 0.0
        self._arm(loop)
