"""What every field becomes in every other dialect. The tests try each row; the reference page is made of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from masthead.providers.dialects.dialect import Dialect
from masthead.providers.dialects.parity_content import CONTENT
from masthead.providers.dialects.parity_freeform import FREEFORM
from masthead.providers.dialects.parity_row import ANTHROPIC, BEDROCK, CHAT, GEMINI, RESPONSES, Feature, Fragment
from masthead.providers.dialects.parity_settings import SETTINGS
from masthead.providers.dialects.parity_tools import FORMS, TOOLS

MODELS: Final[Mapping[Dialect, str]] = {
    CHAT: "gpt-5.6",
    RESPONSES: "gpt-5.6",
    ANTHROPIC: "claude-sonnet-5",
    GEMINI: "gemini-3.5-flash",
    BEDROCK: "anthropic.claude-sonnet-5-v1:0",
}
PLAIN: Final[Mapping[Dialect, Fragment]] = {
    CHAT: {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    RESPONSES: {"model": "m", "input": "hi"},
    ANTHROPIC: {"model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": "hi"}]},
}
"""The least that each caller can ask; a row's fragment is laid over it."""
_SHOWN: Final = 4
_DEPTH: Final = 4
FEATURES: Final = (*SETTINGS, *TOOLS, *FREEFORM, *FORMS, *CONTENT)


class Case(NamedTuple):
    """One row tried on one pair."""

    feature: Feature
    source: Dialect
    target: Dialect

    @property
    def id(self) -> str:
        """A name for test reports."""
        return f"{self.feature.name}: {self.source.value} to {self.target.value}"


def cases() -> Iterator[Case]:
    """Yield every row on every pair that it speaks of."""
    for feature in FEATURES:
        for source in feature.asked:
            for target in Dialect:
                if target is not source:
                    yield Case(feature, source, target)


def page() -> str:
    """Return the reference page of dialects."""
    lines = [
        "# Dialects\n",
        "What a field of a caller becomes at a target of another dialect. Where both sides speak the same one, the",
        "body passes untouched and nothing here applies. A cell names the fields that carry it; **dropped** is noted",
        "beside the answer, and **refused** is answered with an error that names the field. Fields in parentheses are",
        "asked in this dialect and carried into no other. Every row is tried by the tests for every pair.\n",
    ]
    groups: Sequence[tuple[str, tuple[Feature, ...]]] = (
        ("Settings", SETTINGS), ("Tools", (*TOOLS, *FREEFORM)), ("Form and thinking", FORMS), ("Content", CONTENT),
    )  # fmt: skip
    for heading, features in groups:
        lines += [
            f"## {heading}\n",
            f"| what | {' | '.join(dialect.value for dialect in Dialect)} |",
            "|---|" + "---|" * 5,
        ]
        for feature in features:
            note = f" ({feature.note})" if feature.note else ""
            cells = " | ".join(_cell(feature, dialect) for dialect in Dialect)
            lines.append(f"| {feature.name}{note} | {cells} |")
        lines.append("")
    return "\n".join(lines)


def _cell(feature: Feature, dialect: Dialect) -> str:
    if dialect in feature.sent:
        return _fields(feature.sent[dialect]) or "–"
    if dialect in feature.asked:
        return f"({_fields(feature.asked[dialect])})"
    return "refused" if dialect in feature.refused else "dropped"


def _fields(fragment: Fragment) -> str:
    """Return the paths that say it, without the words that only name a kind, and the first few of many."""
    paths = list(dict.fromkeys(_paths(fragment)))
    telling = [path for path in paths if not path.endswith(("type", "role", ".index"))] or paths
    more = ["…"] if len(telling) > _SHOWN else []
    return ", ".join([*(f"`{path}`" for path in telling[:_SHOWN]), *more])


def _paths(fragment: object, path: str = "") -> Iterator[str]:
    if isinstance(fragment, dict) and path.count(".") < _DEPTH:
        for name, value in cast("dict[str, Any]", fragment).items():
            yield from _paths(value, f"{path}.{name}" if path else name)
    elif isinstance(fragment, list) and path.count(".") < _DEPTH:
        for item in cast("list[Any]", fragment):
            yield from _paths(item, f"{path}[]")
    else:
        yield path
