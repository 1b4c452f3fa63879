"""What stands for what: placeholders of one run, put in on the way out and taken out again on the way back.

Must always hold: a run's values are seen by calls of the same project, key, end user and run alone; they live in memory
only, bounded, and no longer than the run is in use.
"""

import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Hashable, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final

import msgspec

from masthead.clock import Clock
from masthead.gateway.plugins.texts.request import free
from masthead.ingest.sensitive import Rule, Sensitive, whole

_MOST_VALUES: Final = 5000
"""Of one run. What comes beyond is taken out for good."""
_LONGEST_VALUE: Final = 16 * 1024
_SHORTEST_REPEATED: Final = 6
_MOST_REPEATED: Final = 200
"""So many values that were found once are known again wherever they stand, unless they are shorter."""
_MOST_RUNS: Final = 4096
_MOST_VALUES_IN_ALL: Final = 200_000
_IDLE_S: Final = 3600.0
_LOOKED_EVERY: Final = 64
_NESTED: Final = 4

_PLACEHOLDER: Final = re.compile(r"<([A-Z][A-Z0-9]{0,15}_[1-9][0-9]{0,5})>")
_IN_JSON: Final = re.compile(r"(?:<|(?<!\\)((?:\\\\)*)\\u003[cC])([A-Z][A-Z0-9]{0,15}_[1-9][0-9]{0,5})(?:>|\\u003[eE])")
LITERAL: Final = Rule("literal", r"<[A-Z][A-Z0-9]{0,15}_[1-9][0-9]{0,5}>|[\x{F0000}-\x{FFFFD}]", whole)
"""A text that looks like a placeholder, or like a mark, gets one itself, so that it comes back as it was."""
_FIRST_MARK: Final = 0xF0000
"""A character of private use stands for a placeholder until all rules were applied: none of them takes it apart."""
_MOST_MARKS: Final = 0xFFFD
_MARK: Final = re.compile("[\U000f0000-\U000ffffd]")
_MAY_BEGIN: Final = re.compile(r"<(?:[A-Z][A-Z0-9]{0,15}(?:_(?:[1-9][0-9]{0,5})?)?)?\Z")
_ESCAPE_BEGUN: Final = r"\\+(?:u(?:0(?:0(?:3)?)?)?)?"
_MAY_BEGIN_JSON: Final = re.compile(
    r"(?:(?:<|\\+u003[cC])(?:[A-Z][A-Z0-9]{0,15}(?:_(?:[1-9][0-9]{0,5}(?:"
    + _ESCAPE_BEGUN
    + r")?)?)?)?|"
    + _ESCAPE_BEGUN
    + r")\Z"
)
_ENDS: Final = re.compile(r"^(?:<|\\+u003[cC])|\\.*$")


class Veil:
    """The placeholders of one run. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Protects what stands for a value from being decided twice."""
        self._placeholders: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._values)

    def placeholder(self, kind: str, value: str) -> str:
        """Return what is to stand for a value: the same for the same one."""
        with self._lock:
            return self._placeholders.get(value) or self._new(kind, value)

    def _new(self, kind: str, value: str) -> str:
        if len(self._values) >= _MOST_VALUES or len(value) > _LONGEST_VALUE:
            return f"<{kind.upper()}>"
        self._counts[kind] += 1
        name = f"{kind.upper()}_{self._counts[kind]}"
        self._values[name] = value
        made = self._placeholders[value] = f"<{name}>"
        return made

    def repeated_in(self, text: str) -> list[str]:
        """Return known values in a text that no pattern found there."""
        with self._lock:
            known = list(islice(self._placeholders, _MOST_REPEATED))
        return [value for value in known if value in text and _is_telling(value)]

    def restored(self, text: str, *, is_json: bool = False) -> str:
        """Put the values back; into JSON text as it wants them written."""
        if not self._values or ("<" not in text and "\\u003" not in text):
            return text
        return _IN_JSON.sub(self._escaped, text) if is_json else _PLACEHOLDER.sub(self._plain, text)

    def open_end(self, text: str, *, is_json: bool) -> int:
        """Return where the end of the text begins that may become a placeholder; its length where none may."""
        found = (_MAY_BEGIN_JSON if is_json else _MAY_BEGIN).search(text, max(0, len(text) - 48))
        if found is None:
            return len(text)
        begun = _ENDS.sub("", found[0])
        is_open = not begun or any(name.startswith(begun) for name in list(self._values))
        return found.start() if is_open else len(text)

    def _plain(self, match: re.Match[str]) -> str:
        value = self._values.get(match[1])
        return match[0] if value is None else value

    def _escaped(self, match: re.Match[str]) -> str:
        value = self._values.get(match[2])
        return match[0] if value is None else (match[1] or "") + msgspec.json.encode(value)[1:-1].decode()


