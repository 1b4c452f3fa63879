"""By what runs are grouped and chosen: the values that each has under a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from masthead.model.errors import InvalidInput
from masthead.model.observation import Observation

_EPOCH: Final = date(1970, 1, 1)
KEYS: Final = ("system", "model", "agent", "tag", "task", "ending", "outcome", "day")
"""What runs can be grouped by, besides any key of their metadata."""
PERIOD: Final = ("since", "until")
"""What a period is written with: days, the second one not part of it."""
_MOST_VALUES: Final = 200


def values_of(run: Observation, key: str) -> tuple[str, ...]:
    """Return what a run has under a key: agents, models and tags may be several, a missing value is none."""
    if key in run.metadata:
        return (run.metadata[key],)
    outcome = "success" if run.is_success else "failure" if run.is_success is False else "unknown"
    known: dict[str, tuple[str | None, ...]] = {
        "system": (run.system,),
        "model": run.models,
        "agent": run.agents,
        "tag": run.tags,
        "task": (run.task_id,),
        "ending": (run.ending.value,),
        "outcome": (outcome,),
        "day": (None if run.day is None else (_EPOCH + timedelta(days=run.day)).isoformat(),),
    }
    return tuple(value for value in known.get(key, ()) if value is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selector:
    """Which runs belong to a group: those that have each value under its key."""

    wanted: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The selector as it is written."""
        return ",".join(f"{key}={value}" for key, value in self.wanted) or "all runs"

    def matches(self, run: Observation) -> bool:
        """Say whether the run belongs; `since` and `until` bound its day, UTC, half-open."""
        return all(_holds(run, key, value) for key, value in self.wanted)


def _holds(run: Observation, key: str, value: str) -> bool:
    if key in PERIOD:
        days = values_of(run, "day")
        return bool(days) and (days[0] >= value if key == "since" else days[0] < value)
    return value in values_of(run, key)


def selector(text: str) -> Selector:
    """Read `key=value,key=value`; raise `InvalidInput` where a part is not of that form."""
    wanted: list[tuple[str, str]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            known = ", ".join(KEYS)
            raise InvalidInput(f"{part!r} is not key=value; keys are {known} and those of the metadata", where=text)
        if key.strip() in PERIOD:
            _check_day(value.strip(), text)
        wanted.append((key.strip(), value.strip()))
    return Selector(wanted=tuple(wanted))


def _check_day(value: str, where: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput(f"{value!r} is no day; write it as 2026-01-31", where=where) from error


class KeyValues(NamedTuple):
    """A key by which these runs can be grouped, and how many values it has.

    `is_metadata` says that it is read from the runs' metadata, which goes before a known key of the same name.
    """

    key: str
    values: int
    is_metadata: bool


def keys_of(runs: Sequence[Observation]) -> list[KeyValues]:
    """Return the keys that tell some of these runs apart or name them all alike, the known ones first.

    Keys with nearly as many values as runs are left out: they name runs, not groups.
    """
    keys = dict.fromkeys([*KEYS, *(key for run in runs for key in run.metadata)])
    found: list[KeyValues] = []
    for key in keys:
        values = {value for run in runs for value in values_of(run, key)}
        if values and len(values) <= max(12, min(_MOST_VALUES, len(runs) // 4)):
            found.append(KeyValues(key, len(values), any(key in run.metadata for run in runs)))
    return found
