"""Keeps Masthead's own faults out of the program that it records."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_log = logging.getLogger("masthead.record")

P = ParamSpec("P")
R = TypeVar("R")


def quietly(function: Callable[P, R]) -> Callable[P, R | None]:
    """Make a function that logs a fault of its own and returns None in place of raising it."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return function(*args, **kwargs)
        except Exception:  # noqa: BLE001 - the edge to a user's program: recording must never break it
            _log.warning("could not record (%s); the program goes on", function.__qualname__, exc_info=True)
            return None

    return wrapper
