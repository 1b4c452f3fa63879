"""Langfuse's SDKs, which send OpenTelemetry spans with `langfuse.*` attributes."""

from masthead.model.reading import Operation
from masthead.semconv.table import Convention

LANGFUSE = Convention(
    id="langfuse",
    title="Langfuse",
    about="The `langfuse` SDKs (version 3 and later) with `LANGFUSE_BASE_URL` pointed at Masthead.",
    markers=("langfuse.",),
    operations={
        "langfuse.observation.type": {
            "generation": Operation.LLM,
            "agent": Operation.AGENT,
            "tool": Operation.TOOL,
            "retriever": Operation.RETRIEVER,
            "embedding": Operation.EMBEDDING,
            "guardrail": Operation.GUARDRAIL,
            "chain": Operation.OTHER,
            "evaluator": Operation.OTHER,
            "span": Operation.OTHER,
            "event": Operation.OTHER,
        },
    },
    fields={
        "model": ("langfuse.observation.model.name",),
        "model_requested": ("langfuse.observation.model.name",),
        "session_id": ("langfuse.session.id", "session.id"),
        "user_id": ("langfuse.user.id", "user.id"),
        "tags": ("langfuse.trace.tags",),
        "system": ("langfuse.trace.name",),
        "error": ("langfuse.observation.status_message",),
        "input": ("langfuse.observation.input", "langfuse.trace.input"),
        "output": ("langfuse.observation.output", "langfuse.trace.output"),
    },
    metadata_prefixes=("langfuse.trace.metadata.",),
    messages=(
        ("`langfuse.observation.usage_details` (JSON)", "tokens: `input`, `output`, `input_cached_tokens`, …"),
        ("`langfuse.observation.cost_details` (JSON)", "cost: `total`"),
        ("name of the span", "name of the agent or tool, where the observation is one"),
    ),
)
