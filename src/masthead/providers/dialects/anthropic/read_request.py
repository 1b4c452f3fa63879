"""A body of `POST /v1/messages` → the form between dialects."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from masthead.model.errors import InvalidInput
from masthead.providers.dialects.anthropic.read_tools import read_cache, read_choice, read_tools
from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import (
    Cache,
    Call,
    Citation,
    File,
    Format,
    Image,
    Part,
    Request,
    Result,
    Search,
    Text,
    Thinking,
    Tool,
    Turn,
)
from masthead.providers.dialects.json_text import text_of
from masthead.providers.dialects.seals import opened, with_proofs_on_calls

_ELSEWHERE: Final = "only Anthropic has it, dropped"
_TIERS: Final = {"auto": "auto", "standard_only": "default"}
_DONE_THERE: Final = frozenset({"server_tool_use", "mcp_tool_use", "mcp_tool_result"})
_RESULT: Final = "_tool_result"
"""What the names of all blocks end with that hold the result of a tool which ran at Anthropic."""
_AT: Final = {
    "max_output_tokens": "max_tokens",
    "stop": "stop_sequences",
    "user": "metadata.user_id",
    "format": "output_config.format",
    "is_parallel": "tool_choice.disable_parallel_tool_use",
}


def read(body: Mapping[str, Any], losses: Losses) -> Request:
    """Return what is asked.

    Raises:
        InvalidInput: the body is wrong, or asks for what no other dialect could answer.
    """
    fields = Fields(body, "", losses)
    fields.refuse("a container holds files at Anthropic: only Anthropic can be asked with it", "container")
    fields.refuse("servers of tools at Anthropic cannot be translated", "mcp_servers")
    fields.refuse("it is held at Anthropic: send the whole conversation as messages", "thread")
    model, turns = fields.required_text("model"), tuple(_turns(fields))
    choice = fields.inner("tool_choice")
    output = fields.inner("output_config")
    metadata = fields.inner("metadata")
    tools = tuple(read_tools(fields))
    search = next((tool for tool in tools if isinstance(tool, Search)), None)
    asked = None if choice is None else read_choice(choice)
    if search is not None and asked is not None and "web_search" in asked.names:
        raise refused(
            "tool_choice.name", "a search of the web cannot be made to happen elsewhere: leave the choice out"
        )
    request = Request(
        model=model,
        turns=turns,
        tools=tuple(tool for tool in tools if isinstance(tool, Tool)),
        search=search,
        tool_choice=asked,
        is_parallel=None if choice is None else _is_parallel(choice),
        thinking=_thinking(fields.inner("thinking"), output),
        format=_format(fields, output),
        max_output_tokens=fields.integer("max_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.integer("top_k"),
        stop=fields.texts("stop_sequences"),
        user=metadata.text("user_id") if metadata else None,
        service_tier=_TIERS.get(fields.text("service_tier") or ""),
        is_streamed=fields.flag("stream") or False,
        at=_AT,
    )
    fields.drop(
        _ELSEWHERE, "cache_control", "diagnostics", "inference_geo", "speed", "user_profile_id", "workspace_id",
        "context_management",
    )  # fmt: skip
    for part in (choice, output, metadata, fields):
        if part is not None:
            part.finish()
    return request


def _turns(fields: Fields) -> Iterator[Turn]:
    system = fields.take("system")
    if system:
        parts = _content(Fields({"content": system}, "system", fields.losses))
        yield Turn(role="system", parts=tuple(parts), at="system")
    for message in fields.items("messages"):
        role = message.required_text("role")
        if role not in {"user", "assistant", "system"}:
            raise InvalidInput(f"unknown role {role!r}", where=message.at("role"))
        parts = with_proofs_on_calls(tuple(_content(message)))
        message.finish()
        yield Turn(role=role, parts=parts, at=message.path)  # pyright: ignore[reportArgumentType] - one of three


def _content(message: Fields) -> Iterator[Part]:
    content = message.take("content")
    if isinstance(content, str):
        if content:
            yield Text(text=content, at=message.at("content"))
        return
    for block in Fields({"content": content}, message.path, message.losses).items("content"):
        part = _block(block)
        if part is not None:
            block.finish()
            yield part


def _block(block: Fields) -> Part | None:
    kind = block.required_text("type")
    cache = read_cache(block)
    match kind:
        case "tool_result":
            return _result(block, cache)
        case "image":
            return _image(block, cache)
        case "document":
            return _document(block, cache)
        case "search_result":
            return _search_result(block, cache)
        case "tool_reference":
            return _reference(block)
        case "compaction":
            return _summary(block)
        case _ if kind in _DONE_THERE or kind.endswith(_RESULT):
            block.losses.add(block.path, "what ran at Anthropic is not told to another vendor, dropped")
            return None
        case _:
            said = read_said(block, kind, cache)
            if said is None:
                raise refused(block.at("type"), f"a block of type {kind!r} cannot be translated")
            return said


def read_said(block: Fields, kind: str, cache: Cache | None = None) -> Part | None:
    """Return what a block of a model says, None where it is of a kind that has no place in other dialects."""
    at = block.path
    match kind:
        case "text":
            citations = tuple(read_citation(note) for note in block.sequence("citations"))
            return Text(text=block.text("text") or "", citations=citations, cache=cache, at=at)
        case "thinking":
            return opened(block.text("signature"), "anthropic", text=block.text("thinking") or "", at=at)
        case "redacted_thinking":
            hidden = opened(block.text("data"), "anthropic", at=at)
            if hidden.redacted is None and hidden.origin == "anthropic":
                hidden = opened(f"masthead:anthropic:redacted::{hidden.signature}", "anthropic", at=at)
            return hidden
        case "tool_use":
            block.ignore("caller", "toolset_name")
            given = block.mapping("input")
            return Call(
                id=block.text("id") or "", name=block.text("name") or "", arguments=text_of(given), cache=cache, at=at
            )
        case _:
            return None


def read_citation(note: Mapping[str, Any]) -> Citation:
    """Return a citation of a web page, a search result or a document."""
    return Citation(
        url=note.get("url") or note.get("source"),
        title=note.get("title") or note.get("document_title"),
        quote=note.get("cited_text"),
    )


def _result(block: Fields, cache: Cache | None) -> Result:
    block.ignore("toolset_name")
    parts = tuple(_content(block))
    kept = tuple(part for part in parts if isinstance(part, Text | Image | File))
    if len(kept) < len(parts):
        raise refused(block.at("content"), "a tool's result may hold text, images and documents alone")
    return Result(
        call_id=block.required_text("tool_use_id"),
        parts=kept,
        is_error=block.flag("is_error"),
        cache=cache,
        at=block.path,
    )


def _image(block: Fields, cache: Cache | None) -> Image:
    block.drop(_ELSEWHERE, "transformations")
    source = block.inner("source") or Fields({}, block.at("source"), block.losses)
    kind = source.text("type")
    image = Image(
        url=source.text("url"),
        media_type=source.text("media_type"),
        data=source.text("data"),
        file_id=source.text("file_id"),
        cache=cache,
        at=block.path,
    )
    if kind not in {"base64", "url", "file"}:
        raise refused(source.at("type"), f"an image of type {kind!r} cannot be translated")
    source.finish()
    return image


def _document(block: Fields, cache: Cache | None) -> File:
    source = block.inner("source") or Fields({}, block.at("source"), block.losses)
    kind, data = source.text("type"), source.text("data")
    text = None
    if kind == "text":
        text, data = data, None
    elif kind == "content":
        whole = _content(source)
        text = "".join(part.text for part in whole if isinstance(part, Text))
    elif kind not in {"base64", "url", "file"}:
        raise refused(source.at("type"), f"a document of type {kind!r} cannot be translated")
    citations = block.inner("citations")
    document = File(
        name=block.text("title"),
        media_type=source.text("media_type"),
        url=source.text("url"),
        data=data,
        text=text,
        file_id=source.text("file_id"),
        context=block.text("context"),
        is_cited=citations.flag("enabled") if citations else None,
        cache=cache,
        at=block.path,
    )
    source.finish()
    return document


def _reference(block: Fields) -> Text:
    """Return what a search for tools found: they have all been told."""
    block.losses.add(block.path, "a reference to a tool became text, as all tools are told at once")
    return Text(text=f"Found: {block.text('tool_name') or ''}", at=block.path)


def _summary(block: Fields) -> Text | None:
    """Return the summary that stands for what was said before; Anthropic passes over one that is empty."""
    text = block.text("content")
    if text is None:
        block.losses.add(block.path, "an empty compaction says nothing, dropped")
        return None
    block.losses.add(block.path, "a compaction became the text that it holds")
    block.ignore("encrypted_content", "signature", "tool_changes")
    return Text(text=text, at=block.path)


def _search_result(block: Fields, cache: Cache | None) -> File:
    block.losses.add(block.path, "a search result became a document, its source its context")
    text = "".join(part.text for part in _content(block) if isinstance(part, Text))
    citations = block.inner("citations")
    return File(
        name=block.text("title"),
        media_type="text/plain",
        text=text,
        context=block.text("source"),
        is_cited=citations.flag("enabled") if citations else None,
        cache=cache,
        at=block.path,
    )


def _is_parallel(choice: Fields) -> bool | None:
    is_off = choice.flag("disable_parallel_tool_use")
    return None if is_off is None else not is_off


def _thinking(thinking: Fields | None, output: Fields | None) -> Thinking | None:
    effort = output.text("effort") if output else None
    if thinking is None:
        return None if effort is None else Thinking(effort=effort)
    kind, display = thinking.required_text("type"), thinking.text("display")
    budget_tokens = thinking.integer("budget_tokens")
    if kind == "between_tools":
        thinking.losses.add(thinking.path, "between_tools is Anthropic's alone: thinking was left on")
    thinking.finish()
    return Thinking(
        is_on=kind != "disabled",
        effort=effort,
        budget_tokens=budget_tokens,
        is_shown=None if display is None else display == "summarized",
    )


def _format(fields: Fields, output: Fields | None) -> Format | None:
    asked = (output.inner("format") if output else None) or fields.inner("output_format")
    if asked is None:
        return None
    if (kind := asked.required_text("type")) != "json_schema":
        raise refused(asked.at("type"), f"{kind!r} cannot be translated")
    schema = asked.mapping("schema") or {}
    asked.finish()
    return Format(schema=schema, strict=True)
