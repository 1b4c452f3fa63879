"""The form between dialects → a body for `POST /v1/responses`."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.form import (
    Audio,
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
from masthead.providers.dialects.openai_chat.write_request import effort_of, note_cache, note_document
from masthead.providers.dialects.seals import with_call_proofs, worthless
from masthead.providers.dialects.search import for_responses


def write(request: Request, losses: Losses) -> dict[str, Any]:
    """Return the body. Nothing is stored at OpenAI unless the caller asks for it, as in every other dialect.

    Raises:
        InvalidInput: something was asked that the dialect cannot say.
    """
    if request.stop:
        raise refused(
            request.where("stop"), "responses cannot be told where to stop: leave it out or ask another target"
        )
    turns = list(request.turns)
    body: dict[str, Any] = {"model": request.model, "store": False}
    instructions = _leading_instructions(turns, losses)
    if instructions:
        body["instructions"] = instructions
    freeform = {part.id for turn in turns for part in turn.parts if isinstance(part, Call) and part.is_freeform}
    body["input"] = [_matched(item, freeform) for turn in turns for item in _items(turn, losses)]
    tools = [_tool(tool, losses) for tool in request.tools]
    if request.search is not None:
        tools.append(for_responses(request.search, losses))
    if tools:
        body["tools"] = tools
    if request.tool_choice is not None:
        body["tool_choice"] = write_choice(request.tool_choice, request.tools)
    body |= _text(request) | _reasoning(request, losses)
    for name in ("top_k", "seed", "frequency_penalty", "presence_penalty"):
        if getattr(request, name) is not None:
            losses.add(request.where(name), "responses have no such setting, dropped")
    if request.is_streamed:
        body["stream"] = True
    optional = {
        "parallel_tool_calls": request.is_parallel if request.tools else None,
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "user": request.user,
        "metadata": request.metadata,
        "service_tier": request.service_tier,
    }
    return body | {name: value for name, value in optional.items() if value is not None} | dict(request.openai)


def _leading_instructions(turns: list[Turn], losses: Losses) -> str:
    said: list[str] = []
    while turns and turns[0].role == "system":
        turn = turns.pop(0)
        for part in turn.parts:
            note_cache(part, losses)
        said += [part.text for part in turn.parts if isinstance(part, Text)]
    return "\n\n".join(said)


def _text(request: Request) -> dict[str, Any]:
    text: dict[str, Any] = {}
    if request.format is not None:
        text["format"] = write_format(request.format)
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    return {"text": text} if text else {}


def write_format(asked: Format | None) -> dict[str, Any]:
    """Return the answer's form, also as an answer repeats it."""
    if asked is None:
        return {"type": "text"}
    if asked.schema is None:
        return {"type": "json_object"}
    optional = {"description": asked.description, "strict": asked.strict}
    schema = {"type": "json_schema", "name": asked.name or "answer", "schema": asked.schema}
    return schema | {name: value for name, value in optional.items() if value is not None}


def _reasoning(request: Request, losses: Losses) -> dict[str, Any]:
    effort = effort_of(request, losses)
    shown = request.thinking is not None and request.thinking.is_shown
    reasoning = {"effort": effort} if effort is not None else {}
    if shown:
        reasoning["summary"] = "auto"
    if not reasoning:
        return {}
    return {"reasoning": reasoning, "include": ["reasoning.encrypted_content"]}


def _items(turn: Turn, losses: Losses) -> Iterator[dict[str, Any]]:
    """Yield the items of a turn in their order; what stands together in one message stays together."""
    if turn.name is not None:
        losses.add(f"{turn.at}.name", "responses have no names of participants, dropped")
    role = "developer" if turn.role == "system" else turn.role
    together: list[dict[str, Any]] = []
    for part in with_call_proofs(turn.parts):
        note_cache(part, losses)
        item = _item(part, losses)
        if item is None:
            together += _content(part, turn.role, losses)
            continue
        if together:
            yield _message(role, together)
            together = []
        if item:
            yield item
    if together:
        yield _message(role, together)


def _matched(item: dict[str, Any], freeform: AbstractSet[str]) -> dict[str, Any]:
    """Return a result as that of the kind of call that it belongs to."""
    is_of_freeform = item["type"] == "function_call_output" and item["call_id"] in freeform
    return {**item, "type": "custom_tool_call_output"} if is_of_freeform else item


