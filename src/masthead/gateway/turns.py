"""Large bodies take turns, so that what they cost together does not hold the event loop up at one go."""

import asyncio
from typing import Final

LARGE_BYTES: Final = 256 * 1024
"""A body of a megabyte costs the loop some milliseconds; several of them often arrive, or end, at the same time."""
SEARCHED_BYTES: Final = 16 * 1024
"""What is larger is searched in a thread, so that no other call waits: it may take half a millisecond a kilobyte."""


class Turns:
    """Lets one large body on in each turn of the event loop; whatever else is due comes between two of them."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a turn of the loop in which no other large body is worked on, in the order of asking."""
        async with self._lock:
            await asyncio.sleep(0)
