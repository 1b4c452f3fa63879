"""Who used whose output: which values, names, files and passages of a turn were first said in an earlier one.

One pass, with hashed passages of eight words; the work is linear in the text and the memory bounded per turn.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import islice
from typing import Final

import msgspec

from masthead.diagnose.case import Case, Step
from masthead.model.diagnosis import Carried, CarriedKind

MOST_FACTS: Final = 300
"""Facts looked at in one turn; a page of results has thousands, and the first ones tell enough."""
MOST_SOURCES: Final = 6
"""Earlier turns that one turn is traced to, strongest first."""
_PASSAGE_WORDS: Final = 8
_SHOWN_CHARS: Final = 80
_WEIGHTS: Final[Mapping[CarriedKind, float]] = {
    "value": 1.0, "name": 1.0, "file": 1.5, "code": 1.0, "claim": 1.5, "decision": 1.0, "result": 1.0,
}  # fmt: skip

_FILE: Final = re.compile(r"(?:https?://[^\s)\]>\"']+|(?<![\w.-])(?:[\w.-]+/)+[\w.-]+|\b[\w-]+\.(?:py|csv|json|xlsx?|pdf|txt|md|html|js|ts|java|yaml|yml|log)\b)")  # fmt: skip # noqa: E501
_CODE: Final = re.compile(r"\b(?:[a-z]+_[a-z0-9_]+|[a-z]+[A-Z]\w+)\b")
_QUOTED: Final = re.compile(r"[\"“'`]([^\"”'`\n]{4,80})[\"”'`]")
_MARKED: Final = re.compile(r"\*\*([^*\n]{2,80})\*\*|\\boxed\{([^{}\n]{1,80})\}")
_ACRONYM: Final = re.compile(r"\b[A-Z]{2,8}\b")
_TOKEN: Final = re.compile(r"\w+")


class Link(msgspec.Struct, frozen=True, gc=False):
    """A turn that used an earlier one; `weight` grows with the number and kind of things carried.

    Plain data out of the collector's sight: a long run has several a turn.
    """

    source: int
    target: int
    items: tuple[tuple[CarriedKind, str], ...]
    weight: float

    @property
    def carried(self) -> tuple[Carried, ...]:
        """What passed, shortened."""
        return tuple(Carried(kind=kind, text=text) for kind, text in self.items)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """All links of a run, by target, and where each fact was first said."""

    into: Mapping[int, tuple[Link, ...]]
    first_said: Mapping[str, int]
    facts: Mapping[int, Mapping[str, CarriedKind]]
    """The facts of each turn, the task's own left out."""


@dataclass(slots=True)
class _Trail:
    first: dict[str, int] = field(default_factory=dict[str, int])
    last: dict[str, int] = field(default_factory=dict[str, int])
    passages: dict[int, int] = field(default_factory=dict[int, int])


def trace(case: Case) -> Provenance:
    """Read the run once, in order, and link each turn to the latest earlier turns that said what it says."""
    trail, task = _Trail(), _facts(case.conversation.task or "", case.task_entities)
    asked = {hash_ for hash_, _ in _passages(case.conversation.task or "")}
    into: dict[int, tuple[Link, ...]] = {}
    facts: dict[int, Mapping[str, CarriedKind]] = {}
    for step in case.steps:
        own = _facts(step.said, step.entities)
        for text in own.keys() & task.keys():
            del own[text]
        facts[step.index] = own
        found: dict[int, dict[str, CarriedKind]] = defaultdict(dict)
        kind: CarriedKind
        for text, kind in own.items():
            if (source := trail.last.get(text)) is not None:
                found[source][text] = kind
        for hash_, passage in _passages(step.said):
            if hash_ in asked:
                continue
            if (source := trail.passages.get(hash_)) is not None and len(found[source]) < MOST_FACTS:
                found[source].setdefault(passage, "claim")
            trail.passages[hash_] = step.index
        for text in own:
            trail.first.setdefault(text, step.index)
            trail.last[text] = step.index
        into[step.index] = _strongest(case, step, found)
    return Provenance(into=into, first_said=trail.first, facts=facts)


def _facts(text: str, entities: frozenset[str]) -> dict[str, CarriedKind]:
    found: dict[str, CarriedKind] = {}
    if "/" in text or "." in text:
        for file in _FILE.findall(text):
            found[file.rstrip(".,;")] = "file"
    for quoted in _QUOTED.findall(text):
        found.setdefault(quoted.strip(), "claim")
    if "**" in text or "\\boxed" in text:
        for marked, boxed in _MARKED.findall(text):
            found.setdefault((marked or boxed).strip(" :"), "claim")
    for acronym in _ACRONYM.findall(text):
        found.setdefault(acronym, "name")
    for name in _CODE.findall(text):
        found.setdefault(name, "code")
    for entity in sorted(entities):
        found.setdefault(entity, "value" if entity[0].isdigit() else "name")
        if len(found) >= MOST_FACTS:
            break
    return dict(list(found.items())[:MOST_FACTS])


def _passages(text: str) -> Iterator[tuple[int, str]]:
    """Yield a quarter of the runs of eight words, chosen by their first word, hashed, with their beginning."""
    tokens = _TOKEN.findall(text.lower())
    marks = [zlib.crc32(token) & 3 for token in "\n".join(tokens).encode("utf-8", "surrogatepass").split(b"\n")]
    for start in range(len(tokens) - _PASSAGE_WORDS + 1):
        if not marks[start]:
            passage = " ".join(tokens[start : start + _PASSAGE_WORDS])
            yield zlib.crc32(passage.encode("utf-8", "surrogatepass")), passage[:_SHOWN_CHARS]


def _strongest(case: Case, step: Step, found: Mapping[int, Mapping[str, CarriedKind]]) -> tuple[Link, ...]:
    weighed = [(sum(map(_WEIGHTS.__getitem__, what.values())), source) for source, what in found.items() if what]
    links = [
        Link(
            source,
            step.index,
            tuple([(kind, text[:_SHOWN_CHARS]) for text, kind in islice(found[source].items(), 5)]),
            weight,
        )
        for weight, source in nlargest(MOST_SOURCES, weighed)
    ]
    links += _told(case, step, {link.source for link in links})
    return tuple(sorted(links, key=lambda link: (-link.weight, -link.source))[:MOST_SOURCES])


def _told(case: Case, step: Step, linked: set[int]) -> list[Link]:
    """Link a result to the call before it, and a turn to the handoff that it answers."""
    if step.index == 0:
        return []
    before = case.steps[step.index - 1]
    turn = case.conversation.turns[before.index]
    kind: CarriedKind | None = None
    if step.is_result and before.has_code:
        kind = "code"
    elif before.is_result and not step.is_result:
        kind = "result"
    elif before.is_handoff and (not turn.addressees or step.speaker in turn.addressees):
        kind = "decision"
    if kind is None or before.index in linked:
        return []
    shown = before.said.lstrip()[: 2 * _SHOWN_CHARS].splitlines() or [""]
    return [Link(before.index, step.index, ((kind, shown[0][:_SHOWN_CHARS].rstrip()),), 1.0)]
