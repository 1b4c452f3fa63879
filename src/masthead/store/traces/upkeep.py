"""What the store does while nobody waits: takes erased rows off the disk, collects words for searches, joins parts."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from masthead.model.errors import StoreError
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.erase import purge
from masthead.store.traces.words import Words

_LOG = logging.getLogger(__name__)
_PAUSE_S: Final = 1.0
_ERASED_FOR: Final = 3
"""Pauses after the last erasure before rows are purged: what is erased one by one is rewritten once."""
_ERASED_AT_MOST: Final = 30
"""Pauses after which they are purged while more are erased."""
_WORDS_AT_MOST: Final = 300
"""Pauses after which words are collected while spans still come in."""
_JOINED_AFTER: Final = 15
"""Pauses without new spans after which small parts are joined: text that lies together takes a fifth less disk."""
_JOINED_SHARE: Final = 0.2
"""Parts are joined where so much of a partition lies beside its largest one: so a row is rewritten a few times only."""
_JOINED_BYTES: Final = 512 * 1024 * 1024
"""Larger partitions are left to the engine's own merges."""
_PARTS = """
SELECT partition_id, sum(rows), max(rows), sum(bytes_on_disk)
FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'spans'
GROUP BY partition_id
"""
_JOIN = "OPTIMIZE TABLE spans PARTITION ID '{partition}' FINAL"


class Upkeep:
    """A thread between `start` and `close`."""

    def __init__(self, engine: Engine, words: Words) -> None:
        self._engine = engine
        self._words = words
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="masthead-upkeep", daemon=True)
        self._purged = -1
        """Erasures that had happened before the last purge; at the start a process before this one may have some."""
        self._seen = engine.erasures
        self._quiet = self._waited = self._held_up = 0
        self._idle = 0
        """Pauses since the last new span."""

    def start(self) -> None:
        """Begin; what an earlier process left undone comes first."""
        self._thread.start()

    def close(self) -> None:
        """End the thread. What was erased is off the disk when this returns; other work waits for the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._engine.erasures > max(0, self._purged):
            self._tried(self._purge)

    def _run(self) -> None:
        while not self._stop.wait(_PAUSE_S):
            if self._is_purge_due():
                self._tried(self._purge)
            if self._are_words_due():
                self._tried(self._collect)
            if self._idle == _JOINED_AFTER:
                self._tried(self._join)

    def _is_purge_due(self) -> bool:
        erasures = self._engine.erasures
        self._quiet = self._quiet + 1 if erasures == self._seen else 0
        self._seen = erasures
        self._waited = self._waited + 1 if erasures != self._purged else 0
        return erasures != self._purged and (self._quiet >= _ERASED_FOR or self._waited >= _ERASED_AT_MOST)

    def _purge(self) -> None:
        erasures = self._engine.erasures
        purge(self._engine)
        self._purged = erasures

    def _are_words_due(self) -> bool:
        self._idle = 0 if self._words.has_come.is_set() else self._idle + 1
        if self._words.has_come.is_set() and self._held_up < _WORDS_AT_MOST:
            self._words.has_come.clear()
            self._held_up += 1
            return False
        return True

    def _collect(self) -> None:
        is_late, self._held_up = self._held_up >= _WORDS_AT_MOST, 0
        while not self._stop.is_set() and (is_late or not self._words.has_come.is_set()) and self._words.collect():
            pass

    def _join(self) -> None:
        """Join the small parts of partitions that many of them make up. A server of its own does that by itself."""
        if self._engine.is_shared:
            return
        for partition, rows, largest, size in fetch(self._engine, tuple[str, int, int, int], _PARTS, {}):
            if rows - largest >= _JOINED_SHARE * rows and size <= _JOINED_BYTES and not self._stop.is_set():
                self._engine.query(_JOIN.format(partition=partition), {})

    def _tried(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreError as error:
            _LOG.warning("the span store's upkeep could not be done now and is tried again: %s", error)
