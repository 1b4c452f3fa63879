"""A plain transcript: `Name: what was said`, one speaker after the other; also `[time] Name: …` and `**Name:** …`.

A line that begins with a name and a colon opens a turn; the lines after it, up to the next, belong to it. A name is a
name where it is at most four words of letters, digits and `_.'@()-`, and stands twice or more, where every paragraph
begins with one, or where every line does and one of them stands twice. Speakers called User, Human, Customer, Client or
Me are of kind human, those called Tool, Terminal, Executor, Function or Observation tool results, System of kind
system. A time in front is read as UTC where it names no zone. Nothing is known of the ending.
"""

import re
from collections import Counter
from collections.abc import Iterator

from masthead.ingest.importers.code import has_failed
from masthead.ingest.importers.cutting import cut
from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import metadata, time_ns
from masthead.model.conversation import Act, AgentKind, Ending, EndingKind

_OPENING = re.compile(
    r"^(?:\[?(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)\]? +)?"
    r"(?:\*\*|__)?(?P<name>[^\W\d_][\w.'@()-]{0,40}(?: [\w.'@()-]{1,40}){0,3})(?P<close>:\*\*|:__|\*\*:|__:|:)(?: +|$)",
    re.MULTILINE,
)
_SPEAKERS: dict[str, AgentKind] = {
    **dict.fromkeys(("user", "human", "customer", "client", "me"), "human"),
    **dict.fromkeys(("tool", "terminal", "executor", "function", "observation"), "tool"),
    **dict.fromkeys(("system", "framework"), "system"),
}
_HEAD_CHARS = 200_000


def _matches(record: Record) -> bool:
    text = record.text or ""
    return len(_openings(text[:_HEAD_CHARS])) >= 2


def _openings(text: str) -> list["re.Match[str]"]:
    """Return the lines that open turns; none where the text does not begin with one, as a transcript does."""
    found = list(_OPENING.finditer(text))
    if not found or text[: found[0].start()].strip():
        return []
    names = Counter(opening["name"] for opening in found)
    if len(names) < 2:
        return []
    if max(names.values()) > 1 and len(found) == sum(1 for line in text.split("\n") if line.strip()):
        return found
    heads = _paragraph_heads(text)
    is_whole = heads <= {opening.start() for opening in found}
    kept = [
        opening
        for opening in found
        if names[opening["name"]] > 1 or opening["name"].lower() in _SPEAKERS or (is_whole and opening.start() in heads)
    ]
    return kept if len({opening["name"] for opening in kept}) >= 2 and kept[0] is found[0] else []


def _paragraph_heads(text: str) -> set[int]:
    """Return where paragraphs begin: lines with something on them after an empty one, or at the very top."""
    heads: set[int] = set()
    place, is_open = 0, False
    for line in text.split("\n"):
        if line.strip() and not is_open:
            heads.add(place)
        is_open = bool(line.strip())
        place += len(line) + 1
    return heads


def _read(record: Record) -> Iterator[ImportedRun]:
    text = (record.text or "").strip("\n")
    openings = _openings(text) or list(_OPENING.finditer(text))
    if not openings:
        raise record.malformed("no line begins with 'Name: '")
    draft = Draft()
    for opening, said in cut(openings, text):
        _say(draft, opening["name"], said.strip("\n").rstrip(), time_ns(opening["time"]))
    asked = next((turn.text for turn in draft.turns if _SPEAKERS.get(turn.speaker.lower()) == "human"), None)
    yield ImportedRun(
        conversation=draft.conversation(
            run_id_of("transcript", text.strip()),
            system=None,
            task=asked,
            ending=Ending(kind=EndingKind.UNKNOWN),
            metadata=metadata([("format", "transcript"), ("source", record.name)]),
        )
    )


def _say(draft: Draft, name: str, said: str, when: int | None) -> None:
    kind = _SPEAKERS.get(name.lower(), "agent")
    if kind == "tool":
        draft.say(
            name, said, kind=kind, act=Act.TOOL_RESULT, tool=name.lower(), is_error=has_failed(said), start_ns=when
        )
    else:
        draft.say(name, said, kind=kind, start_ns=when)


TRANSCRIPT = Family(
    id="transcript",
    title="Plain transcript",
    kind="text",
    looks_like="lines `Name: what was said`, of two speakers or more",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
    is_general=True,
)
