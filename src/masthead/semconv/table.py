"""What a convention's table is made of, and how the tables together decide which attribute wins.

Each convention lists, field by field, the attributes that carry it, best first. A span may carry two conventions: then,
field by field, the first convention in `conventions.ALL` that has a value wins.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from masthead.model.reading import Operation

Field = Literal[
    "agent_id",
    "agent_name",
    "agent_description",
    "provider",
    "model_requested",
    "model",
    "tool_name",
    "tool_call_id",
    "tool_arguments",
    "tool_result",
    "tool_description",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_usd",
    "session_id",
    "user_id",
    "tags",
    "metadata",
    "system",
    "task",
    "answer",
    "error",
    "system_instructions",
    "input",
    "output",
]


class Convention(NamedTuple):
    """One semantic convention as data; the reference page is generated from it."""

    id: str
    title: str
    about: str
    """One sentence for the reference page: who writes it."""
    markers: tuple[str, ...]
    """An attribute that starts with one of these shows the convention."""
    operations: Mapping[str, Mapping[str, Operation]]
    """Attribute name to its values (lower case) to the operation; `*` is any other value."""
    fields: Mapping[Field, tuple[str, ...]]
    metadata_prefixes: tuple[str, ...] = ()
    """What follows one of these in an attribute's name is a key of the run's metadata."""
    messages: tuple[tuple[str, str], ...] = ()
    """For the reference page: where messages stand that are more than one attribute, and what they become."""


def chain(conventions: Sequence[Convention], field: Field) -> tuple[str, ...]:
    """Return every attribute that may carry the field, best first, each once."""
    return tuple(dict.fromkeys(name for one in conventions for name in one.fields.get(field, ())))
