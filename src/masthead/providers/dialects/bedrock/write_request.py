"""The form between dialects → a body for `POST /model/MODEL/converse`."""

import re
from collections.abc import Iterator
from typing import Any, Final

from masthead.providers.dialects.anthropic.write_request import note_unknown, sampling, thinking_fields
from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.form import (
    Audio,
    Cache,
    Call,
    File,
    Image,
    Part,
    Reasoning,
    Refusal,
    Request,
    Result,
    Text,
    Turn,
)
from masthead.providers.dialects.json_text import arguments_of, encoded
from masthead.providers.dialects.media import document_suffix
from masthead.providers.dialects.seals import with_call_proofs, worthless
from masthead.providers.dialects.search import refuse
from masthead.providers.dialects.turns import allowed_tools, filled, merged, without_system

_NOWHERE: Final = "Bedrock's dialect has no place for it, dropped"
_UNKNOWN: Final = ("seed", "frequency_penalty", "presence_penalty", "user", "verbosity")
_TIERS: Final = frozenset({"default", "flex", "priority"})
_EFFORTS: Final = frozenset({"low", "medium", "high", "xhigh", "max"})
_IMAGES: Final = frozenset({"png", "jpeg", "gif", "webp"})
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9 \-()\[\]]+")


def write(request: Request, losses: Losses) -> dict[str, Any]:
    """Return the body; the model and whether to stream are said by the address.

    Raises:
        InvalidInput: something was asked that the dialect cannot say.
    """
    refuse(request.search)
    system, turns = without_system(request.turns, losses)
    messages = [{"role": turn.role, "content": list(_blocks(turn, losses))} for turn in merged(turns, losses)]
    body: dict[str, Any] = {"messages": filled(messages, "content")}
    if system:
        body["system"] = [block for part in system for block in ({"text": part.text}, *_cache_point(part.cache))]
    is_claude = "claude" in request.model
    beside: dict[str, Any] = _thinking(request, losses, is_claude=is_claude)
    inference, more = _inference(request, losses, is_claude=is_claude, is_thinking="thinking" in beside)
    output = _output(request, losses)
    tier: dict[str, str] = {}
    if request.service_tier in _TIERS:
        tier = {"type": request.service_tier or ""}
    elif request.service_tier not in {None, "auto"}:
        losses.add(request.where("service_tier"), f"Bedrock has no tier {request.service_tier!r}, dropped")
    optional = {
        "inferenceConfig": inference,
        "toolConfig": _tools(request, losses),
        "additionalModelRequestFields": beside | more,
        "outputConfig": output,
        "serviceTier": tier,
        "requestMetadata": dict(request.metadata or {}),
    }
    note_unknown(request, losses, _UNKNOWN, _NOWHERE)
    return body | {name: value for name, value in optional.items() if value}


def _thinking(request: Request, losses: Losses, *, is_claude: bool) -> dict[str, Any]:
    if request.thinking is None:
        return {}
    if not is_claude:
        if request.thinking.effort is None:
            losses.add(request.where("thinking"), "only Claude takes it at Bedrock, dropped")
        return {}
    limit = request.max_output_tokens or 64_000
    fields = thinking_fields(request, limit, losses)
    return {name: value for name, value in fields.items() if name == "thinking"}


