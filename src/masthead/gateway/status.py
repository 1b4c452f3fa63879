"""What one gateway process has to tell of itself, and the file in which it tells the others.

Must always hold: the file is whole whenever it is read; it is written at most once a second, by a thread of its own; a
process that ends takes its file away, and one that is killed leaves one that readers can tell from a living one's.
"""

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from masthead.clock import Clock
from masthead.gateway.policy.health import State
from masthead.gateway.traffic import CallSeen, TargetSeen

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
    group: int | None = None
    """The same for all workers of one gateway."""
    started_ns: int
    written_ns: int
    records: RecordsSeen = msgspec.field(default_factory=RecordsSeen)
    projects: dict[str, ProjectSeen] = {}
    metrics: str = ""
    """Its counts as Prometheus reads them, those of an earlier process of its number included."""


class Backlog(NamedTuple):
    """What waits to be recorded at one moment, and how much was handed on since the start."""

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


class Place(NamedTuple):
    """Where a process tells of itself. Without a folder it tells nobody, but is asked."""

    name: str = "server"
    folder: Path | None = None
    group: int | None = None

    @property
    def file(self) -> Path | None:
        """The file of its own."""
        number = self.name.rpartition(" ")[2]
        return None if self.folder is None else self.folder / f"status-{number}.json"


class Reporter:
    """Looks at its process once a second, and writes down what is new."""

    def __init__(
        self, place: Place, clock: Clock, seen: Callable[[ProcessSeen], ProcessSeen], backlog: Callable[[], Backlog]
    ) -> None:
        """Begin; `seen` fills in what a process has to tell, `backlog` tells what waits to be recorded."""
        self._place = place
        self._clock = clock
        self._seen = seen
        self._backlog = backlog
        self._trend = Trend()
        self._lost = 0
        self._lost_ns: int | None = None
        self._host, self._started_ns = socket.gethostname(), clock.now_ns()
        self._written: object = None
        self._written_s = -QUIET_S
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-status", daemon=True)
        self._thread.start()

    @property
    def place(self) -> Place:
        """Where this process tells of itself."""
        return self._place

    def own(self) -> ProcessSeen:
        """Return what this process has to tell now."""
        now_ns = self._clock.now_ns()
        blank = ProcessSeen(
            name=self._place.name,
            host=self._host,
            pid=os.getpid(),
            group=self._place.group,
            started_ns=self._started_ns,
            written_ns=now_ns,
        )
        seen = self._seen(blank)
        if seen.records.lost > self._lost:
            self._lost, self._lost_ns = seen.records.lost, now_ns
        seen.records.lost_ns = self._lost_ns
        seen.records.stalled_since_ns = self._trend.stalled_since_ns(now_ns)
        seen.records.is_growing = self._trend.is_growing()
        return seen

    def close(self) -> None:
        """End, and take the file away."""
        self._is_closing.set()
        self._thread.join()
        if self._place.file is not None:
            self._place.file.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._is_closing.wait(EVERY_S):
            try:
                self._trend.add(self._backlog(), self._clock.now_ns())
                if self._place.file is not None:
                    self._write(self._place.file)
            except Exception:  # noqa: BLE001 - the thread's edge: what is told of a process must never end it
                _LOG.exception("the gateway's status could not be written")

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


class Ignored(NamedTuple):
    """A file that is not counted."""

    file: str
    why: str


class Others(NamedTuple):
    """The other processes that tell of themselves."""

    alive: tuple[ProcessSeen, ...]
    ignored: tuple[Ignored, ...]


_SILENT_S: Final = 10.0


def others(folder: Path, now_ns: int, *, own_pid: int, is_alive: Callable[[int], bool] | None = None) -> Others:
    """Read what the other gateway processes of a data folder tell; what is left of dead ones is ignored, and named."""
    alive: list[ProcessSeen] = []
    ignored: list[Ignored] = []
    for file in sorted(folder.glob("status-*.json")):
        try:
            seen = msgspec.json.decode(file.read_bytes(), type=ProcessSeen)
        except FileNotFoundError:
            continue
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            ignored.append(Ignored(file.name, f"it cannot be read: {error}"))
            continue
        if seen.pid == own_pid and seen.host == socket.gethostname():
            continue
        why = _why_not(seen, now_ns, is_alive or _is_alive)
        if why is None:
            alive.append(seen)
        else:
            ignored.append(Ignored(file.name, why))
    return Others(tuple(alive), tuple(ignored))


def _why_not(seen: ProcessSeen, now_ns: int, is_alive: Callable[[int], bool]) -> str | None:
    if seen.version != VERSION:
        return f"another release wrote it ({seen.version}, not {VERSION})"
    if seen.host == socket.gethostname() and not is_alive(seen.pid):
        return f"its process {seen.pid} ({seen.name}) is gone"
    silent_s = (now_ns - seen.written_ns) / 1e9
    if silent_s > _SILENT_S:
        return f"its process {seen.pid} ({seen.name}) has told nothing for {silent_s:.0f} s"
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def left_behind(file: Path, group: int | None) -> str:
    """Return the counts of an earlier process of the same number and gateway, which its successor goes on from."""
    try:
        seen = msgspec.json.decode(file.read_bytes(), type=ProcessSeen)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return seen.metrics if group is not None and seen.group == group and seen.host == socket.gethostname() else ""


def summed(texts: "list[str]", *, gauges_of: int = 0) -> str:
    """Add up metrics of several processes, sample by sample, in the order of the first; of the others' own samples too.

    `gauges_of`: how many of the texts, from the last, give counters alone, because their process is gone.
    """
    values: dict[str, float] = {}
    heads: dict[str, list[str]] = {}
    order: list[str] = []
    kinds: dict[str, str] = {}
    living = len(texts) - gauges_of
    for at, text in enumerate(texts):
        for line in text.splitlines():
            if line.startswith("#"):
                _, word, name, *rest = line.split(" ", 3)
                if word == "TYPE":
                    kinds[name] = rest[0]
                if line not in heads.setdefault(name, []):
                    heads[name].append(line)
                    order.append(line)
                continue
            sample, _, value = line.rpartition(" ")
            if not sample or (at >= living and kinds.get(sample.partition("{")[0]) == "gauge"):
                continue
            if sample not in values:
                order.append(sample)
            values[sample] = values.get(sample, 0.0) + float(value)
    return _in_order(order, values)


def _in_order(order: "list[str]", values: Mapping[str, float]) -> str:
    """Write samples behind the heads of their metric, each head once."""
    families: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for line in order:
        if line.startswith("#"):
            family = line.split(" ", 3)[2]
            families.setdefault(family, []).append(line)
            names[family] = family
    for line in order:
        if not line.startswith("#"):
            bare = line.partition("{")[0]
            family = next((bare.removesuffix(end) for end in ("", "_bucket", "_sum", "_count")
                           if bare.removesuffix(end) in names), bare)  # fmt: skip
            value = values[line]
            families.setdefault(family, []).append(f"{line} {int(value) if value.is_integer() else value}")
    return "\n".join(line for lines in families.values() for line in lines) + "\n"
