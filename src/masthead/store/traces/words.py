"""The distinct words of what was stored: they tell a search which spans it need not read.

Spans are collected by batch, the `received_ns` that they share: later nothing joins a batch, it can only lose spans. So
what a row of `words` says of its batches stays true, and a batch without a row is searched in full. Collecting costs
about 15 µs of CPU and 23 bytes a span; `upkeep` does it when nothing is appended.
"""

import threading
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from masthead.store.traces.bind import Params
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.needle import Condition, words_condition

_SPANS_A_GROUP: Final = 2_048
"""So few that reading those that may hold a text is quick, so many that their words repeat."""
_GROUPS_A_STEP: Final = 2
"""So few that an append never waits long for a step to end."""
_SAME_NS: Final = 1_000_000_000
"""How far a clock may go back, or stand still, for its time to be told from the last one."""

# Where the words are not much less than the text (pictures, languages without spaces), they are not kept.
_COLLECT = """
INSERT INTO words
WITH concat(' ', arrayStringConcat(arraySort(arrayDistinct(arrayConcat(
    groupUniqArrayArray(tokens(lower(attributes))),
    groupUniqArrayArray(tokens(lower(events))),
    groupUniqArrayArray(tokens(lower(status_message)))
))), ' '), ' ') AS found
SELECT
    project_id, min(start_hour), max(start_hour), arraySort(groupUniqArray(received_ns)), count(),
    if(length(found) < sum(length(attributes) + length(events) + length(status_message)) / 5 + 65536, found, ''),
    min(kept_until)
FROM spans
PREWHERE project_id = {project:String} AND start_hour BETWEEN {from_hour:UInt32} AND {to_hour:UInt32}
    AND received_ns IN {batches:Array(Int64)}
GROUP BY project_id, transform(received_ns, {batches:Array(Int64)}, {groups:Array(UInt32)}, 0)
SETTINGS max_threads = 1, max_block_size = 2048
"""

_NOT_COLLECTED = """
SELECT project_id, received_ns, count(), min(start_hour), max(start_hour)
FROM spans
WHERE (project_id, received_ns) NOT IN (SELECT project_id, arrayJoin(batches) FROM words)
GROUP BY project_id, received_ns
ORDER BY project_id, received_ns
SETTINGS max_threads = 1
"""


IN_WINDOW: Final = "project_id = {project:String} AND to_hour >= {from_hour:UInt32} AND from_hour <= {to_hour:UInt32}"
_WORTH_READING: Final = """received_ns NOT IN (
    SELECT arrayJoin(batches) FROM words WHERE {window} AND words != '' AND NOT ({matches})
)"""


def worth_reading(text: str) -> Condition:
    """Return what can be said of a span that contains `text` without reading it: its batch's words do not rule it out.

    Binds neither the project nor the hours that are searched, which it needs.
    """
    found = words_condition(text)
    if found is None:
        return Condition("true", {})
    return Condition(_WORTH_READING.format(window=IN_WINDOW, matches=found.sql), found.params)


class Batch(NamedTuple):
    """Spans of one project that were stored under the same `received_ns`."""

    project: str
    received_ns: int
    spans: int
    from_hour: int
    to_hour: int


class Batches:
    """Deals rows out to batches as they are appended, and remembers the last one. For the appender's thread alone."""

    def __init__(self) -> None:
        self._last_ns = 0

    def deal(self, received_ns: int, rows: int) -> "array[int]":
        """Return each row's `received_ns`: what is given, and a nanosecond more for every so many rows.

        No two calls return the same, even where the clock stands still.
        """
        if 0 <= self._last_ns - received_ns < _SAME_NS:
            received_ns = self._last_ns + 1
        dealt = array("q")
        for at in range(0, rows, _SPANS_A_GROUP):
            self._last_ns = received_ns + at // _SPANS_A_GROUP
            dealt += array("q", [self._last_ns]) * min(_SPANS_A_GROUP, rows - at)
        return dealt


class Words:
    """What is to be collected, and the collecting."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[str, list[Batch]] = {}
        self._guard = threading.Lock()
        """Protects `_waiting`."""
        self._erasures = -1
        """Those that happened when the store was asked; what they took apart must be collected again."""
        self.has_come = threading.Event()
        """Set whenever something is noted."""

    def note(self, projects: Sequence[str], received_ns: Sequence[int], hours: Sequence[int]) -> None:
        """Remember spans that were stored, given by column, as to be collected."""
        from_hour, to_hour = min(hours), max(hours)
        with self._guard:
            for (project, batch), spans in Counter(zip(projects, received_ns, strict=True)).items():
                self._waiting.setdefault(project, []).append(Batch(project, batch, spans, from_hour, to_hour))
        self.has_come.set()

    def collect(self) -> bool:
        """Collect a few groups of spans; False where what is not collected makes no whole one.

        Raises:
            StoreError: it could not be done; a later call tries again.
        """
        if self._erasures != self._engine.erasures:
            self._look_up()
        with self._engine.rewriting, self._guard:
            for project, waiting in self._waiting.items():
                groups = list(islice(_groups(waiting), _GROUPS_A_STEP))
                if groups:
                    self._engine.query(_COLLECT, _params(project, groups))
                    del waiting[: sum(map(len, groups))]
                    return True
        return False

    def _look_up(self) -> None:
        """Ask the store what is not collected."""
        with self._engine.rewriting:
            erasures = self._engine.erasures
            found = fetch(self._engine, Batch, _NOT_COLLECTED, {})
            with self._guard:
                self._waiting.clear()
                for batch in found:
                    self._waiting.setdefault(batch.project, []).append(batch)
        self._erasures = erasures


def _groups(waiting: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Yield batches that make a group together; what is too little for one is left out."""
    group: list[Batch] = []
    spans = 0
    for batch in waiting:
        group.append(batch)
        spans += batch.spans
        if spans >= _SPANS_A_GROUP:
            yield group
            group, spans = [], 0


def _params(project: str, groups: Sequence[Sequence[Batch]]) -> Params:
    batches = [batch for group in groups for batch in group]
    return {
        "project": project,
        "batches": [batch.received_ns for batch in batches],
        "groups": [number for number, group in enumerate(groups) for _ in group],
        "from_hour": min(batch.from_hour for batch in batches),
        "to_hour": max(batch.to_hour for batch in batches),
    }
