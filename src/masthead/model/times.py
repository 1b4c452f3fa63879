"""Times as JSON carries them: RFC 3339 in UTC, to the nanosecond."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from masthead.model.errors import InvalidInput

_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2})))?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_NS = 2**63 - 1
"""The last moment that the stores can hold (2262-04-11)."""


def rfc3339(time_ns: int) -> str:
    """Write Unix nanoseconds as `2026-11-22T09:42:47.123456789Z`; the fraction is left out where it is zero.

    Raises:
        InvalidInput: the year is outside 1 to 9999.
    """
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    try:
        whole = _second(seconds)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInput(f"{time_ns!r} nanoseconds is no time that RFC 3339 can write") from error
    return f"{whole}.{fraction:09d}Z" if fraction else f"{whole}Z"


@lru_cache(maxsize=1024)  # the times of one answer lie close together
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def parse_rfc3339(text: str, *, where: str | None = None) -> int:
    """Read an RFC 3339 time, or a date alone (its midnight UTC), as Unix nanoseconds.

    Raises:
        InvalidInput: the text is no such time, or before 1970, or after 2262.
    """
    found = _RFC3339.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text!r} is no RFC 3339 time; write it as 2026-11-22T09:42:47Z", where=where)
    date, clock, fraction, _, sign, hours, minutes = found.groups()
    offset_s = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    try:
        moment = datetime.fromisoformat(f"{date}T{clock or '00:00:00'}+00:00")
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no time of the calendar: {error}", where=where) from error
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds - offset_s
    time_ns = seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
    if not 0 <= time_ns <= MAX_NS:
        raise InvalidInput(f"{text!r} is out of range; times from 1970 to 2262 are kept", where=where)
    return time_ns
