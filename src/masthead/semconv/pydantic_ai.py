"""Pydantic AI and Logfire: GenAI conventions plus names of their own."""

from masthead.semconv.table import Convention

PYDANTIC_AI = Convention(
    id="pydantic-ai",
    title="Pydantic AI / Logfire",
    about="`Agent.instrument_all()` and `logfire.instrument_pydantic_ai()`, every version of their format.",
    markers=("pydantic_ai.", "logfire.", "agent_name", "all_messages_events", "final_result"),
    operations={},
    fields={
        "agent_name": ("agent_name",),
        "model": ("model_name",),
        "tool_arguments": ("tool_arguments",),
        "tool_result": ("tool_response",),
        "metadata": ("metadata",),
        "tags": ("logfire.tags",),
        "answer": ("final_result",),
        "cost_usd": ("operation.cost",),
        "input": ("pydantic_ai.all_messages", "all_messages_events", "events"),
    },
    messages=(
        ("`pydantic_ai.all_messages` (JSON)", "an agent's whole exchange: the last answer is output, the rest input"),
        ("`all_messages_events`, `events` (JSON)", "the same in the older form: messages as event bodies"),
        ("`final_result`", "the agent's answer"),
        ("span names `agent run`, `running tool: NAME`, `chat MODEL`", "operation, in versions that do not say it"),
    ),
)
