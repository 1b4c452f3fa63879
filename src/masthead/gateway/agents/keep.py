"""Keeps runs under way over a restart: each change a line of JSON at the end of a file, the last line of a run counts.

Written without `fsync`, in a thread: a killed process loses the last second at most, a power cut some seconds more.
That costs a guard its memory, never a record.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from masthead.gateway.agents.live_run import LiveRun
from masthead.gateway.agents.stitch import IDLE_NS

_LOG = logging.getLogger(__name__)
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_RUN_BYTES: Final = 4 * 1024 * 1024
_DECODER: Final = msgspec.json.Decoder(LiveRun)


class Keeper:
    """The file of runs under way. One process writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="live-runs")

    def load(self, now_ns: int) -> list[LiveRun]:
        """Return the runs that are not over, the one that was quiet for longest first; leaves only them in the file."""
        runs = [run for run in self._read() if now_ns - run.last_ns < IDLE_NS]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(b"".join(msgspec.json.encode(run) + b"\n" for run in runs))
            fresh.replace(self._path)
        except OSError as error:
            _LOG.warning("runs under way cannot be kept in %s: %s", self._path, error)
        return runs

    def write(self, lines: Sequence[bytes], *, waits: bool = False) -> None:
        """Add runs to the file, in the background; with `waits`, be done when it returns."""
        kept = [line for line in lines if len(line) <= _MOST_RUN_BYTES]
        written = self._pool.submit(self._append, b"".join(line + b"\n" for line in kept))
        if waits:
            written.result()
            self._pool.shutdown()

    def _append(self, data: bytes) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(data)
                is_full = file.tell() > _MOST_BYTES
            if is_full:
                runs = self._read()
                self.load(max((run.last_ns for run in runs), default=0))
        except OSError as error:
            _LOG.warning("runs under way cannot be kept in %s: %s", self._path, error)

    def _read(self) -> list[LiveRun]:
        """Return the last line of each run; a line that is cut off or not ours is left out."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            _LOG.warning("runs under way cannot be read from %s: %s", self._path, error)
            return []
        runs: dict[str, LiveRun] = {}
        for line in lines:
            try:
                run = _DECODER.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            runs[run.run_id] = run
        return sorted(runs.values(), key=lambda run: run.last_ns)
