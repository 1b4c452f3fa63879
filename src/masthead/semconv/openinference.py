"""OpenInference: the conventions of Arize Phoenix and its instrumentations."""

from masthead.model.reading import Operation
from masthead.semconv.table import Convention

OPENINFERENCE = Convention(
    id="openinference",
    title="OpenInference",
    about="The `openinference-instrumentation-*` packages: OpenAI Agents, LangChain and LangGraph, CrewAI, AutoGen, …",
    markers=("openinference.", "llm.", "input.value", "output.value", "graph.node."),
    operations={
        "openinference.span.kind": {
            "llm": Operation.LLM,
            "agent": Operation.AGENT,
            "tool": Operation.TOOL,
            "retriever": Operation.RETRIEVER,
            "reranker": Operation.RETRIEVER,
            "embedding": Operation.EMBEDDING,
            "guardrail": Operation.GUARDRAIL,
            "chain": Operation.OTHER,
            "evaluator": Operation.OTHER,
            "prompt": Operation.OTHER,
            "decision": Operation.OTHER,
            "unknown": Operation.OTHER,
        },
    },
    fields={
        "agent_name": ("agent.name", "llm.agent.name"),
        "provider": ("llm.provider", "llm.system"),
        "model_requested": ("llm.request.model_name", "llm.model_name"),
        "model": ("llm.response.model_name", "llm.model_name", "embedding.model_name"),
        "tool_name": ("tool.name",),
        "tool_call_id": ("tool.id", "tool_call.id"),
        "tool_description": ("tool.description",),
        "input_tokens": ("llm.token_count.prompt",),
        "output_tokens": ("llm.token_count.completion",),
        "cache_read_tokens": ("llm.token_count.prompt_details.cache_read",),
        "cache_write_tokens": ("llm.token_count.prompt_details.cache_write",),
        "reasoning_tokens": ("llm.token_count.completion_details.reasoning",),
        "cost_usd": ("llm.cost.total",),
        "session_id": ("session.id",),
        "user_id": ("user.id",),
        "tags": ("tag.tags",),
        "metadata": ("metadata",),
        "input": ("input.value",),
        "output": ("output.value",),
    },
    messages=(
        ("`llm.input_messages.N.message.*`", "input messages, flattened; before `input.value`"),
        ("`llm.output_messages.N.message.*`", "output messages, flattened; before `output.value`"),
        ("`retrieval.documents.N.document.content`", "what a retriever found, as a tool's result"),
        ("`graph.node.id`, `graph.node.parent_id`", "which agent handed to which, on agent spans"),
        ("`metadata` · `langgraph_node`, `thread_id`", "the agent of the enclosing graph node; the session"),
    ),
)
