"""What one gateway process has to tell of itself, and the file in which it tells the others.

Must always hold: the file is whole whenever it is read; it is written at most once a second, by a thread of its own; a
process that ends takes its file away, and one that is killed leaves one that readers can tell from a living one's.
"""

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from masthead.clock import Clock
from masthead.gateway.policy.health import State
from masthead.gateway.seen import CallSeen, TargetSeen

_LOG = logging.getLogger(__name__)
VERSION: Final = 1
EVERY_S: Final = 1.0
QUIET_S: Final = 4.0
"""How often a process writes of which there is nothing new."""
_MOST_CALLS: Final = 2_000
"""Calls in one file, whoever's they are."""
_STALLED_S: Final = 10.0
_WINDOW: Final = 60
"""Samples by which a backlog is seen to grow."""
_PART: Final = 20
_SOME: Final = 10


class BreakerSeen(msgspec.Struct, kw_only=True):
    """Whether a target takes calls."""

    connection: str
    model: str
    state: State
    failures: int
    """In a row."""
    until_ns: int | None
    """Until when it is set aside, where it is."""


class RecordsSeen(msgspec.Struct, kw_only=True):
    """How the recording of calls goes, since the start of the process."""

    recorded: int = 0
    lost: int = 0
    """Calls that were answered and not recorded."""
    thinned: int = 0
    """Calls of which the request's content was left out."""
    waiting: int = 0
    """Calls in memory and bodies of records on disk that are to be handed on."""
    waiting_bytes: int = 0
    set_aside: int = 0
    """Bodies of records that the server will never take; they lie on disk."""
    lost_ns: int | None = None
    """When the latest loss was noticed."""
    stalled_since_ns: int | None = None
    """Since when nothing was handed on, although something waits."""
    is_growing: bool = False
    """Whether what waits has become more over the last minute."""


class ProjectSeen(msgspec.Struct, kw_only=True):
    """What one process knows of one project."""

    under_way: list[CallSeen] = []
    latest: list[CallSeen] = []
    targets: list[TargetSeen] = []
    breakers: list[BreakerSeen] = []


class ProcessSeen(msgspec.Struct, kw_only=True):
    """One gateway process."""

    version: int = VERSION
    name: str
    """`server`, or `worker 0` …"""
    host: str
    pid: int
    number: int | None = None
    group: int | None = None
    """The same for all workers of one gateway."""
    started_ns: int
    written_ns: int
    records: RecordsSeen = msgspec.field(default_factory=RecordsSeen)
    projects: dict[str, ProjectSeen] = {}
    metrics: str = ""
    """Its counts as Prometheus reads them, those of an earlier process of its number included."""


class Backlog(NamedTuple):
    """What waits in one stage of the recording at one moment, and how much that stage has handed on since the start."""

    waiting: int
    handed_on: int


class Trend:
    """Tells from samples, one a second, whether what waits gets stuck or grows."""

    def __init__(self) -> None:
        self._samples: deque[int] = deque(maxlen=_WINDOW)
        self._handed_on = -1
        self._moved_ns = 0

    def add(self, sample: Backlog, now_ns: int) -> None:
        """Take the next sample."""
        self._samples.append(sample.waiting)
        if sample.handed_on != self._handed_on or sample.waiting == 0:
            self._handed_on, self._moved_ns = sample.handed_on, now_ns

    def stalled_since_ns(self, now_ns: int) -> int | None:
        """Return since when nothing moved, where that is for long."""
        return self._moved_ns if self._moved_ns and now_ns - self._moved_ns >= _STALLED_S * 1e9 else None

    def is_growing(self) -> bool:
        """Say whether the least that waited lately is clearly more than the least of a minute ago."""
        if len(self._samples) < _WINDOW:
            return False
        samples = list(self._samples)
        return min(samples[-_PART:]) > 1.2 * min(samples[:_PART]) + _SOME


