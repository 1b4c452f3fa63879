"""Cursors: where a page ended, as text that nobody needs to read."""

import base64
import binascii
from typing import NamedTuple, NoReturn

import msgspec

from masthead.model.errors import InvalidInput
from masthead.store.traces.hexadecimal import is_run_id, is_span_id


class Place(NamedTuple):
    """The last row of a page: its time, and the id that tells it from others of that time."""

    time_ns: int
    id: str

    def text(self) -> str:
        """Return the cursor."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    def run_id(self) -> str:
        """Return the id, which must be a run's."""
        return self.id if is_run_id(self.id) else _refuse(self.text())

    def span_id(self) -> str:
        """Return the id, which must be a span's."""
        return self.id if is_span_id(self.id) else _refuse(self.text())

    def run_and_span_id(self) -> tuple[str, str]:
        """Return both ids, which must stand one behind the other."""
        run_id, span_id = self.id[:32], self.id[32:]
        return (run_id, span_id) if is_run_id(run_id) and is_span_id(span_id) else _refuse(self.text())


def place_of(cursor: str) -> Place:
    """Return the place that a cursor stands for.

    Raises:
        InvalidInput: it is no cursor of ours.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = msgspec.json.decode(text, type=Place)
    except (binascii.Error, ValueError):
        _refuse(cursor)
    if abs(place.time_ns) >= 1 << 63:
        _refuse(cursor)
    return place


def _refuse(cursor: str) -> NoReturn:
    raise InvalidInput(f"{cursor[:80]!r} is no cursor: pass the one that came with the last page", where="cursor")
