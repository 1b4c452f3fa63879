"""Cut a log where something begins."""

import re
from collections.abc import Iterable, Iterator


def cut(starts: "Iterable[re.Match[str]]", text: str) -> Iterator[tuple["re.Match[str]", str]]:
    """Yield each match with the text from its end to where the next one begins; nothing where there is none."""
    previous: re.Match[str] | None = None
    for match in starts:
        if previous is not None:
            yield previous, text[previous.end() : match.start()]
        previous = match
    if previous is not None:
        yield previous, text[previous.end() :]
