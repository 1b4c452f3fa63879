"""Metrics of several processes as those of one, or as one project may see them: alike samples added up."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

_EXTREME: Final = "_longest_"
"""In the names of gauges of which the largest counts, not the sum."""
_LABEL: Final = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\.)*)"')
_NOBODYS: Final = frozenset({"action", "endpoint", "kind", "le", "outcome", "status"})
"""Labels whose values no project chooses."""


@dataclass(slots=True)
class _Family:
    heads: dict[str, None] = field(default_factory=dict[str, None])
    kind: str = ""
    samples: dict[str, float] = field(default_factory=dict[str, float])


def summed(living: Sequence[str], gone: str = "") -> str:
    """Return texts of metrics (as `metrics.text_of` writes them) as one; of processes that are gone, counters alone."""
    families: dict[str, _Family] = {}
    for text in living:
        _add(families, text)
    _add(families, gone, is_gone=True)
    lines = [line for family in families.values() if family.samples for line in _written(family)]
    return "".join(f"{line}\n" for line in lines)


def shown_to(project: str, connections: Collection[str], text: str) -> str:
    """Return metrics as a project's key may read them.

    What stands of one project is told to that one alone. Connections that the project does not know are `other`,
    added up, and what else projects name, such as models, is left out of the rest.
    """
    lines = list[str]()
    for line in _lines(text):
        name, _, labels = line.partition("{")
        shown = line
        given = {} if line.startswith("# ") else dict(_LABEL.findall(labels))
        if given.get("project", project) != project:
            continue
        if given and "project" not in given:
            kept = [_kept(label, value, connections) for label, value in given.items()]
            inner = ",".join(filter(None, kept))
            shown = f"{name}{{{inner}}} {line.rpartition(' ')[2]}" if inner else f"{name} {line.rpartition(' ')[2]}"
        lines.append(shown)
    return summed(["\n".join(lines)])


def _lines(text: str) -> list[str]:
    """Return the lines; names that callers choose may hold what `splitlines` takes for the end of one."""
    return text.removesuffix("\n").split("\n") if text else []


def _kept(label: str, value: str, connections: Collection[str]) -> str:
    if label == "connection":
        return f'{label}="{value if not value or value in connections else "other"}"'
    return f'{label}="{value}"' if label in _NOBODYS else ""


def _add(families: dict[str, _Family], text: str, *, is_gone: bool = False) -> None:
    family = _Family()
    for line in _lines(text):
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            family = families.setdefault(name, _Family())
            family.heads[line] = None
            if word == "TYPE":
                family.kind = rest
        elif not (is_gone and family.kind == "gauge"):
            sample, _, value = line.rpartition(" ")
            before = family.samples.get(sample, 0.0)
            family.samples[sample] = max(before, float(value)) if _EXTREME in sample else before + float(value)


def _written(family: _Family) -> list[str]:
    samples = [f"{name} {int(value) if value.is_integer() else value}" for name, value in family.samples.items()]
    return [*family.heads, *samples]
