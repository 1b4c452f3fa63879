"""OpenAI's chat completions dialect, which most vendors and local servers speak."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import httpx

from masthead.model.errors import UpstreamError
from masthead.model.ports import ChatReply, ChatRequest
from masthead.model.reading import Message, ToolCall, Usage
from masthead.providers.http import post_events, post_json


class OpenAIModel:
    """A `ChatModel` behind an OpenAI-compatible endpoint. Asking it costs what the endpoint charges."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, api_key: str | None) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the answer.

        Raises:
            Overloaded: the endpoint is still busy after the last try.
            UpstreamError: it cannot be reached, refused the request, or answered nonsense.
        """
        answer = await post_json(self._client, self._url, _body(request), self._headers)
        try:
            choice = answer["choices"][0]
            told = choice["message"]
        except (KeyError, IndexError, TypeError) as error:
            raise UpstreamError(f"{self._url} answered without a choice: {str(answer)[:200]}") from error
        message = Message(
            role="assistant",
            text=told.get("content") or "",
            reasoning=told.get("reasoning_content") or told.get("reasoning"),
            tool_calls=tuple(_tool_call(call) for call in told.get("tool_calls") or ()),
        )
        return ChatReply(
            message=message,
            model=str(answer.get("model") or request.model),
            usage=_usage(answer.get("usage") or {}),
            finish_reason=choice.get("finish_reason"),
        )

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        """Yield the answer's text as it comes.

        Raises:
            UpstreamError: the endpoint cannot be reached, refused the request, or broke off.
        """
        body = _body(request) | {"stream": True}
        async for event in post_events(self._client, self._url, body, self._headers):
            for choice in event.get("choices") or ():
                text = _inner(choice, "delta").get("content")
                if text:
                    yield text


def _body(request: ChatRequest) -> dict[str, Any]:
    body: dict[str, Any] = {"model": request.model, "messages": [_message(m) for m in request.messages]}
    if request.schema is not None:
        schema = {"name": "answer", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    optional = {"max_tokens": request.max_output_tokens, "temperature": request.temperature, "seed": request.seed}
    return body | {name: value for name, value in optional.items() if value is not None}


def _message(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        body["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        body["tool_call_id"] = message.tool_call_id
    return body


def _tool_call(call: Mapping[str, Any]) -> ToolCall:
    function = cast("Mapping[str, Any]", call.get("function") or {})
    return ToolCall(id=call.get("id"), name=str(function.get("name", "")), arguments=str(function.get("arguments", "")))


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        cache_read_tokens=_inner(usage, "prompt_tokens_details").get("cached_tokens"),
        reasoning_tokens=_inner(usage, "completion_tokens_details").get("reasoning_tokens"),
    )


def _inner(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner: Mapping[str, Any] | None = holder.get(key)
    return inner or {}
