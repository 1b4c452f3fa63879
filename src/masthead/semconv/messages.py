"""Chat messages in whatever JSON an SDK wrote them, as `Message`s. Total: what is not understood is kept as text.

Understood are OpenAI's chat and responses forms, OpenTelemetry GenAI's parts, Anthropic's and Gemini's content blocks,
Vercel's parts, LangChain's dumps (`lc` constructors and `type`/`data`), and bodies of GenAI events.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

import msgspec
import orjson

from masthead.model.reading import Message, Role, ToolCall
from masthead.model.span import AttributeValue

Object = Mapping[str, AttributeValue]

_ROLES: Final[Mapping[str, Role]] = {
    "system": "system",
    "developer": "system",
    "systemmessage": "system",
    "user": "user",
    "human": "user",
    "humanmessage": "user",
    "humanmessagechunk": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "toolmessage": "tool",
    "functionmessage": "tool",
    "tool_result": "tool",
}
_WRAPPERS: Final = ("messages", "inputs", "input", "outputs", "output", "generations", "choices", "contents", "update")
_TEXT_TYPES: Final = frozenset({"text", "input_text", "output_text", "refusal", "summary_text"})
_THOUGHTS: Final = frozenset({"reasoning", "thinking", "redacted_thinking", "redacted-reasoning"})
_INSIDE: Final = ("function", "functionCall", "function_call", "tool_call", "custom")
"""Where a call may stand within its part."""
_UNNAMED: Final = {
    "shell_call": "shell",
    "local_shell_call": "shell",
    "apply_patch_call": "apply_patch",
    "computer_call": "computer",
}
"""Calls of OpenAI's own tools that the client runs, which have no name but their kind."""
_CALLS: Final = frozenset(
    {"tool_call", "tool_use", "tool-call", "function_call", "custom_tool_call", "server_tool_call", *_UNNAMED}
)
_RESULTS: Final = frozenset(
    {
        *(f"{kind}_output" for kind in _UNNAMED),
        "tool_call_response",
        "tool_result",
        "tool-result",
        "function_call_output",
        "custom_tool_call_output",
        "server_tool_call_response",
    }
)
_GIVEN: Final = ("arguments", "args", "input", "action", "actions", "operation")
_DEPTH: Final = 12
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])


Memo = dict[tuple[Role, bytes], tuple[Message, ...]]
"""What was parsed already: histories repeat their messages word for word, call after call."""


def messages_of(value: AttributeValue, role: Role, memo: Memo | None = None) -> tuple[Message, ...]:
    """Return the messages that an attribute holds; a plain text is one message of the given role.

    With a `memo` each message of a JSON list is parsed once, however often it is repeated.
    """
    if isinstance(value, str):
        if memo is not None and value.startswith("["):
            remembered = _remembered(value, role, memo)
            if remembered is not None:
                return remembered
        parsed = parse(value)
        if not isinstance(parsed, dict | list):
            return (Message(role=role, text=value),) if value.strip() else ()
        value = parsed
    return tuple(_messages(value, role, _DEPTH))


def _remembered(text: str, role: Role, memo: Memo) -> tuple[Message, ...] | None:
    """Return the messages of a JSON list of objects, each parsed once; None where it is a list of anything else."""
    found: list[Message] = []
    try:
        items = _ITEMS.decode(text)
        for item in items:
            key = (role, bytes(item))
            known = memo.get(key)
            if known is None:
                value = cast("AttributeValue", orjson.loads(key[1]))
                if not isinstance(value, dict) or _is_part(value):
                    return None
                known = memo[key] = tuple(_messages(value, role, _DEPTH - 1))
            found += known
    except (ValueError, RecursionError):
        return None
    return tuple(found)


def parse(text: str) -> AttributeValue:
    """Return the JSON value of a text that looks like an object, a list or a string; None where it is not JSON."""
    head = text.lstrip()[:1]
    if head not in {"{", "[", '"'}:
        return None
    try:
        return cast("AttributeValue", orjson.loads(text))
    except (ValueError, RecursionError):
        return None


def text_of(value: AttributeValue) -> str:
    """Return a value as people read it: text as it is, nothing as empty, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else as_json(value)


def as_json(value: AttributeValue) -> str:
    """Return compact JSON; what JSON cannot hold becomes its Python form."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _messages(value: AttributeValue, role: Role, depth: int) -> Iterator[Message]:
    if depth == 0:
        yield Message(role=role, text=text_of(value))
    elif isinstance(value, list):
        if _are_parts(value):
            yield from _of_parts(value, role, None)
        else:
            for item in value:
                yield from _messages(item, role, depth - 1)
    elif isinstance(value, dict):
        yield from _of_object(value, role, depth)
    elif value is not None and value != "":
        yield Message(role=role, text=text_of(value))


