"""Whether a span has failed: one rule for what is read later and for what lists count."""

from collections.abc import Iterable
from typing import Final

from masthead.model.span import Attributes
from masthead.semconv.graph import is_control_flow

EXCEPTION: Final = "exception"
"""The name of the events that carry an exception."""


def has_failed(attributes: Attributes, exceptions: Iterable[Attributes], *, is_status_error: bool) -> bool:
    """Say whether a span has failed; an exception that only steers a graph is no failure.

    `exceptions` are the attributes of its exception events. Looked at only where something says error, so that a span
    without one costs two look-ups.
    """
    if not is_status_error and attributes.get("langfuse.observation.level") != "ERROR":
        return False
    if any(is_control_flow(str(exception.get("exception.type"))) for exception in exceptions):
        return False
    return not is_control_flow(str(attributes.get("error.type")))
