"""Keeps runs under way over a restart: each change a line of JSON at the end of a file, the last line of a run counts.

Written without `fsync`, in a thread: a killed process loses the last second at most, a power cut some seconds more.
That costs a guard its memory, never a record. Where the file is full, the last lines of the runs that changed last are
taken over into a new one, as they are: at most a part of it, so that this is rare, and no run is built from them.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from masthead.gateway.agents.live_run import LiveRun, name_of
from masthead.gateway.agents.marks import IDLE_NS
from masthead.gateway.own_files import make_own_folder, open_own_file

_LOG = logging.getLogger(__name__)
_MOST_BYTES: Final = 64 * 1024 * 1024
_KEPT_BYTES: Final = 24 * 1024 * 1024
"""What is taken over when the file is full: about what runs may take in memory."""
_MOST_RUN_BYTES: Final = 4 * 1024 * 1024
_DECODER: Final = msgspec.json.Decoder(LiveRun)


class _Stamp(msgspec.Struct, gc=False):
    """What tells a run's lines apart."""

    run_id: str
    last_ns: int
    scope: str = ""


_STAMP: Final = msgspec.json.Decoder(_Stamp)


class _Line(NamedTuple):
    """Where the last line of a run stands."""

    last_ns: int
    at: int
    size: int


class Keeper:
    """The file of runs under way. One process writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="live-runs")

    def load(self, now_ns: int) -> list[LiveRun]:
        """Return the runs that are not over, the one that was quiet for longest first; leaves only them in the file."""
        try:
            make_own_folder(self._path.parent)
            self._tidy(now_ns)
            return list(self._runs())
        except OSError as error:
            _LOG.warning("runs under way cannot be kept in %s: %s", self._path, error)
            return []

    def write(self, lines: Sequence[bytes], *, waits: bool = False) -> None:
        """Add runs to the file, in the background; with `waits`, be done when it returns."""
        kept = [line for line in lines if len(line) <= _MOST_RUN_BYTES]
        written = self._pool.submit(self._append, b"".join(line + b"\n" for line in kept))
        if waits:
            written.result()
            self._pool.shutdown()

    def _append(self, data: bytes) -> None:
        try:
            with open_own_file(self._path, "ab") as file:
                file.write(data)
                is_full = file.tell() > _MOST_BYTES
            if is_full:
                self._tidy()
        except OSError as error:
            _LOG.warning("runs under way cannot be kept in %s: %s", self._path, error)

    def _tidy(self, now_ns: int | None = None) -> None:
        """Leave the last line of each run that is not over, of the latest runs as many as may be taken over."""
        lines = sorted(self._last_lines().values(), reverse=True)
        now_ns = now_ns if now_ns is not None or not lines else lines[0].last_ns
        kept: list[_Line] = []
        left_bytes = _KEPT_BYTES
        for line in lines:
            left_bytes -= line.size
            if left_bytes < 0 or (now_ns is not None and now_ns - line.last_ns >= IDLE_NS):
                break
            kept.append(line)
        fresh = self._path.with_suffix(".new")
        with open_own_file(fresh, "wb") as new:
            if kept:
                with self._path.open("rb") as old:
                    for line in reversed(kept):
                        old.seek(line.at)
                        new.write(old.read(line.size))
        fresh.replace(self._path)

    def _last_lines(self) -> dict[str, _Line]:
        """Return the last line of each run, by its name; one that is cut off or not ours is left out."""
        found: dict[str, _Line] = {}
        at = 0
        try:
            with self._path.open("rb") as file:
                for line in file:
                    try:
                        stamp = _STAMP.decode(line)
                        found[name_of(stamp.scope, stamp.run_id)] = _Line(stamp.last_ns, at, len(line))
                    except (msgspec.DecodeError, UnicodeDecodeError):
                        pass
                    at += len(line)
        except FileNotFoundError:
            return {}
        return found

    def _runs(self) -> Iterator[LiveRun]:
        with self._path.open("rb") as file:
            for line in file:
                try:
                    run = _DECODER.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    run = None
                if run is not None and run.known is not None:
                    yield run
                else:
                    _LOG.warning("a run in %s was written by another version; it is left out", self._path)
