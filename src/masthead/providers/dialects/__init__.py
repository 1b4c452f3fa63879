"""One vendor's wire format into another's: requests, answers, streams and errors. Pure: no I/O, no clock, no policy.

Every dialect is read into, and written from, one form (`form.py`, `events.py`), so that a dialect is one adapter and
not one for each pair. What the other side has no place for is refused or noted as a `Loss`, never dropped silently.
"""

from masthead.providers.dialects.dialect import Dialect, Loss
from masthead.providers.dialects.errors import ErrorReply, error_body, read_error
from masthead.providers.dialects.translation import Stream, Translation, translate
from masthead.providers.dialects.usage import usage_of

__all__ = [
    "Dialect",
    "ErrorReply",
    "Loss",
    "Stream",
    "Translation",
    "error_body",
    "read_error",
    "translate",
    "usage_of",
]
