r"""Looking for a substring in JSON text, whatever its case.

What was said stands in JSON, often in JSON within JSON: a quote may be `\"` or `\\\"`, a new line `\n` or `\\n`, and é
may be itself or `\u00e9`. Plain ASCII is one LIKE over the lower-cased text; anything else is a regular expression that
allows every spelling, behind a cheaper test for its longest plain piece or its first letter that is not ASCII.
"""

import re
from typing import Final, NamedTuple

from masthead.store.traces.bind import Param

_SPECIAL: Final = {
    "\n": r"\\+n",
    "\t": r"\\+t",
    "\r": r"\\+r",
    "\b": r"\\+b",
    "\f": r"\\+f",
    '"': r'\\*"',
    "\\": r"\\+",
}
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]+")
"""Printable ASCII but for the quote and the backslash."""
_WORD: Final = re.compile(r"[0-9A-Za-z]+")
_PARTS: Final = re.compile(r"[ -/:-@\[-`{-~]")
"""Printable ASCII but for letters and digits."""
_PIECES: Final = 8
"""So many words, the longest ones, are looked for."""
_TELLING: Final = 4
"""Characters of a plain piece that make it worth looking for before a letter that is not ASCII."""
_LIKE_ESCAPES: Final = str.maketrans({"%": r"\%", "_": r"\_"})


class Condition(NamedTuple):
    """A condition on a span, and the values that it binds."""

    sql: str
    params: dict[str, Param]


def condition(text: str) -> Condition:
    """Return what a span must satisfy to contain `text`."""
    plain = max(_PLAIN.findall(text), key=len, default="").lower()
    params: dict[str, Param] = {"needle": f"%{plain.translate(_LIKE_ESCAPES)}%"}
    sql = "lower({column}) LIKE {{needle:String}}"
    if plain != text.lower():
        strange = next((character for character in text if character > "~"), None)
        if strange is not None and len(plain) < _TELLING:
            sql = "multiSearchAny(lower({column}), {{needles:Array(String)}})"
            params = {"needles": _strange(strange)}
        sql += " AND match(lower({column}), {{spelling:String}})"
        params["spelling"] = spelling(text)
    columns = ("attributes", "events", "status_message")
    return Condition("(" + " OR ".join(f"({sql.format(column=column)})" for column in columns) + ")", params)


def words_condition(text: str) -> Condition | None:
    """Return what the words of some spans must satisfy for one of them to contain `text`; None where all do.

    The words stand between spaces. A run of ASCII letters and digits lies within a word; where what stands beside it in
    `text` is plain and parts words, the word begins or ends there. Anything else (a new line, which JSON writes with a
    letter; a letter that is not ASCII) may be a part of the word.
    """
    pieces = sorted((_piece(text, found) for found in _WORD.finditer(text)), key=len, reverse=True)[:_PIECES]
    if pieces:
        params: dict[str, Param] = {f"word{place}": piece for place, piece in enumerate(pieces)}
        return Condition(" AND ".join(f"position(words, {{{name}:String}}) > 0" for name in params), params)
    strange = next((character for character in text if not character.isascii()), None)
    if strange is None:
        return None
    return Condition("multiSearchAny(words, {words:Array(String)})", {"words": _strange(strange)})


def _piece(text: str, found: re.Match[str]) -> str:
    before = " " if _PARTS.fullmatch(text[: found.start()][-1:]) else ""
    after = " " if _PARTS.fullmatch(text[found.end() :][:1]) else ""
    return before + found[0].lower() + after


def spelling(text: str) -> str:
    """Return an RE2 pattern for every way in which lower-cased JSON may spell `text`."""
    return "(?s)" + "".join(_character(character) for character in text)


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return re.escape(character.lower())
    forms = _forms(character)
    return "(?:" + "|".join(f"{re.escape(form)}|{_escaped(form)}" for form in forms) + ")"


def _strange(character: str) -> list[str]:
    return [*_forms(character), *(f"u{_units(form)[0]}" for form in _forms(character))]


def _forms(character: str) -> list[str]:
    return sorted({character, character.lower(), character.upper()})


def _escaped(form: str) -> str:
    return "".join(rf"\\+u{unit}" for unit in _units(form))


def _units(form: str) -> list[str]:
    units = form.encode("utf-16-be", "surrogatepass")
    return [units[at : at + 2].hex() for at in range(0, len(units), 2)]
