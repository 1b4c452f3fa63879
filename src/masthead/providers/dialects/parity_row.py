"""A row of the table of parity."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from masthead.providers.dialects.dialect import Dialect

CHAT: Final = Dialect.OPENAI_CHAT
RESPONSES: Final = Dialect.OPENAI_RESPONSES
ANTHROPIC: Final = Dialect.ANTHROPIC
GEMINI: Final = Dialect.GEMINI
BEDROCK: Final = Dialect.BEDROCK
CALLERS: Final = (CHAT, RESPONSES, ANTHROPIC)
Fragment = dict[str, Any]


class Feature(NamedTuple):
    """One thing that can be asked: how callers ask it, and how targets get it.

    A target in `refused` refuses it; one neither there nor in `sent` drops it and notes the loss. `sent` is what
    callers ask where it is not given.
    """

    name: str
    asked: Mapping[Dialect, Fragment]
    sends: Mapping[Dialect, Fragment] | None = None
    refused: frozenset[Dialect] = frozenset()
    note: str = ""

    @property
    def sent(self) -> Mapping[Dialect, Fragment]:
        """What each target gets."""
        return self.asked if self.sends is None else self.sends
