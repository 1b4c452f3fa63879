"""Where logs come from: files, folders, globs, archives and standard input, as one stream of documents.

No archive is held in memory: a document is a stream that is good until the next one is asked for. A zip is read from
its end, so one that comes through a pipe, compressed or inside an archive is copied to a temporary file of up to 1 GiB.
Compression and archives are known by their first bytes, never by their name, and may be nested. What cannot be opened
is a document too, whose `problem` says why, so that the rest goes on.
"""

import bz2
import glob
import gzip
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, TypeAlias, cast

import zstandard

from masthead.model.errors import InvalidInput

STANDARD_INPUT: Final = "-"
_MAX_DEPTH: Final = 6
_PEEK_BYTES: Final = 1 << 16
_SPOOL_BYTES: Final = 16 << 20
_MAX_SPOOL_BYTES: Final = 1 << 30
_CHUNK_BYTES: Final = 1 << 20
_ZIP_ZSTANDARD: Final = 93
BROKEN: Final = (OSError, EOFError, lzma.LZMAError, zlib.error, tarfile.TarError, zipfile.BadZipFile,
                  zstandard.ZstdError, NotImplementedError, RuntimeError, ValueError)  # fmt: skip
"""What the standard library's decompressors and archive readers raise for broken data."""
_NOISE: Final = ("__MACOSX/", ".git/", ".DS_Store")


