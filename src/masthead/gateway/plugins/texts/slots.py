"""A text's place in a body, and which text of the answer it belongs to."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, cast

Body = dict[str, Any]
Kind = Literal["text", "arguments", "input", "reasoning", "refusal", "echo"]
"""`arguments` are the JSON of a tool call, `input` the free text that a tool takes; `echo` is what the provider repeats
of the request."""


class Channel(NamedTuple):
    """One text of an answer, which grows while it streams."""

    kind: Kind
    place: tuple[int, ...] = ()
    """Choice, or item and part, or block; with the number of the tool call where there are several."""
    tool: str = ""
    """Whose arguments they are."""


class Slot(NamedTuple):
    """Where a text stands. An object stands for the JSON text that it would be."""

    channel: Channel
    holder: Any
    key: Any

    @property
    def value(self) -> Any:
        """What stands there."""
        return self.holder[self.key]

    def put(self, value: Any) -> None:
        """Put something else there."""
        self.holder[self.key] = value


def slot(channel: Channel, holder: object, key: str) -> Iterator[Slot]:
    """Yield the slot of a text that may be there."""
    if isinstance(holder, dict) and isinstance(cast("Body", holder).get(key), str):
        yield Slot(channel, holder, key)


def inside(channel: Channel, holder: object, key: str) -> Iterator[Slot]:
    """Yield the slots of all texts in what stands there, whatever its shape."""
    if not isinstance(holder, dict):
        return
    value = cast("Body", holder).get(key)
    if isinstance(value, str):
        yield Slot(channel, holder, key)
    elif isinstance(value, dict):
        for name in cast("Body", value):
            yield from inside(channel, cast("Body", value), name)
    elif isinstance(value, list):
        for at, one in enumerate(cast("list[object]", value)):
            if isinstance(one, str):
                yield Slot(channel, value, at)
            elif isinstance(one, dict):
                for name in cast("Body", one):
                    yield from inside(channel, cast("Body", one), name)


def parts(holder: object, key: str) -> Iterator[tuple[int, Body]]:
    """Yield the objects of a list, with their number; nothing where there is no such list."""
    found = cast("Body", holder).get(key) if isinstance(holder, dict) else None
    if isinstance(found, list):
        for at, one in enumerate(cast("list[object]", found)):
            if isinstance(one, dict):
                yield at, cast("Body", one)


def number(holder: Body, key: str, otherwise: int = 0) -> int:
    """Return a whole number, or what stands for it where there is none."""
    found = holder.get(key)
    return found if isinstance(found, int) else otherwise
