"""What a caller may ask of the cache, in the header `x-masthead-cache`, several parts with commas between.

`no-cache`: answer anew, and keep that; `no-store`: neither look nor keep; `exact`: no answer to a question in other
words; `max-age=SECONDS`: no answer that is older.
"""

from typing import Final, NamedTuple

from masthead.gateway.call import Call
from masthead.gateway.joining import header

CACHE_HEADER: Final = b"x-masthead-cache"


class Control(NamedTuple):
    """What a caller wants."""

    is_read: bool = True
    is_kept: bool = True
    is_exact: bool = False
    most_age_s: float | None = None


_NOTHING_ASKED: Final = Control()


def control_of(call: Call) -> Control:
    """Return what the caller asks; parts that say nothing here are left alone."""
    told = header(call, CACHE_HEADER)
    if told is None:
        return _NOTHING_ASKED
    parts = {part.strip().lower() for part in told.split(",")}
    age = next((part.removeprefix("max-age=") for part in parts if part.startswith("max-age=")), "")
    return Control(
        is_read="no-cache" not in parts,
        is_kept="no-store" not in parts,
        is_exact="exact" in parts,
        most_age_s=float(age) if age.isdigit() else None,
    )
