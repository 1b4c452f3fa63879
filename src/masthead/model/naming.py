"""What ids and names may hold that people type: a pattern for programs, and the same in words."""

import re
from typing import Final, NamedTuple

from masthead.model.errors import InvalidInput


class Naming(NamedTuple):
    """A kind of name."""

    what: str
    """What it names, with its article."""
    pattern: "re.Pattern[str]"
    may_hold: str

    def checked(self, given: str, where: str | None = None) -> str:
        """Return the name; raise `InvalidInput`, which says what names may hold, where it is none."""
        if self.pattern.fullmatch(given) is None:
            raise InvalidInput(f"{given!r} is no {self.what}: {self.may_hold}", where=where)
        return given


SECRET: Final = Naming(
    "name of a secret",
    re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"),
    "up to 64 letters, digits, and . _ - after the first",
)
PROJECT: Final = Naming(
    "id of a project",
    re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"),
    "up to 64 lower-case letters, digits and, between them, dashes; masthead project list shows those there are",
)
KEY: Final = Naming(
    "id of a key", re.compile(r"[0-9a-f]{16}"), "16 of the characters 0-9 and a-f, as masthead key list shows it"
)
RUN: Final = Naming(
    "beginning of a run's id",
    re.compile(r"[0-9a-f]{1,32}"),
    "up to 32 of the characters 0-9 and a-f, or `last`; masthead runs lists them",
)
