"""The form between dialects: what a request and an answer say, whichever dialect says it.

A reader fills it, a writer writes it, and neither knows the other. Each part keeps `at`, where it stood in the caller's
body, so that a refusal or a loss names the caller's own field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from masthead.model.reading import Usage

Effort = str
"""none, minimal, low, medium, high, xhigh or max."""
Stop = Literal["end", "length", "tool", "stop_sequence", "refusal", "filter", "pause", "context", "error"]
Origin = Literal["anthropic", "openai", "gemini"]
"""Whose model signed a piece of reasoning: a signature is worth something to that vendor alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """A mark: what stands up to here may be cached. `ttl` as the caller wrote it (5m, 1h, 30m, 12h)."""

    ttl: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """Where a passage comes from. Positions are characters of the text that cites."""

    url: str | None = None
    title: str | None = None
    quote: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """Text that was said."""

    text: str
    citations: tuple[Citation, ...] = ()
    cache: Cache | None = None
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image by address, or its base64 data with its media type, or a file that the vendor holds."""

    url: str | None = None
    media_type: str | None = None
    data: str | None = None
    file_id: str | None = None
    detail: str | None = None
    cache: Cache | None = None
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A document by address, base64 data, plain text, or a file that the vendor holds."""

    name: str | None = None
    media_type: str | None = None
    url: str | None = None
    data: str | None = None
    text: str | None = None
    file_id: str | None = None
    context: str | None = None
    is_cited: bool | None = None
    cache: Cache | None = None
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """Sound as base64 data; `format` is wav or mp3."""

    data: str
    format: str
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reasoning:
    """What the model thought. `signature` proves it to its vendor; `redacted` is thought that only the vendor reads."""

    text: str = ""
    signature: str | None = None
    redacted: str | None = None
    origin: Origin | None = None
    id: str | None = None
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """The model declined; `text` is what it said."""

    text: str
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A tool that the model asks for. `signature` is Gemini's proof of its thought."""

    id: str
    name: str
    arguments: str = ""
    """JSON; of a free-form tool its input as it stands."""
    signature: str | None = None
    is_freeform: bool = False
    namespace: str | None = None
    cache: Cache | None = None
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a tool gave back."""

    call_id: str
    parts: tuple["Text | Image | File", ...] = ()
    is_error: bool | None = None
    cache: Cache | None = None
    at: str = field(default="", compare=False)


Part = Text | Image | File | Audio | Reasoning | Refusal | Call | Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What one side said in one go. Results of tools are said by the user."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]
    name: str | None = None
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Freeform:
    """What a tool takes that is given text and no JSON: any, or one of a grammar (lark or regex)."""

    syntax: str | None = None
    grammar: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is its JSON Schema, which a free-form tool has none of."""

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None
    freeform: Freeform | None = None
    namespace: str | None = None
    cache: Cache | None = None
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """A search of the web at the vendor. `location` is where the user is: city, country, region, timezone."""

    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    location: Mapping[str, str] | None = None
    most: int | None = None
    at: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolChoice:
    """Whether tools may, must or must not be called; `names` leaves only these, where given."""

    mode: Literal["auto", "none", "required"]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """The answer's form: any JSON object, or JSON of a schema."""

    schema: Mapping[str, Any] | None = None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Thinking:
    """How much to think: an effort, a budget of tokens, or neither. `is_on` is None where it was not said."""

    is_on: bool | None = None
    effort: Effort | None = None
    budget_tokens: int | None = None
    is_shown: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a caller asks. `at` names the caller's own field where it differs from the name here."""

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    search: Search | None = None
    tool_choice: ToolChoice | None = None
    is_parallel: bool | None = None
    format: Format | None = None
    thinking: Thinking | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    user: str | None = None
    metadata: Mapping[str, str] | None = None
    service_tier: str | None = None
    verbosity: str | None = None
    is_streamed: bool = False
    is_usage_streamed: bool = True
    openai: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields that both OpenAI dialects have under the same name and nobody else has."""
    at: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)

    def where(self, name: str) -> str:
        """Return what the caller calls a field."""
        return self.at.get(name, name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A model's answer."""

    id: str
    model: str
    parts: tuple[Part, ...]
    stop: Stop | None
    stop_sequence: str | None = None
    usage: Usage | None = None
    service_tier: str | None = None


Value = Mapping[str, Any]