def _of_object(value: Object, role: Role, depth: int) -> Iterator[Message]:
    found = _role(value)
    if found is not None or _is_part(value):
        yield from _of_message(value, found or role, depth)
        return
    inner = value.get("kwargs") if "lc" in value else value.get("data") if "type" in value else value.get("message")
    if isinstance(inner, dict) and ("lc" in inner or "data" in inner) and depth > 1:
        yield from _of_object(inner, role, depth - 1)
        return
    if isinstance(inner, dict):
        yield from _of_message(inner, _constructor_role(value) or _role(inner) or role, depth - 1)
        return
    if isinstance(value.get("prompt"), str) and set(value) <= {"system", "prompt", "messages"}:
        for key, of in (("system", "system"), ("prompt", "user")):
            if value.get(key):
                yield Message(role=cast("Role", of), text=text_of(value[key]))
        return
    wrapped = [value[key] for key in _WRAPPERS if isinstance(value.get(key), dict | list)]
    if wrapped:
        if isinstance(value.get("system"), str):
            yield Message(role="system", text=text_of(value["system"]))
        yield from _messages(wrapped[0], role, depth - 1)
        return
    if "content" in value or "parts" in value:
        yield from _of_message(value, role, depth)
        return
    single = next(iter(value.values())) if len(value) == 1 else None
    yield Message(role=role, text=single if isinstance(single, str) else as_json(cast("AttributeValue", value)))


def _role(value: Object) -> Role | None:
    """Return the role that the object says it has, as a message of its own."""
    for key in ("role", "type", "event.name"):
        said = value.get(key)
        if isinstance(said, str):
            name = said.lower().removeprefix("gen_ai.").removesuffix(".message")
            role = _ROLES.get(name)
            if role is not None and (key != "type" or "content" in value) and not isinstance(value.get("data"), dict):
                return role
    return None


def _constructor_role(value: Object) -> Role | None:
    """Return the role of a LangChain dump: the class in `id`, or `type`."""
    path = value.get("id")
    name = path[-1] if isinstance(path, list) and path else value.get("type")
    return _ROLES.get(name.lower()) if isinstance(name, str) else None


def _of_message(value: Object, role: Role, depth: int) -> Iterator[Message]:
    """Yield the message, preceded by the tool results that its parts hold, each of which is a message of its own."""
    if _is_part(value):
        yield from _of_parts([cast("AttributeValue", value)], role, None)
        return
    content = next((value[key] for key in ("content", "parts", "text") if value.get(key) is not None), None)
    if role == "tool" and isinstance(content, dict) and isinstance(content.get("function"), dict):
        return  # Langfuse puts the tools on offer among the messages.
    calls = list(_calls(value))
    name = value.get("name")
    said = Message(role=role, name=name if isinstance(name, str) and name else None, tool_calls=tuple(calls))
    thought = next((value[k] for k in ("reasoning_content", "reasoning") if isinstance(value.get(k), str)), None)
    said = _with(said, reasoning=thought if isinstance(thought, str) and thought else None)
    answered = next((value[k] for k in ("tool_call_id", "call_id") if isinstance(value.get(k), str)), None)
    if role == "tool":
        identity = answered if answered is not None else value.get("id")
        said = _with(said, tool_call_id=identity if isinstance(identity, str) else None)
    if isinstance(content, str):
        nested = parse(content) if depth > 0 and content[:2] in {"[{", "[ "} else None
        if not isinstance(nested, list) or not _are_parts(nested):
            yield _with(said, text=content)
            return
        content = nested
    if isinstance(content, list):
        yield from _of_parts(content, role, said)
    elif isinstance(content, dict) and isinstance(content.get("parts"), list):
        yield from _of_parts(cast("list[AttributeValue]", content["parts"]), role, said)
    else:
        yield _with(said, text=text_of(content))


def _of_parts(parts: Sequence[AttributeValue], role: Role, said: Message | None) -> Iterator[Message]:
    texts: list[str] = []
    thoughts: list[str] = [said.reasoning] if said is not None and said.reasoning else []
    calls: list[ToolCall] = list(said.tool_calls) if said is not None else []
    known = {call.id for call in calls if call.id}
    media: list[str] = []
    results: list[Message] = []
    for part in parts:
        if not isinstance(part, dict):
            texts.append(text_of(part))
            continue
        kind = _kind(part)
        if kind in _CALLS or "functionCall" in part or "function_call" in part:
            call = _call(part)
            if call is not None and (call.id is None or call.id not in known):
                calls.append(call)
        elif kind in _RESULTS or "functionResponse" in part or "function_response" in part:
            results.append(_result(part))
        elif kind in _THOUGHTS:
            thoughts.append(_part_text(part))
        elif kind in _TEXT_TYPES or (not kind and "text" in part):
            texts.append(_part_text(part))
        elif not kind:
            texts.append(as_json(part))
        else:
            media.append(_medium(part))
    yield from results
    base = said if said is not None else Message(role=role)
    if texts or thoughts or calls or media or not results:
        yield _with(
            base,
            role="assistant" if calls else base.role,
            text="\n".join(text for text in texts if text),
            reasoning="\n".join(thought for thought in thoughts if thought) or None,
            tool_calls=tuple(calls),
            media=tuple(media),
        )


