"""The form between dialects → a body for `POST /v1/chat/completions`."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.form import (
    Audio,
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
    Text,
    Tool,
    ToolChoice,
    Turn,
)
from masthead.providers.dialects.media import data_url
from masthead.providers.dialects.openai_chat.reasoning import written
from masthead.providers.dialects.search import refuse
from masthead.providers.dialects.turns import joined_text

_BY_ITSELF: Final = "OpenAI's dialect caches prefixes by itself, the mark was dropped"


def write(request: Request, losses: Losses, *, limit_field: str = "max_completion_tokens") -> dict[str, Any]:
    """Return the body. `limit_field` is what the vendor calls the limit of output tokens.

    Raises:
        InvalidInput: something was asked that the dialect cannot say.
    """
    refuse(request.search)
    body: dict[str, Any] = {"model": request.model, "messages": list(_messages(request.turns, losses))}
    if request.tools:
        body["tools"] = [_tool(tool, losses) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _choice(request.tool_choice)
    if request.format is not None:
        body["response_format"] = _format(request.format)
    if request.stop:
        body["stop"] = list(request.stop)
    if request.top_k is not None:
        losses.add(request.where("top_k"), "OpenAI's dialect has no top_k, dropped")
    if request.is_streamed:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    optional = {
        "parallel_tool_calls": request.is_parallel if request.tools else None,
        "reasoning_effort": effort_of(request, losses),
        limit_field: request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
        "user": request.user,
        "metadata": request.metadata,
        "service_tier": request.service_tier,
        "verbosity": request.verbosity,
    }
    return body | {name: value for name, value in optional.items() if value is not None} | dict(request.openai)


def effort_of(request: Request, losses: Losses) -> str | None:
    """Return OpenAI's effort for what was asked: a budget of tokens becomes the effort that spends about as much."""
    thinking = request.thinking
    if thinking is None:
        return None
    if thinking.effort is not None:
        return thinking.effort
    where = request.where("thinking")
    if thinking.is_on is False:
        losses.add(where, "no effort was sent: a model that does not think refuses one")
        return None
    if thinking.budget_tokens is None:
        return None
    losses.add(where, "a budget of tokens became an effort, which OpenAI's dialect has instead")
    if thinking.budget_tokens <= 2048:
        return "low"
    return "medium" if thinking.budget_tokens <= 8192 else "high"


def _messages(turns: Sequence[Turn], losses: Losses) -> Iterator[dict[str, Any]]:
    for turn in turns:
        name = {} if turn.name is None else {"name": turn.name}
        match turn.role:
            case "system":
                yield {"role": "system", "content": _content(turn.parts, losses), **name}
            case "assistant":
                yield {"role": "assistant", **assistant(turn.parts, losses), **name}
            case "user":
                moved: list[Part] = []
                for part in turn.parts:
                    if isinstance(part, Result):
                        yield _result(part, moved, losses)
                rest = [part for part in turn.parts if not isinstance(part, Result)]
                if moved or rest or not turn.parts:
                    yield {"role": "user", "content": _content([*moved, *rest], losses), **name}


def assistant(parts: Sequence[Part], losses: Losses) -> dict[str, Any]:
    """Return an assistant's message without its role; used for requests and answers alike."""
    for part in parts:
        if isinstance(part, Image | File | Audio):
            raise refused(part.at, "an assistant's message of this dialect holds text and calls alone")
        note_cache(part, losses)
    calls = [_call(part) for part in parts if isinstance(part, Call)]
    refusal = "".join(part.text for part in parts if isinstance(part, Refusal))
    message: dict[str, Any] = {"content": joined_text(parts) or None}
    message |= written([part for part in parts if isinstance(part, Reasoning)])
    if refusal:
        message["refusal"] = refusal
    if calls:
        message["tool_calls"] = calls
    elif message["content"] is None and not refusal:
        message["content"] = ""
    return message


