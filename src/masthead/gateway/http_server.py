"""uvicorn's HTTP protocol with patience for the head of a request: one that comes drop by drop is cut off."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S: Final = 20.0
"""How long a connection may take to send a whole head, from its first byte, and to send that first byte at all."""


class PatientProtocol(HttpToolsProtocol):
    """Costs a timer only where a head does not come in one piece."""

    _head_timer: asyncio.TimerHandle | None = None
    _is_in_head: bool = False
    head_s: float = HEAD_S

    def connection_made(self, transport: Any) -> None:
        """Wait for the first byte, not for ever."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Parse, and start the clock where the head is not complete yet."""
        super().data_received(data)
        if self._head_timer is None:
            if self._is_in_head:
                self._arm()
        elif not self._is_in_head:
            self._disarm()

    def on_message_begin(self) -> None:
        """Be in the head."""
        self._is_in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Be behind it."""
        self._is_in_head = False
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(self.head_s, self._too_slow)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()
