"""What kind of failure an attempt was: what may pass, what another target does better, what is the caller's own."""

import re
from typing import Final

from masthead.gateway.call import Attempt
from masthead.gateway.config_routes import Failure

_TOO_LONG: Final = re.compile(
    r"context[ _](?:length|window|limit)|maximum context|prompt is too long|too many (?:input )?tokens|"
    r"input (?:is )?too long|exceed\w* (?:the )?(?:model'?s )?(?:maximum|max|token)|input token count",
    re.IGNORECASE,
)
_BY_KIND: Final[dict[str, Failure]] = {
    "connect": "connect",
    "timeout": "timeout",
    "broken": "broken",
    "nonsense": "broken",
    "refused": "credential",
    "secret": "credential",
    "unsupported": "credential",
}
_BY_STATUS: Final[dict[int, Failure]] = {
    401: "credential",
    403: "credential",
    404: "credential",
    408: "timeout",
    429: "rate",
    503: "overloaded",
    529: "overloaded",
}


def failure_of(attempt: Attempt) -> Failure | None:
    """Return how the attempt failed; None where it did not, was given up, or where its refusal is the caller's own."""
    if attempt.failure is None or attempt.failure == "abandoned":
        return None
    if attempt.failure != "status":
        return _BY_KIND[attempt.failure]
    status = attempt.status or 0
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return "server"
    return "context" if attempt.is_too_long else None


def is_too_long(told: str) -> bool:
    """Say whether an upstream's words are that a call is longer than its model reads."""
    return _TOO_LONG.search(told) is not None


MAY_PASS: Final[frozenset[Failure]] = frozenset({"connect", "timeout", "broken", "overloaded", "server", "rate"})
"""Failures after which the same target may be tried again."""
