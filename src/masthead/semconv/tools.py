"""What a tool was given and what it gave back, out of the envelopes that frameworks put around it."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from masthead.model.span import Attributes, AttributeValue
from masthead.semconv.messages import messages_of, parse, text_of

_DOCUMENTS: Final = "retrieval.documents."
_ENVELOPES: Final = ("output", "outputs", "result", "update")


class ToolResult(NamedTuple):
    """What came back as text, and which call it answers where the envelope says so."""

    text: str | None
    call_id: str | None = None


def tool_arguments(value: AttributeValue) -> str | None:
    """Return the arguments as text: out of LangChain's callback envelope where they are in one."""
    if value is None:
        return None
    given = parse(value) if isinstance(value, str) else value
    if isinstance(given, dict) and "input_str" in given:
        inputs = given.get("inputs")
        return text_of(inputs or given["input_str"])
    return text_of(value)


def tool_result(value: AttributeValue) -> ToolResult:
    """Return the result as text: out of a tool message or a graph command where it is in one."""
    if value is None:
        return ToolResult(None)
    given = parse(value) if isinstance(value, str) else value
    found = _unwrapped(given, 4) if isinstance(given, dict) else None
    return found if found is not None else ToolResult(given if isinstance(given, str) else text_of(value))


def retrieved(attributes: Attributes) -> str | None:
    """Return the documents that a retriever's span holds, one after the other."""
    documents = attributes.get("gen_ai.retrieval.documents")
    if documents is not None:
        return text_of(documents)
    found: dict[int, str] = {}
    for key, value in attributes.items():
        if key.startswith(_DOCUMENTS) and key.endswith(".document.content") and isinstance(value, str):
            number = key[len(_DOCUMENTS) :].partition(".")[0]
            if number.isdecimal():
                found[int(number[:9])] = value
    return "\n\n".join(found[number] for number in sorted(found)) or None


def _unwrapped(value: Mapping[str, AttributeValue], depth: int) -> ToolResult | None:
    if depth == 0:
        return None
    if "lc" in value or "data" in value or value.get("role") == "tool" or value.get("type") == "tool":
        answers = [message for message in messages_of({**value}, "tool") if message.role == "tool"]
        return ToolResult(answers[0].text, answers[0].tool_call_id) if answers else None
    messages = value.get("messages")
    if isinstance(messages, list):
        answers = [message for message in messages_of(messages, "user") if message.role == "tool"]
        return ToolResult(answers[-1].text, answers[-1].tool_call_id) if answers else None
    for key in _ENVELOPES:
        inner = value.get(key)
        if isinstance(inner, dict) and (len(value) == 1 or "goto" in value or "kwargs" in value):
            return _unwrapped(inner, depth - 1)
    return None
