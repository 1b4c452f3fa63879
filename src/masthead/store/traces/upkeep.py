"""What the store does while nobody waits: takes erased rows off the disk, and collects words for searches."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from masthead.model.errors import StoreError
from masthead.store.traces.engine import Engine
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
        if self._words.has_come.is_set() and self._held_up < _WORDS_AT_MOST:
            self._words.has_come.clear()
            self._held_up += 1
            return False
        return True

    def _collect(self) -> None:
        is_late, self._held_up = self._held_up >= _WORDS_AT_MOST, 0
        while not self._stop.is_set() and (is_late or not self._words.has_come.is_set()) and self._words.collect():
            pass

    def _tried(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreError as error:
            _LOG.warning("the span store's upkeep could not be done now and is tried again: %s", error)