def _inference(
    request: Request, losses: Losses, *, is_claude: bool, is_thinking: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    sampled = sampling(request, losses, is_thinking=is_thinking)
    more: dict[str, Any] = {}
    top_k = sampled.pop("top_k", None)
    if top_k is not None and is_claude:
        more["top_k"] = top_k
    elif top_k is not None:
        losses.add(request.where("top_k"), "Bedrock takes it for Claude alone, dropped")
    optional = {
        "maxTokens": request.max_output_tokens,
        "temperature": sampled.get("temperature"),
        "topP": sampled.get("top_p"),
        "stopSequences": list(request.stop) or None,
    }
    return {name: value for name, value in optional.items() if value is not None}, more


def _output(request: Request, losses: Losses) -> dict[str, Any]:
    config: dict[str, Any] = {}
    effort = request.thinking.effort if request.thinking else None
    if effort in _EFFORTS:
        config["effort"] = effort
    elif effort == "minimal":
        config["effort"] = "low"
        losses.add(request.where("thinking"), "Bedrock's least effort is low: minimal became low")
    asked = request.format
    if asked is None:
        return config
    where = request.where("format")
    if asked.schema is None:
        losses.add(where, "Bedrock has no mode for any JSON, only for a schema: it was dropped, say it in the prompt")
        return config
    if asked.strict is False:
        losses.add(f"{where}.json_schema.strict", "Bedrock always holds the model to the schema")
    optional = {"name": asked.name, "description": asked.description}
    schema = {"schema": encoded(asked.schema).decode()}
    schema |= {name: value for name, value in optional.items() if value is not None}
    return {**config, "textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


def _tools(request: Request, losses: Losses) -> dict[str, Any]:
    tools = allowed_tools(request)
    if not tools:
        return _called_tools(request, losses)
    if request.is_parallel is False:
        losses.add(request.where("is_parallel"), "Bedrock cannot be told to call one tool at a time, dropped")
    written: list[dict[str, Any]] = []
    for tool in tools:
        optional = {"description": tool.description, "strict": tool.strict}
        spec = {"name": tool.name, "inputSchema": {"json": tool.parameters or {"type": "object", "properties": {}}}}
        spec |= {name: value for name, value in optional.items() if value is not None}
        written += [{"toolSpec": spec}, *_cache_point(tool.cache)]
    config: dict[str, Any] = {"tools": written}
    choice = request.tool_choice
    if choice is not None and choice.mode == "required":
        only = choice.names[0] if len(choice.names) == 1 else None
        config["toolChoice"] = {"any": {}} if only is None else {"tool": {"name": only}}
    elif choice is not None and choice.mode == "none":
        losses.add(request.where("tool_choice"), "Bedrock cannot forbid tools: they were left out of the request")
        return _called_tools(request, losses)
    elif choice is not None:
        config["toolChoice"] = {"auto": {}}
    return config


def _called_tools(request: Request, losses: Losses) -> dict[str, Any]:
    """Return the tools that were called before, which Bedrock wants to be named even where none may be called now."""
    parts = [part for turn in request.turns for part in turn.parts]
    names = dict.fromkeys(part.name for part in parts if isinstance(part, Call))
    if not names:
        return {}
    losses.add("tools", "Bedrock wants the tools that were called before: they were named, without their parameters")
    return {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}} for name in names]}


def _cache_point(cache: Cache | None) -> list[dict[str, Any]]:
    if cache is None:
        return []
    point = {"type": "default"}
    if cache.ttl is not None:
        point["ttl"] = "5m" if cache.ttl == "5m" else "1h"
    return [{"cachePoint": point}]


def _blocks(turn: Turn, losses: Losses) -> Iterator[dict[str, Any]]:
    parts = sorted(turn.parts, key=lambda part: not isinstance(part, Result)) if turn.role == "user" else turn.parts
    for part in with_call_proofs(tuple(parts)):
        match part:
            case Text(text="") | Refusal(text=""):
                continue
            case Reasoning():
                if not worthless(part, "anthropic", losses):
                    yield {"reasoningContent": _reasoning(part)}
            case Result():
                content = [_content(inside, losses) for inside in part.parts] or [{"text": ""}]
                result: dict[str, Any] = {"toolUseId": part.call_id, "content": content}
                if part.is_error is not None:
                    result["status"] = "error" if part.is_error else "success"
                yield {"toolResult": result}
            case Call():
                given = arguments_of(part.arguments, part.at, losses)
                yield {"toolUse": {"toolUseId": part.id, "name": part.name, "input": given}}
            case _:
                yield _content(part, losses)
        yield from _cache_point(getattr(part, "cache", None))


def _reasoning(part: Reasoning) -> dict[str, Any]:
    if part.redacted is not None:
        return {"redactedContent": part.redacted}
    return {"reasoningText": {"text": part.text, "signature": part.signature}}


def _content(part: Part, losses: Losses) -> dict[str, Any]:
    match part:
        case Text() | Refusal():
            return {"text": part.text}
        case Image(data=str()):
            if part.detail is not None:
                losses.add(f"{part.at}.detail", "Bedrock has no such setting, dropped")
            kind = (part.media_type or "").rpartition("/")[2]
            if kind not in _IMAGES:
                raise refused(part.at, f"Bedrock takes PNG, JPEG, GIF and WebP, not {part.media_type!r}")
            return {"image": {"format": kind, "source": {"bytes": part.data}}}
        case Audio():
            return {"audio": {"format": part.format, "source": {"bytes": part.data}}}
        case File():
            return {"document": _document(part)}
        case _:
            raise refused(part.at, "Bedrock takes no addresses and no files of another vendor: send the data itself")


def _document(part: File) -> dict[str, Any]:
    suffix = "txt" if part.text is not None else document_suffix(part.media_type or "application/pdf", part.name)
    if suffix is None:
        raise refused(part.at, f"Bedrock takes no documents of the type {part.media_type!r}")
    if part.text is not None:
        source = {"text": part.text}
    elif part.data is not None:
        source = {"bytes": part.data}
    else:
        raise refused(part.at, "Bedrock takes no addresses and no files of another vendor: send the data itself")
    name = _NOT_IN_A_NAME.sub(" ", (part.name or "document").rpartition(".")[0] or part.name or "document").strip()
    document: dict[str, Any] = {"format": suffix, "name": name or "document", "source": source}
    if part.context is not None:
        document["context"] = part.context
    if part.is_cited is not None:
        document["citations"] = {"enabled": part.is_cited}
    return document
