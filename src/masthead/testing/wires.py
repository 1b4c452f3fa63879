"""One answer of a model as each dialect puts it on the wire, whole and streamed, written down from the vendors' pages.

The answer thinks "Let me look.", says "It is 4 °C.", calls `look` twice (Oslo, Bergen) and stops for the tools. It took
1,000 tokens in, 600 of them read from a cache, and 50 out, 20 of them thought.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from masthead.providers.dialects import Dialect
from masthead.providers.dialects.bedrock.event_stream import Message
from masthead.providers.dialects.bedrock.event_stream import write as framed

THOUGHT: Final = "Let me look."
TEXT: Final = "It is 4 °C."
CALLS: Final = (("call_a", "look", '{"city":"Oslo"}'), ("call_b", "look", '{"city":"Bergen"}'))
Calls = Sequence[tuple[str, str, str]]
"""Calls of tools: the id, the name and the arguments. What is no JSON object is the input of a free-form tool."""
_GIVEN: Final = {"function_call": "arguments", "custom_tool_call": "input"}
_CHAT_USAGE: Final = {
    "prompt_tokens": 1000,
    "completion_tokens": 50,
    "total_tokens": 1050,
    "prompt_tokens_details": {"cached_tokens": 600},
    "completion_tokens_details": {"reasoning_tokens": 20},
}
_RESPONSES_USAGE: Final = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 600},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 1050,
}
_ANTHROPIC_USAGE: Final = {
    "input_tokens": 400,
    "cache_read_input_tokens": 600,
    "cache_creation_input_tokens": 0,
    "output_tokens": 50,
    "output_tokens_details": {"thinking_tokens": 20},
}
_GEMINI_USAGE: Final = {
    "promptTokenCount": 1000,
    "cachedContentTokenCount": 600,
    "candidatesTokenCount": 30,
    "thoughtsTokenCount": 20,
    "totalTokenCount": 1050,
}
_BEDROCK_USAGE: Final = {
    "inputTokens": 400,
    "cacheReadInputTokens": 600,
    "cacheWriteInputTokens": 0,
    "outputTokens": 50,
    "totalTokens": 1050,
}


def answer(dialect: Dialect, calls: Calls = CALLS) -> dict[str, Any]:
    """Return the whole answer."""
    match dialect:
        case Dialect.OPENAI_CHAT:
            return _chat(calls)
        case Dialect.OPENAI_RESPONSES:
            return _responses(output=_responses_items(calls))
        case Dialect.ANTHROPIC:
            return _anthropic(_anthropic_blocks(calls))
        case Dialect.GEMINI:
            return _gemini(*_gemini_parts(calls), finish="STOP")
        case Dialect.BEDROCK:
            return _bedrock(calls)


def stream(dialect: Dialect, calls: Calls = CALLS) -> bytes:
    """Return the same answer streamed."""
    match dialect:
        case Dialect.OPENAI_CHAT:
            return b"".join(_data(chunk) for chunk in _chat_chunks(calls)) + b"data: [DONE]\n\n"
        case Dialect.OPENAI_RESPONSES:
            return b"".join(_named(event) for event in _responses_events(calls))
        case Dialect.ANTHROPIC:
            return b"".join(_named(event) for event in _anthropic_events(calls))
        case Dialect.GEMINI:
            return b"".join(_data(chunk, end=b"\r\n\r\n") for chunk in _gemini_chunks(calls))
        case Dialect.BEDROCK:
            return b"".join(bedrock_event(name, body) for name, body in _bedrock_events(calls))


def _is_freeform(arguments: str) -> bool:
    return not arguments.startswith("{")


def _data(body: object, *, end: bytes = b"\n\n") -> bytes:
    return b"data: " + json.dumps(body, ensure_ascii=False).encode() + end


def _named(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\n".encode() + _data(event)


def bedrock_event(name: str, body: object, *, kind: str = "event") -> bytes:
    """Return one framed event of Bedrock's; `kind` is `event` or `exception`."""
    headers = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    return framed(Message(headers, json.dumps(body).encode()))


