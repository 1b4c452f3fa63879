"""What an import brought in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class ImportProblem(NamedTuple):
    """A record that could not be read: where (`file:line` or `archive:member:line`) and why."""

    where: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """Counts of one import. `problems` are the first ones, `problems_total` counts them all."""

    formats: Mapping[str, int]
    """Runs by recognised format."""
    runs: int
    """Runs that are new."""
    runs_known: int
    """Runs that were there already; nothing was added but what an import that broke off had left out."""
    spans: int
    scores: int
    problems: tuple[ImportProblem, ...]
    problems_total: int
