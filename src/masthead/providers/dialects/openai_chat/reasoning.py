"""Reasoning in chat completions: no standard, so the spellings that vendors use.

`reasoning_content` (DeepSeek, vLLM, xAI, Moonshot, …), `reasoning` (Groq, Ollama, Cerebras, …), content of type
`thinking` (Mistral), and OpenRouter's `reasoning_details`, the only one with signatures; that is what we write beside
`reasoning_content`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Origin, Reasoning

_FORMATS: Final[Mapping[Origin, str]] = {
    "anthropic": "anthropic-claude-v1",
    "openai": "openai-responses-v1",
    "gemini": "google-gemini-v1",
}
_SPELLINGS: Final = frozenset({"reasoning_content", "reasoning", "reasoning_details", "thinking", "closed"})
_ORIGINS: Final[Mapping[str, Origin]] = {name: origin for origin, name in _FORMATS.items()}


def read_reasoning(message: Fields) -> Iterator[Reasoning]:
    """Yield what the message says of thinking; the most detailed spelling wins."""
    if not message.has_any(_SPELLINGS):
        return
    details = list(message.items("reasoning_details"))
    plain = message.text("reasoning_content") or message.text("reasoning")
    message.ignore("reasoning_content", "reasoning")
    for detail in details:
        yield _detail(detail)
    if plain and not details:
        yield Reasoning(text=plain, at=message.at("reasoning_content"))
    thought = message.take("thinking")
    if isinstance(thought, list):
        pieces = cast("list[dict[str, Any]]", thought)
        yield Reasoning(text="".join(str(piece.get("text") or "") for piece in pieces), at=message.at("thinking"))
    elif isinstance(thought, str):
        yield Reasoning(text=thought, at=message.at("thinking"))
    message.ignore("closed")


def _detail(detail: Fields) -> Reasoning:
    origin = _ORIGINS.get(detail.text("format") or "")
    text = detail.text("text") or detail.text("summary") or ""
    reasoning = Reasoning(
        text=text,
        signature=detail.text("signature"),
        redacted=detail.text("data"),
        origin=origin,
        id=detail.text("id"),
        at=detail.path,
    )
    detail.ignore("type", "index", "text", "summary")
    detail.finish()
    return reasoning


def written(parts: Sequence[Reasoning]) -> dict[str, Any]:
    """Return the message's fields for what was thought."""
    text = "".join(part.text for part in parts)
    fields: dict[str, Any] = {"reasoning_content": text} if text else {}
    if any(part.signature or part.redacted for part in parts):
        fields["reasoning_details"] = [written_detail(part, index) for index, part in enumerate(parts)]
    return fields


def written_detail(part: Reasoning, index: int) -> dict[str, Any]:
    """Return one entry of `reasoning_details`."""
    detail: dict[str, Any] = {"index": index, "format": _FORMATS.get(part.origin) if part.origin else "unknown"}
    if part.id is not None:
        detail["id"] = part.id
    if part.redacted is not None:
        return {"type": "reasoning.encrypted", "data": part.redacted, **detail}
    return {"type": "reasoning.text", "text": part.text, "signature": part.signature, **detail}