def _chat(calls: Calls) -> dict[str, Any]:
    called = [{"id": identity, **_chat_call(name, arguments)} for identity, name, arguments in calls]
    message = {"role": "assistant", "content": TEXT, "reasoning_content": THOUGHT, "tool_calls": called}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": None}
    head = {"id": "up-1", "object": "chat.completion", "created": 1_700_000_000, "model": "upstream-1"}
    return {**head, "choices": [choice], "usage": _CHAT_USAGE}


def _chat_call(name: str, arguments: str) -> dict[str, Any]:
    if _is_freeform(arguments):
        return {"type": "custom", "custom": {"name": name, "input": arguments}}
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def _chat_chunks(calls: Calls) -> list[dict[str, Any]]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in _pieces(THOUGHT)]
    deltas += [{"content": piece} for piece in _pieces(TEXT)]
    for index, (identity, name, arguments) in enumerate(calls):
        kind, given = ("custom", "input") if _is_freeform(arguments) else ("function", "arguments")
        begun = {"index": index, "id": identity, "type": kind, kind: {"name": name, given: ""}}
        deltas.append({"tool_calls": [begun]})
        deltas += [{"tool_calls": [{"index": index, kind: {given: piece}}]} for piece in _pieces(arguments)]
    head = {"id": "up-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "upstream-1"}
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    return [*chunks, {**head, "choices": [], "usage": _CHAT_USAGE}]


def _pieces(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def _responses_items(calls: Calls) -> list[dict[str, Any]]:
    summary = [{"type": "summary_text", "text": THOUGHT}]
    content: list[dict[str, Any]] = [{"type": "output_text", "text": TEXT, "annotations": []}]
    items: list[dict[str, Any]] = [
        {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "enc"},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content},
    ]
    for identity, name, arguments in calls:
        call = {"id": f"fc_{identity}", "call_id": identity, "name": name, "status": "completed"}
        if _is_freeform(arguments):
            items.append({**call, "type": "custom_tool_call", "input": arguments})
        else:
            items.append({**call, "type": "function_call", "arguments": arguments})
    return items


def _responses(*, output: Sequence[Any], status: str = "completed") -> dict[str, Any]:
    head = {"id": "up-1", "object": "response", "created_at": 1_700_000_000, "status": status, "model": "upstream-1"}
    told: dict[str, Any] = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    done = status == "completed"
    return {
        **head,
        **told,
        "output": output,
        "usage": _RESPONSES_USAGE if done else None,
    }


def _responses_events(calls: Calls) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": _responses(status="in_progress", output=[])}
    ]
    items = _responses_items(calls)
    for index, item in enumerate(items):
        place = {"item_id": item["id"], "output_index": index}
        given = _GIVEN.get(item["type"])
        begun: dict[str, Any] = {**item, "content": [], "summary": []} if given is None else {**item, given: ""}
        events.append({"type": "response.output_item.added", "output_index": index, "item": begun})
        match item["type"]:
            case "reasoning":
                name, said = "response.reasoning_summary_text.delta", THOUGHT
            case "message":
                name, said = "response.output_text.delta", TEXT
            case "function_call":
                name, said = "response.function_call_arguments.delta", item["arguments"]
            case _:
                name, said = "response.custom_tool_call_input.delta", item["input"]
        events += [{"type": name, **place, "delta": piece} for piece in _pieces(said)]
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": _responses(output=items)})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _anthropic_blocks(calls: Calls) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": THOUGHT, "signature": "sig"},
        {"type": "text", "text": TEXT},
    ]
    for identity, name, arguments in calls:
        blocks.append({"type": "tool_use", "id": identity, "name": name, "input": json.loads(arguments)})
    return blocks


def _anthropic(blocks: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": "up-1",
        "type": "message",
        "role": "assistant",
        "model": "upstream-1",
        "content": blocks,
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": _ANTHROPIC_USAGE,
    }