def write_call(call: Call) -> dict[str, Any]:
    """Return a call without its id; used for requests, answers and chunks alike."""
    extra = {} if call.signature is None else {"extra_content": {"google": {"thought_signature": call.signature}}}
    if call.is_freeform:
        return {"type": "custom", "custom": {"name": call.name, "input": call.arguments}, **extra}
    return {"type": "function", "function": {"name": call.name, "arguments": call.arguments}, **extra}


def _call(call: Call) -> dict[str, Any]:
    return {"id": call.id, **write_call(call)}


def _result(result: Result, moved: list[Part], losses: Losses) -> dict[str, Any]:
    """Return a tool's message; what is no text goes into the user's message behind it."""
    note_cache(result, losses)
    for part in result.parts:
        note_cache(part, losses)
        if not isinstance(part, Text):
            losses.add(part.at or result.at, "a tool's message holds text alone: it was moved into a user's message")
            moved.append(part)
    text = joined_text(result.parts)
    if result.is_error:
        losses.add(f"{result.at}.is_error", "the dialect has no mark for a failed tool: it was written before the text")
        text = f"Error: {text}"
    return {"role": "tool", "tool_call_id": result.call_id, "content": text}


def _content(parts: Sequence[Part], losses: Losses) -> str | list[dict[str, Any]]:
    for part in parts:
        note_cache(part, losses)
    texts = [part.text for part in parts if isinstance(part, Text)]
    if len(texts) == len(parts) and len(texts) <= 1:
        return texts[0] if texts else ""
    return [_part(part, losses) for part in parts]


def _part(part: Part, losses: Losses) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Image(file_id=str()):
            raise refused(part.at, "a file that another vendor holds cannot be sent: send the image itself")
        case Image():
            url = part.url if part.url is not None else data_url(part.media_type, part.data or "")
            image = {"url": url} if part.detail is None else {"url": url, "detail": part.detail}
            return {"type": "image_url", "image_url": image}
        case Audio():
            return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
        case File():
            return _file(part, losses)
        case _:
            raise refused(part.at, "it has no place in a user's message of this dialect")


def _file(part: File, losses: Losses) -> dict[str, Any]:
    note_document(part, losses)
    if part.text is not None:
        title = f"{part.name}\n\n" if part.name else ""
        return {"type": "text", "text": f"{title}{part.text}"}
    if part.data is None:
        raise refused(part.at, "a document by address or by id cannot be sent in this dialect: send its data")
    file = {"file_data": data_url(part.media_type, part.data), "filename": part.name or "document"}
    return {"type": "file", "file": file}


def note_document(part: File, losses: Losses) -> None:
    """Note what OpenAI's dialects have no place for in a document."""
    if part.context is not None:
        losses.add(f"{part.at}.context", "the dialect has no place for a document's context, dropped")
    if part.is_cited:
        losses.add(f"{part.at}.citations", "the dialect cannot ask for citations of a document, dropped")


def note_cache(part: Part | Tool, losses: Losses) -> None:
    """Note a cache mark, which OpenAI's dialects do without."""
    cache: Cache | None = getattr(part, "cache", None)
    if cache is not None:
        losses.add(f"{part.at}.cache_control", _BY_ITSELF)


def _tool(tool: Tool, losses: Losses) -> dict[str, Any]:
    note_cache(tool, losses)
    optional = {"description": tool.description, "parameters": tool.parameters, "strict": tool.strict}
    function = {"name": tool.name} | {name: value for name, value in optional.items() if value is not None}
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice) -> str | dict[str, Any]:
    if not choice.names:
        return choice.mode
    named = [{"type": "function", "function": {"name": name}} for name in choice.names]
    if choice.mode == "required" and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": named}}


def _format(asked: Format) -> dict[str, Any]:
    if asked.schema is None:
        return {"type": "json_object"}
    optional = {"description": asked.description, "strict": asked.strict}
    schema = {"name": asked.name or "answer", "schema": asked.schema}
    schema |= {name: value for name, value in optional.items() if value is not None}
    return {"type": "json_schema", "json_schema": schema}
