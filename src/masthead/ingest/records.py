"""Cut a document into records: JSON values one at a time, or one log's text. Memory holds one record, not the document.

JSON is a value, a list of values (each its own record, save a list of messages, which is one run), JSON lines, or
values one after the other. A value that cannot be read is yielded as the `InvalidInput` that says where and why, and
the next one is tried.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Final, NamedTuple, TypeAlias

import orjson

from masthead.ingest.importers import langchain, openai_messages
from masthead.ingest.importers.family import Record
from masthead.ingest.importers.shapes import fields, is_fields
from masthead.ingest.sources import Document, member
from masthead.model.errors import InvalidInput, TooLarge

MAX_RECORD_BYTES: Final = 256 << 20
"""The largest record taken: a single JSON value, or a whole log of text."""

Read: TypeAlias = "Record | InvalidInput"

_CHUNK_BYTES: Final = 1 << 20
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|(?P<open>\\?\Z))|[{}\[\],\n]', re.DOTALL)
_BEGINS_JSON: Final = re.compile(rb'\{\s*["}]|\[\s*[{\["\]]')
_SPACE: Final = b" \t\r\n"


class _Piece(NamedTuple):
    """The bytes of one value, and the line it begins at."""

    data: bytes
    line: int


def records(document: Document, *, kind: str | None = None) -> Iterator[Read]:
    """Yield the document's records; `kind` (json, text) decides where the content must not.

    Raises:
        InvalidInput: the stream breaks off, or is over the limit.
    """
    if document.members:
        yield from _inspect(document)
        return
    head = _skip_space(document.stream)
    mark = head.encoding
    if mark or kind == "text" or (kind != "json" and not _BEGINS_JSON.match(head.data)):
        yield from _whole(document, head, kind)
    elif head.data.startswith(b"["):
        yield from _gathered(document.name, _values(document, head, depth=1))
    elif _is_lines(head.data):
        yield from _lines(document, head)
    else:
        yield from _gathered(document.name, _values(document, head, depth=0))


class _Head(NamedTuple):
    """The first bytes after leading space, how many lines the space held, and the encoding that a mark names."""

    data: bytes
    line: int
    encoding: str | None


def _skip_space(stream: IO[bytes]) -> _Head:
    data = _read(stream, _CHUNK_BYTES)
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _Head(data, 1, encoding)
    data = data.removeprefix(b"\xef\xbb\xbf")
    stripped = data.lstrip(_SPACE)
    return _Head(stripped, 1 + data[: len(data) - len(stripped)].count(b"\n"), None)


def _read(stream: IO[bytes], size: int) -> bytes:
    """Read as much as was asked for, unless the stream ends: pipes and decompressors give less at a time."""
    data = stream.read(size)
    if not data or len(data) >= size:
        return data
    parts = [data]
    missing = size - len(data)
    while missing > 0 and (data := stream.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def _whole(document: Document, head: _Head, kind: str | None) -> Iterator[Read]:
    """Yield the document as one text, or as JSON where that is what its encoding hid."""
    data = head.data
    rest = _read(document.stream, max(0, MAX_RECORD_BYTES - len(data) + 1))
    if len(data) + len(rest) > MAX_RECORD_BYTES:
        yield _too_large(document.name, 1)
        return
    data += rest
    text = data.decode(head.encoding or "utf-8", "replace").replace("\r\n", "\n").removeprefix("\ufeff")
    if head.encoding and kind != "text" and _BEGINS_JSON.match(text.lstrip()[:1000].encode("utf-8", "replace")):
        stream = io.BytesIO(text.encode("utf-8", "replace"))
        yield from records(replace(document, stream=stream), kind="json")
    elif "\x00" in text[:4096]:
        yield InvalidInput("this is binary data, not a log", where=f"{document.name}:1")
    elif text.strip():
        yield Record(name=document.name, line=head.line, text=text)


def _is_lines(data: bytes) -> bool:
    """Say whether these are JSON lines: the first line is closed, and another value follows."""
    line, newline, rest = data.partition(b"\n")
    return bool(newline) and line.rstrip().endswith(b"}") and rest.lstrip(_SPACE)[:1] == b"{"


def _lines(document: Document, head: _Head) -> Iterator[Read]:
    yield from _gathered(document.name, _line_pieces(document, head))


def _line_pieces(document: Document, head: _Head) -> Iterator["_Piece | InvalidInput"]:
    number = head.line - 1
    buffer = head.data
    while buffer:
        newline = buffer.find(b"\n")
        if newline < 0:
            more = _read(document.stream, max(_CHUNK_BYTES, len(buffer)))
            if more and len(buffer) <= MAX_RECORD_BYTES:
                buffer += more
                continue
            if more:
                yield _too_large(document.name, number + 1)
                return
            newline = len(buffer)
        start = 0
        while newline >= 0:
            number += 1
            line = buffer[start:newline].strip(_SPACE)
            if line:
                yield _Piece(line, number)
            start = newline + 1
            newline = buffer.find(b"\n", start)
        buffer = buffer[start:]
        if not buffer:
            buffer = _read(document.stream, _CHUNK_BYTES)


def _values(document: Document, head: _Head, *, depth: int) -> Iterator["_Piece | InvalidInput"]:
    """Yield the bytes of each value: those of the list (depth 1), or those one after the other (depth 0)."""
    yield from _Cutter(document, head, depth).pieces()


class _Cutter:
    """Finds where values begin and end by brackets and strings alone, so that one bad value does not spoil the next."""

    def __init__(self, document: Document, head: _Head, depth: int) -> None:
        self._document = document
        self._buffer = head.data
        self._line = head.line
        self._wanted = depth
        self._depth: int = 0
        self._at: int = 0
        self._begin: int = 0
        self._begin_line = head.line

    def pieces(self) -> Iterator["_Piece | InvalidInput"]:
        while True:
            found = _STRUCTURE.search(self._buffer, self._at)
            if found is None or found.group("open") is not None or (found.end() == len(self._buffer)):
                if self._more(found.start() if found is not None else len(self._buffer)):
                    continue
                if len(self._buffer) > MAX_RECORD_BYTES:
                    yield _too_large(self._document.name, self._begin_line)
                    return
            if found is None or found.group("open") is not None:
                break
            self._at = found.end()
            token = found.group()
            piece = self._step(token, found.start())
            if piece is not None:
                yield piece
            if self._depth == 0 and self._wanted == 1 and token == b"]":
                yield from self._after()
                return
        yield from self._rest()

    def _more(self, at: int) -> bool:
        """Read on, forgetting what lies before the value in hand; say whether there was more."""
        data = _read(self._document.stream, max(_CHUNK_BYTES, len(self._buffer) - self._begin))
        if not data or len(self._buffer) - self._begin > MAX_RECORD_BYTES:
            return False
        self._buffer = self._buffer[self._begin :] + data
        self._at = at - self._begin
        self._begin = 0
        return True

    def _step(self, token: bytes, start: int) -> _Piece | None:
        if token == b"\n":
            self._line += 1
        elif token in {b"{", b"["}:
            if self._depth == 0 and self._wanted == 0:
                self._mark(start)
            self._depth += 1
            if self._depth == 1 and self._wanted == 1:
                self._mark(self._at)
        elif token in {b"}", b"]"}:
            self._depth = max(0, self._depth - 1)
            if self._depth == 0:
                return self._take(start if self._wanted else self._at)
        elif token == b"," and self._depth == 1 and self._wanted == 1:
            return self._take(start)
        else:
            self._line += token.count(b"\n")
        return None

    def _mark(self, at: int) -> None:
        self._begin, self._begin_line = at, self._line

    def _take(self, end: int) -> _Piece | None:
        data = self._buffer[self._begin : end]
        stripped = data.lstrip(_SPACE)
        line = self._begin_line + data[: len(data) - len(stripped)].count(b"\n")
        self._mark(self._at)
        return _Piece(stripped.rstrip(_SPACE), line) if stripped else None

    def _rest(self) -> Iterator[InvalidInput]:
        left = self._buffer[self._begin :].strip(_SPACE)
        if left or self._depth:
            where = f"{self._document.name}:{self._begin_line}"
            begins = left[:60].decode(errors="replace")
            what = f"it ends in the middle of a value; is it cut off? The value begins {begins!r}"
            yield InvalidInput(what, where=where)

    def _after(self) -> Iterator[InvalidInput]:
        left = self._buffer[self._at :].strip(_SPACE) or _read(self._document.stream, _CHUNK_BYTES).strip(_SPACE)
        if left:
            where = f"{self._document.name}:{self._line}"
            begins = left[:60].decode(errors="replace")
            yield InvalidInput(f"something stands after the list's end: {begins!r}", where=where)


def _gathered(name: str, pieces: Iterator["_Piece | InvalidInput"]) -> Iterator[Read]:
    """Yield each value, or all of them as one record where the first is a message."""
    messages: list[object] | None = None
    size = 0
    for number, piece in enumerate(pieces, 1):
        value = piece if isinstance(piece, InvalidInput) else parse(name, piece)
        if number == 1 and not isinstance(value, InvalidInput) and is_message(value):
            messages = []
        if isinstance(value, InvalidInput):
            if messages is not None:
                yield InvalidInput(f"message {number - 1} of the run cannot be read: {value}", where=f"{name}:1")
                return
            yield value
        elif messages is not None:
            messages.append(value)
            size += len(piece.data) if isinstance(piece, _Piece) else 0
            if size > MAX_RECORD_BYTES:
                yield _too_large(name, 1)
                return
        else:
            yield Record(name=name, number=number, line=piece.line if isinstance(piece, _Piece) else 1, value=value)
    if messages is not None:
        yield Record(name=name, value=messages)


def is_message(value: object) -> bool:
    """Say whether a value is a message of a chat, so that a list of such values is one run and not many."""
    if openai_messages.is_message(value) or langchain.is_message(value):
        return True
    if is_fields(value, "source", "content", "type"):
        return True
    message = fields(value)
    return set(message) == {"role", "content"} or set(message) == {"role", "content", "name"}


def parse(name: str, piece: _Piece) -> object:
    """Return the value, or the `InvalidInput` that says why it is none. Bytes that are not UTF-8 are replaced."""
    if len(piece.data) > MAX_RECORD_BYTES:
        return _too_large(name, piece.line)
    try:
        return orjson.loads(piece.data)
    except orjson.JSONDecodeError as error:
        try:
            piece.data.decode()
        except UnicodeDecodeError:
            replaced = piece.data.decode("utf-8", "replace").encode()
            return parse(name, _Piece(replaced, piece.line))
        line = piece.line + error.lineno - 1
        return InvalidInput(f"this is not JSON: {error.msg} (column {error.colno})", where=f"{name}:{line}")


def _inspect(document: Document) -> Iterator[Read]:
    """Yield one record a sample of an Inspect log, each with the log's own `eval`."""
    start = "header.json" if "header.json" in document.members else "_journal/start.json"
    header = _member_value(document, start)
    if isinstance(header, InvalidInput):
        yield header
        return
    samples = sorted(name for name in document.members if name.startswith("samples/") and name.endswith(".json"))
    evaluation = fields(header).get("eval")
    if not samples:
        yield Record(name=document.name, value={"eval": evaluation, "samples": []})
    for number, name in enumerate(samples, 1):
        sample = _member_value(document, name)
        if isinstance(sample, InvalidInput):
            yield sample
        else:
            yield Record(name=f"{document.name}!{name}", number=number, value={"eval": evaluation, "sample": sample})


def _member_value(document: Document, name: str) -> object:
    try:
        data = member(document, name, MAX_RECORD_BYTES + 1)
    except InvalidInput as error:
        return error
    return parse(f"{document.name}!{name}", _Piece(data, 1))


def _too_large(name: str, line: int) -> TooLarge:
    limit = MAX_RECORD_BYTES >> 20
    return TooLarge(f"this record is larger than {limit} MiB; split it into several", where=f"{name}:{line}")
