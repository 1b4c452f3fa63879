"""What the `masthead` script runs: all commands, or the gateway alone, which must be small and start at once."""

import sys
from collections.abc import Sequence
from typing import Final

from masthead.cli.running import run

_CONFIGURING: Final = frozenset({"check", "diff", "show", "apply", "history", "restore", "--help"})
"""What `masthead gateway` can be told to do beside serving."""


def main() -> None:
    """Run the command line. The gateway pays for its own imports only: half the time and memory of all commands'."""
    if command_of(sys.argv[1:]) == "gateway" and not _CONFIGURING.intersection(sys.argv[1:]):
        from masthead.cli.gateway import app  # noqa: PLC0415 - as the docstring says
    else:
        from masthead.cli.main import app  # noqa: PLC0415 - 0.6 s and 40 MB that the gateway does not need
    run(app)


def command_of(arguments: Sequence[str]) -> str | None:
    """Return the command that arguments name."""
    words = iter(arguments)
    for word in words:
        if word == "--data-dir":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None
