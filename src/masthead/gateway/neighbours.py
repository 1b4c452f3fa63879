"""The other gateway processes of a data folder, by the files in which they tell of themselves."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from masthead.gateway.status import VERSION, ProcessSeen

_SILENT_S: Final = 10.0


class Ignored(NamedTuple):
    """A file that is not counted."""

    file: str
    why: str


class Others(NamedTuple):
    """The other processes that tell of themselves."""

    alive: tuple[ProcessSeen, ...]
    ignored: tuple[Ignored, ...]


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


def clear_away(folder: Path, *, keep: int) -> None:
    """Remove the files of processes of this machine that are gone, but for those of the first `keep` numbers."""
    kept = {f"status-{number}.json" for number in range(keep)}
    for file in folder.glob("status-*.json"):
        if file.name in kept:
            continue
        try:
            seen = msgspec.json.decode(file.read_bytes(), type=ProcessSeen)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if seen.host == socket.gethostname() and not _is_alive(seen.pid):
            file.unlink(missing_ok=True)


def left_behind(file: Path, group: int | None) -> str:
    """Return the counts of an earlier process of the same number and gateway, which its successor goes on from."""
    try:
        seen = msgspec.json.decode(file.read_bytes(), type=ProcessSeen)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return seen.metrics if group is not None and seen.group == group and seen.host == socket.gethostname() else ""
