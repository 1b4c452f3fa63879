"""Write the reference page of the codebook: MAST's codes, and how other sources' names map onto them."""

from masthead.codebook.book import CodeEntry
from masthead.codebook.load import mast
from masthead.codebook.spelling import Spelling, about, spellings


def page() -> str:
    """Return the page as Markdown."""
    book = mast()
    parts = [f"# Codebook: {book.name} {book.version}", f"After {book.source}. {' '.join((book.note or '').split())}"]
    for category in book.categories:
        parts += [f"## {category.id} {category.name}", category.definition]
        parts += [_code(entry) for entry in book.codes if entry.category == category.id]
    parts += ["## Other spellings", _SPELLINGS]
    for source, what in about().items():
        rows = [_row(spelling) for spelling in spellings() if spelling.source == source]
        parts += [
            f"### {source}",
            what,
            "| number | label | means | touches |\n| --- | --- | --- | --- |\n" + "\n".join(rows),
        ]
    return "\n\n".join(parts) + "\n"


_SPELLINGS = (
    "What a label of another source means here. A label that means no code counts for none; one that only touches a "
    "code is kept apart. Sources number differently, so a bare number needs its source."
)


def _code(entry: CodeEntry) -> str:
    return "\n\n".join(
        [
            f"### {entry.id} {entry.name}",
            entry.definition,
            "**Include:**\n\n" + _list(entry.include),
            "**Exclude:**\n\n" + _list(entry.exclude),
            f"**It is:** {entry.positive}",
            f"**It is not:** {entry.negative}",
            "**What usually helps:**\n\n" + _list(entry.fixes),
            "**Detectors:** " + ", ".join(f"[`{id_}`](detectors.md#{id_})" for id_ in entry.detectors),
        ]
    )


def _list(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _row(spelling: Spelling) -> str:
    means, touches = ", ".join(spelling.codes) or "–", ", ".join(spelling.near) or "–"
    return f"| {spelling.number or '–'} | {spelling.label} | {means} | {touches} |"
