"""The form between dialects → a body for `POST …/models/MODEL:generateContent`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from masthead.providers.dialects.anthropic.write_request import BUDGETS, note_unknown
from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.form import (
    Audio,
    Call,
    File,
    Image,
    Part,
    Reasoning,
    Refusal,
    Request,
    Result,
    Text,
    Tool,
    Turn,
)
from masthead.providers.dialects.json_text import arguments_of, decoded
from masthead.providers.dialects.media import AUDIO_TYPES, image_type_of
from masthead.providers.dialects.seals import worthless
from masthead.providers.dialects.search import allowed_search, for_gemini
from masthead.providers.dialects.turns import allowed_tools, filled, joined_text, merged, without_system

_NOWHERE: Final = "Gemini's dialect has no place for it, dropped"
_UNKNOWN: Final = ("user", "metadata", "service_tier", "verbosity")
_BY_BUDGET: Final = re.compile(r"gemini-2")
"""Models that think by a budget of tokens; the later ones by a level."""
_WANTS_PROOF: Final = re.compile(r"gemini-([3-9]|\d\d)")
_NO_PROOF: Final = "skip_thought_signature_validator"
"""What Google documents for calls that another model made, which have no signature."""
_LEVELS: Final = {
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "high",
    "max": "high",
}


def write(request: Request, losses: Losses) -> dict[str, Any]:
    """Return the body; the model and whether to stream are said by the address.

    Raises:
        InvalidInput: something was asked that the dialect cannot say.
    """
    system, turns = without_system(request.turns, losses)
    names = {part.id: part.name for turn in turns for part in turn.parts if isinstance(part, Call)}
    contents = [
        {"role": "model" if turn.role == "assistant" else "user", "parts": list(_parts(turn, names, request, losses))}
        for turn in merged(turns, losses)
    ]
    body: dict[str, Any] = {"contents": filled(contents, "parts")}
    for part in system:
        _note_cache(part, losses)
    if system:
        body["systemInstruction"] = {"parts": [{"text": part.text} for part in system]}
    tools = allowed_tools(request) if request.tool_choice and request.tool_choice.mode == "auto" else request.tools
    if tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool, losses) for tool in tools]}]
        body |= _choice(request, losses)
    search = allowed_search(request)
    if search is not None:
        body["tools"] = [for_gemini(search, losses, has_functions=bool(tools))]
    config = _config(request, losses)
    if config:
        body["generationConfig"] = config
    note_unknown(request, losses, _UNKNOWN, _NOWHERE)
    return body


def _config(request: Request, losses: Losses) -> dict[str, Any]:
    optional: dict[str, Any] = {
        "maxOutputTokens": request.max_output_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "topK": request.top_k,
        "stopSequences": list(request.stop) or None,
        "seed": request.seed,
        "frequencyPenalty": request.frequency_penalty,
        "presencePenalty": request.presence_penalty,
        "thinkingConfig": _thinking(request, losses),
    }
    if request.format is not None:
        optional["responseMimeType"] = "application/json"
        optional["responseJsonSchema"] = request.format.schema
        where = request.where("format")
        for name in ("name", "description"):
            if getattr(request.format, name) is not None:
                losses.add(f"{where}.json_schema.{name}", "a label that Gemini has no place for, dropped")
        if request.format.strict is False:
            losses.add(f"{where}.json_schema.strict", "Gemini always holds the model to the schema")
    return {name: value for name, value in optional.items() if value is not None}


def _thinking(request: Request, losses: Losses) -> dict[str, Any] | None:
    asked = request.thinking
    if asked is None:
        return None
    config: dict[str, Any] = {} if asked.is_shown is None else {"includeThoughts": asked.is_shown}
    where = request.where("thinking")
    is_off = asked.is_on is False or asked.effort == "none"
    if _BY_BUDGET.search(request.model):
        if is_off:
            return {"thinkingBudget": 0}
        budget_tokens = asked.budget_tokens or BUDGETS.get(asked.effort or "")
        return config if budget_tokens is None else {**config, "thinkingBudget": budget_tokens}
    if is_off:
        losses.add(where, "Gemini cannot stop thinking: its least level was set")
        return {"thinkingLevel": "minimal"}
    if asked.effort is not None:
        level = _LEVELS.get(asked.effort, "high")
        if level != asked.effort:
            losses.add(where, f"Gemini has no level {asked.effort!r}: {level} was set")
        return {**config, "thinkingLevel": level}
    if asked.budget_tokens is not None:
        losses.add(where, "a budget of tokens became a level, which this model has instead")
        return {**config, "thinkingLevel": "low" if asked.budget_tokens <= 4096 else "high"}
    return config or None


def _tool(tool: Tool, losses: Losses) -> dict[str, Any]:
    if tool.cache is not None:
        losses.add(f"{tool.at}.cache_control", "Gemini caches prefixes by itself, the mark was dropped")
    if tool.strict:
        losses.add(f"{tool.at}.strict", "Gemini has no strict tools, dropped")
    optional = {"description": tool.description, "parametersJsonSchema": tool.parameters}
    return {"name": tool.name} | {name: value for name, value in optional.items() if value is not None}


def _choice(request: Request, losses: Losses) -> dict[str, Any]:
    if request.is_parallel is False:
        losses.add(request.where("is_parallel"), "Gemini cannot be told to call one tool at a time, dropped")
    choice = request.tool_choice
    if choice is None:
        return {}
    config: dict[str, Any] = {"mode": {"auto": "AUTO", "none": "NONE", "required": "ANY"}[choice.mode]}
    if choice.names and choice.mode == "required":
        config["allowedFunctionNames"] = list(choice.names)
    return {"toolConfig": {"functionCallingConfig": config}}


def _note_cache(part: Part, losses: Losses) -> None:
    if getattr(part, "cache", None) is not None:
        losses.add(f"{part.at}.cache_control", "Gemini caches prefixes by itself, the mark was dropped")


def _parts(turn: Turn, names: Mapping[str, str], request: Request, losses: Losses) -> Iterator[dict[str, Any]]:
    has_called = False
    behind: list[dict[str, Any]] = []
    for part in turn.parts:
        _note_cache(part, losses)
        match part:
            case Text(text="") | Refusal(text=""):
                continue
            case Reasoning():
                if not worthless(part, "gemini", losses):
                    yield {"text": part.text, "thought": True, "thoughtSignature": part.signature}
            case Call():
                yield _call(part, request, losses, is_first=not has_called)
                has_called = True
            case Result():
                yield _result(part, names, behind, losses)
            case _:
                yield _media(part, losses)
    yield from behind


def _call(call: Call, request: Request, losses: Losses, *, is_first: bool) -> dict[str, Any]:
    given = arguments_of(call.arguments, call.at, losses)
    part: dict[str, Any] = {"functionCall": {"name": call.name, "args": given}}
    if call.signature is not None:
        part["thoughtSignature"] = call.signature
    elif is_first and _WANTS_PROOF.search(request.model):
        losses.add(f"{call.at}.thoughtSignature", "the call has none, as another model made it: Gemini was told so")
        part["thoughtSignature"] = _NO_PROOF
    return part


def _result(result: Result, names: Mapping[str, str], behind: list[dict[str, Any]], losses: Losses) -> dict[str, Any]:
    name = names.get(result.call_id)
    if name is None:
        raise refused(result.at, f"no call {result.call_id!r} stands before it, and Gemini wants the function's name")
    for part in result.parts:
        _note_cache(part, losses)
        if not isinstance(part, Text):
            losses.add(part.at or result.at, "a function's response holds JSON alone: it was put behind it")
            behind.append(_media(part, losses))
    text = joined_text(result.parts)
    response = {"error": text} if result.is_error else decoded(text) or {"result": text}
    return {"functionResponse": {"name": name, "response": response}}


def _media(part: Part, losses: Losses) -> dict[str, Any]:
    match part:
        case Text() | Refusal():
            return {"text": part.text}
        case Image(file_id=None):
            if part.detail is not None:
                losses.add(f"{part.at}.detail", "Gemini has no such setting for one image, dropped")
            if part.data is not None:
                return {"inlineData": {"mimeType": part.media_type, "data": part.data}}
            media_type = image_type_of(part.url or "")
            if media_type is None:
                losses.add(
                    f"{part.at}.url", "Gemini wants a media type and the address does not tell: image/jpeg was set"
                )
            return {"fileData": {"fileUri": part.url, "mimeType": media_type or "image/jpeg"}}
        case Audio():
            media_type = AUDIO_TYPES.get(part.format, f"audio/{part.format}")
            return {"inlineData": {"mimeType": media_type, "data": part.data}}
        case File(file_id=None):
            return _file(part, losses)
        case _:
            raise refused(part.at, "a file that another vendor holds cannot be sent: send what is in it")


def _file(part: File, losses: Losses) -> dict[str, Any]:
    if part.context is not None:
        losses.add(f"{part.at}.context", "Gemini has no place for a document's context, dropped")
    if part.is_cited:
        losses.add(f"{part.at}.citations", "Gemini cannot be asked for citations of a document, dropped")
    media_type = part.media_type or "application/pdf"
    if part.text is not None:
        title = f"{part.name}\n\n" if part.name else ""
        return {"text": f"{title}{part.text}"}
    if part.name is not None:
        losses.add(f"{part.at}.name", "Gemini has no place for a document's name, dropped")
    if part.url is not None:
        return {"fileData": {"fileUri": part.url, "mimeType": media_type}}
    return {"inlineData": {"mimeType": media_type, "data": part.data}}
