"""What a family of logs is: how its records are recognised, read, and described."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeAlias

import orjson

from masthead.model.conversation import Conversation
from masthead.model.errors import InvalidInput
from masthead.model.ids import RunId
from masthead.model.score import ScoreSource
from masthead.model.span import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One thing to read: a JSON value, or the text of one log.

    `name` is the path as the user knows it, with `!` before the part that lies inside an archive. `number` counts the
    records of a file from 1; `line` is where this one begins.
    """

    name: str
    number: int = 1
    line: int = 1
    value: object = None
    text: str | None = None

    @property
    def where(self) -> str:
        """Return `file:line` for messages."""
        return f"{self.name}:{self.line}"

    def malformed(self, message: str, *, line: int | None = None) -> InvalidInput:
        """Return the error that refuses this record; `line` counts within the record, from 1."""
        where = self.where if line is None else f"{self.name}:{self.line + line - 1}"
        return InvalidInput(message, where=where)


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A verdict that a log or the file beside it carries, before it is tied to a stored run as a score."""

    name: str
    evaluator: str
    source: ScoreSource = "human"
    version: str = "1"
    turn: int | None = None
    agent: str | None = None
    flag: bool | None = None
    label: str | None = None
    number: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedRun:
    """A run that a reader found, with the labels that the log itself carries."""

    conversation: Conversation
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedSpans:
    """Spans that a reader found as they are; they may belong to several runs, and a run to several records."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLabels:
    """Labels that stand in a file of their own, with what names the run: its file, its task, or both."""

    file: str | None
    task_id: str | None
    labels: tuple[Label, ...]


Imported: TypeAlias = ImportedRun | ImportedSpans | RunLabels
Kind: TypeAlias = Literal["json", "text"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One family of logs. `notes` says what is mapped to what, and goes into the reference.

    A general family (chat messages, a transcript) is asked only where no other recognises the record.
    """

    id: str
    title: str
    kind: Kind
    looks_like: str
    matches: Callable[[Record], bool]
    read: Callable[[Record], Iterator[Imported]]
    notes: str
    is_general: bool = False


def run_id_of(family: str, *parts: object) -> RunId:
    """Return the id of a run by what it is: the same content gives the same id, wherever and whenever it is read."""
    digest = blake2b(digest_size=16, person=b"masthead-import")
    digest.update(family.encode())
    for part in parts:
        data = _canonical(part)
        digest.update(b"\x00%d\x00" % len(data))
        digest.update(data)
    return RunId(digest.hexdigest())


def _canonical(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, RecursionError):  # lone surrogates, integers beyond 64 bits, very deep nesting
        return repr(value).encode("utf-8", "surrogatepass")
