"""OpenLLMetry: the conventions of Traceloop's SDK and instrumentations."""

from masthead.model.reading import Operation
from masthead.semconv.table import Convention

TRACELOOP = Convention(
    id="openllmetry",
    title="OpenLLMetry / Traceloop",
    about="`traceloop-sdk` and the instrumentations it brings.",
    markers=("traceloop.", "llm.request.", "llm.usage."),
    operations={
        "traceloop.span.kind": {
            "workflow": Operation.WORKFLOW,
            "agent": Operation.AGENT,
            "tool": Operation.TOOL,
            "handoff": Operation.HANDOFF,
            "task": Operation.OTHER,
            "unknown": Operation.OTHER,
        },
        "llm.request.type": {
            "chat": Operation.LLM,
            "completion": Operation.LLM,
            "embedding": Operation.EMBEDDING,
            "rerank": Operation.RETRIEVER,
        },
    },
    fields={
        "session_id": ("traceloop.association.properties.session_id", "traceloop.association.properties.thread_id"),
        "user_id": ("traceloop.association.properties.user_id",),
        "system": ("traceloop.workflow.name",),
        "input": ("traceloop.entity.input",),
        "output": ("traceloop.entity.output",),
        "reasoning_tokens": ("llm.usage.reasoning_tokens",),
    },
    metadata_prefixes=("traceloop.association.properties.",),
    messages=(
        ("`gen_ai.prompt.N.role`, `.content`, `.tool_calls.M.*`, `.tool_call_id`", "input messages"),
        ("`gen_ai.completion.N.role`, `.content`, `.tool_calls.M.*`, `.finish_reason`", "output messages"),
        ("`traceloop.entity.name`", "name of the agent or tool, where the span is one and does not say otherwise"),
    ),
)
