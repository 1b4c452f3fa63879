"""Reads a span of any semantic convention into one `Reading`: the single place that knows attribute names.

Pure functions over `model`. Spans are stored as they came and read when they are looked at, so a better reader
improves every run already stored.
"""

from masthead.semconv.errors import EXCEPTION, has_failed
from masthead.semconv.narrow import Narrow, narrow
from masthead.semconv.read import read

__all__ = ["EXCEPTION", "Narrow", "has_failed", "narrow", "read"]
