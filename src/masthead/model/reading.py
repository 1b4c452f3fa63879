"""A reading: what one span says about agents, whichever semantic convention wrote it.

A convention's reader (`semconv/`) turns a span into a reading. What the span does not say is None.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from masthead.model.ids import AgentId
from masthead.model.span import Attributes, AttributeValue


class Operation(StrEnum):
    """What kind of work a span did; the words of OpenTelemetry GenAI and OpenInference joined."""

    WORKFLOW = "workflow"
    AGENT = "agent"
    LLM = "llm"
    TOOL = "tool"
    HANDOFF = "handoff"
    RETRIEVER = "retriever"
    EMBEDDING = "embedding"
    GUARDRAIL = "guardrail"
    OTHER = "other"


Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A model's request to run a tool. `arguments` is the JSON text as the model gave it."""

    id: str | None = None
    name: str
    arguments: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One chat message. `tool_call_id` says which call a `tool` message answers."""

    role: Role
    text: str = ""
    reasoning: str | None = None
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    media: tuple[str, ...] = ()
    """Media types or addresses of images, audio and files; their bytes are not kept here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens as the provider counted them. `input_tokens` includes the cached ones; None is unknown."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_hour_tokens: int | None = None
    """Of those that were written to a cache, the ones that it keeps for an hour, which cost more."""
    input_audio_tokens: int | None = None
    """Of the input, what was sound, which has a price of its own."""
    output_audio_tokens: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolUse:
    """One execution of a tool: what was asked and what came back, as text."""

    name: str
    call_id: str | None = None
    arguments: str | None = None
    result: str | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one span says. Texts are as recorded; nothing is shortened."""

    convention: str
    operation: Operation = Operation.OTHER
    agent_id: AgentId | None = None
    agent_name: str | None = None
    agent_description: str | None = None
    provider: str | None = None
    model_requested: str | None = None
    model: str | None = None
    input: tuple[Message, ...] = ()
    output: tuple[Message, ...] = ()
    tool: ToolUse | None = None
    handoff_from: str | None = None
    handoff_to: str | None = None
    usage: Usage | None = None
    error: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Attributes = field(default_factory=dict[str, AttributeValue])
