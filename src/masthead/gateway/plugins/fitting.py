"""Whether a text is the JSON that was asked for, and what can be made of one that is not.

Schemas are callers' and texts are models': neither is trusted. Schemas are checked in Rust, with patterns whose time is
linear and without fetching what they refer to; texts are repaired up to a size.
"""

import json
import re
from collections import OrderedDict
from typing import Any, Final, NamedTuple, cast

import json_repair
import jsonschema_rs
import msgspec

_MOST_MENDED: Final = 64 * 1024
"""Mending takes 0.8 µs a character, which the event loop waits for at the end of a stream."""
_MOST_FAULTS: Final = 5
_MOST_SCHEMAS: Final = 128
_MOST_PLACES: Final = 8
_FENCED: Final = re.compile(r"```[A-Za-z0-9_-]*[ \t]*\n?(.*?)```", re.DOTALL)
_OPENING: Final = re.compile(r"[{\[]")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)


class Fit(NamedTuple):
    """What came of looking at a text."""

    text: str
    """As it may be passed on."""
    faults: tuple[str, ...] = ()
    """Why it does not fit, in words without what was said; empty where it does."""


class Fitter:
    """Looks at texts. Keeps the schemas that it met last."""

    def __init__(self) -> None:
        self._validators: OrderedDict[bytes, Any] = OrderedDict()

    def fitted(self, text: str, schema: Any, *, repairs: bool) -> Fit:
        """Return a text that fits where there is one: the very same where it fits already."""
        value, faults = self._decoded(text, schema)
        if not faults or not repairs:
            return Fit(text, faults)
        for candidate in _candidates(text):
            if not self._faults(candidate, schema):
                return Fit(msgspec.json.encode(candidate).decode())
        if value is not None or _is_cut_off(text):
            return Fit(text, faults if value is not None else ("it is cut off before its end",))
        mended = _mended(text) if len(text) <= _MOST_MENDED else None
        for candidate in (mended, *(cast("list[Any]", mended)[::-1] if isinstance(mended, list) else ())):
            if isinstance(candidate, dict | list) and candidate and not self._faults(candidate, schema):
                return Fit(msgspec.json.encode(candidate).decode())
        return Fit(text, self._faults(mended, schema) if isinstance(mended, dict | list) and mended else faults)

    def _decoded(self, text: str, schema: Any) -> tuple[Any, tuple[str, ...]]:
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            return None, (f"it is no JSON: {error}",)
        return value, self._faults(value, schema)

    def _faults(self, value: Any, schema: Any) -> tuple[str, ...]:
        if schema is None:
            return () if isinstance(value, dict) else ("it is no JSON object",)
        validator = self._validator(schema)
        if validator is None:
            return ()  # a schema that cannot be used is the provider's to refuse
        found: list[str] = []
        for error in validator.iter_errors(value):
            where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
            found.append(f"{where or 'the whole'}: {error.message}"[:300])
            if len(found) == _MOST_FAULTS:
                break
        return tuple(found)

    def _validator(self, schema: Any) -> Any:
        key = msgspec.json.encode(schema, order="deterministic")
        if key in self._validators:
            self._validators.move_to_end(key)
            return self._validators[key]
        try:
            made: Any = jsonschema_rs.validator_for(
                schema, pattern_options=jsonschema_rs.RegexOptions(), offline=True, mask="what stands there"
            )
        except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
            made = None
        self._validators[key] = made
        if len(self._validators) > _MOST_SCHEMAS:
            self._validators.popitem(last=False)
        return made


def _candidates(text: str) -> list[Any]:
    """Return the values that stand in a text as they are: behind a fence, or within prose; the fenced ones first."""
    found: list[Any] = []
    for fenced in _FENCED.findall(text)[:_MOST_PLACES]:
        try:
            found.append(msgspec.json.decode(fenced))
        except (msgspec.DecodeError, RecursionError):
            continue
    decoder = json.JSONDecoder()
    at = 0
    for _ in range(_MOST_PLACES):
        opening = _OPENING.search(text, at)
        if opening is None:
            break
        try:
            value, at = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            at = opening.end()
        else:
            found.append(value)
    return [one for one in found if isinstance(one, dict | list)]


def _mended(text: str) -> Any:
    try:
        return json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError):
        return None  # nested too deeply


def _is_cut_off(text: str) -> bool:
    """Say whether a text ends amid its JSON: repairing that would pass off a part as the whole."""
    end = text.rstrip().removesuffix("```").rstrip()
    if not end or end[-1] in "}]":
        return False
    opening = _OPENING.search(end)
    if opening is None:
        return False
    rest = _STRING.sub(
        lambda match: "s" if len(match[0]) > 1 and match[0].endswith('"') else '"', end[opening.start() :]
    )
    return rest.endswith(('"', ",", ":"))
