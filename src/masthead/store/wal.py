"""The write-ahead log: what was acknowledged is on disk here before it is in the span store.

A folder of segment files, written by one thread and owned by one process. Must always hold: `write` returns only when
the records are on disk (`fdatasync`), and a failed `write` leaves nothing that a reader takes for a record of a
successful one; a segment is deleted only when all of its records are in the store; opening a folder that was cut or
damaged gives back every whole record and says what was lost.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from masthead.model.errors import StoreBusy, StoreDamaged, StoreError, StoreFull
from masthead.model.ids import ProjectId
from masthead.store.wal_record import MARKER_BYTES, Damage, Kind, Record, encode, mark, marked, payload_of, scan

_FILE_MAGIC = b"MASTWAL1"
_FILE_HEADER_BYTES = len(_FILE_MAGIC) + MARKER_BYTES
_DIGEST_BYTES = 16
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


class Entry(NamedTuple):
    """Where a written body lies, and what it is. `raw_bytes` is its size unpacked."""

    segment: int
    offset: int
    length: int
    sequence: int
    kind: Kind
    project: ProjectId
    digest: bytes
    raw_bytes: int


class Batch(NamedTuple):
    """What was to be inserted together: everything up to `through` that no earlier batch holds."""

    through: int
    token: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """What opening found. `entries` are not known to be in the store; `batches` say how they were grouped."""

    entries: tuple[Entry, ...] = ()
    batches: tuple[Batch, ...] = ()
    digests: tuple[bytes, ...] = ()
    """Digests of recent bodies, oldest first, inserted ones included."""
    lost: tuple[str, ...] = ()
    """One line for every piece of a segment that could not be read: file, place and size."""


@dataclass(slots=True)
class _Found:
    entries: list[Entry] = field(default_factory=list[Entry])
    batches: list[Batch] = field(default_factory=list[Batch])
    digests: list[bytes] = field(default_factory=list[bytes])
    lost: list[str] = field(default_factory=list[str])
    done: int = 0
    last: int = 0


@dataclass(slots=True)
class _Segment:
    number: int
    path: Path
    fd: int
    marker: bytes
    size: int
    last_sequence: int = 0
    digests: list[bytes] = field(default_factory=list[bytes])
    has_bodies: bool = False
    is_spoiled: bool = False
    """Behind its records lies a failed write that could not be cut off."""


class Wal:
    """An open log. `write` and `finish` belong to one thread; `read` may be called from another."""

    def __init__(self, folder: Path, *, segment_bytes: int = 32 * 1024 * 1024, remembered: int = 65_536) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._remembered = remembered
        self._lock_fd = _take_lock(folder)
        self._guard = threading.Lock()
        """Protects `_segments` against a reader while the writer rotates or deletes."""
        self._segments: dict[int, _Segment] = {}
        found = _Found()
        try:
            for path in sorted(folder.glob("*.digests")):
                found.digests += _read_digests(path)
            for path in sorted(folder.glob("*.wal")):
                self._recover(path, found)
            self._sequence = found.last
            self._active = self._new_segment(max(_numbers(folder), default=0) + 1)
            self._done = found.done
            self._delete_finished()
        except OSError as error:
            self.close()
            raise _refusal(folder, error) from error
        except StoreError:
            self.close()
            raise
        self.recovery = Recovery(
            entries=_each_once(entry for entry in found.entries if entry.sequence > found.done),
            batches=tuple(batch for batch in found.batches if batch.through > found.done),
            digests=tuple(found.digests[-remembered:]),
            lost=tuple(found.lost),
        )

    def write(self, records: Iterable[Record]) -> list[Entry]:
        """Put the records on disk, all or none, and return where they lie; raise `StoreFull` or `StoreError`."""
        if self._active.size >= self._segment_bytes or self._active.is_spoiled:
            self._rotate()
        segment = self._active
        entries: list[Entry] = []
        frames: list[bytes] = []
        offset, sequence = segment.size, self._sequence
        for record in records:
            sequence += 1
            frame = encode(record, sequence=sequence, marker=segment.marker)
            frames.append(frame)
            entries.append(
                Entry(
                    segment.number, offset, len(frame), sequence, record.kind, record.project, record.digest,
                    len(record.payload),
                )
            )  # fmt: skip
            offset += len(frame)
        start, self._sequence = self._sequence, sequence
        try:
            self._put(segment, b"".join(frames))
        except StoreError:
            # What may still stand on the disk keeps its numbers, so that no later record is taken for it.
            if not segment.is_spoiled:
                self._sequence = start
            raise
        segment.size = offset
        bodies = [entry for entry in entries if entry.kind < Kind.BATCH]
        if bodies:
            segment.last_sequence = bodies[-1].sequence
            segment.digests += (entry.digest for entry in bodies)
            segment.has_bodies = True
        return entries

    def read(self, entry: Entry) -> bytes:
        """Return the payload of a written body, or raise `StoreDamaged`."""
        with self._guard:
            segment = self._segments[entry.segment]
            try:
                data = os.pread(segment.fd, entry.length, entry.offset)
            except OSError as error:
                raise StoreDamaged(f"{segment.path} cannot be read at offset {entry.offset}: {error}") from error
        return payload_of(data, marker=segment.marker)

    def set_aside(self, entry: Entry) -> None:
        """Copy a body that the store cannot take into `set_aside/PROJECT/`, on disk when this returns.

        Raises:
            StoreDamaged: it cannot be read back.
            StoreFull: there is no space for the copy.
        """
        payload = self.read(entry)
        folder = self._set_aside_folder(entry.project)
        try:
            folder.mkdir(exist_ok=True, parents=True, mode=0o700)
            _write_durably(folder / f"{entry.digest.hex()}.{entry.kind.name.lower()}", payload)
            _sync_folder(folder.parent)
            _sync_folder(self._folder)
        except OSError as error:
            raise _refusal(folder, error) from error

    def all_set_aside(self, project: ProjectId) -> Iterator[tuple[str, Kind, bytes]]:
        """Yield a project's bodies that were set aside: name, kind and payload; from any thread."""
        folder = self._set_aside_folder(project)
        kinds = {kind.name.lower(): kind for kind in Kind}
        try:
            for path in sorted(folder.glob("*.*")):
                kind = kinds.get(path.suffix.removeprefix("."))
                if kind is not None:
                    yield path.name, kind, path.read_bytes()
        except OSError as error:
            raise _refusal(folder, error) from error

    def replace_set_aside(self, project: ProjectId, name: str, payload: bytes | None) -> None:
        """Put spans in the place of a body that was set aside, or nothing; on disk when this returns.

        Raises:
            StoreError: it could not be done; the body stays as it was.
        """
        path = self._set_aside_folder(project) / name
        rest = path.with_suffix(f".{Kind.SPANS.name.lower()}")
        try:
            if payload is not None:
                written = rest.with_suffix(".part")
                _write_durably(written, payload)
                written.replace(rest)
            if payload is None or rest != path:
                path.unlink(missing_ok=True)
            _sync_folder(path.parent)
        except OSError as error:
            raise _refusal(path.parent, error) from error

    def clear_set_aside(self, project: ProjectId) -> None:
        """Delete the bodies of a project that were set aside, from any thread; raise `StoreError` where some stay."""
        folder = self._set_aside_folder(project)
        try:
            for path in folder.glob("*"):
                path.unlink(missing_ok=True)
            if folder.exists():
                _sync_folder(folder)
        except OSError as error:
            raise _refusal(folder, error) from error

    def _set_aside_folder(self, project: ProjectId) -> Path:
        return self._folder / "set_aside" / quote(project, safe="")

    def finish(self, through: int) -> None:
        """Note that everything up to `through` is in the store, and delete the segments that are done with.

        The note itself is not forced to disk: should it be lost, the same batches are offered to the store again.
        """
        self._done = through
        self._sequence += 1
        note = encode(
            mark(Kind.DONE, through, bytes(_DIGEST_BYTES)), sequence=self._sequence, marker=self._active.marker
        )
        # Without the note the batches are only offered again: a full disk must not stop them from being finished.
        with suppress(OSError):
            _write_all(self._active.fd, note, self._active.size)
            self._active.size += len(note)
        if self._active.size >= self._segment_bytes:
            with suppress(StoreError):
                self._rotate()
        with suppress(OSError):
            self._delete_finished()

    def empty(self) -> None:
        """Leave no body on disk that is in the store: what was erased there must not live on here.

        Where newer bodies wait beside such a one, their segment goes as soon as they are in the store too.
        """
        if self._active.has_bodies:
            with suppress(StoreError, OSError):
                self._rotate()
                self._delete_finished()

    def forget(self) -> None:
        """Forget all digests, on disk too when this returns: what was deleted may come again; raise `StoreError`."""
        self.write([mark(Kind.FORGET, self._done, bytes(_DIGEST_BYTES))])
        self._forget_digests()

    def _forget_digests(self) -> None:
        for segment in self._segments.values():
            segment.digests.clear()
        try:
            for path in self._folder.glob("*.digests"):
                # Kept empty rather than removed: its number must not be given to another segment.
                _write_durably(path, b"")
        except OSError as error:
            raise _refusal(self._folder, error) from error

    @property
    def size_bytes(self) -> int:
        """The segments' size on disk."""
        return sum(segment.size for segment in list(self._segments.values()))

    def close(self) -> None:
        """Give the folder back. What is not in the store stays for the next one who opens it."""
        with self._guard:
            for segment in self._segments.values():
                os.close(segment.fd)
            self._segments.clear()
        os.close(self._lock_fd)

    def _put(self, segment: _Segment, data: bytes) -> None:
        try:
            _write_all(segment.fd, data, segment.size)
            os.fdatasync(segment.fd)
        except OSError as error:
            self._take_back(segment)
            raise _refusal(self._folder, error) from error

    def _take_back(self, segment: _Segment) -> None:
        """Cut a failed write off; where that fails too, leave the segment behind and go on in a new one.

        Called with the failed records' numbers already spent, so that the new segment begins behind them.
        """
        try:
            os.ftruncate(segment.fd, segment.size)
            os.fdatasync(segment.fd)
        except OSError:
            segment.is_spoiled = True
            with suppress(StoreError):
                self._rotate()

    def _rotate(self) -> None:
        try:
            self._active = self._new_segment(self._active.number + 1)
        except OSError as error:
            raise _refusal(self._folder, error) from error

    def _new_segment(self, number: int) -> _Segment:
        path = self._folder / f"{number:012d}.wal"
        marker = os.urandom(MARKER_BYTES)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write_all(fd, _FILE_MAGIC + marker, 0)
            os.fsync(fd)
            _sync_folder(self._folder)
        except OSError:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        segment = _Segment(number, path, fd, marker, _FILE_HEADER_BYTES, last_sequence=self._sequence)
        with self._guard:
            self._segments[number] = segment
        return segment

    def _recover(self, path: Path, found: _Found) -> None:
        data = path.read_bytes()
        if len(data) < _FILE_HEADER_BYTES or not data.startswith(_FILE_MAGIC):
            if len(data) >= _FILE_HEADER_BYTES:
                raise StoreDamaged(
                    f"{path} is not a write-ahead log of this version (it begins with {data[:8]!r}); "
                    "move it out of the folder, then start again"
                )
            path.unlink()
            return
        marker = data[len(_FILE_MAGIC) : _FILE_HEADER_BYTES]
        number = int(path.stem)
        segment = _Segment(number, path, os.open(path, os.O_RDONLY | os.O_CLOEXEC), marker, len(data))
        self._segments[number] = segment
        for item in scan(data, _FILE_HEADER_BYTES, marker=marker):
            if isinstance(item, Damage):
                place = "its end was cut off" if item.is_tail else "damaged in the middle"
                found.lost.append(f"{path.name}: {item.length} bytes at offset {item.offset}: {place}")
                continue
            found.last = max(found.last, item.sequence)
            if item.kind < Kind.BATCH:
                found.entries.append(Entry(number, *item))
                segment.digests.append(item.digest)
                segment.last_sequence = item.sequence
                continue
            through = marked(payload_of(data[item.offset : item.offset + item.length], marker=marker))
            if item.kind is Kind.BATCH:
                found.batches.append(Batch(through, item.digest))
                continue
            found.done = max(found.done, through)
            if item.kind is Kind.FORGET:
                found.digests.clear()
                self._forget_digests()
        found.digests += segment.digests

    def _delete_finished(self) -> None:
        for number in sorted(self._segments):
            segment = self._segments[number]
            if segment is self._active or segment.last_sequence > self._done:
                return
            with suppress(OSError):
                _write_digests(segment.path.with_suffix(".digests"), segment.digests)
            with self._guard:
                del self._segments[number]
            os.close(segment.fd)
            segment.path.unlink()
            self._forget_old_digests()

    def _forget_old_digests(self) -> None:
        kept = 0
        for path in sorted(self._folder.glob("*.digests"), reverse=True):
            if kept >= self._remembered:
                path.unlink()
            else:
                kept += path.stat().st_size // _DIGEST_BYTES