class Stand(NamedTuple):
    """Where a process stands among the others of its data folder."""

    name: str = "server"
    folder: Path | None = None
    """Where the processes tell of themselves; None where there is none to tell."""
    number: int | None = None
    """Its own file's; None for a process that is asked itself."""
    group: int | None = None
    """The same for all workers of one gateway; None for a gateway of one process."""

    @property
    def file(self) -> Path | None:
        """The file of its own."""
        return None if self.folder is None or self.number is None else self.folder / f"status-{self.number}.json"


class Reporter:
    """Looks at its process once a second, and writes down what is new."""

    def __init__(
        self, stand: Stand, clock: Clock, seen: Callable[[ProcessSeen], None], backlogs: Callable[[], Sequence[Backlog]]
    ) -> None:
        """Begin; `seen` fills in what a process has to tell, `backlogs` tells what waits, stage by stage."""
        self._stand = stand
        self._clock = clock
        self._seen = seen
        self._backlogs = backlogs
        self._trends: list[Trend] = []
        self._lost = 0
        self._lost_ns: int | None = None
        self._host, self._started_ns = socket.gethostname(), clock.now_ns()
        self._written: object = None
        self._written_s = -QUIET_S
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-status", daemon=True)
        self._thread.start()

    def own(self) -> ProcessSeen:
        """Return what this process has to tell now."""
        now_ns = self._clock.now_ns()
        blank = ProcessSeen(
            name=self._stand.name,
            host=self._host,
            pid=os.getpid(),
            number=self._stand.number,
            group=self._stand.group,
            started_ns=self._started_ns,
            written_ns=now_ns,
        )
        self._seen(blank)
        return self._judged(blank, now_ns)

    def close(self) -> None:
        """End, and take the file away."""
        self._is_closing.set()
        self._thread.join()
        if self._stand.file is not None:
            self._stand.file.unlink(missing_ok=True)

    def _judged(self, seen: ProcessSeen, now_ns: int) -> ProcessSeen:
        """Say whether what is recorded was lost, gets stuck or piles up."""
        if seen.records.lost > self._lost:
            self._lost, self._lost_ns = seen.records.lost, now_ns
        seen.records.lost_ns = self._lost_ns
        stalled = [since for trend in self._trends if (since := trend.stalled_since_ns(now_ns)) is not None]
        seen.records.stalled_since_ns = min(stalled, default=None)
        seen.records.is_growing = any(trend.is_growing() for trend in self._trends)
        return seen

    def _run(self) -> None:
        while not self._is_closing.wait(EVERY_S):
            try:
                self._sample()
                if self._stand.file is not None:
                    self._write(self._stand.file)
            except Exception:  # noqa: BLE001 - the thread's edge: what is told of a process must never end it
                _LOG.exception("the gateway's status could not be written")

    def _sample(self) -> None:
        now_ns, backlogs = self._clock.now_ns(), self._backlogs()
        self._trends += [Trend() for _ in range(len(backlogs) - len(self._trends))]
        for trend, backlog in zip(self._trends, backlogs, strict=True):
            trend.add(backlog, now_ns)

    def _write(self, file: Path) -> None:
        seen = _bounded(self.own())
        told, now_s = (seen.records, seen.projects), self._clock.monotonic_s()
        if told == self._written and now_s - self._written_s < QUIET_S:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(msgspec.json.encode(seen))
        fresh.replace(file)
        self._written, self._written_s = told, now_s


def _bounded(seen: ProcessSeen) -> ProcessSeen:
    """Leave out the earliest calls where there are too many, as many of each project as of any other."""
    calls = sum(len(one.latest) + len(one.under_way) for one in seen.projects.values())
    if calls > _MOST_CALLS:
        most = max(1, _MOST_CALLS // (2 * len(seen.projects)))
        for one in seen.projects.values():
            del one.latest[most:], one.under_way[most:]
    return seen
