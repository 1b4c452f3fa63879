"""The only reader of the clock. Rooms take a `Clock` as an argument, so that tests decide the time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now_ns(self) -> int:
        """Return Unix nanoseconds, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never go back, for measuring how long something took."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Return Unix nanoseconds, UTC."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()


class FixedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_ns: int = 1_700_000_000_000_000_000) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return the set time."""
        return self._now_ns

    def monotonic_s(self) -> float:
        """Return the set time in seconds."""
        return self._now_ns / 1e9

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self._now_ns += int(seconds * 1e9)
