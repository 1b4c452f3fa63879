"""Change codebooks: lay one over another, and say what differs between two."""

import dataclasses
from dataclasses import dataclass

from masthead.codebook.book import Codebook
from masthead.model.errors import Conflict
from masthead.model.ids import Code


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeChange:
    """A code that stands in both codebooks, and the fields in which it differs."""

    id: Code
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What changed from an old codebook to a new one."""

    added: tuple[Code, ...]
    removed: tuple[Code, ...]
    changed: tuple[CodeChange, ...]

    @property
    def changes_meaning(self) -> bool:
        """Say whether verdicts under the old codebook cannot simply be read under the new one."""
        meaning = {"category", "definition", "include", "exclude"}
        return bool(self.removed) or any(meaning & set(change.fields) for change in self.changed)


def diff(old: Codebook, new: Codebook) -> Difference:
    """Say which codes were added, removed and changed, in the order of the codebooks."""
    before = {entry.id: entry for entry in old.codes}
    after = {entry.id: entry for entry in new.codes}
    changed: list[CodeChange] = []
    for id_, entry in before.items():
        other = after.get(id_)
        if other is None or other == entry:
            continue
        names = tuple(
            field.name
            for field in dataclasses.fields(entry)
            if getattr(entry, field.name) != getattr(other, field.name)
        )
        changed.append(CodeChange(id=id_, fields=names))
    return Difference(
        added=tuple(id_ for id_ in after if id_ not in before),
        removed=tuple(id_ for id_ in before if id_ not in after),
        changed=tuple(changed),
    )


def merge(base: Codebook, extension: Codebook, *, version: str, replace: bool = False) -> Codebook:
    """Return `base` with the categories and codes of `extension` added, as a new version of `base`.

    A code that stands in both must be equal, or `replace` must allow the extension to win; else `Conflict` is raised.
    """
    categories = {category.id: category for category in base.categories}
    for category in extension.categories:
        known = categories.get(category.id)
        if known is not None and known != category and not replace:
            raise Conflict(f"category {category.id!r} differs between {base.id!r} and {extension.id!r}; rename one")
        categories[category.id] = category
    codes = {entry.id: entry for entry in base.codes}
    for entry in extension.codes:
        present = codes.get(entry.id)
        if present is not None and present != entry and not replace:
            raise Conflict(f"code {entry.id!r} differs between {base.id!r} and {extension.id!r}; rename one or replace")
        codes[entry.id] = entry
    return dataclasses.replace(
        base, version=version, categories=tuple(categories.values()), codes=tuple(codes.values())
    )
