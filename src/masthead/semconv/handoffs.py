"""Handoffs as spans and tools name them."""

import re
from typing import Final, NamedTuple

from masthead.model.span import Attributes, AttributeValue
from masthead.semconv.messages import parse

_ARROW: Final = re.compile(r"^(?P<source>.{1,500}?)\s*(?:→|->)\s*(?P<target>.{1,500}?)(?:\.handoff)?$", re.DOTALL)
_WORDS: Final = re.compile(
    r"^handoff(?: from (?P<source>.{1,500}?))? to (?P<target>.{1,500})$", re.IGNORECASE | re.DOTALL
)
_TOOL: Final = re.compile(r"^(?:transfer|hand_?off|delegate|route)(?:_work|_task)?(?:_back)?_to_(?P<target>.+)$")
_ARGUMENTS: Final = (
    "agent_name",
    "agent",
    "target_agent",
    "to_agent",
    "to",
    "recipient",
    "coworker",
    "name",
    "assistant",
)
_ASKING: Final = frozenset(
    {
        "transfer_to_agent",
        "handoff_to_agent",
        "handoff",
        "transfer",
        "delegate",
        "delegate_work_to_coworker",
        "ask_question_to_coworker",
    }
)
_UNKNOWN: Final = frozenset({"unknown", "none", "null", "", "agent"})


class Handoff(NamedTuple):
    """Who hands to whom, as far as it is said."""

    source: str | None
    target: str | None


def is_handoff_name(name: str) -> bool:
    """Say whether a span's name alone says that it is a handoff."""
    return name.endswith(".handoff") or name[:11].lower() in {"handoff to ", "handoff fro"}


def span_handoff(attributes: Attributes, name: str) -> Handoff:
    """Return what a handoff span says, from its attributes, else from its name."""
    match = _WORDS.match(name) or _ARROW.match(name)
    source, target = (match["source"], match["target"]) if match else (None, None)
    return Handoff(
        _known(attributes.get("gen_ai.handoff.from_agent")) or _known(source) or _known(attributes.get("input.value")),
        _known(attributes.get("gen_ai.handoff.to_agent")) or _known(target) or _known(attributes.get("output.value")),
    )


def tool_target(name: str, arguments: str) -> str | None:
    """Return the agent that a tool hands over to: from its name (`transfer_to_X`), or its arguments; None if none."""
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    if plain in _ASKING:
        given = parse(arguments)
        if isinstance(given, dict):
            return next((agent for key in _ARGUMENTS if (agent := _known(given.get(key)))), None)
        return None
    match = _TOOL.match(plain)
    return _known(name.strip()[-len(match["target"]) :]) if match else None


def _known(value: AttributeValue) -> str | None:
    return value if isinstance(value, str) and value.strip().lower() not in _UNKNOWN else None
