"""An answer of Converse → the form between dialects."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from masthead.model.reading import Usage
from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.form import Call, Citation, Part, Reasoning, Reply, Stop, Text
from masthead.providers.dialects.json_text import inner, text_of, tokens

STOPS: Final[Mapping[str, Stop]] = {
    "end_turn": "end",
    "tool_use": "tool",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "filter",
    "content_filtered": "filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
    "model_context_window_exceeded": "context",
}
_READ: Final = frozenset({"output", "stopReason", "usage", "metrics", "serviceTier", "performanceConfig", "$metadata"})


def read(answer: Mapping[str, Any], losses: Losses, *, reply_id: str) -> Reply:
    """Return what the message says; Bedrock gives it neither an id nor the model's name."""
    for name in answer.keys() - _READ:
        losses.add(name, "the caller's dialect has no place for it, dropped")
    message = inner(inner(answer, "output"), "message")
    blocks = cast("list[dict[str, Any]]", message.get("content") or [])
    return Reply(
        id=reply_id,
        model="",
        parts=tuple(part for block in blocks for part in _parts(block, losses)),
        stop=STOPS.get(answer.get("stopReason") or ""),
        usage=read_usage(answer.get("usage")),
        service_tier=inner(answer, "serviceTier").get("type"),
    )


def _parts(block: Mapping[str, Any], losses: Losses) -> Iterator[Part]:
    if "text" in block:
        yield Text(text=block["text"])
    elif "toolUse" in block:
        use = inner(block, "toolUse")
        yield Call(id=use.get("toolUseId") or "", name=use.get("name") or "", arguments=text_of(use.get("input")))
    elif "reasoningContent" in block:
        content = inner(block, "reasoningContent")
        text = inner(content, "reasoningText")
        hidden = content.get("redactedContent")
        if hidden is not None:
            yield Reasoning(redacted=hidden, origin="anthropic")
        else:
            signature = text.get("signature")
            origin = "anthropic" if signature else None
            yield Reasoning(text=text.get("text") or "", signature=signature, origin=origin)
    elif "citationsContent" in block:
        content = inner(block, "citationsContent")
        said = "".join(part.get("text") or "" for part in content.get("content") or ())
        yield Text(text=said, citations=tuple(read_citation(note) for note in content.get("citations") or ()))
    else:
        losses.add(f"content.{next(iter(block), 'empty')}", "it has no place in other dialects, dropped")


def read_citation(note: Mapping[str, Any]) -> Citation:
    """Return a citation of a page or a document."""
    quote = "".join(part.get("text") or "" for part in note.get("sourceContent") or ())
    url = inner(inner(note, "location"), "web").get("url") or note.get("source")
    return Citation(url=url, title=note.get("title"), quote=quote or None)


def read_usage(usage: Mapping[str, Any] | None) -> Usage | None:
    """Return the tokens; Bedrock counts cached input beside `inputTokens`, not within it."""
    if not usage:
        return None
    fresh, read_tokens = tokens(usage, "inputTokens"), tokens(usage, "cacheReadInputTokens")
    written = tokens(usage, "cacheWriteInputTokens")
    return Usage(
        input_tokens=None if fresh is None else fresh + (read_tokens or 0) + (written or 0),
        output_tokens=tokens(usage, "outputTokens"),
        cache_read_tokens=read_tokens,
        cache_write_tokens=written,
        cache_write_hour_tokens=_hour_tokens(usage),
    )


def _hour_tokens(usage: Mapping[str, Any]) -> int | None:
    """Return the tokens that the cache keeps for an hour, None where it is not told for how long."""
    details = usage.get("cacheDetails")
    if not isinstance(details, list):
        return None
    told = [cast("Mapping[str, Any]", one) for one in cast("list[object]", details) if isinstance(one, dict)]
    return sum(tokens(one, "inputTokens") or 0 for one in told if one.get("ttl") == "1h") if told else None
