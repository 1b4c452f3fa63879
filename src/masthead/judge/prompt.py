"""Prompts for judges: read from versioned files, filled from the codebook and the record, never from the judged run."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Final

from masthead.codebook.book import CodeEntry
from masthead.judge.transcript import Window, map_of
from masthead.model.conversation import Conversation
from masthead.model.reading import Message

_MOST_TASK_CHARS: Final = 4000
_NAMES: Final = (
    "mode",
    "all_modes",
    "record",
    "origin_rules",
    "origin_ranked",
    "origin_step",
    "origin_half",
    "origin_turn",
)


@cache
def template(name: str) -> str:
    """Return a prompt file's text."""
    return resources.files("masthead.judge").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


@cache
def prompts_version() -> str:
    """Return what changes whenever any prompt changes: eight characters of a digest over all of them."""
    texts = "\0".join(template(name) for name in _NAMES)
    return sha256(texts.encode()).hexdigest()[:8]


def mode_instructions(entry: CodeEntry, *, is_swapped: bool = False) -> str:
    """Return the instructions of the judge of one mode; `is_swapped` shows the examples in the other order."""
    shown = [("It occurred", entry.positive), ("It did not occur", entry.negative)]
    examples = [f"{label}: {text}" for label, text in (reversed(shown) if is_swapped else shown) if text]
    return template("mode").format(
        code=entry.id,
        name=entry.name,
        definition=entry.definition,
        include=_bullets(entry.include) or "- the definition is met",
        exclude=_bullets(entry.exclude) or "- the definition is not met",
        examples="Examples:\n" + _bullets(examples) if examples else "",
    )


def all_modes_instructions(entries: Sequence[CodeEntry], *, is_swapped: bool = False) -> str:
    """Return the instructions of the judge of several modes in one call."""
    ordered = reversed(entries) if is_swapped else entries
    modes = "\n\n".join(f"{e.id} {e.name}: {e.definition}\nNot when:\n{_bullets(e.exclude)}" for e in ordered)
    return template("all_modes").format(modes=modes)


def origin_instructions(name: str, **places: int) -> str:
    """Return the instructions of one way to ask where a run first went wrong; `places` are turn indices."""
    return template(name).format(rules=template("origin_rules").strip(), **places)


def record_text(conversation: Conversation, cut: list[Window], place: int, summary: str | None) -> str:
    """Return one window of the record, with the task, the agents, the ending, the map and what came before."""
    window = cut[place]
    is_long = len(cut) > 1
    ending = conversation.ending
    said = ": ".join(part for part in (ending.kind.value, ending.reason) if part)
    return template("record").format(
        task=(conversation.task or "not recorded")[:_MOST_TASK_CHARS],
        agents="\n".join(
            f"- {agent.name} ({agent.kind})" + (f": {agent.description}" if agent.description else "")
            for agent in conversation.agents
        ),
        ending=said + (f"\nAnswer given: {ending.answer[:1000]}" if ending.answer else ""),
        map=f"\n# Where everything is\n{map_of(conversation, cut)}\n" if is_long else "",
        summary=f"\n# What happened before\n{summary}\n" if summary else "",
        part=f", part {place + 1} of {len(cut)}: turns {window.first} to {window.last}" if is_long else "",
        turns=window.text,
    )


def messages(instructions: str, record: str) -> tuple[Message, ...]:
    """Return the two messages that put the question."""
    return Message(role="system", text=instructions), Message(role="user", text=record)


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
