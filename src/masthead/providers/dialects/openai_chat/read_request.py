"""A body of `POST /v1/chat/completions` → the form between dialects."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from masthead.model.errors import InvalidInput
from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import (
    Audio,
    Cache,
    Call,
    File,
    Format,
    Image,
    Part,
    Refusal,
    Request,
    Result,
    Text,
    Thinking,
    Turn,
)
from masthead.providers.dialects.media import data_of
from masthead.providers.dialects.openai_chat.read_tools import read_cache, read_choice, read_tool
from masthead.providers.dialects.openai_chat.reasoning import read_reasoning
from masthead.providers.dialects.search import read_of_chat

SHARED: Final = (
    "safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "store", "moderation",
)  # fmt: skip
"""Fields that both OpenAI dialects have under the same name and nobody else has."""
_FUNCTIONS: Final = "functions were replaced by tools: send tools and tool_choice"
_SPOKEN: Final = "spoken answers cannot be translated: ask a target of the same dialect"


def read(body: Mapping[str, Any], losses: Losses) -> Request:
    """Return what is asked.

    Raises:
        InvalidInput: the body is wrong, or asks for what no other dialect could answer.
    """
    fields = Fields(body, "", losses)
    _refuse(fields)
    at = {"max_output_tokens": "max_tokens"} if fields.has("max_tokens") else {}
    options = fields.inner("stream_options")
    model, turns = fields.required_text("model"), tuple(_turns(fields))
    limit = fields.integer("max_completion_tokens")
    older_limit = fields.integer("max_tokens")
    effort = fields.text("reasoning_effort")
    request = Request(
        model=model,
        turns=turns,
        tools=tuple(read_tool(tool) for tool in fields.items("tools")),
        search=read_of_chat(fields.inner("web_search_options")),
        tool_choice=read_choice(fields),
        is_parallel=fields.flag("parallel_tool_calls"),
        format=_format(fields.inner("response_format")),
        thinking=None if effort is None else Thinking(effort=effort),
        max_output_tokens=older_limit if limit is None else limit,
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        stop=_stop(fields),
        seed=fields.integer("seed"),
        frequency_penalty=fields.number("frequency_penalty"),
        presence_penalty=fields.number("presence_penalty"),
        user=fields.text("user"),
        metadata=fields.mapping("metadata"),
        service_tier=fields.text("service_tier"),
        verbosity=fields.text("verbosity"),
        is_streamed=fields.flag("stream") or False,
        is_usage_streamed=bool(options and options.flag("include_usage")),
        openai={name: fields.take(name) for name in SHARED if fields.has(name)},
        at={
            "max_output_tokens": "max_completion_tokens",
            "thinking": "reasoning_effort",
            "format": "response_format",
            "is_parallel": "parallel_tool_calls",
            **at,
        },
    )
    fields.drop("no other dialect has it, dropped", "logit_bias", "logprobs", "top_logprobs", "prediction")
    if options:
        options.ignore("include_obfuscation")
        options.finish()
    fields.finish()
    return request


def _refuse(fields: Fields) -> None:
    if (fields.integer("n") or 1) != 1:
        raise refused("n", "other dialects give one answer a request: send n requests")
    fields.refuse(_FUNCTIONS, "functions", "function_call")
    if fields.take("modalities") not in (None, ["text"]):
        raise refused("modalities", _SPOKEN)
    fields.refuse(_SPOKEN, "audio")


def _stop(fields: Fields) -> tuple[str, ...]:
    value = fields.take("stop")
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return Fields({"stop": value}, "", fields.losses).texts("stop")


def _turns(fields: Fields) -> Iterator[Turn]:
    for message in fields.items("messages"):
        role = message.required_text("role")
        name, at = message.text("name"), message.path
        match role:
            case "system" | "developer":
                turn = Turn(role="system", parts=tuple(_content(message)), name=name, at=at)
            case "user":
                turn = Turn(role="user", parts=tuple(_content(message)), name=name, at=at)
            case "assistant":
                turn = Turn(role="assistant", parts=tuple(assistant_parts(message)), name=name, at=at)
            case "tool":
                parts = tuple(part for part in _content(message) if isinstance(part, Text))
                result = Result(call_id=message.required_text("tool_call_id"), parts=parts, at=at)
                turn = Turn(role="user", parts=(result,), at=at)
            case "function":
                raise refused(message.at("role"), _FUNCTIONS)
            case _:
                raise InvalidInput(f"unknown role {role!r}", where=message.at("role"))
        message.finish()
        yield turn


def assistant_parts(message: Fields) -> Iterator[Part]:
    """Yield what the assistant said, thinking first; used for requests and answers alike."""
    message.refuse(_FUNCTIONS, "function_call")
    message.refuse(_SPOKEN, "audio")
    yield from read_reasoning(message)
    yield from _content(message)
    refusal = message.text("refusal")
    if refusal:
        yield Refusal(text=refusal, at=message.at("refusal"))
    for call in message.items("tool_calls"):
        yield _call(call)


def _call(call: Fields) -> Call:
    kind = call.text("type") or "function"
    if kind not in {"function", "custom"}:
        raise refused(call.at("type"), f"a call of type {kind!r} cannot be translated: only functions can")
    inside = call.inner(kind) or Fields({}, call.at(kind), call.losses)
    made = Call(
        id=call.text("id") or "",
        name=inside.text("name") or "",
        arguments=inside.text("arguments" if kind == "function" else "input") or "",
        signature=_thought_signature(call.mapping("extra_content")),
        is_freeform=kind == "custom",
        at=call.path,
    )
    call.ignore("index")
    inside.finish()
    call.finish()
    return made


def _thought_signature(extra: Mapping[str, Any] | None) -> str | None:
    google: Mapping[str, Any] = (extra or {}).get("google") or {}
    return google.get("thought_signature")


def _content(message: Fields) -> Iterator[Part]:
    content = message.take("content")
    if isinstance(content, str):
        if content:
            yield Text(text=content, at=message.at("content"))
        return
    for part in Fields({"content": content}, message.path, message.losses).items("content"):
        yield from _part(part)
        part.finish()


def _part(part: Fields) -> Iterator[Part]:
    kind, at = part.required_text("type"), part.path
    cache = read_cache(part)
    match kind:
        case "text":
            yield Text(text=part.text("text") or "", cache=cache, at=at)
        case "refusal":
            yield Refusal(text=part.text("refusal") or "", at=at)
        case "image_url":
            yield _image(part, cache)
        case "input_audio":
            audio = part.inner("input_audio") or Fields({}, at, part.losses)
            yield Audio(data=audio.required_text("data"), format=audio.required_text("format"), at=at)
            audio.finish()
        case "file":
            yield _file(part.inner("file") or Fields({}, at, part.losses), cache)
        case "thinking":
            yield from read_reasoning(part)
        case _:
            raise refused(part.at("type"), f"content of type {kind!r} cannot be translated")


def _image(part: Fields, cache: Cache | None) -> Image:
    image = part.inner("image_url") or Fields({}, part.path, part.losses)
    url, detail = image.required_text("url"), image.text("detail")
    detail = None if detail == "auto" else detail
    image.finish()
    inside = data_of(url, image.at("url"))
    if inside is None:
        return Image(url=url, detail=detail, cache=cache, at=part.path)
    return Image(media_type=inside.media_type, data=inside.data, detail=detail, cache=cache, at=part.path)


def _file(file: Fields, cache: Cache | None) -> File:
    name, data, file_id = file.text("filename"), file.text("file_data"), file.text("file_id")
    file.finish()
    inside = None if data is None else data_of(data, file.at("file_data"))
    return File(
        name=name,
        media_type=inside.media_type if inside else None,
        data=inside.data if inside else data,
        file_id=file_id,
        cache=cache,
        at=file.path,
    )


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
    schema = value.inner("json_schema") or Fields({}, value.at("json_schema"), value.losses)
    read_format = Format(
        schema=schema.mapping("schema") or {},
        name=schema.text("name"),
        description=schema.text("description"),
        strict=schema.flag("strict"),
    )
    schema.finish()
    value.finish()
    return read_format
