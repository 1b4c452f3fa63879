"""An answer of Anthropic's messages ↔ the form between dialects."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from masthead.model.reading import Usage
from masthead.providers.dialects.anthropic.read_request import read_said
from masthead.providers.dialects.anthropic.write_said import write_said
from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Citation, Part, Refusal, Reply, Stop, Text
from masthead.providers.dialects.json_text import inner, tokens
from masthead.providers.dialects.seals import with_call_proofs, with_proofs_on_calls

STOPS: Final[Mapping[str, Stop]] = {
    "end_turn": "end",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context",
}
_REASONS: Final[Mapping[Stop, str]] = {
    "end": "end_turn",
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool": "tool_use",
    "pause": "pause_turn",
    "refusal": "refusal",
    "filter": "refusal",
    "context": "model_context_window_exceeded",
}
_TIERS: Final = {"standard": "default", "priority": "priority"}


def read(answer: Mapping[str, Any], losses: Losses) -> Reply:
    """Return what the message says."""
    fields = Fields(answer, "", losses)
    usage = fields.mapping("usage")
    fields.ignore("type", "role")
    parts = (*with_proofs_on_calls(tuple(_parts(fields))), *read_refusal(fields.mapping("stop_details"), losses))
    reply = Reply(
        id=fields.text("id") or "",
        model=fields.text("model") or "",
        parts=parts,
        stop=STOPS.get(fields.text("stop_reason") or ""),
        stop_sequence=fields.text("stop_sequence"),
        usage=read_usage(usage),
        service_tier=_TIERS.get(str((usage or {}).get("service_tier"))),
    )
    fields.drop("the caller's dialect has no place for it, dropped", "container", "diagnostics")
    fields.finish()
    return reply


def read_refusal(details: Mapping[str, Any] | None, losses: Losses) -> Iterator[Refusal]:
    """Yield why Claude declined, where it says so."""
    told = details or {}
    if told.get("category"):
        losses.add("stop_details.category", "the caller's dialect has no place for it, dropped")
    if told.get("explanation"):
        yield Refusal(text=str(told["explanation"]), at="stop_details.explanation")


def _parts(fields: Fields) -> Iterator[Part]:
    for block in fields.items("content"):
        kind = block.required_text("type")
        said = read_said(block, kind)
        if said is None:
            block.losses.add(block.path, f"a block of type {kind!r} has no place in other dialects, dropped")
            continue
        block.finish()
        yield said


def write(reply: Reply, losses: Losses, *, now_s: int) -> dict[str, Any]:
    """Return the message."""
    _ = now_s
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [_block(part, losses) for part in with_call_proofs(reply.parts) if part != Text(text="")],
        "stop_reason": write_stop(reply.stop, losses),
        "stop_sequence": reply.stop_sequence,
        "usage": write_usage(reply.usage),
    }


def _block(part: Part, losses: Losses) -> dict[str, Any]:
    block = write_said(part, losses)
    if isinstance(part, Text) and part.citations:
        block["citations"] = [write_citation(citation, part.text) for citation in part.citations]
    return block


def write_citation(citation: Citation, text: str) -> dict[str, Any]:
    """Return the citation of a web page."""
    quote = citation.quote if citation.quote is not None else text[citation.start or 0 : citation.end]
    return {
        "type": "web_search_result_location",
        "url": citation.url or "",
        "title": citation.title,
        "cited_text": quote,
        "encrypted_index": "",
    }


def write_stop(stop: Stop | None, losses: Losses) -> str:
    """Return the stop reason."""
    if stop == "error":
        losses.add("stop_reason", "the dialect has no word for an answer that went wrong: end_turn was written")
    return _REASONS.get(stop or "end", "end_turn")


def read_usage(usage: Mapping[str, Any] | None) -> Usage | None:
    """Return the tokens; Anthropic counts cached input beside `input_tokens`, not within it."""
    if not usage:
        return None
    fresh = tokens(usage, "input_tokens")
    read_tokens, written = tokens(usage, "cache_read_input_tokens"), tokens(usage, "cache_creation_input_tokens")
    return Usage(
        input_tokens=None if fresh is None else fresh + (read_tokens or 0) + (written or 0),
        output_tokens=tokens(usage, "output_tokens"),
        cache_read_tokens=read_tokens,
        cache_write_tokens=written,
        reasoning_tokens=tokens(inner(usage, "output_tokens_details"), "thinking_tokens"),
        cache_write_hour_tokens=tokens(inner(usage, "cache_creation"), "ephemeral_1h_input_tokens"),
    )


def write_usage(usage: Usage | None) -> dict[str, Any]:
    """Return the tokens as Anthropic counts them."""
    told = usage or Usage()
    cached = (told.cache_read_tokens or 0) + (told.cache_write_tokens or 0)
    body: dict[str, Any] = {
        "input_tokens": max((told.input_tokens or 0) - cached, 0),
        "output_tokens": told.output_tokens or 0,
        "cache_read_input_tokens": told.cache_read_tokens,
        "cache_creation_input_tokens": told.cache_write_tokens,
    }
    hour = told.cache_write_hour_tokens
    if hour is not None:
        minutes = max((told.cache_write_tokens or 0) - hour, 0)
        body["cache_creation"] = {"ephemeral_1h_input_tokens": hour, "ephemeral_5m_input_tokens": minutes}
    if told.reasoning_tokens is not None:
        body["output_tokens_details"] = {"thinking_tokens": told.reasoning_tokens}
    return body
