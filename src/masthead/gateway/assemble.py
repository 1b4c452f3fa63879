"""Streams put together into the body that the same call would have had without streaming, one function a dialect.

Total: an event that is no JSON, or not of the shape it should have, is skipped; a field that is not known to grow is
taken from the last event that has it.
"""

from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec

from masthead.providers.sse import Parser

Body = dict[str, Any]
_OBJECT: Final = msgspec.json.Decoder(Body)


def events_in(stream: bytes) -> Iterator[Body]:
    """Yield the JSON object of every event that holds one."""
    for event in Parser().feed(stream):
        if event.data == b"[DONE]":
            continue
        try:
            yield _OBJECT.decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue


def assembled_chat(stream: bytes) -> Body | None:
    """Return a chat completion."""
    body: Body = {}
    choices: dict[int, Body] = {}
    for chunk in events_in(stream):
        for name, value in chunk.items():
            if name != "choices" and value is not None:
                body[name] = value
        for piece in _objects(chunk.get("choices")):
            at = piece.get("index")
            index = at if isinstance(at, int) else 0
            _add_choice(choices.setdefault(index, {"index": index, "message": {}, "finish_reason": None}), piece)
    if not body and not choices:
        return None
    body["object"] = "chat.completion"
    body["choices"] = [choices[index] for index in sorted(choices)]
    return body


def _add_choice(choice: Body, piece: Body) -> None:
    message: Body = choice["message"]
    for name, value in (_object(piece.get("delta")) or {}).items():
        if value is None:
            message.setdefault(name, None)
        elif name == "tool_calls":
            _add_calls(_list_in(message, "tool_calls"), _objects(value))
        elif name == "function_call":
            message[name] = _object(message.get(name)) or {}
            _add_function(message[name], _object(value) or {})
        elif (isinstance(value, str) and name != "role" and isinstance(message.get(name), str)) or (
            isinstance(value, list) and isinstance(message.get(name), list)
        ):
            message[name] += value
        else:
            message[name] = value
    if piece.get("finish_reason") is not None:
        choice["finish_reason"] = piece["finish_reason"]


def _add_calls(calls: list[Body], pieces: list[Body]) -> None:
    for piece in pieces:
        index = piece.get("index")
        if index is None:
            index = len(calls) - 1 if calls and not piece.get("id") else len(calls)
        found = next((one for one in calls if one.get("index") == index), None)
        call: Body = found if found is not None else {"index": index, "type": "function", "function": {}}
        if found is None:
            calls.append(call)
        for name, value in piece.items():
            if name == "function":
                _add_function(call.setdefault(name, {}), _object(value) or {})
            elif name == "custom":
                call.pop("function", None)
                _add_function(call.setdefault(name, {}), _object(value) or {})
            elif value is not None:
                call[name] = value


def _add_function(function: Body, piece: Body) -> None:
    for name, value in piece.items():
        if name in {"arguments", "input"} and isinstance(value, str):
            function[name] = _text(function.get(name)) + value
        elif value is not None:
            function[name] = value


_GIVEN: Final = {
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
}
_WHOLE_RESPONSE: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


def assembled_response(stream: bytes) -> Body | None:
    """Return a response: the whole one that its last event holds, or what the others tell of it."""
    begun: Body | None = None
    items: dict[int, Body] = {}
    for event in events_in(stream):
        kind = _text(event.get("type"))
        inner = _object(event.get("response"))
        if inner is not None:
            if kind in _WHOLE_RESPONSE:
                return inner
            begun = inner
        at = event.get("output_index")
        index = at if isinstance(at, int) else 0
        item = _object(event.get("item"))
        delta = event.get("delta")
        if item is not None:
            items[index] = item
        elif kind == "response.output_text.delta" and isinstance(delta, str):
            _add_output_text(items.setdefault(index, {"type": "message", "role": "assistant", "content": []}), delta)
        elif kind in _GIVEN and isinstance(delta, str) and index in items:
            given = _GIVEN[kind]
            items[index][given] = _text(items[index].get(given)) + delta
    if begun is None and not items:
        return None
    return {**(begun or {}), "status": "incomplete", "output": [items[index] for index in sorted(items)]}


def _add_output_text(item: Body, delta: str) -> None:
    content = _list_in(item, "content")
    if not content or _object(content[-1]) is None:
        content.append({"type": "output_text", "text": ""})
    content[-1]["text"] = _text(content[-1].get("text")) + delta


def assembled_message(stream: bytes) -> Body | None:
    """Return an Anthropic message."""
    body: Body | None = None
    blocks: dict[int, Body] = {}
    inputs: dict[int, str] = {}
    for event in events_in(stream):
        at = event.get("index")
        index = at if isinstance(at, int) else 0
        delta = _object(event.get("delta")) or {}
        match event.get("type"):
            case "message_start":
                body = dict(_object(event.get("message")) or {})
            case "content_block_start":
                blocks[index] = dict(_object(event.get("content_block")) or {})
            case "content_block_delta":
                _add_block(blocks.setdefault(index, {"type": "text", "text": ""}), delta, inputs, index)
            case "message_delta":
                body = {**(body or {}), **delta}
                body["usage"] = {**(_object(body.get("usage")) or {}), **(_object(event.get("usage")) or {})}
            case _:
                pass
    if body is None and not blocks:
        return None
    for index, text in inputs.items():
        blocks[index]["input"] = _json(text)
    return {
        **(body or {"type": "message", "role": "assistant"}),
        "content": [blocks[index] for index in sorted(blocks)],
    }


_GROWING: Final = ("text", "thinking", "signature")


def _add_block(block: Body, delta: Body, inputs: dict[int, str], index: int) -> None:
    for name in _GROWING:
        if isinstance(delta.get(name), str):
            block[name] = _text(block.get(name)) + delta[name]
    if isinstance(delta.get("partial_json"), str):
        inputs[index] = inputs.get(index, "") + delta["partial_json"]
    if delta.get("citation") is not None:
        _list_in(block, "citations").append(delta["citation"])


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text) if text else {}
    except (msgspec.DecodeError, RecursionError):
        return text


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list_in(holder: Body, name: str) -> list[Any]:
    """Return the list in a member, a new one where it holds none: vendors begin many with null."""
    found = holder.get(name)
    if not isinstance(found, list):
        found = holder[name] = []
    return cast("list[Any]", found)


def _object(value: object) -> Body | None:
    return cast("Body", value) if isinstance(value, dict) else None


def _objects(value: object) -> list[Body]:
    if not isinstance(value, list):
        return []
    return [cast("Body", one) for one in cast("list[object]", value) if isinstance(one, dict)]
