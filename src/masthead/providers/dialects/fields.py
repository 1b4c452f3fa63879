"""A JSON object being read: what is asked for is taken out, and what is left at the end is told, never lost."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from masthead.model.errors import InvalidInput
from masthead.providers.dialects.dialect import Losses, refused


class Fields:
    """The fields of one object at `path`. Every `take` removes; `finish` notes the rest as losses."""

    __slots__ = ("_left", "losses", "path")

    def __init__(self, value: object, path: str, losses: Losses) -> None:
        if not isinstance(value, dict):
            raise InvalidInput(f"an object is expected, not {_short(value)}", where=path or "body")
        self._left: dict[str, Any] = dict(cast("Mapping[str, Any]", value))
        self.path = path
        self.losses = losses

    def at(self, name: str) -> str:
        """Return the full path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def take(self, name: str) -> Any:
        """Return the value as it is; None where it is absent or null."""
        return self._left.pop(name, None)

    def has(self, name: str) -> bool:
        """Say whether the field is there and not null."""
        return self._left.get(name) is not None

    def text(self, name: str) -> str | None:
        """Return a string."""
        value = self._left.get(name)
        if value is None or isinstance(value, str):
            self._left.pop(name, None)
            return value
        return cast("str | None", self._typed(name, (str,), "a string"))

    def required_text(self, name: str) -> str:
        """Return a string that must be there."""
        value = self.text(name)
        if value is None:
            raise InvalidInput("is required", where=self.at(name))
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean."""
        return cast("bool | None", self._typed(name, (bool,), "true or false"))

    def integer(self, name: str) -> int | None:
        """Return a whole number."""
        return cast("int | None", self._typed(name, (int,), "a whole number"))

    def number(self, name: str) -> float | None:
        """Return a number."""
        return cast("float | None", self._typed(name, (int, float), "a number"))

    def mapping(self, name: str) -> dict[str, Any] | None:
        """Return an object as it is, its inside unread."""
        return cast("dict[str, Any] | None", self._typed(name, (dict,), "an object"))

    def inner(self, name: str) -> "Fields | None":
        """Return an object to be read."""
        value = self.take(name)
        return None if value is None else Fields(value, self.at(name), self.losses)

    def items(self, name: str) -> Iterator["Fields"]:
        """Yield the objects of a list to be read, each with its path."""
        for position, item in enumerate(self.sequence(name)):
            yield Fields(item, f"{self.at(name)}[{position}]", self.losses)

    def sequence(self, name: str) -> list[Any]:
        """Return a list; empty where it is absent."""
        if name not in self._left:
            return []
        return cast("list[Any]", self._typed(name, (list,), "a list") or [])

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self.sequence(name)
        if not all(isinstance(value, str) for value in values):
            raise InvalidInput(f"a list of strings is expected, not {_short(values)}", where=self.at(name))
        return tuple(values)

    def ignore(self, *names: str) -> None:
        """Take fields out that say nothing which the other side would need."""
        for name in names:
            self._left.pop(name, None)

    def drop(self, why: str, *names: str) -> None:
        """Take fields out and note each that says something."""
        for name in names:
            if self.take(name) not in (None, [], {}, ""):
                self.losses.add(self.at(name), why)

    def refuse(self, why: str, *names: str) -> None:
        """Raise where one of the fields says something: dropping it would change what was asked."""
        for name in names:
            if self.take(name) not in (None, [], {}, "", False):
                raise refused(self.at(name), why)

    def has_any(self, names: frozenset[str]) -> bool:
        """Say whether one of the fields is there."""
        return not names.isdisjoint(self._left)

    def finish(self) -> None:
        """Note every field that nobody took."""
        for name, value in self._left.items():
            if value is not None:
                self.losses.add(self.at(name), "not known to this dialect's adapter, dropped")
        self._left.clear()

    def _typed(self, name: str, kinds: tuple[type, ...], expected: str) -> object:
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise InvalidInput(f"{expected} is expected, not {_short(value)}", where=self.at(name))
        return value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
