"""Answers of a model in pieces of one's choice, as streams of each dialect, and what a client makes of a stream."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from masthead.gateway.assemble import assembled_chat, assembled_message, assembled_response, events_in
from masthead.providers.dialects import Dialect

DIALECTS = (Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC)
PATHS: Mapping[Dialect, str] = {
    Dialect.OPENAI_CHAT: "/v1/chat/completions",
    Dialect.OPENAI_RESPONSES: "/v1/responses",
    Dialect.ANTHROPIC: "/v1/messages",
}


class Got(NamedTuple):
    """What a client got: put together piece by piece, and as the stream itself tells it in whole."""

    text: str
    arguments: str
    finish: str | None
    is_error: bool
    whole_text: str
    whole_arguments: Any


def streamed(dialect: Dialect, texts: Sequence[str] = (), arguments: Sequence[str] = ()) -> bytes:
    """Return a stream of a text, and of a call of the tool `send` where there are arguments."""
    match dialect:
        case Dialect.OPENAI_RESPONSES:
            return _responses(texts, arguments)
        case Dialect.ANTHROPIC:
            return _messages(texts, arguments)
        case _:
            return _chat(texts, arguments)


def whole(dialect: Dialect, text: str | None = None, arguments: str | None = None) -> dict[str, Any]:
    """Return the same answer as one body."""
    match dialect:
        case Dialect.OPENAI_RESPONSES:
            return {"id": "r1", "object": "response", "status": "completed", "output": _items(text, arguments)}
        case Dialect.ANTHROPIC:
            blocks: list[Any] = [] if text is None else [{"type": "text", "text": text}]
            if arguments is not None:
                blocks.append({"type": "tool_use", "id": "t1", "name": "send", "input": json.loads(arguments)})
            return {"type": "message", "role": "assistant", "content": blocks, "stop_reason": "end_turn"}
        case _:
            message: dict[str, Any] = {"role": "assistant", "content": text}
            if arguments is not None:
                function = {"name": "send", "arguments": arguments}
                message["tool_calls"] = [{"id": "t1", "type": "function", "function": function}]
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return {"id": "c1", "object": "chat.completion", "choices": [choice]}


def got(dialect: Dialect, stream: bytes) -> Got:
    """Return what a client of the dialect makes of a stream."""
    events = list(events_in(stream))
    is_error = any("error" in event or event.get("type") == "error" for event in events)
    match dialect:
        case Dialect.OPENAI_RESPONSES:
            text = _deltas(events, "response.output_text.delta")
            arguments = _deltas(events, "response.function_call_arguments.delta")
            body = assembled_response(stream) or {}
            items = {item["type"]: item for item in body.get("output", [])}
            told = "".join(part["text"] for part in items.get("message", {}).get("content", []))
            told_arguments = items.get("function_call", {}).get("arguments", "")
            return Got(text, arguments, body.get("status"), is_error, told, told_arguments)
        case Dialect.ANTHROPIC:
            deltas = [event["delta"] for event in events if event.get("type") == "content_block_delta"]
            body = assembled_message(stream) or {}
            blocks = {block["type"]: block for block in body.get("content", [])}
            return Got(
                "".join(one.get("text", "") for one in deltas),
                "".join(one.get("partial_json", "") for one in deltas),
                body.get("stop_reason"),
                is_error,
                blocks.get("text", {}).get("text", ""),
                blocks.get("tool_use", {}).get("input"),
            )
        case _:
            body = assembled_chat(stream) or {}
            choice: dict[str, Any] = body["choices"][0] if body.get("choices") else {}
            message: dict[str, Any] = choice.get("message", {})
            calls: list[dict[str, Any]] = message.get("tool_calls") or [{"function": {"arguments": ""}}]
            text, arguments = message.get("content") or "", calls[0]["function"].get("arguments", "")
            return Got(text, arguments, choice.get("finish_reason"), is_error, text, arguments)


def _deltas(events: Sequence[Mapping[str, Any]], kind: str) -> str:
    return "".join(event["delta"] for event in events if event.get("type") == kind)


def _chat(texts: Sequence[str], arguments: Sequence[str]) -> bytes:
    deltas: list[Any] = [{"role": "assistant", "content": ""}, *({"content": text} for text in texts)]
    if arguments:
        call = {"index": 0, "id": "t1", "type": "function", "function": {"name": "send", "arguments": ""}}
        deltas.append({"tool_calls": [call]})
        deltas += ({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in arguments)
    choices: list[Any] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "tool_calls" if arguments else "stop"})
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks = (json.dumps({**head, "choices": [choice]}).encode() for choice in choices)
    return b"".join(b"data: " + chunk + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def _items(text: str | None, arguments: str | None) -> list[Any]:
    items: list[Any] = []
    if text is not None:
        part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
        items.append({"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [part]})
    if arguments is not None:
        call = {"type": "function_call", "id": "f1", "call_id": "t1", "name": "send", "status": "completed"}
        items.append({**call, "arguments": arguments})
    return items


def _responses(texts: Sequence[str], arguments: Sequence[str]) -> bytes:
    text, made = "".join(texts) if texts else None, "".join(arguments) if arguments else None
    begun: dict[str, Any] = {"id": "r1", "object": "response", "status": "in_progress", "output": []}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for at, item in enumerate(_items(text, made)):
        events += _item_events(at, item, texts, arguments)
    done = whole(Dialect.OPENAI_RESPONSES, text, made)
    events.append({"type": "response.completed", "response": done})
    return b"".join(_named({**event, "sequence_number": number}) for number, event in enumerate(events))


def _item_events(at: int, item: dict[str, Any], texts: Sequence[str], arguments: Sequence[str]) -> list[dict[str, Any]]:
    place: dict[str, Any] = {"item_id": item["id"], "output_index": at}
    if item["type"] == "message":
        place["content_index"] = 0
        kind, pieces = "response.output_text", texts
        empty: dict[str, Any] = {**item, "content": [], "status": "in_progress"}
        part = item["content"][0]
        begin: list[dict[str, Any]] = [{"type": "response.content_part.added", **place, "part": {**part, "text": ""}}]
        end: list[dict[str, Any]] = [{"type": "response.content_part.done", **place, "part": part}]
        told: dict[str, Any] = {"text": part["text"], "logprobs": []}
    else:
        kind, pieces = "response.function_call_arguments", arguments
        empty, begin, end = {**item, "arguments": "", "status": "in_progress"}, [], []
        told = {"arguments": item["arguments"]}
    return [
        {"type": "response.output_item.added", "output_index": at, "item": empty},
        *begin,
        *({"type": f"{kind}.delta", **place, "delta": piece} for piece in pieces),
        {"type": f"{kind}.done", **place, **told},
        *end,
        {"type": "response.output_item.done", "output_index": at, "item": item},
    ]


def _messages(texts: Sequence[str], arguments: Sequence[str]) -> bytes:
    message: dict[str, Any] = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": []}
    usage = {"input_tokens": 3, "output_tokens": 1}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {**message, "usage": usage}}]
    tool: dict[str, Any] = {"type": "tool_use", "id": "t1", "name": "send", "input": {}}
    blocks: list[tuple[dict[str, Any], str, str, Sequence[str]]] = [
        ({"type": "text", "text": ""}, "text_delta", "text", texts),
        (tool, "input_json_delta", "partial_json", arguments),
    ]
    for at, (block, kind, key, pieces) in enumerate(one for one in blocks if one[3]):
        events.append({"type": "content_block_start", "index": at, "content_block": block})
        events += (
            {"type": "content_block_delta", "index": at, "delta": {"type": kind, key: piece}} for piece in pieces
        )
        events.append({"type": "content_block_stop", "index": at})
    stop = {"stop_reason": "tool_use" if arguments else "end_turn", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 9}})
    return b"".join(map(_named, [*events, {"type": "message_stop"}]))


def _named(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
