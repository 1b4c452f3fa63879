"""What a command's exit status says, so that scripts can act on it."""

from masthead.model.errors import (
    Conflict,
    InvalidInput,
    MastheadError,
    NotAllowed,
    NotFound,
    Overloaded,
    SettingsError,
    StoreError,
    UpstreamError,
)

OK = 0
FAILED = 1
"""The command ran and the answer is no: a check found a fault, or records were malformed."""
USAGE = 2
NOT_FOUND = 3
REFUSED = 4
"""A key is missing or its role does not permit this."""
UNAVAILABLE = 5
"""The store or server cannot answer now: busy, full, overloaded, away."""
CONFLICT = 6

_BY_ERROR: tuple[tuple[type[MastheadError], int], ...] = (
    (NotFound, NOT_FOUND),
    (NotAllowed, REFUSED),
    (Conflict, CONFLICT),
    (InvalidInput, USAGE),
    (SettingsError, USAGE),
    (Overloaded, UNAVAILABLE),
    (StoreError, UNAVAILABLE),
    (UpstreamError, UNAVAILABLE),
)


def exit_code_of(error: MastheadError) -> int:
    """Return the exit status that an error ends a command with."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), FAILED)
