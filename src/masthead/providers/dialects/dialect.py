"""The names of the dialects, and what a translation says when something cannot be carried."""

from enum import StrEnum
from typing import NamedTuple

from masthead.model.errors import InvalidInput


class Dialect(StrEnum):
    """A wire format. Callers speak one of the first three; targets may speak any."""

    OPENAI_CHAT = "openai-chat"
    OPENAI_RESPONSES = "openai-responses"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    BEDROCK = "bedrock"


class Loss(NamedTuple):
    """A field of the caller (or of the answer) that the other side has no place for, and what became of it."""

    field: str
    why: str


class Losses:
    """What a translation could not carry, in order, each field once."""

    __slots__ = ("_of_field",)

    def __init__(self) -> None:
        self._of_field: dict[str, Loss] = {}

    def add(self, field: str, why: str) -> None:
        """Note that `field` was not carried as it stood."""
        self._of_field.setdefault(field, Loss(field, why))

    def all(self) -> tuple[Loss, ...]:
        """Return what was noted so far."""
        return tuple(self._of_field.values())


def refused(field: str, why: str) -> InvalidInput:
    """Return the error for a field that cannot be carried and must not be dropped."""
    return InvalidInput(why, where=field)
