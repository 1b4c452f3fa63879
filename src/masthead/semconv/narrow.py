"""The scalars that lists and prices need, taken from a span's attributes in one pass: the hot path of the door.

No message is parsed but a root span's, for the task. Budget: 8 µs a span. `read` takes the same fields from here, so
the two cannot disagree.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, NamedTuple, cast

import orjson

from masthead.model import attributes as names
from masthead.model.reading import Operation
from masthead.model.run import Outcome
from masthead.model.span import Attributes, AttributeValue
from masthead.semconv.conventions import ALL
from masthead.semconv.graph import graph_agent, has_agent_nodes
from masthead.semconv.handoffs import is_handoff_name
from masthead.semconv.messages import as_json
from masthead.semconv.table import Field, chain
from masthead.semconv.task import task_of


class Narrow(NamedTuple):
    """What a list shows of a span. Tokens stand on model calls only, so that sums count each once."""

    operation: Operation = Operation.OTHER
    agent_id: str | None = None
    agent_name: str | None = None
    model: str | None = None
    provider: str | None = None
    tool_name: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cost_usd: Decimal | None = None
    """The cost that the record itself gives."""
    session_id: str | None = None
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = {}
    task: str | None = None
    """On a root or workflow span: what was asked, where that is cheap to see."""
    system: str | None = None
    outcome: Outcome | None = None
    """What the attributes say; a root span of status error without it is an `error`."""


_FIELDS: Final[tuple[Field, ...]] = (
    "agent_id",
    "agent_name",
    "model",
    "provider",
    "tool_name",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cost_usd",
    "session_id",
    "user_id",
    "tags",
    "metadata",
    "system",
)
_OPERATIONS: Final = tuple(
    sorted(
        ((name, values) for one in ALL for name, values in one.operations.items()),
        key=lambda item: item[0] != "traceloop.span.kind",
    )
)
"""Traceloop's first: it alone tells a whole graph (`workflow`) from an agent where the span says `invoke_agent` too."""
_METADATA_PREFIXES: Final = tuple(prefix for one in ALL for prefix in one.metadata_prefixes)
_WITH_METADATA: Final = frozenset(
    {"langfuse.observation.type", "ai.operationId", "traceloop.span.kind", "traceloop.entity.path"}
)
_IS_READ: Final = frozenset(
    {*(name for field in _FIELDS for name in chain(ALL, field)), *(name for name, _ in _OPERATIONS), *_WITH_METADATA}
).__contains__
_NOT_METADATA: Final = ("langgraph_", "ls_", "checkpoint_", "lc_", "__", "thread_id")
_NONE: Final[Mapping[str, str]] = {}
_BY_AGENTS: Final = frozenset({Operation.AGENT, Operation.LLM, Operation.TOOL})
_MODEL_CALLS: Final = frozenset({Operation.LLM, Operation.EMBEDDING})
_NAME_PREFIXES: Final = ("invoke_agent ", "execute_tool ", "running tool: ", "tool_call ", "tool_result ")


