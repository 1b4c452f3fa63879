"""A body of `POST /v1/responses` → the form between dialects."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from masthead.model.errors import InvalidInput
from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import (
    Cache,
    Call,
    File,
    Format,
    Image,
    Part,
    Reasoning,
    Refusal,
    Request,
    Result,
    Search,
    Text,
    Thinking,
    Tool,
    Turn,
)
from masthead.providers.dialects.media import data_of
from masthead.providers.dialects.openai_chat.read_request import SHARED
from masthead.providers.dialects.openai_responses.read_tools import read_choice, read_tools, told_apart
from masthead.providers.dialects.seals import opened, with_proofs_on_calls

_HELD: Final = "it is held at OpenAI: send the whole conversation as input"
_ROLES: Final = frozenset({"user", "assistant", "system", "developer"})
_TOLD_TOOLS: Final = frozenset({"additional_tools", "tool_search_output"})
_DONE_THERE: Final = frozenset(
    {"web_search_call", "file_search_call", "code_interpreter_call", "mcp_list_tools", "tool_search_call"}
)
_AT: Final = {
    "thinking": "reasoning",
    "format": "text.format",
    "verbosity": "text.verbosity",
    "is_parallel": "parallel_tool_calls",
}


def read(body: Mapping[str, Any], losses: Losses) -> Request:
    """Return what is asked.

    Raises:
        InvalidInput: the body is wrong, or asks for what no other dialect could answer.
    """
    fields = Fields(body, "", losses)
    fields.refuse(_HELD, "previous_response_id", "conversation", "prompt")
    fields.refuse("an answer in the background is kept at OpenAI and cannot be translated", "background")
    fields.refuse("images from the model cannot be translated", "image")
    _include(fields)
    found: list[Tool | Search] = []
    model, turns = fields.required_text("model"), tuple(_turns(fields, found))
    tools, search = told_apart(read_tools(fields), found)
    text = fields.inner("text")
    request = Request(
        model=model,
        turns=turns,
        tools=tools,
        search=search,
        tool_choice=read_choice(fields),
        is_parallel=fields.flag("parallel_tool_calls"),
        format=_format(text.inner("format") if text else None),
        verbosity=text.text("verbosity") if text else None,
        thinking=_thinking(fields.inner("reasoning")),
        max_output_tokens=fields.integer("max_output_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        user=fields.text("user"),
        metadata=fields.mapping("metadata"),
        service_tier=fields.text("service_tier"),
        is_streamed=fields.flag("stream") or False,
        openai={name: fields.take(name) for name in SHARED if fields.has(name)},
        at=_AT,
    )
    fields.drop("no other dialect has it, dropped", "top_logprobs", "truncation", "max_tool_calls", "access_programs")
    fields.drop("no other dialect has it, dropped", "context_management", "background_options")
    fields.ignore("stream_options")
    if text is not None:
        text.finish()
    fields.finish()
    return request


def _include(fields: Fields) -> None:
    for name in fields.texts("include"):
        if name != "reasoning.encrypted_content":
            fields.losses.add(f"include {name}", "other dialects cannot add it to an answer, dropped")


def _turns(fields: Fields, found: list[Tool | Search]) -> Iterator[Turn]:
    """Yield the turns; tools that are told amid them are put into `found`."""
    instructions = fields.take("instructions")
    if isinstance(instructions, str) and instructions:
        yield Turn(role="system", parts=(Text(text=instructions, at="instructions"),), at="instructions")
    elif instructions is not None and not isinstance(instructions, str):
        raise refused("instructions", "a string is expected")
    given = fields.take("input")
    if isinstance(given, str):
        yield Turn(role="user", parts=(Text(text=given, at="input"),), at="input")
        return
    waiting: Turn | None = None
    for item in Fields({"input": given}, "", fields.losses).items("input"):
        kind = item.text("type") or "message"
        if kind in _TOLD_TOOLS:
            found += read_tools(item)
            item.ignore("id", "role", "call_id", "execution", "status")
            item.finish()
            continue
        if kind in _DONE_THERE:
            item.losses.add(item.path, "what ran at OpenAI is not told to another vendor, dropped")
            continue
        turn = _turn(item, kind)
        item.finish()
        if waiting is not None and _is_one(waiting, turn):
            waiting = replace(waiting, parts=(*waiting.parts, *turn.parts))
            continue
        if waiting is not None:
            yield _closed(waiting)
        waiting = turn
    if waiting is not None:
        yield _closed(waiting)


def _is_one(earlier: Turn, later: Turn) -> bool:
    """Say whether two items are one turn: all that the assistant does in one go, or the results of several calls."""
    if earlier.role == later.role == "assistant":
        return True
    return all(isinstance(part, Result) for part in (*earlier.parts, *later.parts)) and earlier.role == later.role


def _closed(turn: Turn) -> Turn:
    return replace(turn, parts=with_proofs_on_calls(turn.parts)) if turn.role == "assistant" else turn


def _turn(item: Fields, kind: str) -> Turn:
    at = item.path
    item.ignore("status")
    match kind:
        case "message":
            role = item.required_text("role")
            if role not in _ROLES:
                raise InvalidInput(f"unknown role {role!r}", where=item.at("role"))
            item.ignore("id")
            if item.take("phase") is not None:
                item.losses.add("input[].phase", "no other dialect has phases of an answer, dropped")
            side = "system" if role == "developer" else role
            return Turn(role=side, parts=tuple(_content(item, "content")), at=at)  # pyright: ignore[reportArgumentType] - checked above
        case "function_call_output" | "custom_tool_call_output":
            item.ignore("id", "name", "namespace", "caller")
            parts = tuple(part for part in _content(item, "output") if isinstance(part, Text | Image | File))
            return Turn(role="user", parts=(Result(call_id=item.required_text("call_id"), parts=parts, at=at),), at=at)
        case "function_call" | "custom_tool_call" | "reasoning":
            part = read_item(item, kind)
            return Turn(role="assistant", parts=() if part is None else (part,), at=at)
        case "item_reference":
            raise refused(at, f"an item by reference cannot be translated: {_HELD}")
        case "compaction":
            raise refused(at, f"only OpenAI can read what it compacted: {_HELD}")
        case _:
            raise refused(item.at("type"), f"an item of type {kind!r} cannot be translated")


def read_item(item: Fields, kind: str) -> Reasoning | Call | None:
    """Return the thought or the call that an item holds; used for requests and answers alike."""
    item.ignore("status")
    if kind == "reasoning":
        texts = [*item.items("summary"), *item.items("content")]
        text = "\n\n".join(part.text("text") or "" for part in texts)
        for part in texts:
            part.ignore("type")
            part.finish()
        return opened(item.text("encrypted_content"), "openai", text=text, id=item.text("id"), at=item.path)
    if kind in {"function_call", "custom_tool_call"}:
        item.ignore("id", "caller", "async")
        return Call(
            id=item.text("call_id") or "",
            name=item.text("name") or "",
            arguments=item.text("arguments" if kind == "function_call" else "input") or "",
            is_freeform=kind == "custom_tool_call",
            namespace=item.text("namespace"),
            at=item.path,
        )
    return None


def _content(item: Fields, name: str) -> Iterator[Part]:
    content = item.take(name)
    if isinstance(content, str):
        if content:
            yield Text(text=content, at=item.at(name))
        return
    for part in Fields({name: content}, item.path, item.losses).items(name):
        yield _part(part)
        part.finish()


def _part(part: Fields) -> Part:
    kind, at = part.required_text("type"), part.path
    mark = part.inner("prompt_cache_breakpoint")
    cache = None
    if mark is not None:
        cache = Cache(ttl=mark.text("ttl"))
        mark.ignore("mode")
        mark.finish()
    match kind:
        case "input_text" | "output_text" | "text":
            part.ignore("annotations", "logprobs")
            return Text(text=part.text("text") or "", cache=cache, at=at)
        case "refusal":
            return Refusal(text=part.text("refusal") or "", at=at)
        case "input_image":
            url = part.text("image_url")
            inside = data_of(url, part.at("image_url")) if url else None
            return Image(
                url=None if inside else url,
                media_type=inside.media_type if inside else None,
                data=inside.data if inside else None,
                file_id=part.text("file_id"),
                detail=None if (detail := part.text("detail")) == "auto" else detail,
                cache=cache,
                at=at,
            )
        case "input_file":
            return _file(part, cache)
        case _:
            raise refused(part.at("type"), f"content of type {kind!r} cannot be translated")


def _file(part: Fields, cache: Cache | None) -> File:
    data = part.text("file_data")
    inside = None if data is None else data_of(data, part.at("file_data"))
    part.drop("no other dialect has it, dropped", "detail")
    return File(
        name=part.text("filename"),
        media_type=inside.media_type if inside else None,
        data=inside.data if inside else data,
        url=part.text("file_url"),
        file_id=part.text("file_id"),
        cache=cache,
        at=part.path,
    )


def _thinking(reasoning: Fields | None) -> Thinking | None:
    if reasoning is None:
        return None
    summary = reasoning.text("summary") or reasoning.text("generate_summary")
    reasoning.drop("only OpenAI has it, dropped", "context", "mode")
    thinking = Thinking(effort=reasoning.text("effort"), is_shown=None if summary is None else True)
    reasoning.finish()
    return None if thinking == Thinking() else thinking


def _format(value: Fields | None) -> Format | None:
    if value is None:
        return None
    kind = value.required_text("type")
    if kind == "text":
        return None
    if kind == "json_object":
        value.finish()
        return Format()
    if kind != "json_schema":
        raise refused(value.at("type"), f"{kind!r} cannot be translated")
    read_format = Format(
        schema=value.mapping("schema") or {},
        name=value.text("name"),
        description=value.text("description"),
        strict=value.flag("strict"),
    )
    value.finish()
    return read_format
