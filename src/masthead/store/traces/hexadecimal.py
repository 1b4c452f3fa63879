"""Ids as SQL takes them: text that `unhex` turns into exactly as many bytes as the column has."""

import re
from collections.abc import Iterable

_RUN = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"[0-9a-f]{16}")


def is_run_id(text: str) -> bool:
    """Say whether this can be a run's id; no query is asked about anything else."""
    return _RUN.fullmatch(text) is not None


def is_span_id(text: str) -> bool:
    """Say whether this can be a span's id."""
    return _SPAN.fullmatch(text) is not None


def run_ids_of(texts: Iterable[str]) -> list[str]:
    """Return those that can be run ids."""
    return [text for text in texts if is_run_id(text)]
