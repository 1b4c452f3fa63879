"""An answer of OpenAI's responses ↔ the form between dialects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from masthead.model.errors import UpstreamError
from masthead.model.reading import Usage
from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.events import Envelope
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Call, Citation, Part, Reasoning, Refusal, Reply, Stop, Text
from masthead.providers.dialects.json_text import inner, tokens
from masthead.providers.dialects.openai_responses.read_request import read_item
from masthead.providers.dialects.openai_responses.write_request import (
    write_call,
    write_choice,
    write_format,
    write_tools,
)
from masthead.providers.dialects.seals import sealed, with_call_proofs, with_proofs_on_calls
from masthead.providers.dialects.search import for_responses

_ECHOED: Final = (
    "object", "created_at", "completed_at", "status", "error", "incomplete_details", "instructions", "metadata",
    "parallel_tool_calls", "temperature", "tool_choice", "tools", "top_p", "background", "conversation", "billing",
    "max_output_tokens", "max_tool_calls", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_options",
    "prompt_cache_retention", "reasoning", "safety_identifier", "store", "text", "top_logprobs", "truncation", "user",
    "output_text", "content_filters", "access_programs", "input_transformations", "prompt_cache_diagnostics",
    "frequency_penalty", "presence_penalty", "tool_usage",
)  # fmt: skip
"""What an answer says of itself or repeats of the request."""


def read(answer: Mapping[str, Any], losses: Losses) -> Reply:
    """Return what the answer says.

    Raises:
        UpstreamError: the answer says that it failed.
    """
    if answer.get("status") == "failed":
        raise UpstreamError(f"the upstream failed: {inner(answer, 'error').get('message') or 'it does not say why'}")
    fields = Fields(answer, "", losses)
    parts = with_proofs_on_calls(tuple(_parts(fields)))
    reply = Reply(
        id=fields.text("id") or "",
        model=fields.text("model") or "",
        parts=parts,
        stop=read_stop(answer, parts),
        usage=read_usage(fields.mapping("usage")),
        service_tier=fields.text("service_tier"),
    )
    fields.ignore(*_ECHOED)
    fields.finish()
    return reply


def _parts(fields: Fields) -> Iterator[Part]:
    for item in fields.items("output"):
        kind = item.text("type") or ""
        if kind == "message":
            item.ignore("id", "role", "status", "phase")
            for part in item.items("content"):
                yield from _said(part)
            item.finish()
            continue
        done = read_item(item, kind)
        if done is None:
            item.losses.add(item.path, f"an item of type {kind!r} has no place in other dialects, dropped")
            continue
        item.finish()
        yield done


def _said(part: Fields) -> Iterator[Part]:
    kind = part.text("type")
    if kind == "refusal":
        yield Refusal(text=part.text("refusal") or "", at=part.path)
    elif kind == "output_text":
        notes = cast("list[dict[str, Any]]", part.sequence("annotations"))
        part.drop("the caller's dialect has no place for it, dropped", "logprobs")
        citations = tuple(
            read_citation(note)
            for position, note in enumerate(notes)
            if _is_address(note, f"{part.at('annotations')}[{position}]", part.losses)
        )
        yield Text(text=part.text("text") or "", citations=citations, at=part.path)
    else:
        part.losses.add(part.path, f"content of type {kind!r} has no place in other dialects, dropped")
        return
    part.finish()


def _is_address(note: Mapping[str, Any], where: str, losses: Losses) -> bool:
    if note.get("type") == "url_citation":
        return True
    losses.add(where, "a citation of a file held at OpenAI means nothing elsewhere, dropped")
    return False


def read_citation(note: Mapping[str, Any]) -> Citation:
    """Return the citation of an address."""
    return Citation(
        url=note.get("url"), title=note.get("title"), start=note.get("start_index"), end=note.get("end_index")
    )


def read_stop(answer: Mapping[str, Any], parts: Sequence[Part]) -> Stop | None:
    """Return why the model stopped, which responses say by their status and their items."""
    if answer.get("status") == "incomplete":
        reason = inner(answer, "incomplete_details").get("reason")
        return "filter" if reason == "content_filter" else "length"
    if any(isinstance(part, Call) for part in parts):
        return "tool"
    return "refusal" if any(isinstance(part, Refusal) for part in parts) else "end"


def read_usage(usage: Mapping[str, Any] | None) -> Usage | None:
    """Return the tokens; `input_tokens` includes the cached ones already."""
    if not usage:
        return None
    told, made = inner(usage, "input_tokens_details"), inner(usage, "output_tokens_details")
    return Usage(
        input_tokens=tokens(usage, "input_tokens"),
        output_tokens=tokens(usage, "output_tokens"),
        cache_read_tokens=tokens(told, "cached_tokens"),
        cache_write_tokens=tokens(told, "cache_write_tokens"),
        reasoning_tokens=tokens(made, "reasoning_tokens"),
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """Return the tokens as responses count them."""
    return {
        "input_tokens": usage.input_tokens or 0,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens or 0,
            "cache_write_tokens": usage.cache_write_tokens or 0,
        },
        "output_tokens": usage.output_tokens or 0,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": (usage.input_tokens or 0) + (usage.output_tokens or 0),
    }


def write(reply: Reply, losses: Losses, envelope: Envelope) -> dict[str, Any]:
    """Return the answer."""
    parts = [part for part in with_call_proofs(reply.parts) if part != Text(text="")]
    output = [item_of(part, f"{envelope.id}_{position}") for position, part in enumerate(parts)]
    return frame(reply, envelope, output) | ending(reply.stop, losses)


def ending(stop: Stop | None, losses: Losses) -> dict[str, Any]:
    """Return how an answer says that it ended."""
    if stop in {"length", "context"}:
        return {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    if stop == "filter":
        return {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
    if stop in {"pause", "error"}:
        losses.add("stop_reason", f"the dialect has no word for {stop!r}: completed was written")
    return {"status": "completed"}


def frame(reply: Reply, envelope: Envelope, output: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the whole answer; its status is in_progress until an ending is joined to it."""
    request = envelope.request
    effort = request.thinking.effort if request.thinking else None
    return {
        "id": reply.id,
        "object": "response",
        "created_at": envelope.now_s,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": instructions_of(envelope),
        "max_output_tokens": request.max_output_tokens,
        "metadata": dict(request.metadata or {}),
        "model": reply.model,
        "output": list(output),
        "parallel_tool_calls": request.is_parallel is not False,
        "previous_response_id": None,
        "reasoning": {"effort": effort, "summary": "auto" if request.thinking and request.thinking.is_shown else None},
        "service_tier": reply.service_tier,
        "store": False,
        "temperature": request.temperature,
        "text": {"format": write_format(request.format)},
        "tool_choice": write_choice(request.tool_choice, request.tools),
        "tools": write_tools(request.tools) + ([for_responses(request.search, Losses())] if request.search else []),
        "top_p": request.top_p,
        "truncation": "disabled",
        "usage": None if reply.usage is None else write_usage(reply.usage),
        "user": request.user,
    }


