"""A chat completion ↔ the form between dialects."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from masthead.model.errors import UpstreamError
from masthead.model.reading import Usage
from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Citation, Part, Refusal, Reply, Stop, Text
from masthead.providers.dialects.json_text import inner, tokens
from masthead.providers.dialects.openai_chat.read_request import assistant_parts
from masthead.providers.dialects.openai_chat.write_request import assistant

_STOPS: Final[Mapping[str, Stop]] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tool",
    "function_call": "tool",
    "content_filter": "filter",
    "error": "error",
    "model_length": "context",
}
_FINISHES: Final[Mapping[Stop, str]] = {
    "end": "stop",
    "stop_sequence": "stop",
    "pause": "stop",
    "error": "stop",
    "tool": "tool_calls",
    "length": "length",
    "context": "length",
    "refusal": "content_filter",
    "filter": "content_filter",
}
_FURTHER: Final = frozenset({"prompt_tokens_details", "completion_tokens_details", "prompt_cache_hit_tokens"})
"""Members of a usage that tell more than what was asked and said."""
_SERVED: Final = (
    "object", "created", "system_fingerprint", "choices", "x_groq", "prompt_filter_results", "time_info", "provider",
)  # fmt: skip


def read(answer: Mapping[str, Any], losses: Losses) -> Reply:
    """Return what the first choice says.

    Raises:
        UpstreamError: there is no choice in it.
    """
    choices = cast("list[dict[str, Any]]", answer.get("choices") or [])
    if not choices:
        raise UpstreamError(f"the upstream answered without a choice: {str(answer)[:200]}")
    if len(choices) > 1:
        losses.add("choices", "the caller's dialect has one answer; the others were dropped")
    choice = Fields(choices[0], "choices[0]", losses)
    message = choice.inner("message") or Fields({}, "choices[0].message", losses)
    message.ignore("role")
    citations = read_citations(message.sequence("annotations"))
    parts = _cited(tuple(assistant_parts(message)), citations)
    message.finish()
    choice.drop("the caller's dialect has no place for it, dropped", "logprobs")
    finish = choice.text("finish_reason") or choice.text("native_finish_reason")
    choice.ignore("index", "content_filter_results", "stop_reason", "matched_stop", "native_finish_reason")
    choice.finish()
    fields = Fields(answer, "", losses)
    fields.ignore(*_SERVED)
    reply = Reply(
        id=fields.text("id") or "",
        model=fields.text("model") or "",
        parts=parts,
        stop=read_stop(finish, has_refused=any(isinstance(part, Refusal) for part in parts)),
        usage=read_usage(fields.mapping("usage")),
        service_tier=fields.text("service_tier"),
    )
    fields.finish()
    return reply


def write(reply: Reply, losses: Losses, *, now_s: int) -> dict[str, Any]:
    """Return the chat completion."""
    message: dict[str, Any] = {"role": "assistant", "refusal": None, **assistant(reply.parts, losses)}
    annotations = write_citations(reply.parts)
    if annotations:
        message["annotations"] = annotations
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": write_stop(reply.stop, losses)}
    body: dict[str, Any] = {
        "id": reply.id,
        "object": "chat.completion",
        "created": now_s,
        "model": reply.model,
        "choices": [choice],
    }
    if reply.usage is not None:
        body["usage"] = write_usage(reply.usage)
    if reply.service_tier is not None:
        body["service_tier"] = reply.service_tier
    return body


def read_stop(finish: str | None, *, has_refused: bool = False) -> Stop | None:
    """Return why the model stopped; None where it does not say."""
    stop = _STOPS.get(finish or "")
    return "refusal" if has_refused and stop in {"end", "filter"} else stop


def write_stop(stop: Stop | None, losses: Losses) -> str:
    """Return the finish reason, noting the ones that lose their meaning."""
    if stop in {"pause", "error"}:
        losses.add("stop_reason", f"the dialect has no word for {stop!r}: stop was written")
    return _FINISHES[stop or "end"]


def read_usage(usage: Mapping[str, Any] | None) -> Usage | None:
    """Return the tokens; `prompt_tokens` includes the cached ones already."""
    if not usage:
        return None
    asked, said = tokens(usage, "prompt_tokens"), tokens(usage, "completion_tokens")
    if _FURTHER.isdisjoint(usage):
        return Usage(input_tokens=asked, output_tokens=_made(usage, asked, said, None))
    told, made = inner(usage, "prompt_tokens_details"), inner(usage, "completion_tokens_details")
    cached, thought = tokens(told, "cached_tokens"), tokens(made, "reasoning_tokens")
    return Usage(
        input_tokens=asked,
        output_tokens=_made(usage, asked, said, thought or 0),
        cache_read_tokens=tokens(usage, "prompt_cache_hit_tokens") if cached is None else cached,
        cache_write_tokens=tokens(told, "cache_write_tokens"),
        reasoning_tokens=thought,
        input_audio_tokens=tokens(told, "audio_tokens"),
        output_audio_tokens=tokens(made, "audio_tokens"),
    )


def _made(usage: Mapping[str, Any], asked: int | None, said: int | None, thought: int | None) -> int | None:
    """Return all tokens that the model made: some vendors (xAI, Gemini) count its thoughts in the total alone.

    `thought` is None where the vendor tells no details.
    """
    total = tokens(usage, "total_tokens")
    if total is None or asked is None or said is None:
        return said
    rest = total - asked - said
    return said + rest if rest > 0 and thought in {None, rest} else said


def write_usage(usage: Usage) -> dict[str, Any]:
    """Return the tokens as chat completions count them."""
    body: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens or 0,
        "completion_tokens": usage.output_tokens or 0,
        "total_tokens": (usage.input_tokens or 0) + (usage.output_tokens or 0),
    }
    told = {
        "cached_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "audio_tokens": usage.input_audio_tokens,
    }
    made = {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": usage.output_audio_tokens}
    for name, details in (("prompt_tokens_details", told), ("completion_tokens_details", made)):
        known = {kind: count for kind, count in details.items() if count is not None}
        if known:
            body[name] = known
    return body


def read_citations(annotations: Sequence[Mapping[str, Any]]) -> tuple[Citation, ...]:
    """Return the addresses that the text cites."""
    cited = [note.get("url_citation") for note in annotations]
    return tuple(
        Citation(url=note.get("url"), title=note.get("title"), start=note.get("start_index"), end=note.get("end_index"))
        for note in cited
        if note
    )


def write_citations(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return the annotations for what the texts cite, by position in the whole text."""
    annotations: list[dict[str, Any]] = []
    offset = 0
    for part in parts:
        if not isinstance(part, Text):
            continue
        annotations += [
            {"type": "url_citation", "url_citation": url_citation(citation, part.text, offset)}
            for citation in part.citations
        ]
        offset += len(part.text)
    return annotations


def url_citation(citation: Citation, text: str, offset: int) -> dict[str, Any]:
    """Return OpenAI's citation of an address; where the span is not known it is the whole text."""
    return {
        "url": citation.url or "",
        "title": citation.title or "",
        "start_index": offset + (citation.start or 0),
        "end_index": offset + (len(text) if citation.end is None else citation.end),
    }


def _cited(parts: tuple[Part, ...], citations: tuple[Citation, ...]) -> tuple[Part, ...]:
    if not citations:
        return parts
    return tuple(
        Text(text=part.text, citations=citations, at=part.at) if isinstance(part, Text) else part for part in parts
    )
