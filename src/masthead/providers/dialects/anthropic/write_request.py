"""The form between dialects → a body for `POST /v1/messages`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from masthead.providers.dialects.anthropic.write_said import cache_control, image_source, write_said
from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.form import Audio, File, Image, Part, Reasoning, Request, Result, Text, Tool, Turn
from masthead.providers.dialects.seals import with_call_proofs, worthless
from masthead.providers.dialects.search import allowed_search, for_anthropic
from masthead.providers.dialects.turns import allowed_tools, filled, merged, without_system

DEFAULT_OUTPUT_TOKENS: Final = 4096
BUDGETS: Final = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 32768}
"""Tokens of thinking for each effort, for models that take a budget."""
_LEAST_BUDGET: Final = 1024
_BY_BUDGET: Final = re.compile(r"claude-(3|(opus|sonnet|haiku)-4(-[0-5])?(-\d{8}|@|-v\d|$))")
"""Models that think by a budget of tokens; the later ones (from 4.6) decide by themselves and take an effort."""
_TIERS: Final = {"auto": "auto", "default": "standard_only"}
_NOWHERE: Final = "Anthropic's dialect has no place for it, dropped"
_UNKNOWN: Final = ("seed", "frequency_penalty", "presence_penalty", "metadata", "verbosity")


def write(
    request: Request, losses: Losses, *, default_output_tokens: int | None = DEFAULT_OUTPUT_TOKENS
) -> dict[str, Any]:
    """Return the body; where the caller set no limit of output, `default_output_tokens` is set, which is noted.

    Raises:
        InvalidInput: something was asked that the dialect cannot say.
    """
    request = _with_user(request)
    system, turns = without_system(request.turns, losses)
    limit = request.max_output_tokens
    if limit is None:
        limit = (default_output_tokens or DEFAULT_OUTPUT_TOKENS) + _thought_tokens(request)
        losses.add(request.where("max_output_tokens"), f"Anthropic wants a limit and none was given: {limit} was set")
    messages = [{"role": turn.role, "content": list(_blocks(turn, losses))} for turn in merged(turns, losses)]
    body: dict[str, Any] = {"model": request.model, "max_tokens": limit, "messages": filled(messages, "content")}
    if system:
        is_plain = len(system) == 1 and system[0].cache is None
        body["system"] = system[0].text if is_plain else [write_said(part, losses) for part in system]
    tools = [_tool(tool) for tool in allowed_tools(request)]
    search = allowed_search(request)
    if search is not None:
        tools.append(for_anthropic(search))
    if tools:
        body["tools"] = tools
    body |= _choice(request, losses)
    body |= thinking_fields(request, limit, losses)
    body |= _format(request, body.get("output_config") or {}, losses)
    if request.is_streamed:
        body["stream"] = True
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.user is not None:
        body["metadata"] = {"user_id": request.user}
    if request.service_tier is not None:
        tier = _TIERS.get(request.service_tier)
        if tier is None:
            losses.add(request.where("service_tier"), f"Anthropic has no tier {request.service_tier!r}, dropped")
        else:
            body["service_tier"] = tier
    note_unknown(request, losses, _UNKNOWN, _NOWHERE)
    return body | sampling(request, losses, is_thinking="thinking" in body)


def _with_user(request: Request) -> Request:
    """Return the request with OpenAI's identifier of the end user, which is there for the same, as its user."""
    known = request.openai.get("safety_identifier")
    if request.user is not None or not isinstance(known, str):
        return request
    others = {name: value for name, value in request.openai.items() if name != "safety_identifier"}
    return replace(request, user=known, openai=others)


def note_unknown(request: Request, losses: Losses, names: Sequence[str], why: str) -> None:
    """Note the fields that a dialect has no place for, those of OpenAI alone among them."""
    for name in names:
        if getattr(request, name) is not None:
            losses.add(request.where(name), why)
    for name, value in request.openai.items():
        if value is not False:
            losses.add(name, why)


def sampling(request: Request, losses: Losses, *, is_thinking: bool) -> dict[str, Any]:
    """Return temperature, top_p and top_k as Claude takes them: up to 1, and none of them where it thinks."""
    if is_thinking:
        for name in ("temperature", "top_k"):
            value = getattr(request, name)
            if value is not None and not (name == "temperature" and value == 1):
                losses.add(request.where(name), "Claude takes none while it thinks, dropped")
        return {} if request.top_p is None else {"top_p": request.top_p}
    temperature = request.temperature
    if temperature is not None and temperature > 1:
        losses.add(request.where("temperature"), f"Claude's goes up to 1: {temperature} became 1")
        temperature = 1.0
    optional = {"temperature": temperature, "top_p": request.top_p, "top_k": request.top_k}
    return {name: value for name, value in optional.items() if value is not None}


