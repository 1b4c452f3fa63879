"""Map other sources' names of failure modes onto MAST's codes."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import TypeAdapter

from masthead.model.errors import InvalidInput, NotFound
from masthead.model.ids import Code

SpellingSource = Literal["masft", "agentdash", "definitions", "paper", "mad-round-1", "mad-round-2"]
"""Who wrote a label. The same number means different codes in different sources."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spelling:
    """A label of one source. `codes` is what it means; `near` what it touches; both empty: nothing in MAST."""

    source: str
    label: str
    number: str | None = None
    codes: tuple[Code, ...] = ()
    near: tuple[Code, ...] = ()


def resolve(text: str, source: SpellingSource | None = None) -> Spelling:
    """Find what a label means, by its words or (within one source) by its number.

    Without a source the words must mean the same wherever they occur, and a bare number is refused, because sources
    number differently. Raises `NotFound` for words that no source uses and `InvalidInput` where they are ambiguous.
    """
    words = _normal(text)
    number = _number(text)
    found = [
        spelling
        for spelling in spellings()
        if (source is None or spelling.source == source)
        and (_normal(spelling.label) == words if words else spelling.number == number)
    ]
    if not words and source is None:
        raise InvalidInput(f"the bare number {text!r} means different codes in different sources; name the source")
    if not found:
        at = f" in {source!r}" if source else ""
        raise NotFound(f"no failure mode is spelled {text!r}{at}; see the table of spellings")
    if len({each.codes for each in found}) > 1:
        places = ", ".join(f"{each.source}: {'+'.join(each.codes) or 'none'}" for each in found)
        raise InvalidInput(f"{text!r} means different codes in different sources ({places}); name the source")
    return found[0]


@cache
def spellings() -> tuple[Spelling, ...]:
    """Return the whole table, source by source."""
    text = resources.files("masthead.codebook").joinpath("spellings.toml").read_text(encoding="utf-8")
    rows = TypeAdapter(dict[str, dict[str, str | list[dict[str, str | list[str]]]]]).validate_python(
        tomllib.loads(text)
    )
    return tuple(_row(source, row) for source, section in rows.items() for row in _labels(section))


def about() -> Mapping[str, str]:
    """Return what each source is, by its name."""
    text = resources.files("masthead.codebook").joinpath("spellings.toml").read_text(encoding="utf-8")
    return {source: str(section["about"]) for source, section in tomllib.loads(text).items()}


def _labels(section: Mapping[str, str | list[dict[str, str | list[str]]]]) -> list[dict[str, str | list[str]]]:
    labels = section["labels"]
    return labels if isinstance(labels, list) else []


def _row(source: str, row: Mapping[str, str | list[str]]) -> Spelling:
    number = row.get("number")
    return Spelling(
        source=source,
        label=str(row["label"]),
        number=str(number) if number is not None else None,
        codes=tuple(Code(each) for each in row["codes"]),
        near=tuple(Code(each) for each in row["near"]),
    )


def _normal(text: str) -> str:
    without_number = re.sub(r"^\s*(?:FM-)?\d+\.\d+\s*:?", "", text)
    return " ".join(re.findall(r"[a-z]+", without_number.lower().replace("\u2019", "").replace("'", "")))


def _number(text: str) -> str | None:
    match = re.match(r"^\s*(?:FM-)?(\d+\.\d+)", text)
    return match.group(1) if match else None