def _take_lock(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refusal(folder, error) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(fd, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(fd)
        raise StoreBusy(
            f"the data folder {str(folder.parent)!r} belongs to the running process {owner}: "
            "stop that one, or set MASTHEAD_DATA_DIR to another folder"
        ) from error
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        os.close(fd)
        raise _refusal(folder, error) from error
    return fd


def _refusal(folder: Path, error: OSError) -> StoreError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _NO_SPACE:
        return StoreFull(
            f"nothing can be written to {str(folder)!r} ({reason}): "
            "free space there or make it writable; what was acknowledged is kept, nothing new is taken until then"
        )
    return StoreError(f"the write-ahead log in {str(folder)!r} failed ({reason}): check the disk")


def _write_all(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view = view[written:]
        offset += written


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_durably(path: Path, data: bytes) -> None:
    """Replace the file's content, on disk when this returns."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(fd, data, 0)
        os.fsync(fd)
    finally:
        os.close(fd)
    _sync_folder(path.parent)


def _read_digests(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data[at : at + _DIGEST_BYTES] for at in range(0, len(data) - _DIGEST_BYTES + 1, _DIGEST_BYTES)]


def _write_digests(path: Path, digests: Iterable[bytes]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(b"".join(digests))
    fresh.replace(path)


def _each_once(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the first entry of every digest: a write that failed half-way may have been repeated by its sender."""
    by_digest: dict[bytes, Entry] = {}
    for entry in entries:
        by_digest.setdefault(entry.digest, entry)
    return tuple(by_digest.values())


def _numbers(folder: Path) -> list[int]:
    return [int(path.stem) for pattern in ("*.wal", "*.digests") for path in folder.glob(pattern)]
