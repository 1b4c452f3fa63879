"""One span of any convention into a `Reading`. Total: broken JSON stays text, a wrong type counts as absent."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from masthead.model.ids import AgentId
from masthead.model.reading import Message, Operation, Reading, Role, ToolCall, ToolUse, Usage
from masthead.model.span import Attributes, AttributeValue, Span
from masthead.semconv.conventions import ALL
from masthead.semconv.errors import EXCEPTION, has_failed
from masthead.semconv.flattened import gathered
from masthead.semconv.handoffs import span_handoff
from masthead.semconv.messages import Memo, messages_of, parse, text_of
from masthead.semconv.narrow import Narrow, bare_name, count, json_object, narrow
from masthead.semconv.table import Field, chain
from masthead.semconv.tools import retrieved, tool_arguments, tool_result

_CHAINS: Final = {
    field: chain(ALL, field)
    for field in (
        "agent_description",
        "model_requested",
        "tool_call_id",
        "tool_arguments",
        "tool_result",
        "tool_description",
        "reasoning_tokens",
    )
}
_SPOKEN: Final = frozenset({Operation.LLM})
_SAYS_NOTHING: Final = frozenset({Operation.TOOL, Operation.HANDOFF, Operation.EMBEDDING, Operation.RETRIEVER})
_TOOLS: Final = frozenset({Operation.TOOL, Operation.RETRIEVER})


def read(span: Span, scalars: Narrow | None = None, memo: Memo | None = None) -> Reading:
    """Return what the span says about agents. Costs what parsing its messages costs; lists use `narrow`.

    Who reads a whole run passes the span's scalars, where it has them, and one `memo` for all of its spans.
    """
    attributes = span.attributes
    if scalars is None:
        scalars = narrow(attributes, span.name, is_root=span.parent_span_id is None)
    operation = scalars.operation
    handoff = span_handoff(attributes, span.name) if operation is Operation.HANDOFF else None
    has_messages = operation not in _SAYS_NOTHING
    return Reading(
        convention=convention_of(attributes),
        operation=operation,
        agent_id=AgentId(scalars.agent_id) if scalars.agent_id is not None else None,
        agent_name=scalars.agent_name,
        agent_description=_text(attributes, "agent_description"),
        provider=scalars.provider,
        model_requested=_text(attributes, "model_requested"),
        model=scalars.model,
        input=_input(span, operation, memo) if has_messages else (),
        output=_output(span, operation, memo) if has_messages else (),
        tool=_tool(span, scalars) if operation in _TOOLS else None,
        handoff_from=handoff.source if handoff else came_from(attributes),
        handoff_to=handoff.target if handoff else None,
        usage=_usage(attributes, scalars),
        error=error_of(span),
        session_id=scalars.session_id,
        user_id=scalars.user_id,
        tags=scalars.tags,
        metadata=dict(scalars.metadata),
    )


def convention_of(attributes: Attributes) -> str:
    """Return the id of the first convention in order of precedence that the span carries; `none` for a plain span."""
    for one in ALL:
        if any(key.startswith(one.markers) for key in attributes):
            return one.id
    return "none"


def error_of(span: Span) -> str | None:
    """Return what went wrong, or None; an exception that only steers a graph is none."""
    attributes = span.attributes
    kinds = [event.attributes for event in span.events if event.name == EXCEPTION]
    if not has_failed(attributes, kinds, is_status_error=span.status == "error"):
        return None
    for kind in kinds:
        message, name = kind.get("exception.message"), kind.get("exception.type")
        if isinstance(message, str) and message:
            return f"{name.rpartition('.')[2]}: {message}" if isinstance(name, str) and name else message
    said = (span.status_message, attributes.get("langfuse.observation.status_message"), attributes.get("error.type"))
    return next((text for text in said if isinstance(text, str) and text), "error")


def _input(span: Span, operation: Operation, memo: Memo | None) -> tuple[Message, ...]:
    attributes = span.attributes
    found = _first(span, operation, _INPUT, memo)
    system = attributes.get("gen_ai.system_instructions")
    if system is None:
        system = _details(span).get("gen_ai.system_instructions")
    if system is not None and not any(message.role == "system" for message in found):
        instructions = "\n".join(message.text for message in messages_of(system, "system", memo) if message.text)
        found = (Message(role="system", text=instructions), *found) if instructions else found
    return found


def _output(span: Span, operation: Operation, memo: Memo | None) -> tuple[Message, ...]:
    vercel = _vercel_output(span.attributes)
    return vercel or _first(span, operation, _OUTPUT, memo)


class _Side(NamedTuple):
    """One side of a model call: its field, who speaks in a plain text, and where conventions flatten messages."""

    field: Field
    role: Role
    prefixes: Mapping[str, str]


_INPUT: Final = _Side(
    "input", "user", {"opentelemetry-genai": "gen_ai.prompt.", "openinference": "llm.input_messages."}
)
_OUTPUT: Final = _Side(
    "output", "assistant", {"opentelemetry-genai": "gen_ai.completion.", "openinference": "llm.output_messages."}
)


def _first(span: Span, operation: Operation, side: _Side, memo: Memo | None) -> tuple[Message, ...]:
    """Return the messages of the first convention that has any; a model call's flattened ones come before its JSON."""
    attributes = span.attributes
    for one in ALL:
        prefix = side.prefixes.get(one.id) if operation in _SPOKEN else None
        found = gathered(attributes, prefix, side.role) if prefix is not None else ()
        for name in () if found else one.fields.get(side.field, ()):
            value = attributes.get(name)
            if value is not None and value != "":
                found = _exchange(value, side, memo) if name in _EXCHANGES else messages_of(value, side.role, memo)
                if found:
                    break
        if not found and one.id == "opentelemetry-genai" and span.events:
            found = _of_events(span, side, memo)
        if found:
            return found
    answer = attributes.get("final_result")
    return (Message(role="assistant", text=text_of(answer)),) if side is _OUTPUT and answer else ()


