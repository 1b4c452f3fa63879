"""Cursors: where a page ended, as text that nobody needs to read."""

import base64
import binascii
import re
from typing import NamedTuple

from masthead.model.errors import InvalidInput

_PLACE = re.compile(r"(-?\d{1,19}) ([0-9a-f]*) ([0-9A-Za-z_.:-]*)")


class Place(NamedTuple):
    """The last row of a page: its time, and the ids that tell it from others of that time."""

    time_ns: int
    run_id: str = ""
    id: str = ""

    def text(self) -> str:
        """Return the cursor."""
        return base64.urlsafe_b64encode(f"{self.time_ns} {self.run_id} {self.id}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """Return the place that a cursor stands for.

    Raises:
        InvalidInput: it is no cursor of ours.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError):
        text = ""
    found = _PLACE.fullmatch(text)
    if found is None or abs(int(found[1])) >= 1 << 63:
        raise InvalidInput(f"{cursor[:80]!r} is no cursor: pass the one that came with the last page", where="cursor")
    return Place(int(found[1]), found[2], found[3])
