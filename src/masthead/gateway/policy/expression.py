"""Conditions in CEL, Google's Common Expression Language: they read the facts of a call, and can do nothing else."""

import re
from collections.abc import Mapping
from typing import Final

FACTS: Final = ("model", "agent", "user", "key", "endpoint", "stream", "headers", "metadata")

_LOOP: Final = re.compile(r"\b(?:all|exists|exists_one|existsOne|map|filter)\b(?:\s|//[^\n]*\n)*\(")
"""What goes through a list. Within one another, four of them take seconds, and the event loop waits for conditions."""


class Expression:
    """A condition over the facts of a call."""

    def __init__(self, text: str) -> None:
        """Compile the condition.

        Raises:
            ValueError: it is no CEL, speaks of facts that there are not, or could take long.
        """
        if len(_LOOP.findall(text)) > 1:
            raise ValueError(f"{text!r} goes through lists more than once; a condition may do so once")
        import cel  # noqa: PLC0415 - 0.1 s: its command line and prompt_toolkit, for everybody who has no condition

        try:
            self._program = cel.compile(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is no expression in CEL: {str(error).splitlines()[0]}") from error
        unknown = sorted(set(self._program.variables()) - set(FACTS))
        if unknown:
            raise ValueError(f"{text!r} speaks of {unknown[0]!r}; there are {', '.join(FACTS)}")

    def holds(self, facts: Mapping[str, object]) -> bool:
        """Say whether it holds; what speaks of a header or metadata that is absent does not."""
        try:
            return self._program.execute(dict(facts)) is True
        except (KeyError, RuntimeError, TypeError, ValueError):
            return False