_EXCHANGES: Final = frozenset({"pydantic_ai.all_messages", "all_messages_events", "events"})


def _exchange(value: AttributeValue, side: _Side, memo: Memo | None) -> tuple[Message, ...]:
    """Return one side of a whole exchange: its last message where the assistant said it, or all before that."""
    messages = messages_of(value, "user", memo)
    is_answered = bool(messages) and messages[-1].role == "assistant"
    if side is _OUTPUT:
        return messages[-1:] if is_answered else ()
    return messages[:-1] if is_answered else messages


def _details(span: Span) -> Attributes:
    """Return the attributes of the event that holds a call's messages, where the span does not hold them itself."""
    for event in span.events:
        if event.name == "gen_ai.client.inference.operation.details":
            return event.attributes
    return {}


def _of_events(span: Span, side: _Side, memo: Memo | None) -> tuple[Message, ...]:
    value = _details(span).get(f"gen_ai.{side.field}.messages")
    if value is not None:
        return messages_of(value, side.role, memo)
    read_event: Callable[[str, Attributes], tuple[Message, ...]] = _said if side is _INPUT else _chosen
    return tuple(message for event in span.events for message in read_event(event.name, event.attributes))


_EVENT_ROLES: Final[dict[str, Role]] = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


def _said(name: str, attributes: Attributes) -> tuple[Message, ...]:
    """Return the input message that an event of the older kinds holds."""
    if name == "gen_ai.content.prompt":
        return messages_of(attributes.get("gen_ai.prompt"), "user")
    role = _EVENT_ROLES.get(name)
    if role is None:
        return ()
    body = {key: parsed(value) for key, value in attributes.items()}
    return messages_of({**body, "role": body.get("role", role), "content": body.get("content")}, role)


def _chosen(name: str, attributes: Attributes) -> tuple[Message, ...]:
    """Return the output message that an event of the older kinds holds."""
    if name == "gen_ai.content.completion":
        return messages_of(attributes.get("gen_ai.completion"), "assistant")
    if name != "gen_ai.choice":
        return ()
    body = {key: parsed(value) for key, value in attributes.items()}
    inner = body.get("message")
    message = inner if isinstance(inner, dict) else {"content": inner if inner is not None else body.get("content")}
    calls = message.get("tool_calls", body.get("tool_calls"))
    return messages_of({"role": "assistant", **message, "tool_calls": calls}, "assistant")


def parsed(value: AttributeValue) -> AttributeValue:
    """Return the value behind a JSON text of an object or a list; anything else as it is."""
    found = parse(value) if isinstance(value, str) and value[:1] in {"{", "["} else None
    return value if found is None else found


def _vercel_output(attributes: Attributes) -> tuple[Message, ...]:
    text, thought = attributes.get("ai.response.text"), attributes.get("ai.response.reasoning")
    if text is None:
        text = attributes.get("ai.response.object")
    calls = attributes.get("ai.response.toolCalls")
    if text is None and calls is None:
        return ()
    said = messages_of({"role": "assistant", "content": "", "tool_calls": parsed(calls)}, "assistant")
    tool_calls: tuple[ToolCall, ...] = said[0].tool_calls if said else ()
    reasoning = thought if isinstance(thought, str) and thought else None
    return (Message(role="assistant", text=text_of(text), reasoning=reasoning, tool_calls=tool_calls),)


def _tool(span: Span, scalars: Narrow) -> ToolUse:
    attributes = span.attributes
    given = _value(attributes, "tool_arguments")
    if given is None:
        given = _any(attributes, chain(ALL, "input"))
    back = _value(attributes, "tool_result")
    if back is None:
        back = _any(attributes, chain(ALL, "output"))
    if back is None and scalars.operation is Operation.RETRIEVER:
        back = retrieved(attributes)
    result = tool_result(back)
    call_id = _text(attributes, "tool_call_id")
    return ToolUse(
        name=scalars.tool_name or bare_name(span.name) or "tool",
        call_id=call_id if call_id is not None else result.call_id,
        arguments=tool_arguments(given),
        result=result.text,
        description=_text(attributes, "tool_description"),
    )


def came_from(attributes: Attributes) -> str | None:
    """Return the agent that handed to this one, where an agent's span says so."""
    for name in ("gen_ai.agent.handoff_parent", "graph.node.parent_id"):
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _usage(attributes: Attributes, scalars: Narrow) -> Usage | None:
    usage = Usage(
        input_tokens=scalars.input_tokens,
        output_tokens=scalars.output_tokens,
        cache_read_tokens=scalars.cache_read_tokens,
        cache_write_tokens=scalars.cache_write_tokens,
        reasoning_tokens=count(_value(attributes, "reasoning_tokens")),
    )
    if usage.reasoning_tokens is None and "langfuse.observation.usage_details" in attributes:
        details = json_object(attributes["langfuse.observation.usage_details"])
        usage = Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            reasoning_tokens=count(details.get("output_reasoning_tokens")),
        )
    return usage if usage != Usage() else None


def _value(attributes: Attributes, field: Field) -> AttributeValue:
    return _any(attributes, _CHAINS[field])


def _any(attributes: Attributes, names: tuple[str, ...]) -> AttributeValue:
    return next((value for name in names if (value := attributes.get(name)) is not None and value != ""), None)


def _text(attributes: Attributes, field: Field) -> str | None:
    value = _value(attributes, field)
    return value if isinstance(value, str) else None