def _with(message: Message, **changes: object) -> Message:
    fields: dict[str, object] = {
        "role": message.role,
        "text": message.text,
        "reasoning": message.reasoning,
        "name": message.name,
        "tool_calls": message.tool_calls,
        "tool_call_id": message.tool_call_id,
        "media": message.media,
        **changes,
    }
    return Message(**fields)  # pyright: ignore[reportArgumentType] - `dataclasses.replace` costs four times as much here


def _are_parts(items: Sequence[AttributeValue]) -> bool:
    return bool(items) and all(isinstance(item, dict) and _is_part(item) for item in items)


def _is_part(item: Object) -> bool:
    """Say whether the object is a part of a message's content rather than a message."""
    kind = _kind(item)
    if kind in _CALLS or kind in _RESULTS or kind in _THOUGHTS:
        return "role" not in item and not isinstance(item.get("data"), dict)
    return kind in _TEXT_TYPES and "role" not in item and ("text" in item or "content" in item)


def _kind(part: Object) -> str:
    kind = part.get("type")
    return kind if isinstance(kind, str) else ""


def _part_text(part: Object) -> str:
    for key in ("text", "content", "thinking", "reasoning", "refusal"):
        value = part.get(key)
        if isinstance(value, str):
            return value
    summary = part.get("summary")
    if isinstance(summary, list):
        return "\n".join(_part_text(item) for item in summary if isinstance(item, dict))
    return ""


def _calls(message: Object) -> Iterator[ToolCall]:
    """Yield the tool calls that stand beside a message's content."""
    extra = message.get("additional_kwargs")
    for holder in (message, extra if isinstance(extra, dict) else {}):
        listed = holder.get("tool_calls") or holder.get("toolCalls")
        if isinstance(listed, list) and listed:
            for item in listed:
                call = _call(item) if isinstance(item, dict) else None
                if call is not None:
                    yield call
            return
        single = holder.get("function_call")
        call = _call(single) if isinstance(single, dict) else None
        if call is not None:
            yield call
            return


def _call(item: Object) -> ToolCall | None:
    inner = next((item[k] for k in _INSIDE if k in item), None)
    body: Object = inner if isinstance(inner, dict) else item
    nested = body.get("function")
    body = nested if isinstance(nested, dict) else body
    name = next((body[k] for k in ("name", "toolName", "tool_name") if isinstance(body.get(k), str)), None)
    name = name if isinstance(name, str) else _UNNAMED.get(_kind(item))
    if name is None:
        return None
    given = next((body[k] for k in _GIVEN if body.get(k) is not None), None)
    identity = next(
        (of[k] for of in (item, body) for k in ("call_id", "id", "toolCallId", "tool_call_id") if of.get(k)), None
    )
    return ToolCall(id=identity if isinstance(identity, str) else None, name=name, arguments=text_of(given))


def _result(part: Object) -> Message:
    inner = part.get("functionResponse", part.get("function_response"))
    body: Object = inner if isinstance(inner, dict) else part
    given = next((body[k] for k in ("result", "response", "output", "content") if body.get(k) is not None), None)
    if isinstance(given, dict) and set(given) == {"type", "value"}:
        given = given["value"]
    if isinstance(given, list) and _are_parts(given):
        given = "\n".join(_part_text(item) for item in given if isinstance(item, dict))
    identity = next(
        (part[k] for k in ("tool_call_id", "tool_use_id", "toolCallId", "call_id", "id") if part.get(k)), None
    )
    name = next((body[k] for k in ("name", "toolName", "tool_name") if isinstance(body.get(k), str)), None)
    return Message(
        role="tool",
        text=text_of(given),
        name=name if isinstance(name, str) else None,
        tool_call_id=identity if isinstance(identity, str) else None,
    )


def _medium(part: Object) -> str:
    """Return a media part's address or type; its bytes are never kept."""
    for key in ("uri", "url", "image_url", "file_id", "mime_type", "media_type", "mediaType", "mimeType", "modality"):
        value = part.get(key)
        if isinstance(value, dict):
            value = value.get("url")
        if isinstance(value, str) and value:
            return value.partition(";base64,")[0]
    return text_of(part.get("type"))
