"""The long tail: vendors that speak no dialect of ours, reached through `any-llm-sdk` in a process of its own.

The bridge speaks OpenAI's chat completions and embeddings on the loopback, so a gateway reaches it as any other vendor
of that dialect, with its own timeouts, budgets and records; what the SDKs behind any-llm bring stays out of it.
A model is named `VENDOR/MODEL`; each vendor's key is where any-llm looks for it (the vendor's environment variable).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, NamedTuple, Protocol

from masthead.model.errors import InvalidInput
from masthead.providers.dialects.dialect import Dialect, Losses
from masthead.providers.dialects.errors import error_body
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.json_text import decoded, encoded
from masthead.providers.sse import Event, write

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_MOST_BYTES: Final = 64 * 1024 * 1024
_CHAT: Final = frozenset(
    {
        "messages", "tools", "tool_choice", "temperature", "top_p", "max_tokens", "max_completion_tokens",
        "response_format", "stream", "stream_options", "stop", "seed", "n", "presence_penalty", "frequency_penalty",
        "user", "parallel_tool_calls", "logprobs", "top_logprobs", "logit_bias", "reasoning_effort",
    }
)  # fmt: skip
"""What is passed on. Nothing else is: any-llm also takes addresses and keys, which a caller must not set."""


class Vendors(Protocol):
    """What is used of any-llm."""

    async def acompletion(self, *, provider: str, model: str, **asked: Any) -> Any:
        """Return a completion, or an iterator of chunks where a stream is asked for."""
        ...

    async def aembedding(self, *, provider: str, model: str, inputs: Any) -> Any:
        """Return embeddings."""
        ...


class _Refused(NamedTuple):
    status: int
    message: str


class Bridge:
    """The ASGI application."""

    def __init__(self, vendors: Vendors) -> None:
        self._vendors = vendors

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        answers = {"/v1/chat/completions": self._chat, "/v1/embeddings": self._embed}
        answer = answers.get(scope["path"])
        if answer is None or scope["method"] != "POST":
            await _say(send, 404, error_body(Dialect.OPENAI_CHAT, 404, "the bridge answers chat and embeddings alone"))
            return
        try:
            body = decoded(await _body(receive))
            if body is None:
                raise InvalidInput("the body is no JSON object")
            await answer(body, receive, send)
        except InvalidInput as error:
            await _say(send, 400, error_body(Dialect.OPENAI_CHAT, 400, str(error), param=error.where))
        except Exception as error:  # noqa: BLE001 - the edge of a request, and fifty SDKs behind it
            failed = _failure(error)
            await _say(send, failed.status, error_body(Dialect.OPENAI_CHAT, failed.status, failed.message))

    async def _chat(self, body: Mapping[str, Any], receive: Receive, send: Send) -> None:
        provider, model = _named(body)
        asked = {name: value for name, value in body.items() if name != "model" and value is not None}
        unknown = sorted(asked.keys() - _CHAT)
        if unknown:
            raise InvalidInput("the bridge does not pass it on", where=unknown[0])
        answer = await self._vendors.acompletion(provider=provider, model=model, **asked)
        if not asked.get("stream"):
            await _say(send, 200, _plain(answer))
            return
        telling = asyncio.ensure_future(_stream(answer, send))
        leaving = asyncio.ensure_future(_left(receive))
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (telling, leaving):
            task.cancel()
        await asyncio.gather(telling, leaving, return_exceptions=True)

    async def _embed(self, body: Mapping[str, Any], receive: Receive, send: Send) -> None:
        _ = receive
        provider, model = _named(body)
        answer = await self._vendors.aembedding(provider=provider, model=model, inputs=body.get("input"))
        await _say(send, 200, _plain(answer))


def _named(body: Mapping[str, Any]) -> tuple[str, str]:
    named = Fields(body, "", Losses()).required_text("model")
    provider, slash, model = named.partition("/")
    if not slash or not model:
        raise InvalidInput(f"a model is named VENDOR/MODEL, not {named!r}", where="model")
    return provider, model


def _failure(error: Exception) -> _Refused:
    status = getattr(error, "status_code", None)
    known = {"RateLimitError": 429, "AuthenticationError": 401, "InvalidRequestError": 400, "ModelNotFoundError": 404}
    known["UnsupportedProviderError"] = 404
    if not isinstance(status, int) or not 400 <= status < 600:
        status = known.get(type(error).__name__, 502)
    return _Refused(status, str(error) or type(error).__name__)


def _plain(answer: Any) -> dict[str, Any]:
    """Return an answer of any-llm's types (pydantic) as JSON data."""
    return answer.model_dump(mode="json", exclude_none=True)


async def _stream(chunks: AsyncIterator[Any], send: Send) -> None:
    head = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    try:
        async for chunk in chunks:
            data = write(Event(encoded(_plain(chunk))))
            await send({"type": "http.response.body", "body": data, "more_body": True})
        last = write(Event(b"[DONE]"))
    except Exception as error:  # noqa: BLE001 - the edge of a stream: its failure is told in it
        failed = _failure(error)
        last = write(Event(encoded(error_body(Dialect.OPENAI_CHAT, failed.status, failed.message))))
    await send({"type": "http.response.body", "body": last, "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes:
    data = bytearray()
    while True:
        message = await receive()
        data += message.get("body", b"")
        if len(data) > _MOST_BYTES:
            raise InvalidInput(f"the body is over {_MOST_BYTES} bytes")
        if not message.get("more_body"):
            return bytes(data)


async def _say(send: Send, status: int, body: Mapping[str, Any]) -> None:
    data = encoded(body)
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": data, "more_body": False})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
