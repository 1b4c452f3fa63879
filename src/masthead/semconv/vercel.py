"""The Vercel AI SDK's telemetry (`experimental_telemetry`)."""

from masthead.model.reading import Operation
from masthead.semconv.table import Convention

VERCEL = Convention(
    id="vercel-ai",
    title="Vercel AI SDK",
    about="The `ai` package for TypeScript with telemetry switched on.",
    markers=("ai.",),
    operations={
        "ai.operationId": {
            "ai.generatetext": Operation.AGENT,
            "ai.streamtext": Operation.AGENT,
            "ai.generateobject": Operation.AGENT,
            "ai.streamobject": Operation.AGENT,
            "ai.generatetext.dogenerate": Operation.LLM,
            "ai.streamtext.dostream": Operation.LLM,
            "ai.generateobject.dogenerate": Operation.LLM,
            "ai.streamobject.dostream": Operation.LLM,
            "ai.toolcall": Operation.TOOL,
            "ai.embed": Operation.OTHER,
            "ai.embedmany": Operation.OTHER,
            "ai.embed.doembed": Operation.EMBEDDING,
            "ai.embedmany.doembed": Operation.EMBEDDING,
        },
    },
    fields={
        "agent_name": ("ai.telemetry.metadata.agentName", "ai.telemetry.functionId"),
        "provider": ("ai.model.provider",),
        "model_requested": ("ai.model.id",),
        "model": ("ai.response.model", "ai.model.id"),
        "tool_name": ("ai.toolCall.name",),
        "tool_call_id": ("ai.toolCall.id",),
        "tool_arguments": ("ai.toolCall.args", "ai.toolCall.input"),
        "tool_result": ("ai.toolCall.result", "ai.toolCall.output"),
        "input_tokens": ("ai.usage.inputTokens", "ai.usage.promptTokens"),
        "output_tokens": ("ai.usage.outputTokens", "ai.usage.completionTokens"),
        "cache_read_tokens": ("ai.usage.cachedInputTokens",),
        "reasoning_tokens": ("ai.usage.reasoningTokens",),
        "session_id": ("ai.telemetry.metadata.sessionId",),
        "user_id": ("ai.telemetry.metadata.userId",),
        "tags": ("ai.telemetry.metadata.tags",),
        "input": ("ai.prompt.messages", "ai.prompt"),
    },
    metadata_prefixes=("ai.telemetry.metadata.",),
    messages=(("`ai.response.text`, `.object`, `.reasoning`, `.toolCalls`", "one output message"),),
)
