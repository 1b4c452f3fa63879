"""The body of a request, unpacked within a bound: what unpacks to something huge is refused before it is huge."""

import zlib
from typing import Final, NamedTuple

import zstandard

from masthead.model.errors import InvalidInput, TooLarge

ENCODINGS: Final = ("identity", "gzip", "x-gzip", "deflate", "zstd")
_GZIP: Final = zlib.MAX_WBITS | 16


class Body(NamedTuple):
    """A body as it is parsed; `gzip` is what came over the wire where that is one gzip member, else None."""

    payload: bytes
    gzip: bytes | None = None


def unpacked(wire: bytes, encoding: str, limit_bytes: int) -> Body:
    """Return the body.

    Raises:
        InvalidInput: it is not what `Content-Encoding` says.
        TooLarge: it is over `limit_bytes` once unpacked.
    """
    try:
        match encoding:
            case "identity" | "":
                body = Body(wire)
            case "gzip" | "x-gzip":
                body = _gunzipped(wire, limit_bytes)
            case "deflate":
                body = Body(_member(wire, zlib.MAX_WBITS, limit_bytes)[0])
            case _:
                with zstandard.ZstdDecompressor().stream_reader(wire, read_across_frames=True) as reader:
                    body = Body(reader.read(limit_bytes + 1))
    except (zlib.error, EOFError, zstandard.ZstdError) as error:
        raise InvalidInput(
            f"{len(wire)} bytes that Content-Encoding calls {encoding!r} cannot be unpacked ({error})", where="body"
        ) from error
    if len(body.payload) > limit_bytes:
        raise too_large(limit_bytes)
    return body


def too_large(limit_bytes: int) -> TooLarge:
    """Return the error for a body over the limit."""
    return TooLarge(
        f"the body is over {limit_bytes} bytes unpacked: send fewer spans a request, or raise MASTHEAD_MAX_BODY_BYTES",
        where="body",
    )


def _gunzipped(wire: bytes, limit_bytes: int) -> Body:
    payload, rest = _member(wire, _GZIP, limit_bytes)
    if not rest:
        return Body(payload, wire)
    parts, size = [payload], len(payload)
    while rest:
        payload, rest = _member(rest, _GZIP, limit_bytes - size)
        parts.append(payload)
        size += len(payload)
    return Body(b"".join(parts))


def _member(wire: bytes, window_bits: int, limit_bytes: int) -> tuple[bytes, bytes]:
    """Return one compressed member's content and what follows it."""
    unpacker = zlib.decompressobj(window_bits)
    payload = unpacker.decompress(wire, limit_bytes + 1)
    if len(payload) > limit_bytes:
        raise too_large(limit_bytes)
    if not unpacker.eof:
        raise EOFError("it ends before its end marker")
    return payload, unpacker.unused_data
