"""Failed log-ins: a client that keeps guessing is told to wait. A key that works is never refused."""

from threading import Lock

from masthead.clock import Clock
from masthead.model.errors import Overloaded

ALLOWED = 20
"""Failures in a window before a client is told to wait."""
WINDOW_S = 60
_MOST_CLIENTS = 10_000


class FailedAttempts:
    """Counts failures per client address in fixed windows. The lock guards the counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._window = -1
        self._counts: dict[str, int] = {}

    def note(self, client: str) -> None:
        """Count a failure.

        Raises:
            Overloaded: the client has failed too often in this window.
        """
        now_s = self._clock.monotonic_s()
        with self._lock:
            window = int(now_s // WINDOW_S)
            if window != self._window:
                self._window, self._counts = window, {}
            if client in self._counts or len(self._counts) < _MOST_CLIENTS:
                self._counts[client] = self._counts.get(client, 0) + 1
            failures = self._counts.get(client, 0)
        if failures > ALLOWED:
            wait_s = WINDOW_S - int(now_s % WINDOW_S)
            raise Overloaded(f"{failures} unknown keys from {client} within a minute; wait", retry_after_s=wait_s)
