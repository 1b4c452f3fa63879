"""The reference page of the conventions, from the same tables that the readers use."""

from collections.abc import Iterator

from masthead.model.reading import Operation
from masthead.semconv.conventions import ALL
from masthead.semconv.table import Convention

_INTRODUCTION = """# Semantic conventions

Which attribute of a span is read as what. A span may carry several conventions; then, field by field, the first one in
this order that has a value wins: {order}.

An operation that a convention names but that says nothing about agents (`chain`, `task`, `span`) never hides a specific
one of another convention. Text that should be JSON and is not is kept as text. Tokens are taken from model calls and
embeddings only, because agent spans repeat the sums of their children.
"""


def page() -> str:
    """Return the page as Markdown."""
    order = ", ".join(one.title for one in ALL)
    return "\n".join([_INTRODUCTION.format(order=order), *(line for one in ALL for line in _convention(one))])


def _convention(one: Convention) -> Iterator[str]:
    yield f"## {one.title}\n"
    yield f"{one.about} Known by attributes that start with {_listed(one.markers)}.\n"
    yield "| attribute | becomes |\n|---|---|"
    for attribute, values in one.operations.items():
        told = ", ".join(
            f"`{value}`" + (f" → {operation.value}" if operation is not Operation.OTHER else "")
            for value, operation in values.items()
        )
        yield f"| `{attribute}` | operation: {told} |"
    for field, attributes in one.fields.items():
        words = field.replace("_", " ").replace("usd", "in US dollars")
        yield f"| {', then '.join(f'`{name}`' for name in attributes)} | {words} |"
    for prefix in one.metadata_prefixes:
        yield f"| `{prefix}KEY` | the run's metadata |"
    for where, what in one.messages:
        yield f"| {where} | {what} |"
    yield ""


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
