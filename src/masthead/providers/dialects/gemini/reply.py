"""An answer of generateContent → the form between dialects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from masthead.model.reading import Usage
from masthead.providers.dialects.dialect import Losses
from masthead.providers.dialects.form import Call, Citation, Part, Reasoning, Refusal, Reply, Stop, Text
from masthead.providers.dialects.json_text import inner, text_of, tokens

_STOPS: Final[Mapping[str, Stop]] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "SAFETY": "filter",
    "RECITATION": "filter",
    "LANGUAGE": "filter",
    "BLOCKLIST": "filter",
    "PROHIBITED_CONTENT": "filter",
    "SPII": "filter",
    "IMAGE_SAFETY": "filter",
    "MODEL_ARMOR": "filter",
    "ESCALATION": "filter",
}
_ANSWER: Final = frozenset(
    {"candidates", "usageMetadata", "modelVersion", "responseId", "createTime", "promptFeedback", "sdkHttpResponse"}
)
_CANDIDATE: Final = frozenset(
    {
        "content", "finishReason", "finishMessage", "index", "safetyRatings", "groundingMetadata", "citationMetadata",
        "tokenCount", "avgLogprobs",
    }
)  # fmt: skip


def read(answer: Mapping[str, Any], losses: Losses, *, reply_id: str) -> Reply:
    """Return what the first candidate says."""
    note_unknown(answer, losses)
    parts: list[Part] = list(blocked(answer))
    candidates = cast("list[dict[str, Any]]", answer.get("candidates") or [])
    stop: Stop | None = "filter" if parts else None
    if candidates:
        candidate = candidates[0]
        told = cast("list[dict[str, Any]]", inner(candidate, "content").get("parts") or [])
        parts += [
            part for position, one in enumerate(told) for part in read_part(one, f"{reply_id}_{position}", losses)
        ]
        parts = _cited(parts, read_citations(candidate))
        stop = read_stop(candidate.get("finishReason"), has_called=any(isinstance(part, Call) for part in parts))
    return Reply(
        id=answer.get("responseId") or reply_id,
        model=answer.get("modelVersion") or "",
        parts=tuple(parts),
        stop=stop,
        usage=read_usage(answer.get("usageMetadata")),
    )


def note_unknown(answer: Mapping[str, Any], losses: Losses) -> None:
    """Note the fields of an answer, or of a chunk of one, that nobody reads."""
    for name in answer.keys() - _ANSWER:
        losses.add(name, "not known to this dialect's adapter, dropped")
    candidates = cast("list[dict[str, Any]]", answer.get("candidates") or [])
    if len(candidates) > 1:
        losses.add("candidates", "the caller's dialect has one answer; the others were dropped")
    for candidate in candidates[:1]:
        for name in candidate.keys() - _CANDIDATE:
            losses.add(f"candidates[0].{name}", "the caller's dialect has no place for it, dropped")


def blocked(answer: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield a refusal where the prompt itself was blocked."""
    feedback = inner(answer, "promptFeedback")
    reason = feedback.get("blockReason")
    if reason:
        yield Refusal(text=feedback.get("blockReasonMessage") or f"The prompt was blocked: {reason}.")


def read_part(part: Mapping[str, Any], call_id: str, losses: Losses) -> Iterator[Part]:
    """Yield what a part says; `call_id` names a call that Gemini gave no id."""
    signature = part.get("thoughtSignature")
    if "functionCall" in part:
        call = inner(part, "functionCall")
        yield Call(
            id=call.get("id") or f"call_{call_id}",
            name=call.get("name") or "",
            arguments=text_of(call.get("args")),
            signature=signature,
        )
    elif part.get("thought"):
        yield Reasoning(text=part.get("text") or "", signature=signature, origin="gemini" if signature else None)
    elif "text" in part:
        if signature is not None:
            losses.add("parts.thoughtSignature", "a proof on a text need not come back to Gemini, dropped")
        if part["text"]:
            yield Text(text=part["text"])
    else:
        losses.add(f"parts.{next(iter(part), 'empty')}", "it has no place in other dialects, dropped")


def read_stop(reason: str | None, *, has_called: bool) -> Stop | None:
    """Return why the model stopped; Gemini says STOP also where it calls a function."""
    if not reason or reason == "FINISH_REASON_UNSPECIFIED":
        return None
    stop: Stop = _STOPS.get(reason, "error")
    return "tool" if stop == "end" and has_called else stop


def read_usage(usage: Mapping[str, Any] | None) -> Usage | None:
    """Return the tokens: the prompt's include the cached ones, the candidates' do not include the thoughts."""
    if not usage:
        return None
    thoughts, said = tokens(usage, "thoughtsTokenCount"), tokens(usage, "candidatesTokenCount")
    asked, of_tools = tokens(usage, "promptTokenCount"), tokens(usage, "toolUsePromptTokenCount")
    return Usage(
        input_tokens=None if asked is None else asked + (of_tools or 0),
        output_tokens=None if said is None and thoughts is None else (said or 0) + (thoughts or 0),
        cache_read_tokens=tokens(usage, "cachedContentTokenCount"),
        reasoning_tokens=thoughts,
        input_audio_tokens=_audio_tokens(usage.get("promptTokensDetails")),
        output_audio_tokens=_audio_tokens(usage.get("candidatesTokensDetails")),
    )


def _audio_tokens(details: object) -> int | None:
    """Return how many of the tokens were sound, None where it is not told what they were."""
    if not isinstance(details, list):
        return None
    told = [cast("Mapping[str, Any]", one) for one in cast("list[object]", details) if isinstance(one, dict)]
    return sum(tokens(one, "tokenCount") or 0 for one in told if one.get("modality") == "AUDIO") or None


def read_citations(candidate: Mapping[str, Any]) -> tuple[Citation, ...]:
    """Return the pages that support the text, with the words that they support."""
    grounding = inner(candidate, "groundingMetadata")
    chunks = cast("list[dict[str, Any]]", grounding.get("groundingChunks") or [])
    citations: list[Citation] = []
    for support in cast("list[dict[str, Any]]", grounding.get("groundingSupports") or []):
        quote = inner(support, "segment").get("text")
        indices = cast("list[int]", support.get("groundingChunkIndices") or [])
        for index in (place for place in indices if place < len(chunks)):
            page = inner(chunks[index], "web")
            if page:
                citations.append(Citation(url=page.get("uri"), title=page.get("title"), quote=quote))
    cited = cast("Sequence[dict[str, Any]]", inner(candidate, "citationMetadata").get("citations") or ())
    citations += [Citation(url=note.get("uri"), title=note.get("title")) for note in cited if note.get("uri")]
    return tuple(citations)


def _cited(parts: list[Part], citations: tuple[Citation, ...]) -> list[Part]:
    if not citations:
        return parts
    return [
        Text(text=part.text, citations=placed(part.text, citations)) if isinstance(part, Text) else part
        for part in parts
    ]


def placed(text: str, citations: tuple[Citation, ...]) -> tuple[Citation, ...]:
    """Return the citations with the place of their words in the text, where they stand in it."""
    found: list[Citation] = []
    for citation in citations:
        start = text.find(citation.quote) if citation.quote else -1
        if start < 0:
            found.append(Citation(url=citation.url, title=citation.title, quote=citation.quote))
            continue
        end = start + len(citation.quote or "")
        found.append(Citation(url=citation.url, title=citation.title, quote=citation.quote, start=start, end=end))
    return tuple(found)