OnBytes: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file, or a member of an archive, ready to be read once. `is_named` says that the user named this very file."""

    name: str
    stream: IO[bytes]
    is_named: bool = False
    problem: str | None = None
    members: tuple[str, ...] = ()
    """The names inside, where the document is a zip that holds one log (Inspect's `.eval`): `stream` is the zip."""


def documents(
    inputs: Iterable[str], *, standard_input: IO[bytes] | None = None, on_bytes: OnBytes | None = None
) -> Iterator[Document]:
    """Yield every document that the inputs name: a path, a folder (all below it), a glob, or `-`.

    `on_bytes` is told how many bytes were read from a file, as they are.

    Raises:
        InvalidInput: an input names nothing that exists.
    """
    for given in inputs:
        if given == STANDARD_INPUT and standard_input is not None:
            yield from document_of("standard input", standard_input, is_named=True)
            continue
        path = Path(given).expanduser()
        if path.is_dir():
            yield from _folder(path, on_bytes)
        elif path.exists():
            yield from _file(path, path.name, on_bytes, is_named=True)
        else:
            yield from _matching(given, on_bytes)


def sizes(inputs: Iterable[str]) -> int | None:
    """Return how many bytes the inputs hold on disk, None where standard input is among them."""
    total = 0
    for given in inputs:
        if given == STANDARD_INPUT:
            return None
        path = Path(given).expanduser()
        files = _walk(path) if path.is_dir() else [path] if path.exists() else [Path(p) for p in _glob(given)]
        total += sum(file.stat().st_size for file in files if file.is_file())
    return total


def document_of(name: str, stream: IO[bytes], *, is_named: bool = False, depth: int = 0) -> Iterator[Document]:
    """Yield the documents in a stream: itself, or what it holds where it is compressed or an archive."""
    try:
        yield from _opened(name, stream, is_named=is_named, depth=depth)
    except BROKEN as error:
        yield Document(name=name, stream=io.BytesIO(), is_named=is_named, problem=_reason(error))


def member(document: Document, name: str, size: int) -> bytes:
    """Return up to `size` bytes of a member of a zip that holds one log; no more of it is unpacked.

    Raises:
        InvalidInput: it is damaged, or packed in a way that cannot be read.
    """
    try:
        with zipfile.ZipFile(document.stream) as archive:
            stream, data = _unzipped(archive, archive.getinfo(name)), bytearray()
            while chunk := stream.read(min(_CHUNK_BYTES, size - len(data))):
                data += chunk
            return bytes(data)
    except (*BROKEN, KeyError) as error:
        raise InvalidInput(_reason(error), where=f"{document.name}!{name}") from error


def _reason(error: Exception) -> str:
    return f"it cannot be opened or unpacked: {error or type(error).__name__}"


def _matching(given: str, on_bytes: OnBytes | None) -> Iterator[Document]:
    found = _glob(given)
    if not found:
        raise InvalidInput(f"{given!r} names no file, folder or glob that exists")
    for name in found:
        path = Path(name)
        if path.is_dir():
            yield from _folder(path, on_bytes)
        else:
            yield from _file(path, path.name, on_bytes, is_named=True)


def _glob(given: str) -> list[str]:
    return sorted(glob.glob(str(Path(given).expanduser()), recursive=True))  # noqa: PTH207 - takes absolute patterns too


def _folder(folder: Path, on_bytes: OnBytes | None) -> Iterator[Document]:
    """Yield what lies below a folder, in order of path, but files of labels first: runs find them waiting."""
    files = list(_walk(folder))
    for path in sorted(files, key=lambda path: (not _is_label_file(path.name), path.as_posix())):
        name = f"{folder.name or folder}/{path.relative_to(folder).as_posix()}"
        yield from _file(path, name, on_bytes, is_named=False)


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(root) / name


def _is_label_file(name: str) -> bool:
    return "label" in name or name.startswith("judge")


class _CountedFile(io.FileIO):
    """A file that says how much of it was read."""

    def __init__(self, path: Path, on_bytes: OnBytes) -> None:
        super().__init__(path, "r")
        self._on_bytes = on_bytes

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - any writable buffer
        read = super().readinto(buffer)
        self._on_bytes(read)
        return read


def _file(path: Path, name: str, on_bytes: OnBytes | None, *, is_named: bool) -> Iterator[Document]:
    try:
        stream = io.BufferedReader(_CountedFile(path, on_bytes), _PEEK_BYTES) if on_bytes else path.open("rb")
    except OSError as error:
        yield Document(name=name, stream=io.BytesIO(), is_named=is_named, problem=_reason(error))
        return
    with stream:
        yield from document_of(name, stream, is_named=is_named)


def _opened(name: str, stream: IO[bytes], *, is_named: bool, depth: int) -> Iterator[Document]:
    peekable = _peekable(stream)
    head = peekable.peek(_PEEK_BYTES)[:_PEEK_BYTES]
    if depth >= _MAX_DEPTH:
        raise ValueError(f"archives are nested more than {_MAX_DEPTH} deep")
    unpacked = _decompressed(peekable, head)
    if unpacked is not None:
        yield from document_of(name, unpacked, is_named=is_named, depth=depth + 1)
    elif head[257:262] == b"ustar":
        yield from _tar(name, peekable, depth)
    elif head.startswith(b"PK\x03\x04"):
        yield from _zip(name, peekable, is_named=is_named, depth=depth)
    else:
        yield Document(name=name, stream=cast("IO[bytes]", peekable), is_named=is_named)


def _peekable(stream: IO[bytes]) -> "io.BufferedReader[Any]":
    if isinstance(stream, io.BufferedReader):
        return cast("io.BufferedReader[Any]", stream)
    return io.BufferedReader(cast("io.RawIOBase", _Raw(stream)), _PEEK_BYTES)


class _Raw(io.RawIOBase):
    """Lets any readable be buffered."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # pyright: ignore[reportIncompatibleMethodOverride] - any writable buffer
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _decompressed(stream: "io.BufferedReader[Any]", head: bytes) -> IO[bytes] | None:
    if head.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if head.startswith(b"\xfd7zXZ\x00"):
        return cast("IO[bytes]", lzma.LZMAFile(stream))
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        return cast("IO[bytes]", bz2.BZ2File(stream))
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return cast("IO[bytes]", zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True))
    return None


def _tar(name: str, stream: "io.BufferedReader[Any]", depth: int) -> Iterator[Document]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            inner = archive.extractfile(entry) if entry.isfile() else None
            if inner is not None and not _is_noise(entry.name):
                yield from document_of(f"{name}!{entry.name}", inner, depth=depth + 1)


def _is_noise(name: str) -> bool:
    return any(part in name for part in _NOISE) or name.rsplit("/", 1)[-1].startswith("._")


def _zip(name: str, stream: "io.BufferedReader[Any]", *, is_named: bool, depth: int) -> Iterator[Document]:
    """Yield a zip's members, or the zip itself where it is one log. It is read from its end, so a pipe is spooled."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        source: IO[bytes] = cast("IO[bytes]", stream) if depth == 0 and stream.seekable() else spool
        if source is spool:
            _spool(stream, spool)
        with zipfile.ZipFile(source) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_noise(entry.filename)]
            names = tuple(entry.filename for entry in entries)
            if is_inspect_log(names):
                yield Document(name=name, stream=source, is_named=is_named, members=names)
                return
            for entry in entries:
                place = f"{name}!{entry.filename}"
                try:
                    inner = _unzipped(archive, entry)
                except BROKEN as error:
                    yield Document(name=place, stream=io.BytesIO(), problem=_reason(error))
                    continue
                yield from document_of(place, inner, depth=depth + 1)


def _spool(stream: IO[bytes], spool: IO[bytes]) -> None:
    taken = 0
    while chunk := stream.read(_CHUNK_BYTES):
        taken += len(chunk)
        if taken > _MAX_SPOOL_BYTES:
            limit = f"{_MAX_SPOOL_BYTES >> 20} MiB"
            raise ValueError(f"this zip is over {limit} and not a file of its own; unpack what holds it first")
        spool.write(chunk)


def is_inspect_log(names: Iterable[str]) -> bool:
    """Say whether a zip's names are those of one Inspect log."""
    found = set(names)
    return "header.json" in found or "_journal/start.json" in found


def _unzipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    """Open a member; Zstandard, which Inspect packs with, is unpacked here because Python 3.11's zipfile cannot."""
    if entry.compress_type != _ZIP_ZSTANDARD:
        return archive.open(entry)
    packed = copy(entry)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, entry.compress_size
    del packed.CRC  # it is that of the unpacked bytes
    return cast("IO[bytes]", zstandard.ZstdDecompressor().stream_reader(archive.open(packed), read_across_frames=True))
