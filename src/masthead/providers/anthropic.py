"""Anthropic's messages dialect. A schema is asked for as the one tool that must be called."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx
import msgspec

from masthead.model.ports import ChatReply, ChatRequest
from masthead.model.reading import Message, ToolCall, Usage
from masthead.providers.http import post_events, post_json

_VERSION: Final = "2023-06-01"
_ANSWER: Final = "answer"
_DEFAULT_OUTPUT_TOKENS: Final = 2048


class AnthropicModel:
    """A `ChatModel` behind Anthropic's API. Asking it costs what the endpoint charges."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, api_key: str | None) -> None:
        self._client = client
        self._url = f"{base_url.rstrip('/').removesuffix('/v1')}/v1/messages"
        self._headers = {"anthropic-version": _VERSION} | ({"x-api-key": api_key} if api_key else {})

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the answer; where a schema was asked for, its text is the JSON.

        Raises:
            Overloaded: the endpoint is still busy after the last try.
            UpstreamError: it cannot be reached, refused the request, or answered nonsense.
        """
        answer = await post_json(self._client, self._url, _body(request), self._headers)
        blocks: list[Mapping[str, Any]] = answer.get("content") or []
        calls = [block for block in blocks if block.get("type") == "tool_use"]
        text = "".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")
        if request.schema is not None and calls:
            text, calls = msgspec.json.encode(calls[0].get("input")).decode(), []
        thinking = "".join(str(block.get("thinking", "")) for block in blocks if block.get("type") == "thinking")
        message = Message(
            role="assistant", text=text, reasoning=thinking or None, tool_calls=tuple(_tool_call(c) for c in calls)
        )
        return ChatReply(
            message=message,
            model=str(answer.get("model") or request.model),
            usage=_usage(answer.get("usage") or {}),
            finish_reason=answer.get("stop_reason"),
        )

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        """Yield the answer's text as it comes.

        Raises:
            UpstreamError: the endpoint cannot be reached, refused the request, or broke off.
        """
        body = _body(request) | {"stream": True}
        async for event in post_events(self._client, self._url, body, self._headers):
            delta: Mapping[str, Any] = event.get("delta") or {}
            text = delta.get("text") or delta.get("partial_json")
            if event.get("type") == "content_block_delta" and text:
                yield text


def _body(request: ChatRequest) -> dict[str, Any]:
    system = "\n\n".join(message.text for message in request.messages if message.role == "system")
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens or _DEFAULT_OUTPUT_TOKENS,
        "messages": [_message(message) for message in request.messages if message.role != "system"],
    }
    if system:
        body["system"] = system
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.schema is not None:
        tool = {"name": _ANSWER, "description": "Give the answer.", "input_schema": request.schema}
        body |= {"tools": [tool], "tool_choice": {"type": "tool", "name": _ANSWER}}
    return body


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        block = {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.text}
        return {"role": "user", "content": [block]}
    blocks: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text else []
    for call in message.tool_calls:
        arguments = msgspec.json.decode(call.arguments or "{}")
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": arguments})
    return {"role": message.role, "content": blocks}


def _tool_call(block: Mapping[str, Any]) -> ToolCall:
    arguments = msgspec.json.encode(block.get("input")).decode()
    return ToolCall(id=block.get("id"), name=str(block.get("name", "")), arguments=arguments)


def _usage(usage: Mapping[str, Any]) -> Usage:
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    fresh = usage.get("input_tokens")
    return Usage(
        input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        output_tokens=usage.get("output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
