"""What was used of limits, by subject and window: in the memory of one process, kept in a file over a restart.

Money is counted in whole nano-dollars, so that sums are exact.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from masthead.clock import Clock
from masthead.gateway.own_files import make_own_folder, open_own_file

_LOG = logging.getLogger(__name__)
NANO_USD: Final = 1_000_000_000
_WRITTEN_EVERY_S: Final = 1.0
_MOST_SLOTS: Final = 20_000
"""Uses that are kept; beyond, names that callers make up are forgotten, the least used first, then the oldest."""
_NAMED_BY_CALLERS: Final = (["user", ""], ["agent", ""], ["run", ""], ["model", ""])
"""How the names of their slots go on after the project: what a limit is for, and nobody that it is only for."""


class Slot(NamedTuple):
    """One subject's use of one limit in one window."""

    name: str
    end_ns: int | None
    """When the window is over, in Unix nanoseconds; None never."""


class Used(msgspec.Struct):
    """How much was used."""

    requests: int = 0
    tokens: int = 0
    nano_usd: int = 0
    end_ns: int | None = None


class Counters(Protocol):
    """Where uses are counted."""

    async def take(self, slots: Sequence[Slot]) -> list[Used]:
        """Count one request in each slot, and return what is used of each, that request included."""
        ...

    async def add(self, slots: Sequence[Slot], *, requests: int = 0, tokens: int = 0, nano_usd: int = 0) -> None:
        """Count what a call has used; `requests` -1 gives one back."""
        ...

    async def used(self, prefix: str) -> dict[str, Used]:
        """Return what is used of the slots whose names begin so, for people who look; some of them where too many."""
        ...

    def close(self) -> None:
        """Write down what is to be kept."""
        ...


class MemoryCounters:
    """Counts in memory; with a path, kept in a file over a restart: a killed process forgets the last second."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._used: dict[str, Used] = self._read()
        self._written_s = clock.monotonic_s()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="limits") if path is not None else None

    async def take(self, slots: Sequence[Slot]) -> list[Used]:
        """Count one request in each slot."""
        await self.add(slots, requests=1)
        return [self._used[slot.name] for slot in slots]

    async def add(self, slots: Sequence[Slot], *, requests: int = 0, tokens: int = 0, nano_usd: int = 0) -> None:
        """Count what a call has used."""
        self._write_now_and_then()  # before: it forgets windows that are over, and one may just have ended
        for slot in slots:
            used = self._used.get(slot.name)
            if used is None:
                used = self._used[slot.name] = Used(end_ns=slot.end_ns)
            used.requests += requests
            used.tokens += tokens
            used.nano_usd += nano_usd

    async def used(self, prefix: str) -> dict[str, Used]:
        """Return what is used of the slots whose names begin so."""
        return {name: used for name, used in self._used.items() if name.startswith(prefix)}

    def close(self) -> None:
        """Write down what was used."""
        if self._pool is not None:
            self._pool.submit(self._write, msgspec.json.encode(self._used)).result()
            self._pool.shutdown()

    def _write_now_and_then(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._written_s < _WRITTEN_EVERY_S:
            return
        self._written_s = now_s
        now_ns = self._clock.now_ns()
        for name in [name for name, used in self._used.items() if used.end_ns is not None and used.end_ns <= now_ns]:
            del self._used[name]
        if len(self._used) > _MOST_SLOTS:
            named = [name for name in self._used if name.split("\0", 3)[1:3] in _NAMED_BY_CALLERS]
            named.sort(key=lambda name: (self._used[name].tokens, self._used[name].requests))
            for name in named[: len(self._used) - _MOST_SLOTS]:
                del self._used[name]
        if self._pool is not None:
            self._pool.submit(self._write, msgspec.json.encode(self._used))

    def _write(self, data: bytes) -> None:
        if self._path is None:
            return
        try:
            make_own_folder(self._path.parent)
            fresh = self._path.with_suffix(".new")
            with open_own_file(fresh, "wb") as file:
                file.write(data)
            fresh.replace(self._path)
        except OSError as error:
            _LOG.warning("what was used of limits cannot be kept in %s: %s", self._path, error)

    def _read(self) -> dict[str, Used]:
        return {} if self._path is None else read_counts(self._path)


def read_counts(path: Path) -> dict[str, Used]:
    """Return what a process wrote down of its limits; nothing where it has not, or where it cannot be read."""
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Used])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _LOG.warning("what was used of limits cannot be read from %s, and counts anew: %s", path, error)
        return {}