def thinking_fields(request: Request, limit: int, losses: Losses) -> dict[str, Any]:
    """Return `thinking` and `output_config.effort`, in the way that the model named takes them."""
    asked = request.thinking
    if asked is None:
        return {}
    where = request.where("thinking")
    if asked.is_on is False or asked.effort == "none":
        return {"thinking": {"type": "disabled"}}
    if request.tool_choice is not None and request.tool_choice.mode == "required":
        losses.add(where, "Claude does not think where a tool must be called, dropped")
        return {}
    shown = {} if asked.is_shown is None else {"display": "summarized" if asked.is_shown else "omitted"}
    if asked.budget_tokens is None and not _BY_BUDGET.search(request.model):
        fields: dict[str, Any] = {"thinking": {"type": "adaptive", **shown}}
        if asked.effort is not None:
            effort = "low" if asked.effort == "minimal" else asked.effort
            if effort != asked.effort:
                losses.add(where, "Anthropic's least effort is low: minimal became low")
            fields["output_config"] = {"effort": effort}
        return fields
    budget_tokens = _thought_tokens(request)
    if budget_tokens >= limit:
        budget_tokens = max(limit // 2, _LEAST_BUDGET)
        losses.add(where, f"thinking must leave room under the limit of output: its budget is {budget_tokens} tokens")
    if budget_tokens < _LEAST_BUDGET or budget_tokens >= limit:
        losses.add(where, f"Claude thinks with {_LEAST_BUDGET} tokens at least, and the limit of output is {limit}")
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": budget_tokens, **shown}}


def _thought_tokens(request: Request) -> int:
    """Return the budget that the model named is told; 0 where it does not think or decides by itself."""
    asked = request.thinking
    if asked is None or asked.is_on is False or asked.effort == "none":
        return 0
    if asked.budget_tokens is not None:
        return asked.budget_tokens
    if not _BY_BUDGET.search(request.model):
        return 0
    return BUDGETS.get(asked.effort or "medium", BUDGETS["medium"])


def _format(request: Request, config: dict[str, Any], losses: Losses) -> dict[str, Any]:
    asked = request.format
    if asked is None:
        return {}
    where = request.where("format")
    if asked.schema is None:
        losses.add(where, "Claude has no mode for any JSON, only for a schema: it was dropped, say it in the prompt")
        return {}
    for name in ("name", "description"):
        if getattr(asked, name) is not None:
            losses.add(f"{where}.json_schema.{name}", "a label that Anthropic has no place for, dropped")
    if asked.strict is False:
        losses.add(f"{where}.json_schema.strict", "Anthropic always holds the model to the schema")
    return {"output_config": {**config, "format": {"type": "json_schema", "schema": asked.schema}}}


def _choice(request: Request, losses: Losses) -> dict[str, Any]:
    choice = request.tool_choice
    if not request.tools and allowed_search(request) is None:
        if choice is not None and choice.mode == "required":
            losses.add(request.where("tool_choice"), "there are no tools to choose from, dropped")
        return {}
    one: dict[str, Any] = {} if request.is_parallel is None else {"disable_parallel_tool_use": not request.is_parallel}
    if choice is None:
        return {"tool_choice": {"type": "auto", **one}} if one else {}
    if choice.mode == "none":
        return {"tool_choice": {"type": "none"}}
    if choice.mode == "required" and len(choice.names) == 1:
        return {"tool_choice": {"type": "tool", "name": choice.names[0], **one}}
    return {"tool_choice": {"type": "any" if choice.mode == "required" else "auto", **one}}


def _tool(tool: Tool) -> dict[str, Any]:
    optional = {"description": tool.description, "strict": tool.strict}
    body = {"name": tool.name, "input_schema": tool.parameters or {"type": "object", "properties": {}}}
    return body | {name: value for name, value in optional.items() if value is not None} | cache_control(tool.cache)


def _blocks(turn: Turn, losses: Losses) -> Iterator[dict[str, Any]]:
    """Yield the turn's blocks; results of tools come first, as Anthropic wants them."""
    parts = sorted(turn.parts, key=lambda part: not isinstance(part, Result)) if turn.role == "user" else turn.parts
    for part in with_call_proofs(tuple(parts)):
        match part:
            case Text(text=""):
                continue
            case Reasoning() if worthless(part, "anthropic", losses):
                continue
            case _:
                yield _block(part, losses)


def _block(part: Part, losses: Losses) -> dict[str, Any]:
    match part:
        case Image():
            if part.detail is not None:
                losses.add(f"{part.at}.detail", "Anthropic has no such setting, dropped")
            return {"type": "image", "source": image_source(part)} | cache_control(part.cache)
        case File():
            return _document(part)
        case Audio():
            raise refused(part.at, "Anthropic's dialect has no place for sound")
        case Result():
            content = [_block(inside, losses) for inside in part.parts if inside != Text(text="")]
            body = {"type": "tool_result", "tool_use_id": part.call_id, "content": content}
            failed = {} if part.is_error is None else {"is_error": part.is_error}
            return body | failed | cache_control(part.cache)
        case _:
            return write_said(part, losses)


def _document(part: File) -> dict[str, Any]:
    if part.file_id is not None:
        raise refused(part.at, "a file that another vendor holds cannot be sent: send the document itself")
    if part.text is not None:
        source = {"type": "text", "media_type": "text/plain", "data": part.text}
    elif part.url is not None:
        source = {"type": "url", "url": part.url}
    elif (part.media_type or "application/pdf") == "application/pdf":
        source = {"type": "base64", "media_type": "application/pdf", "data": part.data or ""}
    else:
        raise refused(part.at, f"Anthropic takes documents as PDF or text, not {part.media_type!r}")
    optional = {"title": part.name, "context": part.context}
    body: dict[str, Any] = {"type": "document", "source": source}
    body |= {name: value for name, value in optional.items() if value is not None}
    if part.is_cited is not None:
        body["citations"] = {"enabled": part.is_cited}
    return body | cache_control(part.cache)