def narrow(attributes: Attributes, name: str = "", *, is_root: bool = False) -> Narrow:
    """Return the span's scalars; `name` is the span's. Total: a value of the wrong type counts as absent."""
    shape = _shape_of(tuple(filter(_IS_READ, attributes)))
    best: list[AttributeValue] = [None] * len(_FIELDS)
    for position, carriers in shape.fields:
        for key in carriers:
            value = attributes[key]
            if value is not None and value != "":
                best[position] = value
                break
    (agent_id, agent_name, model, provider, tool_name, input_tokens, output_tokens, cache_read, cache_write) = best[:9]
    operation = _operation(attributes, name, shape, is_root=is_root)
    is_call = operation in _MODEL_CALLS
    usage = _langfuse_usage(attributes) if is_call and input_tokens is None and output_tokens is None else None
    if usage is not None:
        input_tokens, output_tokens, cache_read, cache_write = usage
    metadata = _metadata(best[13], attributes) if best[13] is not None or shape.has_metadata else _NONE
    named = _text(agent_name)
    if named is None and operation in _BY_AGENTS:
        named = graph_agent(metadata, attributes)
        if named is None and operation is Operation.AGENT:
            named = agent_name_of(attributes, name)
    return Narrow(
        operation,
        _text(agent_id),
        named,
        _text(model),
        _text(provider),
        _text(tool_name) or (tool_name_of(attributes, name) if operation is Operation.TOOL else None),
        count(input_tokens) if is_call else None,
        count(output_tokens) if is_call else None,
        count(cache_read) if is_call else None,
        count(cache_write) if is_call else None,
        _cost(best[9], attributes) if is_call or best[9] is not None else None,
        _text(best[10]),
        _text(best[11]),
        _tags(best[12]) if best[12] is not None else (),
        _run_metadata(metadata) if metadata else _NONE,
        task_of(attributes) if is_root or operation is Operation.WORKFLOW else None,
        _text(best[14]),
        _outcome(attributes),
    )


class _Shape(NamedTuple):
    """What a span's attributes can say, going by their names."""

    fields: tuple[tuple[int, tuple[str, ...]], ...]
    """The position of a field, and the attributes there are that carry it, best first."""
    operations: tuple[tuple[str, Mapping[str, Operation]], ...]
    has_metadata: bool


@lru_cache(maxsize=2048)  # spans of one kind have the same names: 10 % less than looking for each field again
def _shape_of(present: tuple[str, ...]) -> _Shape:
    carriers = (tuple(name for name in chain(ALL, field) if name in present) for field in _FIELDS)
    return _Shape(
        tuple((position, found) for position, found in enumerate(carriers) if found),
        tuple((name, values) for name, values in _OPERATIONS if name in present),
        not _WITH_METADATA.isdisjoint(present),
    )


def _operation(attributes: Attributes, name: str, shape: _Shape, *, is_root: bool) -> Operation:
    """Return what kind of work the span did: the first convention that says something specific wins."""
    if is_handoff_name(name):
        return Operation.HANDOFF
    for key, values in shape.operations:
        value = attributes[key]
        if isinstance(value, str):
            operation = values.get(value) or values.get(value.lower())
            if operation is not None and operation is not Operation.OTHER:
                is_bare = is_root or name == _DEFAULT_WORKFLOW
                return Operation.WORKFLOW if _is_whole(attributes, operation, is_bare) else operation
    if names.OPERATION in attributes or "openinference.span.kind" in attributes:
        return Operation.OTHER
    if "agent_name" in attributes and name == "agent run":
        return Operation.AGENT
    if "gen_ai.tool.name" in attributes and name.startswith("running tool"):
        return Operation.TOOL
    if "gen_ai.request.model" in attributes or "gen_ai.prompt.0.role" in attributes:
        return Operation.LLM
    return Operation.OTHER


_WORKING: Final = frozenset({"agent.name", "graph.node.id", "input.value", "output.value", names.AGENT_NAME})


_DEFAULT_WORKFLOW: Final = "Agent workflow"
"""What the OpenAI Agents SDK calls a run that is given no name."""


def _is_whole(attributes: Attributes, operation: Operation, is_root: bool) -> bool:  # noqa: FBT001 - passed through
    """Say whether a span that calls itself an agent stands for the whole: a team's graph, or a bare root."""
    if operation is not Operation.AGENT:
        return False
    nodes = attributes.get("gen_ai.workflow.nodes")
    if isinstance(nodes, list):
        return has_agent_nodes(nodes)
    return is_root and is_bare_agent(attributes)


def is_bare_agent(attributes: Attributes) -> bool:
    """Say whether OpenInference calls a span an agent that names none and holds nothing."""
    return "openinference.span.kind" in attributes and _WORKING.isdisjoint(attributes)