def _anthropic_events(calls: Calls) -> list[dict[str, Any]]:
    begun = {**_anthropic([]), "stop_reason": None, "usage": {**_ANTHROPIC_USAGE, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    empty: dict[str, Any]
    for index, block in enumerate(_anthropic_blocks(calls)):
        match block["type"]:
            case "thinking":
                empty, kind, name = {"thinking": "", "signature": ""}, "thinking_delta", "thinking"
                said = THOUGHT
            case "text":
                empty, kind, name, said = {"text": ""}, "text_delta", "text", TEXT
            case _:
                empty, kind, name = {"input": dict[str, Any]()}, "input_json_delta", "partial_json"
                said = json.dumps(block["input"], separators=(",", ":"))
        events.append({"type": "content_block_start", "index": index, "content_block": {**block, **empty}})
        deltas = [{"type": kind, name: piece} for piece in _pieces(said)]
        if block["type"] == "thinking":
            deltas.append({"type": "signature_delta", "signature": "sig"})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": "tool_use", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 50}})
    return [*events, {"type": "message_stop"}]


def _gemini_parts(calls: Calls) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"text": THOUGHT, "thought": True}, {"text": TEXT}]
    for position, (_, name, arguments) in enumerate(calls):
        call: dict[str, Any] = {"functionCall": {"name": name, "args": json.loads(arguments)}}
        parts.append(call if position else {**call, "thoughtSignature": "c2ln"})
    return parts


def _gemini(*parts: Any, finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    head = {"candidates": [candidate], "usageMetadata": _GEMINI_USAGE}
    return {**head, "modelVersion": "upstream-1", "responseId": "up-1"}


def _gemini_chunks(calls: Calls) -> list[dict[str, Any]]:
    thought, said, *called = _gemini_parts(calls)
    chunks = [_gemini({**part, "text": piece}) for part in (thought, said) for piece in _pieces(part["text"])]
    return [*chunks, *map(_gemini, called), _gemini(finish="STOP")]


def _bedrock_blocks(calls: Calls) -> list[dict[str, Any]]:
    reasoning = {"reasoningText": {"text": THOUGHT, "signature": "sig"}}
    blocks: list[dict[str, Any]] = [{"reasoningContent": reasoning}, {"text": TEXT}]
    for identity, name, arguments in calls:
        blocks.append({"toolUse": {"toolUseId": identity, "name": name, "input": json.loads(arguments)}})
    return blocks


def _bedrock(calls: Calls) -> dict[str, Any]:
    message = {"role": "assistant", "content": _bedrock_blocks(calls)}
    head = {"output": {"message": message}, "stopReason": "tool_use", "usage": _BEDROCK_USAGE}
    return {**head, "metrics": {"latencyMs": 1}}


def _bedrock_events(calls: Calls) -> list[tuple[str, dict[str, Any]]]:
    events: list[tuple[str, dict[str, Any]]] = [("messageStart", {"role": "assistant"})]
    for index, block in enumerate(_bedrock_blocks(calls)):
        at = {"contentBlockIndex": index}
        if "reasoningContent" in block:
            deltas = [{"reasoningContent": {"text": piece}} for piece in _pieces(THOUGHT)]
            deltas.append({"reasoningContent": {"signature": "sig"}})
        elif "toolUse" in block:
            use = {name: block["toolUse"][name] for name in ("toolUseId", "name")}
            events.append(("contentBlockStart", {**at, "start": {"toolUse": use}}))
            said = json.dumps(block["toolUse"]["input"], separators=(",", ":"))
            deltas = [{"toolUse": {"input": piece}} for piece in _pieces(said)]
        else:
            deltas = [{"text": piece} for piece in _pieces(TEXT)]
        events += [("contentBlockDelta", {**at, "delta": delta}) for delta in deltas]
        events.append(("contentBlockStop", at))
    events.append(("messageStop", {"stopReason": "tool_use"}))
    return [*events, ("metadata", {"usage": _BEDROCK_USAGE, "metrics": {"latencyMs": 1}})]
