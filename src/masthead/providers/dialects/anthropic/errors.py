"""Errors in Anthropic's dialect: which word stands for which status."""

from collections.abc import Mapping
from typing import Final

_KINDS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def kind_of(status: int) -> str:
    """Return the type of error that Anthropic's clients expect for a status."""
    return _KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
