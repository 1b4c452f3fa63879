"""The ports between rooms: what one room needs of another, without importing it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from masthead.model.conversation import Ending, Turn
from masthead.model.ids import Code, EvaluatorId, ProjectId, RunId
from masthead.model.reading import Message, Usage
from masthead.model.score import Finding
from masthead.model.span import AttributeValue, Span


class Sink(Protocol):
    """Where finished spans go: the door of a store, or a list in memory."""

    def accept(self, project: ProjectId, spans: Sequence[Span]) -> None:
        """Take the spans, or raise `Overloaded`, `StoreFull` or `InvalidInput`; never lose them silently."""
        ...


class Detector(Protocol):
    """Reads turns one at a time and yields findings: the same object diagnoses a stored run and guards a live one.

    Pure: no I/O, no model call, no clock. State is bounded whatever the length of the run.
    """

    @property
    def id(self) -> EvaluatorId:
        """Stable identity, such as `repeated-step`."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same turns could give other findings."""
        ...

    @property
    def codes(self) -> tuple[Code, ...]:
        """The failure modes that this detector speaks to."""
        ...

    def start(self, task: str | None) -> None:
        """Forget everything and begin a run; `task` is what was asked, where known."""
        ...

    def feed(self, turn: Turn) -> Sequence[Finding]:
        """Read the next turn; return what it makes evident."""
        ...

    def close(self, ending: Ending) -> Sequence[Finding]:
        """Read how the run ended; return what only the end makes evident."""
        ...

    def snapshot(self) -> Mapping[str, AttributeValue]:
        """Return the whole state as plain JSON data, so that a live guard resumes after a crash."""
        ...

    def restore(self, state: Mapping[str, AttributeValue]) -> None:
        """Take up a state that `snapshot` returned."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatRequest:
    """One request to a language model. `schema` is the JSON Schema that the answer must satisfy."""

    model: str
    messages: tuple[Message, ...]
    schema: Mapping[str, AttributeValue] | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatReply:
    """A model's answer. `model` is what the provider says answered."""

    message: Message
    model: str
    usage: Usage
    finish_reason: str | None = None


class ChatModel(Protocol):
    """Asks a language model; costs money where the model does."""

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the answer, or raise `UpstreamError` or `Overloaded`."""
        ...

    def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        """Yield the answer's text as it comes."""
        ...


class RunReader(Protocol):
    """What rooms that only read runs need of the store."""

    def spans(self, project: ProjectId, run_id: RunId) -> list[Span]:
        """Return the run's spans in order of start, each once; empty where there is no such run."""
        ...