def agent_name_of(attributes: Attributes, name: str) -> str | None:
    """Return the name of an agent span's agent where no attribute is for it."""
    for key in ("graph.node.id", "traceloop.entity.name"):
        value = attributes.get(key)
        if isinstance(value, str) and value:
            return value
    return bare_name(name)


def tool_name_of(attributes: Attributes, name: str) -> str | None:
    """Return the name of a tool span's tool where no attribute is for it."""
    value = attributes.get("traceloop.entity.name")
    return value if isinstance(value, str) and value else bare_name(name)


def bare_name(name: str) -> str | None:
    """Return a span's name without the words that instrumentations put before and after it."""
    for prefix in _NAME_PREFIXES:
        if name.startswith(prefix):
            return name[len(prefix) :] or None
    return name.removesuffix(".agent").removesuffix(".tool") or None


def count(value: AttributeValue) -> int | None:
    """Return a count of tokens: a whole number that is not negative, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 63:
        return None
    return int(value)


def _text(value: AttributeValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _langfuse_usage(attributes: Attributes) -> tuple[AttributeValue, ...] | None:
    details = json_object(attributes.get("langfuse.observation.usage_details"))
    if not details:
        return None
    cached = details.get("input_cached_tokens", details.get("cache_read_input_tokens"))
    return details.get("input"), details.get("output"), cached, details.get("cache_creation_input_tokens")


def _cost(value: AttributeValue, attributes: Attributes) -> Decimal | None:
    if value is None and "langfuse.observation.cost_details" in attributes:
        value = json_object(attributes["langfuse.observation.cost_details"]).get("total")
    if value is None or isinstance(value, bool | list | dict):
        return None
    try:
        cost = Decimal(str(value))
    except InvalidOperation:
        return None
    return cost if cost.is_finite() and cost >= 0 else None


def _tags(value: AttributeValue) -> tuple[str, ...]:
    if isinstance(value, str):
        value = json_value(value)
    return tuple(tag for tag in value if isinstance(tag, str)) if isinstance(value, list) else ()


def _metadata(value: AttributeValue, attributes: Attributes) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {}
    if not _WITH_METADATA.isdisjoint(attributes):
        for key, item in attributes.items():
            if key.startswith(_METADATA_PREFIXES):
                prefix = next(one for one in _METADATA_PREFIXES if key.startswith(one))
                found[key[len(prefix) :]] = json_text(item) if prefix.startswith("langfuse") else item
    if value is not None:
        found.update(value if isinstance(value, dict) else json_object(value))
    return found


def _run_metadata(found: Mapping[str, AttributeValue]) -> dict[str, str]:
    """Return what of the metadata is about the run: not the framework's book-keeping, all as text."""
    return {
        key: item if isinstance(item, str) else as_json(item)
        for key, item in found.items()
        if item is not None and not key.startswith(_NOT_METADATA)
    }


def json_text(value: AttributeValue) -> AttributeValue:
    """Return what a JSON text of a string says; any other value as it is."""
    if isinstance(value, str) and value.startswith('"'):
        decoded = json_value(value)
        return decoded if isinstance(decoded, str) else value
    return value


def json_object(value: AttributeValue) -> dict[str, AttributeValue]:
    """Return a JSON object, given as such or as text; anything else is empty."""
    decoded = json_value(value) if isinstance(value, str) else value
    return decoded if isinstance(decoded, dict) else {}


def json_value(text: str) -> AttributeValue:
    """Return the JSON value that the text is, or None."""
    try:
        return cast("AttributeValue", orjson.loads(text))
    except ValueError:
        return None


def _outcome(attributes: Attributes) -> Outcome | None:
    success = attributes.get(names.RUN_IS_SUCCESS)
    if isinstance(success, bool):
        return "success" if success else "failure"
    return "error" if attributes.get(names.RUN_ENDING) == "error" else None
