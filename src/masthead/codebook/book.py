"""What a codebook is made of."""

from dataclasses import dataclass

from masthead.model.errors import NotFound
from masthead.model.ids import Code, EvaluatorId


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A group of codes."""

    id: str
    name: str
    definition: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeEntry:
    """One failure mode: what it is, where it stops, an example of it and one that it is not.

    `detectors` are the detectors that speak to it, by id; `fixes` is what usually helps, most often helpful first.
    """

    id: Code
    category: str
    name: str
    definition: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    positive: str = ""
    negative: str = ""
    detectors: tuple[EvaluatorId, ...] = ()
    fixes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Codebook:
    """A versioned set of codes, in the order in which they are listed."""

    id: str
    version: str
    name: str
    source: str | None = None
    note: str | None = None
    categories: tuple[Category, ...] = ()
    codes: tuple[CodeEntry, ...] = ()

    def code(self, id_: Code) -> CodeEntry:
        """Return the entry of a code, or raise `NotFound`."""
        for entry in self.codes:
            if entry.id == id_:
                return entry
        known = ", ".join(entry.id for entry in self.codes)
        raise NotFound(f"no code {id_!r} in codebook {self.id!r} {self.version}; it has {known}")