def instructions_of(envelope: Envelope) -> str | None:
    """Return the instructions that the caller gave."""
    for turn in envelope.request.turns:
        if turn.at == "instructions":
            return "".join(part.text for part in turn.parts if isinstance(part, Text))
    return None


def item_of(part: Part, suffix: str) -> dict[str, Any]:
    """Return the finished item of a text, a refusal, a thought or a call.

    Raises:
        InvalidInput: it is nothing that a model says in this dialect.
    """
    match part:
        case Text():
            notes = [write_citation(citation, part.text) for citation in part.citations]
            return message_item(
                suffix, {"type": "output_text", "text": part.text, "annotations": notes, "logprobs": []}
            )
        case Refusal():
            return message_item(suffix, {"type": "refusal", "refusal": part.text})
        case Reasoning():
            summary = [{"type": "summary_text", "text": part.text}] if part.text else []
            proof = sealed(part, "openai")
            return {
                "type": "reasoning",
                "id": part.id or f"rs_{suffix}",
                "summary": summary,
                "encrypted_content": proof,
            }
        case Call():
            return {
                **write_call(part),
                "id": f"{call_prefix(is_freeform=part.is_freeform)}_{suffix}",
                "status": "completed",
            }
        case _:
            raise refused(part.at, "it has no place among what a model says in responses")


def call_prefix(*, is_freeform: bool) -> str:
    """Return what the id of an item of a call begins with."""
    return "ctc" if is_freeform else "fc"


def message_item(suffix: str, *content: Mapping[str, Any], status: str = "completed") -> dict[str, Any]:
    """Return an item of type message."""
    return {"type": "message", "id": f"msg_{suffix}", "role": "assistant", "status": status, "content": list(content)}


def write_citation(citation: Citation, text: str) -> dict[str, Any]:
    """Return the annotation of an address."""
    return {
        "type": "url_citation",
        "url": citation.url or "",
        "title": citation.title or "",
        "start_index": citation.start or 0,
        "end_index": len(text) if citation.end is None else citation.end,
    }
