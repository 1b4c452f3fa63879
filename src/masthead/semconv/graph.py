"""Which agent a LangGraph node belongs to, and what LangGraph raises that is not an error."""

from collections.abc import Mapping, Sequence
from typing import Final

from masthead.model.span import Attributes, AttributeValue

_INNER_NODES: Final = frozenset(
    {
        "agent",
        "call_agent",
        "model",
        "model_request",
        "call_model",
        "tools",
        "tool",
        "prompt",
        "__start__",
        "__end__",
        "",
    }
)
"""Names that LangGraph's ready-made agents give the nodes inside them: never an agent's own name."""

_CONTROL_FLOW: Final = ("ParentCommand", "GraphInterrupt", "GraphBubbleUp", "NodeInterrupt", "Command")


def graph_agent(metadata: Mapping[str, AttributeValue], attributes: Attributes) -> str | None:
    """Return the agent whose graph the span ran in: its given name, else the innermost node that is not an inner one.

    `metadata` is LangChain's, as instrumentations keep it; Langfuse keeps it in attributes of its own.
    """
    if not metadata and "langfuse.observation.type" not in attributes:
        return None
    named = metadata.get("lc_agent_name", attributes.get("langfuse.observation.metadata.lc_agent_name"))
    if isinstance(named, str) and named.strip('"'):
        return named.strip('"')
    namespace = metadata.get(
        "langgraph_checkpoint_ns", attributes.get("langfuse.observation.metadata.langgraph_checkpoint_ns")
    )
    if isinstance(namespace, str):
        for element in reversed(namespace.strip('"').split("|")):
            node = element.partition(":")[0]
            if node not in _INNER_NODES:
                return node
    return None


def has_agent_nodes(nodes: Sequence[AttributeValue]) -> bool:
    """Say whether a graph is one of agents rather than the inside of one agent."""
    return any(isinstance(node, str) and node not in _INNER_NODES for node in nodes)


def is_control_flow(exception: str) -> bool:
    """Say whether the exception's type only steers a graph: a command to the parent, a pause for a person."""
    return exception.rpartition(".")[2] in _CONTROL_FLOW