class Hiding:
    """Puts placeholders into the texts of one body, and counts what it took out."""

    def __init__(self, sensitive: Sensitive, veil: Veil) -> None:
        self._sensitive = sensitive
        self._veil = veil
        self.found: dict[str, set[str]] = {}

    def text(self, text: str, depth: int = _NESTED) -> str:
        """Return the text with placeholders. JSON text in which something is found stays JSON."""
        if not text:
            return text
        is_found = self._sensitive.is_in(text)
        if depth and (is_found or "\\u" in text) and text.lstrip()[:1] in {"{", "["}:
            inner = _json_inside(text)
            if inner is not None:
                hidden = free(inner, partial(self.text, depth=depth - 1))
                return text if hidden is inner else msgspec.json.encode(hidden).decode()
        repeated = self._veil.repeated_in(text)
        if not is_found and not repeated:
            return text
        marks = _Marks()
        if is_found:
            text = self._sensitive.replaced(text, partial(self._put, marks))
        for value in repeated:
            text = text.replace(value, self._put(marks, "", value)) if value in text else text
        return marks.shown(text)

    def _put(self, marks: "_Marks", kind: str, value: str) -> str:
        """Return the mark that stands for a value, which may hold marks itself."""
        if kind != LITERAL.kind:
            value = marks.meant(value)
        placeholder = self._veil.placeholder(kind or "text", value)
        if kind != LITERAL.kind:
            self.found.setdefault(kind or "repeated", set()).add(placeholder)
        return marks.of(placeholder, value) or f"<{kind.upper() or 'TEXT'}>"


class _Marks:
    """The marks of one text: one for each value."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str], str] = {}
        self._placeholders: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def of(self, placeholder: str, value: str) -> str | None:
        """Return what stands for a value until all rules were applied; None where there are too many."""
        mark = self._marks.get((placeholder, value))
        if mark is None and len(self._marks) < _MOST_MARKS:
            mark = self._marks[placeholder, value] = chr(_FIRST_MARK + len(self._marks))
            self._placeholders[mark] = placeholder
            self._values[mark] = value
        return mark

    def shown(self, text: str) -> str:
        """Return a text with placeholders in place of marks."""
        return _MARK.sub(partial(_instead, self._placeholders), text)

    def meant(self, text: str) -> str:
        """Return a text with values in place of marks."""
        return _MARK.sub(partial(_instead, self._values), text) if self._marks else text


class RestoreEdit:
    """Puts values back into a text as it comes; holds back only what may become a placeholder."""

    def __init__(self, veil: Veil, *, is_json: bool) -> None:
        self._veil = veil
        self._is_json = is_json
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what can be passed on."""
        text = self._held = self._held + piece
        end = self._veil.open_end(text, is_json=self._is_json)
        restored = self._veil.restored(text[:end], is_json=self._is_json)
        self._held = text[end:]
        return restored

    def close(self, *, is_whole: bool) -> str:
        """Return what is held back."""
        del is_whole
        restored = self._veil.restored(self._held, is_json=self._is_json)
        self._held = ""
        return restored

    def held(self) -> str:
        """Return what is held back, as it came."""
        return self._held


class Veils:
    """The veils of the runs that were in use last. Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        """Protects the table from being changed while room is made in it."""
        self._veils: OrderedDict[Hashable, tuple[Veil, float]] = OrderedDict()
        self._kept = 0

    def of(self, scope: Hashable) -> Veil:
        """Return the veil of a run, which its scope names: project, key, end user and run."""
        known = self._veils.get(scope)
        return known[0] if known is not None and self._clock.monotonic_s() - known[1] < _IDLE_S else Veil()

    def keep(self, scope: Hashable, veil: Veil) -> None:
        """Keep what the run's next calls are to find."""
        if not len(veil):
            return
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._veils[scope] = (veil, now_s)
            self._veils.move_to_end(scope)
            self._kept += 1
            if len(self._veils) > _MOST_RUNS or self._kept % _LOOKED_EVERY == 0:
                self._make_room(now_s)

    def _make_room(self, now_s: float) -> None:
        values = sum(len(veil) for veil, _ in self._veils.values())
        while len(self._veils) > 1:
            oldest, used_s = next(iter(self._veils.values()))
            if now_s - used_s < _IDLE_S and len(self._veils) <= _MOST_RUNS and values <= _MOST_VALUES_IN_ALL:
                return
            values -= len(oldest)
            self._veils.popitem(last=False)


def _instead(table: Mapping[str, str], match: re.Match[str]) -> str:
    return table.get(match[0], match[0])


def _is_telling(value: str) -> bool:
    return len(value) >= _SHORTEST_REPEATED


def _json_inside(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
