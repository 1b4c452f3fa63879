"""One call between a caller of one dialect and a target of another: its request, answer, stream and errors."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from masthead.model.errors import InvalidInput, UpstreamError
from masthead.model.reading import Usage
from masthead.providers import sse
from masthead.providers.dialects.anthropic import read_request as anthropic_in
from masthead.providers.dialects.anthropic import reply as anthropic_reply
from masthead.providers.dialects.anthropic import write_request as anthropic_out
from masthead.providers.dialects.anthropic.stream import AnthropicReader, AnthropicWriter
from masthead.providers.dialects.as_functions import OwnCalls, told_names, with_functions, with_own_calls
from masthead.providers.dialects.bedrock import reply as bedrock_reply
from masthead.providers.dialects.bedrock import write_request as bedrock_out
from masthead.providers.dialects.bedrock.stream import BedrockReader
from masthead.providers.dialects.dialect import Dialect, Loss, Losses, refused
from masthead.providers.dialects.errors import ErrorReply, translated_error
from masthead.providers.dialects.events import Assembler, Broke, Envelope, Piece, Reader, Writer
from masthead.providers.dialects.form import Reply, Request
from masthead.providers.dialects.gemini import reply as gemini_reply
from masthead.providers.dialects.gemini import write_request as gemini_out
from masthead.providers.dialects.gemini.stream import GeminiReader
from masthead.providers.dialects.openai_chat import read_request as chat_in
from masthead.providers.dialects.openai_chat import reply as chat_reply
from masthead.providers.dialects.openai_chat import write_request as chat_out
from masthead.providers.dialects.openai_chat.stream import ChatReader, ChatWriter
from masthead.providers.dialects.openai_responses import read_request as responses_in
from masthead.providers.dialects.openai_responses import reply as responses_reply
from masthead.providers.dialects.openai_responses import write_request as responses_out
from masthead.providers.dialects.openai_responses.read_stream import ResponsesReader
from masthead.providers.dialects.openai_responses.write_stream import ResponsesWriter

_READ_REQUEST: Final[Mapping[Dialect, Callable[[Mapping[str, Any], Losses], Request]]] = {
    Dialect.OPENAI_CHAT: chat_in.read,
    Dialect.OPENAI_RESPONSES: responses_in.read,
    Dialect.ANTHROPIC: anthropic_in.read,
}
_WRONG_SHAPES: Final = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)
_TOO_SOON: Final = "the upstream's stream ended before the answer was finished"
_GARBAGE: Final = (*_WRONG_SHAPES, InvalidInput)
"""What reading JSON of the wrong shapes raises: an upstream may send anything."""


def translate(
    body: Mapping[str, Any],
    *,
    source: Dialect,
    target: Dialect,
    model: str,
    reply_id: str,
    now_s: int,
    limit_field: str = "max_completion_tokens",
    default_output_tokens: int | None = None,
) -> "Translation":
    """Return the call with its body for the target.

    `model` is what the target calls the model. `reply_id` names the answer where the upstream does not; `now_s` is the
    time to write into it. `limit_field` is what a target of chat completions calls the limit of output tokens, and
    `default_output_tokens` the limit to set for a target that wants one where the caller gave none.

    Raises:
        InvalidInput: the body is wrong, or asks for what the target's dialect cannot say; `where` names the field.
    """
    read = _READ_REQUEST.get(source)
    if read is None:
        raise refused("source", f"no caller speaks {source.value}")
    losses = Losses()
    try:
        request = read({**body, "model": model}, losses)
    except _WRONG_SHAPES as error:
        raise refused("body", f"the request is not of the form of {source.value}: {error}") from error
    told = request if target is Dialect.OPENAI_RESPONSES else with_functions(request, losses)
    return Translation(
        request=request,
        source=source,
        target=target,
        losses=losses,
        envelope=Envelope(id=reply_id, model=model, now_s=now_s, request=request),
        body=_written(told, target, losses, limit_field, default_output_tokens),
    )


def _written(
    request: Request, target: Dialect, losses: Losses, limit_field: str, default_output_tokens: int | None
) -> dict[str, Any]:
    match target:
        case Dialect.OPENAI_CHAT:
            return chat_out.write(request, losses, limit_field=limit_field)
        case Dialect.OPENAI_RESPONSES:
            return responses_out.write(request, losses)
        case Dialect.ANTHROPIC:
            return anthropic_out.write(request, losses, default_output_tokens=default_output_tokens)
        case Dialect.GEMINI:
            return gemini_out.write(request, losses)
        case Dialect.BEDROCK:
            return bedrock_out.write(request, losses)


class Translation:
    """A call on its way. `body` goes to the target; `losses` grows while the answer is read."""

    def __init__(
        self, *, request: Request, source: Dialect, target: Dialect, losses: Losses, envelope: Envelope,
        body: dict[str, Any],
    ) -> None:  # fmt: skip
        self.body = body
        self.request = request
        self.usage: Usage | None = None
        """Tokens of the answer, once it was read."""
        self._source, self._target = source, target
        self._losses = losses
        self._envelope = envelope
        self._names = told_names(request)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What could not be carried so far, in order, each field once."""
        return self._losses.all()

    def reply(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer in the caller's dialect.

        Raises:
            UpstreamError: the answer is not of the target's dialect.
        """
        try:
            reply = read_reply(self._target, answer, self._losses, reply_id=self._envelope.id)
        except _GARBAGE as error:
            raise UpstreamError(f"the upstream's answer is no {self._target.value}: {error}") from error
        self.usage = reply.usage
        return self.write(with_own_calls(reply, self._names, self._losses))

    def write(self, reply: Reply) -> dict[str, Any]:
        """Return an answer in the caller's dialect."""
        named = Reply(
            id=reply.id or self._envelope.id, model=reply.model or self._envelope.model, parts=reply.parts,
            stop=reply.stop, stop_sequence=reply.stop_sequence, usage=reply.usage, service_tier=reply.service_tier,
        )  # fmt: skip
        if self._source == Dialect.OPENAI_RESPONSES:
            return responses_reply.write(named, self._losses, self._envelope)
        write = chat_reply.write if self._source == Dialect.OPENAI_CHAT else anthropic_reply.write
        return write(named, self._losses, now_s=self._envelope.now_s)

    def error(self, status: int, body: bytes) -> ErrorReply:
        """Return an upstream's failure in the caller's dialect, with the status to answer."""
        return translated_error(self._source, self._target, status, body)

    def stream(self) -> "Stream":
        """Return the translator of a streamed answer."""
        reader = reader_of(self._target, self._losses, reply_id=self._envelope.id)
        writer: Writer
        match self._source:
            case Dialect.OPENAI_RESPONSES:
                writer = ResponsesWriter(self._envelope, self._losses)
            case Dialect.ANTHROPIC:
                writer = AnthropicWriter(self._envelope, self._losses)
            case _:
                writer = ChatWriter(self._envelope, self._losses)
        return Stream(reader, writer, self, OwnCalls(self._names, self._losses))


def read_reply(dialect: Dialect, answer: Mapping[str, Any], losses: Losses, *, reply_id: str) -> Reply:
    """Return what an answer of a dialect says."""
    match dialect:
        case Dialect.OPENAI_CHAT:
            return chat_reply.read(answer, losses)
        case Dialect.OPENAI_RESPONSES:
            return responses_reply.read(answer, losses)
        case Dialect.ANTHROPIC:
            return anthropic_reply.read(answer, losses)
        case Dialect.GEMINI:
            return gemini_reply.read(answer, losses, reply_id=reply_id)
        case Dialect.BEDROCK:
            return bedrock_reply.read(answer, losses, reply_id=reply_id)


def reader_of(dialect: Dialect, losses: Losses, *, reply_id: str) -> Reader:
    """Return the reader of a dialect's streams."""
    match dialect:
        case Dialect.OPENAI_CHAT:
            return ChatReader(losses)
        case Dialect.OPENAI_RESPONSES:
            return ResponsesReader(losses)
        case Dialect.ANTHROPIC:
            return AnthropicReader(losses)
        case Dialect.GEMINI:
            return GeminiReader(losses, reply_id)
        case Dialect.BEDROCK:
            return BedrockReader(losses)


class Stream:
    """A streamed answer on its way: bytes of the target's dialect in, bytes of the caller's out."""

    def __init__(self, reader: Reader, writer: Writer, call: Translation, calls: OwnCalls) -> None:
        self._reader = reader
        self._calls = calls
        self._writer = writer
        self._call = call
        self._assembler = Assembler()
        self.is_ended = False
        """Whether the caller has been told the end: nothing is written after it."""

    @property
    def usage(self) -> Usage | None:
        """Tokens as counted so far."""
        return self._assembler.usage

    @property
    def failed(self) -> str | None:
        """Why the answer broke off, None where it did not."""
        return None if self._assembler.broke is None else self._assembler.broke.message

    @property
    def has_stopped(self) -> bool:
        """Whether the model said that it stopped: an end after it is no failure."""
        return self._assembler.is_stopped

    def reply(self) -> dict[str, Any]:
        """Return the answer put together so far, in the caller's dialect."""
        return self._call.write(self._assembled())

    def feed(self, data: bytes) -> bytes:
        """Take the upstream's next bytes; return what the caller is told."""
        if self.is_ended:
            return b""
        events: list[sse.Event] = []
        try:
            for told in self._reader.feed(data):
                for piece in self._calls.take(told):
                    events += self._take(piece)
        except _GARBAGE as error:
            events += self._broken(Broke(f"the upstream's stream cannot be read: {error}"))
        return b"".join(map(sse.write, events))

    def close(self, reason: str | None = None) -> bytes:
        """Say that the upstream has ended; return the caller's last bytes.

        An end without the model having stopped, or with a `reason`, is told as an error, never as a finished answer.
        """
        if self.is_ended:
            return b""
        if reason is None and self._assembler.is_stopped:
            try:
                return b"".join(map(sse.write, self._finish()))
            except _GARBAGE as error:
                reason = f"the upstream's stream cannot be read: {error}"
        broke = Broke(reason or _TOO_SOON, 502)
        return b"".join(map(sse.write, self._broken(broke)))

    def _take(self, piece: Piece) -> list[sse.Event]:
        if self.is_ended:
            return []
        if isinstance(piece, Broke):
            return self._broken(piece)
        self._assembler.take(piece)
        if self._assembler.is_done:
            return self._broken(Broke(_TOO_SOON, 502)) if self._assembler.is_empty else self._finish()
        return self._writer.write(piece)

    def _broken(self, broke: Broke) -> list[sse.Event]:
        if self.is_ended:
            return []
        self.is_ended = True
        self._assembler.take(broke)
        try:
            return self._writer.fail(broke, self._assembled())
        except _GARBAGE:  # what came before cannot be told
            return self._writer.fail(broke, Reply(id="", model="", parts=(), stop=None))

    def _finish(self) -> list[sse.Event]:
        events = self._writer.finish(self._assembled())
        self.is_ended = True
        self._call.usage = self._assembler.usage
        return events

    def _assembled(self) -> Reply:
        return self._assembler.reply(id="", model="")
