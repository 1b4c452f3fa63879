"""OpenTelemetry's GenAI conventions, the current names first and the older ones that are still in use after them."""

from masthead.model.reading import Operation
from masthead.semconv.table import Convention

GENAI = Convention(
    id="opentelemetry-genai",
    title="OpenTelemetry GenAI",
    about="The standard: AG2, Pydantic AI, Semantic Kernel, Google ADK, Strands, the official instrumentations.",
    markers=("gen_ai.",),
    operations={
        "gen_ai.operation.name": {
            "chat": Operation.LLM,
            "text_completion": Operation.LLM,
            "generate_content": Operation.LLM,
            "embeddings": Operation.EMBEDDING,
            "execute_tool": Operation.TOOL,
            "invoke_agent": Operation.AGENT,
            "create_agent": Operation.OTHER,
            "invoke_workflow": Operation.WORKFLOW,
            "retrieval": Operation.RETRIEVER,
            "handoff": Operation.HANDOFF,
            "plan": Operation.OTHER,
        },
    },
    fields={
        "agent_id": ("gen_ai.agent.id",),
        "agent_name": ("gen_ai.agent.name",),
        "agent_description": ("gen_ai.agent.description",),
        "provider": ("gen_ai.provider.name", "gen_ai.system"),
        "model_requested": ("gen_ai.request.model",),
        "model": ("gen_ai.response.model", "gen_ai.request.model"),
        "tool_name": ("gen_ai.tool.name",),
        "tool_call_id": ("gen_ai.tool.call.id",),
        "tool_arguments": ("gen_ai.tool.call.arguments",),
        "tool_result": ("gen_ai.tool.call.result",),
        "tool_description": ("gen_ai.tool.description",),
        "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        "cache_read_tokens": (
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
        ),
        "cache_write_tokens": (
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.details.cache_write_tokens",
        ),
        "reasoning_tokens": (
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.details.reasoning_tokens",
            "gen_ai.usage.reasoning_tokens",
        ),
        "session_id": ("session.id", "gen_ai.conversation.id"),
        "user_id": ("user.id", "enduser.id"),
        "system": ("gen_ai.workflow.name",),
        "error": ("error.type",),
        "system_instructions": ("gen_ai.system_instructions",),
        "input": ("gen_ai.input.messages",),
        "output": ("gen_ai.output.messages",),
    },
    messages=(
        ("event `gen_ai.client.inference.operation.details`", "the same three attributes, read from the event"),
        ("events `gen_ai.system.message`, `gen_ai.user.message`, `gen_ai.assistant.message`", "input messages"),
        ("event `gen_ai.tool.message`", "input: a tool's result"),
        ("event `gen_ai.choice`", "output message"),
        ("events `gen_ai.content.prompt`, `gen_ai.content.completion`", "input and output, oldest form"),
        ("`gen_ai.prompt.N.*`, `gen_ai.completion.N.*`", "input and output messages, flattened"),
    ),
)
