"""One record of the write-ahead log: how it is framed, and how records are found again in damaged bytes.

A record is a header, the project's name and the payload; the checksum covers everything after itself. Every record of
a file begins with the same eight bytes, drawn at random for that file: a reader finds the next whole record behind a
damaged one by them, and nobody who sends a payload can forge a record inside it.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import zstandard

from masthead.model.errors import StoreDamaged
from masthead.model.ids import ProjectId

MARKER_BYTES = 8
_HEADER = struct.Struct("<8sIIQBBBBI16s")
HEADER_BYTES = _HEADER.size
_CHECKED_FROM = MARKER_BYTES + 4
_CODEC_AT = 25
_COMPRESS_FROM_BYTES = 512


class Kind(IntEnum):
    """What a record's payload is."""

    PROTOBUF = 1
    """An OTLP `ExportTraceServiceRequest`."""
    JSON = 2
    """The same as OTLP JSON."""
    SPANS = 3
    """Spans that were decoded already: redacted ones, imported ones."""
    BATCH = 4
    """Everything up to a sequence number is about to be inserted together, with this digest as its token."""
    DONE = 5
    """Everything up to a sequence number is in the store."""
    FORGET = 6
    """The same, and the digests of all records before this one are to be forgotten."""


class _Codec(IntEnum):
    RAW = 0
    GZIP = 1
    ZSTD = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is to be written. `gzip` is the payload as it came over the wire, kept instead of compressing it again."""

    kind: Kind
    project: ProjectId
    digest: bytes
    """16 bytes that tell this record from any other."""
    payload: bytes
    gzip: bytes | None = None
    level: int = 1
    """zstd's, where it is compressed here; a negative one takes a third of the time and gives half the ratio."""


class Frame(NamedTuple):
    """A whole record found in a file: where it stands, and what its header says. The payload is not unpacked."""

    offset: int
    length: int
    sequence: int
    kind: Kind
    project: ProjectId
    digest: bytes
    raw_bytes: int


class Damage(NamedTuple):
    """Bytes that are no whole record: a cut at the end of a file, or damage in its middle."""

    offset: int
    length: int
    is_tail: bool


def encode(record: Record, *, sequence: int, marker: bytes) -> bytes:
    """Return the record's bytes; large payloads are compressed."""
    codec, body = _packed(record)
    project = record.project.encode()
    header = _HEADER.pack(
        marker, 0, len(body), sequence, record.kind, codec, len(project), 0, len(record.payload), record.digest
    )
    checksum = zlib.crc32(body, zlib.crc32(project, zlib.crc32(header[_CHECKED_FROM:])))
    return b"".join((marker, checksum.to_bytes(4, "little"), header[_CHECKED_FROM:], project, body))


def scan(data: bytes, start: int, *, marker: bytes) -> Iterator[Frame | Damage]:
    """Yield every whole record from `start` on, in order, and the damage between them."""
    view = memoryview(data)
    position, end = start, len(data)
    while position < end:
        frame = _frame_at(view, position, marker)
        if frame is not None:
            yield frame
            position += frame.length
            continue
        following = data.find(marker, position + 1)
        while following >= 0 and _frame_at(view, following, marker) is None:
            following = data.find(marker, following + 1)
        yield Damage(position, (end if following < 0 else following) - position, following < 0)
        if following < 0:
            return
        position = following


def payload_of(data: bytes, *, marker: bytes) -> bytes:
    """Return the unpacked payload of one whole record, or raise `StoreDamaged`."""
    frame = _frame_at(memoryview(data), 0, marker)
    if frame is None:
        raise StoreDamaged(
            f"a record of {len(data)} bytes in the write-ahead log fails its checksum: "
            "the disk changed it after it was written; check the disk, then restart"
        )
    body = data[HEADER_BYTES + len(frame.project.encode()) :]
    match _Codec(data[_CODEC_AT]):
        case _Codec.RAW:
            return body
        case _Codec.GZIP:
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, frame.raw_bytes)
        case _Codec.ZSTD:
            return zstandard.ZstdDecompressor().decompress(body, max_output_size=frame.raw_bytes)


def mark(kind: Kind, through: int, token: bytes) -> Record:
    """Return a BATCH, DONE or FORGET record about everything up to the sequence number `through`."""
    return Record(kind=kind, project=ProjectId(""), digest=token, payload=through.to_bytes(8, "little"))


def marked(payload: bytes) -> int:
    """Return the sequence number that a BATCH, DONE or FORGET record is about."""
    return int.from_bytes(payload, "little")


def _packed(record: Record) -> tuple[_Codec, bytes]:
    if record.gzip is not None and len(record.gzip) < len(record.payload):
        return _Codec.GZIP, record.gzip
    if len(record.payload) >= _COMPRESS_FROM_BYTES:
        return _Codec.ZSTD, zstandard.ZstdCompressor(level=record.level).compress(record.payload)
    return _Codec.RAW, record.payload


def _frame_at(view: memoryview, position: int, marker: bytes) -> Frame | None:
    if len(view) - position < HEADER_BYTES:
        return None
    found, checksum, length, sequence, kind, codec, project_bytes, _, raw_bytes, digest = _HEADER.unpack_from(
        view, position
    )
    end = position + HEADER_BYTES + project_bytes + length
    if found != marker or end > len(view) or kind not in _KINDS or codec not in _CODECS:
        return None
    if zlib.crc32(view[position + _CHECKED_FROM : end]) != checksum:
        return None
    project = bytes(view[position + HEADER_BYTES : position + HEADER_BYTES + project_bytes]).decode()
    return Frame(position, end - position, sequence, Kind(kind), ProjectId(project), digest, raw_bytes)


_KINDS: Sequence[int] = tuple(Kind)
_CODECS: Sequence[int] = tuple(_Codec)