def _message(role: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a message; what an assistant said goes back as a string, as its parts would need ids of OpenAI's."""
    if role == "assistant" and all("text" in part for part in content):
        return {"type": "message", "role": role, "content": "".join(part["text"] for part in content)}
    return {"type": "message", "role": role, "content": content}


def _item(part: Part, losses: Losses) -> dict[str, Any] | None:
    """Return the item of a part that is one by itself, an empty one where it is dropped, None for content."""
    match part:
        case Call():
            return write_call(part)
        case Result():
            return {"type": "function_call_output", "call_id": part.call_id, "output": _output(part, losses)}
        case Reasoning():
            if worthless(part, "openai", losses):
                return {}
            summary = [{"type": "summary_text", "text": part.text}] if part.text else []
            item = {"type": "reasoning", "summary": summary, "encrypted_content": part.signature or part.redacted}
            return item if part.id is None else {**item, "id": part.id}
        case _:
            return None


def _output(result: Result, losses: Losses) -> str | list[dict[str, Any]]:
    if result.is_error:
        losses.add(f"{result.at}.is_error", "the dialect has no mark for a failed tool: it was written before the text")
    mark = "Error: " if result.is_error else ""
    for part in result.parts:
        note_cache(part, losses)
    texts = [part.text for part in result.parts if isinstance(part, Text)]
    if len(texts) == len(result.parts) and len(texts) <= 1:
        return mark + "".join(texts)
    content = [piece for part in result.parts for piece in _content(part, "user", losses)]
    return [{"type": "input_text", "text": mark}, *content] if mark else content


def _content(part: Part, role: str, losses: Losses) -> list[dict[str, Any]]:
    match part:
        case Text() if role == "assistant":
            return [{"type": "output_text", "text": part.text, "annotations": []}]
        case Text():
            return [{"type": "input_text", "text": part.text}]
        case Refusal() if role == "assistant":
            return [{"type": "refusal", "refusal": part.text}]
        case Image(file_id=None) if role != "assistant":
            url = part.url if part.url is not None else data_url(part.media_type, part.data or "")
            return [{"type": "input_image", "image_url": url, "detail": part.detail or "auto"}]
        case File(file_id=None) if role != "assistant":
            return [_file(part, losses)]
        case Audio():
            raise refused(part.at, "responses take no sound: ask a target of chat completions")
        case Image() | File():
            raise refused(part.at, "a file that another vendor holds cannot be sent: send what is in it")
        case _:
            raise refused(part.at, "it has no place in a message of this dialect")


def _file(part: File, losses: Losses) -> dict[str, Any]:
    note_document(part, losses)
    if part.text is not None:
        title = f"{part.name}\n\n" if part.name else ""
        return {"type": "input_text", "text": f"{title}{part.text}"}
    if part.url is not None:
        return {"type": "input_file", "file_url": part.url}
    data = data_url(part.media_type, part.data or "")
    return {"type": "input_file", "file_data": data, "filename": part.name or "document"}


def _tool(tool: Tool, losses: Losses) -> dict[str, Any]:
    note_cache(tool, losses)
    return write_tool(tool)


def write_call(call: Call) -> dict[str, Any]:
    """Return a call, as the history of a request and as an answer have it."""
    named = {"call_id": call.id, "name": call.name}
    if call.namespace is not None:
        named["namespace"] = call.namespace
    if call.is_freeform:
        return {"type": "custom_tool_call", **named, "input": call.arguments}
    return {"type": "function_call", **named, "arguments": call.arguments}


def write_tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Return the tools as an answer repeats them, those of a namespace under its name."""
    written: list[dict[str, Any]] = []
    spaces: dict[str, list[dict[str, Any]]] = {}
    for tool in tools:
        if tool.namespace is None:
            written.append(write_tool(tool))
            continue
        if tool.namespace not in spaces:
            inside = spaces[tool.namespace] = []
            written.append({"type": "namespace", "name": tool.namespace, "description": "", "tools": inside})
        spaces[tool.namespace].append(write_tool(tool))
    return written


def write_tool(tool: Tool) -> dict[str, Any]:
    """Return a tool. A schema is not strict unless the caller said so."""
    form = tool.freeform
    if form is not None:
        asked = {"type": "text"} if form.grammar is None else {"type": "grammar", "definition": form.grammar}
        if form.syntax is not None:
            asked["syntax"] = form.syntax
        described = {} if tool.description is None else {"description": tool.description}
        return {"type": "custom", "name": tool.name, **described, "format": asked}
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": bool(tool.strict),
    }


def write_choice(choice: ToolChoice | None, tools: Sequence[Tool]) -> str | dict[str, Any]:
    """Return the choice, also as an answer repeats it."""
    if choice is None:
        return "auto"
    if not choice.names:
        return choice.mode
    freeform = {tool.name for tool in tools if tool.freeform is not None}
    named: Sequence[dict[str, Any]] = [
        {"type": "custom" if name in freeform else "function", "name": name} for name in choice.names
    ]
    if choice.mode == "required" and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": list(named)}
